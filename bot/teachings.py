"""What people taught and set in the groups, as the gates take it. Knows neither store nor gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.config import Settings
from bot.store.groups import Example


@dataclass(frozen=True, slots=True)
class Teachings:
    """Active examples and each group's settings, as read from the store; a later reading has a higher ``revision``."""

    examples: Sequence[Example] = ()
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    revision: int = 0

    def of(self, place: str) -> list[Example]:
        """The examples that count in ``platform:chat`` or, for a platform's own name, in all its groups."""
        return [example for example in self.examples if concerns(example, place)]

    def places(self) -> set[str]:
        """Platforms and groups that have something of their own."""
        with_dial = {group for group, values in self.settings.items() if "dial" in values}
        return {e.scope for e in self.examples if e.scope != "*"} | with_dial

    def dial(self, place: str, configured: Settings) -> float:
        """The dial of a group: chat settings beat its section, which beats ``[gate]``."""
        chosen = self.settings.get(place, {}).get("dial")
        if chosen is not None:
            return float(chosen)
        return configured.group(place).unwanted_per_1000 or configured.gate.unwanted_per_1000


def concerns(example: Example, place: str) -> bool:
    """Whether an example counts in ``platform:chat`` or, for a platform's own name, in all its groups."""
    return example.scope in ("*", place.partition(":")[0], place)
