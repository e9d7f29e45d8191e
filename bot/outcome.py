"""How a message ended: the one value that is stored for it. Knows neither store nor platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["answered", "silent", "abstained", "command", "merged", "limited", "overloaded", "expired", "failed"]
Stage = Literal["", "gate", "retrieve", "generate", "send", "internal", "timeout"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of one message.

    ``stage`` says where a ``failed`` one broke. ``reasons`` are worded in the asker's language. ``probability`` and
    ``threshold`` are None where the gate was not asked. ``citations`` are dicts of ``n, source, uri, text``.
    ``detail`` is for admins: an error, the command, the message merged into. ``verdict`` is how the answer was
    verified, as `bot.verdict` makes it; it is empty where there was none. ``timing`` of an answer: seconds from the
    message's turn to its first words (``first_s``) and to its end (``whole_s``).
    """

    kind: Kind
    stage: Stage = ""
    detail: str = ""
    probability: float | None = None
    threshold: float | None = None
    reasons: tuple[str, ...] = ()
    answer: str | None = None
    citations: tuple[dict[str, Any], ...] = field(default_factory=tuple)
    verdict: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``kind``, or ``failed:<stage>``."""
        return f"failed:{self.stage or 'internal'}" if self.kind == "failed" else self.kind

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; `from_dict` reads it back."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Outcome:
        """Read what `as_dict` wrote."""
        return cls(**{**data, "reasons": tuple(data["reasons"]), "citations": tuple(data["citations"])})
