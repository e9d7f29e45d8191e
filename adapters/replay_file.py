"""Reads recorded messages from JSON lines, and words decisions as JSON lines. Knows no queue and writes no file."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.base import Conversation, Message, Person, Quote

PLATFORM = "replay"
START = datetime(2024, 1, 1, tzinfo=UTC)
SPACING = timedelta(seconds=60)
MAX_ID_CHARS = 200
OWN_KEYS = frozenset({"text", "id", "conversation", "sender", "sent_at", "mentions_bot", "quote"})
DECISION_KEYS = ("outcome", "probability", "threshold", "reasons", "answer", "citations")
# Legal inside JSON, but many readers cut lines at them.
LINE_ENDS = {ord(char): f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"}


class LineError(ValueError):
    """A line of the input cannot be a message; the text says why and what it should be."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the input: a message to deliver, or the reason why it is none. ``extra`` goes to its decision."""

    number: int
    id: str | int
    message: Message | None
    error: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells lines apart: 7 and "7" are one id."""
        return str(self.id)

    def decision(self, decision: dict[str, Any]) -> bytes:
        """The line of the decision file. Input keys that a decision uses itself get ``input_`` in front."""
        data: dict[str, Any] = {"id": self.id, **{key: decision.get(key) for key in DECISION_KEYS}}
        for key, value in self.extra.items():
            data[f"input_{key}" if key in data else key] = value
        # backslashreplace writes a lone surrogate as the JSON escape that it came from.
        text = json.dumps(data, ensure_ascii=False).translate(LINE_ENDS)
        return text.encode("utf-8", "backslashreplace") + b"\n"


def failed_input(reason: str) -> dict[str, Any]:
    """The decision of a line that is no message."""
    return {"outcome": "failed:input", "reasons": [reason], "citations": []}


def parse_lines(data: bytes, run_id: str) -> list[Line]:
    """Every line of the input that is not blank, in order; message ids start with ``run_id``.

    An id in the file wins over the line number of another line, which then is called ``line-<number>``.
    """
    raws = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    records = [(number, *decode(raw)) for number, raw in enumerate(raws, 1) if raw.strip()]
    owners: dict[str, int] = {}
    for number, fields, _ in records:
        if is_id(fields.get("id")):
            owners.setdefault(str(fields["id"]), number)
    return [_line(number, fields, error, owners, run_id) for number, fields, error in records]


def decode(raw: bytes) -> tuple[dict[str, Any], str]:
    """The JSON object of one line, or an empty one and why it is none."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError:
        return {}, "not UTF-8: save the file as UTF-8"
    except RecursionError:
        return {}, "not readable: nested too deeply"
    except ValueError as error:
        return {}, f"not JSON: {error}"
    if not isinstance(value, dict):
        return {}, 'not a JSON object: write {"text": "..."}'
    return value, ""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is too large")
    return value


def is_id(value: object) -> bool:
    """Whether a value can name a line."""
    if isinstance(value, str):
        return 0 < len(value) <= MAX_ID_CHARS
    return isinstance(value, int) and not isinstance(value, bool)


def _line(number: int, fields: dict[str, Any], error: str, owners: dict[str, int], run_id: str) -> Line:
    given = fields.get("id")
    extra = {key: value for key, value in fields.items() if key not in OWN_KEYS}
    line_id: str | int = number
    if given is not None and is_id(given) and owners[str(given)] == number:
        line_id = given
    elif str(number) in owners:
        line_id = _free_name(number, owners)
    if not error and given is not None and line_id != given:
        error = _id_error(given, owners)
    if error:
        return Line(number, line_id, None, error, extra)
    try:
        return Line(number, line_id, _message(number, f"{run_id}:{line_id}", fields, run_id), "", extra)
    except LineError as reason:
        return Line(number, line_id, None, str(reason), extra)


def _free_name(number: int, owners: dict[str, int]) -> str:
    name = f"line-{number}"
    while name in owners:
        name += "-"
    return name


def _id_error(given: object, owners: dict[str, int]) -> str:
    if is_id(given):
        return f"the id {given!r} is already used in line {owners[str(given)]}"
    return f'"id" must be an integer or a string of 1 to {MAX_ID_CHARS} characters'


def _message(number: int, message_id: str, fields: dict[str, Any], run_id: str) -> Message:
    text = fields.get("text")
    if not isinstance(text, str):
        raise LineError('"text" must be a string' if "text" in fields else 'there is no "text"')
    mentions_bot = fields.get("mentions_bot")
    if not isinstance(mentions_bot, bool | None):
        raise LineError('"mentions_bot" must be true or false')
    sender = _name(fields, "sender") or f"line-{number}"
    chat = _name(fields, "conversation") or _name(fields, "block") or PLATFORM
    return Message(
        id=message_id,
        event_id=message_id,
        conversation=Conversation(PLATFORM, chat, run_id),  # a thread of its own: no run has another one's history
        sender=Person(PLATFORM, sender, sender),
        text=_well_formed(text),
        sent_at=_time(fields.get("sent_at"), START + number * SPACING),
        mentions_bot=bool(mentions_bot),
        quote=_quote(fields.get("quote"), run_id),
    )


def _name(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise LineError(f'"{key}" must be a string or an integer')
    return _well_formed(str(value))


def _well_formed(text: str) -> str:
    """Without lone surrogates, which JSON can spell but no store can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _time(value: object, default: datetime) -> datetime:
    """ISO 8601 (without a zone: UTC) or epoch seconds, as UTC."""
    try:
        if value is None:
            return default
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise LineError('"sent_at" must be an ISO 8601 time or seconds since 1970')


def _quote(value: object, run_id: str) -> Quote | None:
    if value is None:
        return None
    fields = {"text": value} if isinstance(value, str) else value
    if not isinstance(fields, dict) or not isinstance(fields.get("text"), str):
        raise LineError('"quote" must be a string, or an object with "text" and optionally "id" and "sender"')
    sender = _name(fields, "sender")
    quoted = _name(fields, "id")
    author = Person(PLATFORM, sender, sender) if sender else None
    return Quote(f"{run_id}:{quoted}" if quoted else "", author, _well_formed(fields["text"]))
