"""What a reply looks like in Feishu: a card, or plain text where no card is accepted. Pure.

Cards: https://open.feishu.cn/document/feishu-cards/card-json-v2-structure
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from adapters.base import Citation, Message, Reply

ANSWER = "answer"
"""The id of the element that grows while an answer is written."""
GOOD, BAD = "good", "bad"
SUMMARY_CHARS = 80
TITLE_CHARS = 120
MAX_ADDRESS_CHARS = 1_000  # a few longer ones and the card is too large
MAX_TABLES = 3  # 230099 with ErrCode 11310 above; the platform names no number, and this one is known to pass

Card = Mapping[str, Any]
_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)")
_CODE = re.compile(r"(`+[^`\n]*`+)")
_TAG = re.compile(r"<(?=[A-Za-z/!])")
_AT = re.compile(r"<(?=/?at\b)", re.IGNORECASE)
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\(\s*((?:[^()\s]|\([^()\s]*\))+)(?:\s+[\"'][^\n\"']*[\"'])?\s*\)")
_LINK = re.compile(r"!?\[([^\[\]\n]+)\]\(([^()\s]+)\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MARKS = re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1")
_TABLE_RULE = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?\s*")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+")


def card(reply: Reply) -> Card:
    """The card of a finished reply: text, sources, how sure, and two buttons where it is an answer."""
    elements = [_markdown(ANSWER, card_text(reply.text))]
    if reply.citations:
        lines = [_source(citation) for citation in reply.citations]
        elements.append(_markdown("sources", "\n".join(lines), small=True))
    if reply.confidence is not None:
        elements.append(_markdown("confidence", f"<font color='grey'>{confidence_line(reply)}</font>", small=True))
        elements.append(_buttons())
    return _frame(elements, reply.text)


def growing_card(text: str = "") -> Card:
    """The card of a reply that is being written, for the streaming mode; an empty one shows a sign of life."""
    config = {"streaming_mode": True, "streaming_config": {"print_frequency_ms": {"default": 50}}}
    return _frame([_markdown(ANSWER, card_text(text) or "…")], text, config)


def unfinished_card(text: str) -> Card:
    """`growing_card` for a message that is updated as a whole."""
    return _frame([_markdown(ANSWER, f"{card_text(text)} …".lstrip())], text)


def plain_text(reply: Reply) -> str:
    """All of a card's content without mark-up."""
    parts = ["\n".join(_plain_lines(_clean(reply.text)))]
    if reply.citations:
        parts.append("\n".join(f"[{c.n}] {_title(c)}{_behind(c)}" for c in reply.citations))
    if reply.confidence is not None:
        parts.append(confidence_line(reply))
    return _AT.sub("<\u200b", "\n\n".join(part for part in parts if part))


def card_text(text: str) -> str:
    """Markdown that a card shows as it is meant.

    HTML is shown and not obeyed: a card takes ``<at id=all>`` in an answer for a call to everybody. Pictures become
    links, since a card that names a picture which was not uploaded is refused, and tables beyond the number that a card
    may have become code.
    """
    lines, fence = [], ""
    for line in _with_few_tables(_clean(text).split("\n")):
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and line.strip().startswith(fence):
            fence = ""
        elif not fence:
            line = "".join(
                _AT.sub("<\u200b", bit) if n % 2 else _TAG.sub("&#60;", _without_pictures(bit))
                for n, bit in enumerate(_CODE.split(line))
            )
        lines.append(_AT.sub("<\u200b", line))
    return "\n".join(lines)


def confidence_line(reply: Reply) -> str:
    """How sure the answer was, in the asker's language."""
    percent = round(100 * min(1.0, max(0.0, reply.confidence or 0.0)))
    return f"把握 {percent}%" if speaks_chinese(reply.to) else f"{percent}% sure"


def speaks_chinese(message: Message) -> bool:
    """Whether the asker writes Chinese."""
    return any("\u4e00" <= char <= "\u9fff" for char in message.text)


