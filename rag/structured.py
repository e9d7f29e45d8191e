"""Reads an answer in JSON, also while it is written and where it is broken: ``{"answerable", "sentences"}``.

What is shown is always text with marks, never JSON. It knows no server and no passage.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "answerable": {"type": "boolean"},
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "sources": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["text", "sources"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["answerable", "sentences"],
    "additionalProperties": False,
}
_START = re.compile(r"\s*(?:```(?:json)?\s*)?\{")
_HEAD = re.compile(r'\{\s*(?:"answerable"\s*:\s*(?:true|false)\s*,\s*)?"sentences"\s*:\s*\[')
_SPACE, _COMMA = re.compile(r"\s*"), re.compile(r"\s*,")
_TEXTS = re.compile(r'"text"\s*:\s*"((?:[^"\\]|\\.)*)"')
_OWN_LINE = re.compile(r"\s*(?:[-*•+] |\d{1,2}[.)、]|```|#|\|)")
_END = re.compile(r"[。！？!?.]*[」』”’\"'）)】》*]*$")


@dataclass(frozen=True, slots=True)
class Structured:
    """What was read: whether the model can answer (None: it has not said so), and the text with its marks."""

    answerable: bool | None
    text: str


def is_json(text: str) -> bool:
    """Whether a text begins as an answer in JSON would; it may be no more than the beginning."""
    return _START.match(text) is not None or (bool(text.strip()) and "```json".startswith(text.strip()))


def read_structured(text: str) -> Structured:
    """Read a whole, unfinished or broken answer in JSON; no text where nothing can be made of it."""
    match = _START.match(text)
    body = text[match.end() - 1 :] if match else ""
    data = _load(body)
    if isinstance(data, dict):
        sentences = data.get("sentences")
        rows = [_row(item) for item in sentences] if isinstance(sentences, list) else []
        said = data.get("answerable")
        return Structured(said if isinstance(said, bool) else None, _joined([row for row in rows if row[0]]))
    found = [_unescaped(text) for text in _TEXTS.findall(body)]
    refused = re.search(r'"answerable"\s*:\s*false', body) is not None
    return Structured(False if refused else None, _joined([(text, ()) for text in found]))


class StructuredReader:
    """Reads the text of one growing answer as `read_structured` does; sentences that are over are read only once."""

    def __init__(self) -> None:
        self._head, self._at, self._text = "", 0, ""

    def read(self, raw: str) -> str:
        """The text so far; ``raw`` begins with what it was the last time."""
        if not self._head and not self._begin(raw):
            return read_structured(raw).text
        self._advance(raw)
        data = _load(self._head + raw[self._at :])
        if not isinstance(data, dict) or not isinstance(data.get("sentences"), list):
            return read_structured(raw).text
        return _joined([row for row in map(_row, data["sentences"]) if row[0]], self._text)

    def _begin(self, raw: str) -> bool:
        start = _START.match(raw)
        head = _HEAD.match(raw, start.end() - 1) if start else None
        if head is None:
            return False
        self._head, self._at = head.group(), head.end()
        return True

    def _advance(self, raw: str) -> None:
        """Step over the sentences that another one follows."""
        decoder = json.JSONDecoder(strict=False)
        while True:
            try:
                space = _SPACE.match(raw, self._at)
                item, end = decoder.raw_decode(raw, space.end() if space else self._at)
            except (ValueError, RecursionError):
                return
            comma = _COMMA.match(raw, end)
            if comma is None:
                return
            row = _row(item)
            self._text = _joined([row], self._text) if row[0] else self._text
            self._at = comma.end()


def _load(body: str) -> Any:
    """The JSON value at the beginning of a text, closed where it is cut off; None where it cannot be."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(body)[0]
    except (ValueError, RecursionError):
        pass
    for end in (len(body), body.rfind("}") + 1, body.rfind(",")):
        try:
            return json.JSONDecoder(strict=False).raw_decode(_closed(body[: max(end, 0)]))[0]
        except (ValueError, RecursionError):
            continue
    return None


def _closed(body: str) -> str:
    """The text with its open strings, lists and objects closed and what is half said at its end left out."""
    stack, inside, escaped = [], False, False
    for character in body:
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
        elif character in "}]" and stack:
            stack.pop()
    if inside:
        body = re.sub(r"\\(?:u[0-9a-fA-F]{0,3})?$", "", body) + '"'
    body = re.sub(r"[,:]\s*$", "", body.rstrip())
    body = re.sub(r'([{,])\s*"[^"]*"$', r"\1", body) if stack and stack[-1] == "}" else body  # a key without its value
    return body.rstrip().rstrip(",") + "".join(reversed(stack))


def _row(item: Any) -> tuple[str, tuple[int, ...]]:
    if isinstance(item, str):
        return item.strip(), ()
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        return "", ()
    sources = item.get("sources")
    numbers = [source for source in sources if isinstance(source, int)] if isinstance(sources, list) else []
    return item["text"].rstrip(), tuple(numbers)


def _joined(rows: list[tuple[str, tuple[int, ...]]], text: str = "") -> str:
    """The sentences one behind the other, behind ``text``; list items and code on lines of their own."""
    for sentence, sources in rows:
        if _OWN_LINE.match(sentence) or text.endswith(("```", ":", "：")):
            gap = "\n"
        else:
            gap = " " if text and text[-1].isascii() and sentence[:1].isascii() else ""
        text += (gap if text else "") + _marked(sentence, sources)
    return text


def _marked(sentence: str, sources: tuple[int, ...]) -> str:
    marks = "".join(f"[{n}]" for n in dict.fromkeys(sources) if f"[{n}]" not in sentence)
    if not marks:
        return sentence
    if sentence.endswith("```"):
        return f"{sentence}\n{marks}"
    end = _END.search(sentence)
    at = end.start() if end else len(sentence)
    return f"{sentence[:at]} {marks}{sentence[at:]}"


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
