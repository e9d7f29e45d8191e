"""The content of a Feishu message as clean text with attachments. Pure, and the same for events and fetched messages.

Shapes: https://open.feishu.cn/document/server-docs/im-v1/message/events/message_content
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.base import Attachment, Person

EVERYBODY = "所有人"
_KEY = re.compile(r"@_user_\d+|@_all\b")
_LINK = re.compile(r"\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\(((?:https?://|mailto:)(?:[^\s()]|\([^\s()]*\))+)\)")


@dataclass(frozen=True, slots=True)
class Content:
    """``named`` are people whom a rich text names without an entry in the message's mentions."""

    text: str
    attachments: tuple[Attachment, ...] = ()
    named: tuple[Person, ...] = ()


def text_or_empty(value: Any) -> str:
    """A string that may be missing; anything else counts as missing."""
    return value if isinstance(value, str) else ""


class ContentError(Exception):
    """There is nothing to answer in such a message; ``reason`` is a word to count it under."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_content(kind: str, raw: str, message_id: str, mentions: Mapping[str, Person], bot_id: str) -> Content:
    """The content of a message of type ``kind``. ``mentions`` goes by the keys that stand in the text.

    Raises:
        ContentError: a type without text and without a file to look at.
        ValueError: ``raw`` is not of the documented shape.
    """
    if kind not in _READERS:
        raise ContentError(kind)
    data = json.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("the content is no object")
    return _READERS[kind](data, message_id, _Names(mentions, bot_id))


@dataclass(frozen=True, slots=True)
class _Names:
    """Puts names where the platform writes keys; the bot's own mention disappears."""

    mentions: Mapping[str, Person]
    bot_id: str

    def fill(self, text: str) -> str:
        return _tidy(_KEY.sub(lambda found: self.word(found[0]), text))

    def word(self, key: str, name: str = "") -> str:
        if key in ("@_all", "all"):
            return f"@{EVERYBODY}"
        person = self.mentions.get(key)
        if (person.id if person else key) == self.bot_id:
            return ""
        shown = (person.name if person else name) or key.removeprefix("@")
        return f"@{shown}"


def _tidy(text: str) -> str:
    """Without the gaps that a removed mention leaves."""
    return re.sub(r"(?<=\S)[ \u00a0]{2,}(?=\S)", " ", text).strip()


def _plain_links(text: str) -> str:
    """``[text](address)`` as text, the address behind it where it says more."""

    return _LINK.sub(lambda found: _plain_link(found[1], found[2]), text)


def _plain_link(label: str, address: str) -> str:
    label, address = label.strip(), address.strip().removeprefix("mailto:")
    return address if not label or label == address else f"{label} ({address})" if address else label


def _read_text(data: Mapping[str, Any], message_id: str, names: _Names) -> Content:
    text = data["text"]
    if not isinstance(text, str):
        raise ValueError("the text is no string")
    return Content(names.fill(_plain_links(text)))


def _read_image(data: Mapping[str, Any], message_id: str, names: _Names) -> Content:
    return Content("", (_image(data, message_id),))


def _read_file(data: Mapping[str, Any], message_id: str, names: _Names) -> Content:
    return Content("", (_file(data, message_id),))


def _image(data: Mapping[str, Any], message_id: str) -> Attachment:
    return Attachment("image", "", f"{message_id}/{_key(data, 'image_key')}")


def _file(data: Mapping[str, Any], message_id: str) -> Attachment:
    return Attachment("file", text_or_empty(data.get("file_name")), f"{message_id}/{_key(data, 'file_key')}")


def _key(data: Mapping[str, Any], name: str) -> str:
    if not isinstance(data[name], str) or not data[name]:
        raise ValueError("a file without a key")
    return str(data[name])


def _read_post(data: Mapping[str, Any], message_id: str, names: _Names) -> Content:
    """A rich text. Events carry it bare, fetched messages and other clients under a language."""
    if "content" not in data:
        data = next((value for value in data.values() if isinstance(value, dict)), data)
    attachments: list[Attachment] = []
    named: list[Person] = []
    lines = [str(data.get("title") or "")]
    for paragraph in data.get("content") or ():
        lines.append("".join(_pieces(paragraph, message_id, names, attachments, named)))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(_tidy(line) if "\n" not in line else line for line in lines))
    return Content(text.strip(), tuple(attachments), tuple(named))


def _pieces(
    paragraph: Any, message_id: str, names: _Names, attachments: list[Attachment], named: list[Person]
) -> Iterator[str]:
    """What each piece says. One that cannot be read is left out, and not the question around it."""
    for piece in paragraph:
        if not isinstance(piece, dict):
            continue
        text = text_or_empty(piece.get("text"))
        match piece.get("tag"):
            case "text":
                yield text
            case "md":
                yield names.fill(_plain_links(text))
            case "a":
                yield _plain_link(text, text_or_empty(piece.get("href")))
            case "at" if key := text_or_empty(piece.get("user_id")):
                name = text_or_empty(piece.get("user_name"))
                yield names.word(key, name)
                if key.startswith("ou_") and key != names.bot_id:
                    named.append(Person("feishu", key, name))
            case "code_block":
                yield "\n" + text.strip("\n") + "\n"
            case "img" if piece.get("image_key"):
                attachments.append(_image(piece, message_id))
            case "media" if piece.get("file_key"):
                attachments.append(_file(piece, message_id))
            case "emotion":
                yield f"[{text_or_empty(piece.get('emoji_type'))}]"


_READERS: Mapping[str, Callable[[Mapping[str, Any], str, _Names], Content]] = {
    "text": _read_text,
    "post": _read_post,
    "image": _read_image,
    "file": _read_file,
    "media": _read_file,
}