def halves(reply: Reply) -> tuple[Reply, Reply]:
    """A reply cut in two, between paragraphs near the middle, else lines, else anywhere. Sources go with the end."""
    text = reply.text
    middle = len(text) // 2
    cut = middle
    for border in ("\n\n", "\n", "。", " "):
        places = [m.end() for m in re.finditer(re.escape(border), text[:-1])]
        near = min(places, key=lambda place: abs(place - middle), default=0)
        if len(text) // 5 < near < len(text) * 4 // 5:
            cut = near
            break
    first = replace(reply, text=text[:cut].rstrip(), citations=(), confidence=None)
    return first, replace(reply, text=text[cut:].lstrip(), mention=False)


def _frame(elements: Sequence[Mapping[str, Any]], text: str, config: Mapping[str, Any] | None = None) -> Card:
    summary = " ".join(_plain_lines(_clean(text)))[:SUMMARY_CHARS]
    return {
        "schema": "2.0",
        "config": {"update_multi": True, **({"summary": {"content": summary}} if summary else {}), **(config or {})},
        "body": {"elements": list(elements)},
    }


def _markdown(element_id: str, content: str, *, small: bool = False) -> Mapping[str, Any]:
    size = {"text_size": "notation"} if small else {}
    return {"tag": "markdown", "element_id": element_id, "content": content, **size}


def _buttons() -> Mapping[str, Any]:
    columns = [
        {"tag": "column", "width": "auto", "elements": [_button(action, label)]}
        for action, label in ((GOOD, "👍"), (BAD, "👎"))
    ]
    return {"tag": "column_set", "element_id": "votes", "columns": columns}


def _button(action: str, label: str) -> Mapping[str, Any]:
    return {
        "tag": "button",
        "element_id": action,
        "type": "default",
        "size": "small",
        "text": {"tag": "plain_text", "content": label},
        "behaviors": [{"type": "callback", "value": {"action": action}}],
    }


def _source(citation: Citation) -> str:
    title = _TAG.sub("&#60;", _title(citation)).replace("[", "&#91;").replace("]", "&#93;")
    address = _address(citation.uri) if _is_link(citation.uri) else ""
    label = f"[{title}]({address})" if 0 < len(address) <= MAX_ADDRESS_CHARS else title
    return f"&#91;{citation.n}&#93; {label}"


def _title(citation: Citation) -> str:
    title = " ".join(_clean(citation.title or citation.uri).split())
    return title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1] + "…"


def _behind(citation: Citation) -> str:
    return f" {citation.uri}" if _is_link(citation.uri) else ""


def _is_link(uri: str) -> bool:
    return uri.lower().startswith(("http://", "https://"))


def _address(uri: str) -> str:
    """An address that ends where it should inside ``(...)``."""
    return quote(uri, safe=":/?#@!$&'*+,;=%~-._")


def _with_few_tables(lines: Sequence[str]) -> Iterator[str]:
    """The lines, those of each table too many between fences."""
    fence, tables, coded = "", 0, False
    for n, line in enumerate(lines):
        found = _FENCE.match(line)
        if coded and (found or "|" not in line):
            coded = False
            yield "```"
        if found:
            fence = "" if fence and line.strip().startswith(fence) else fence or found[1]
        elif not fence and not coded and "|" in line and n + 1 < len(lines) and _TABLE_RULE.fullmatch(lines[n + 1]):
            tables += 1
            coded = tables > MAX_TABLES
            if coded:
                yield "```"
        yield line
    if coded:
        yield "```"


def _without_pictures(text: str) -> str:
    return _IMAGE.sub(_picture_link, text).replace("![", "[")


def _picture_link(found: re.Match[str]) -> str:
    return f"[{found[1] or found[2]}]({_address(found[2])})" if _is_link(found[2]) else found[1]


def _clean(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _plain_lines(text: str) -> Iterator[str]:
    """Without mark-up; code stays as it is."""
    fenced = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced:
            yield line
        else:
            line = _LINK.sub(lambda m: m[1] if m[1] == m[2] else f"{m[1]} ({m[2]})", _HEADING.sub("", line))
            yield _MARKS.sub(r"\2", line).replace("`", "")
