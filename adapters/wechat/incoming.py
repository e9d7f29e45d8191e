"""What the pure readers of all routes share: how to say that something is none of the bot's business. No platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that was received and is not delivered; ``reason`` is what it is counted under."""

    reason: str


MALFORMED = Ignored("malformed")
SHAPE_ERRORS = (KeyError, TypeError, AttributeError, ValueError, OverflowError, OSError, IndexError)
"""What reading a value of another shape than documented raises."""


def required(value: Any) -> str:
    """A string or number that has to be there, as text that can be stored: half a surrogate pair is replaced.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise ValueError("a value is missing")
    return str(value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def sent_at(seconds: Any, now: datetime) -> datetime:
    """The time of a Unix stamp in seconds; without a sensible one, the time of arrival."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float, str)):
        return now
    try:
        then = datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return then if then.year > 2000 else now
