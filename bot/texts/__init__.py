"""Every line that the bot itself says in a group, in Chinese and English. Knows no message and no platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from bot.texts import answers, commands

if TYPE_CHECKING:
    from bot.faults import ModelFault

Language = Literal["zh", "en"]
TEXTS: Mapping[str, tuple[str, str]] = {**answers.TEXTS, **commands.TEXTS}


def say(key: str, language: Language, /, **values: object) -> str:
    """The line ``key`` in ``language`` with ``{values}`` filled in."""
    zh, en = TEXTS[key]
    return (zh if language == "zh" else en).format(**values)


def outcome_word(name: str, language: Language) -> str:
    """An outcome's name in words; the stage of a failure stays behind it."""
    kind, _, stage = name.partition(":")
    word = say(f"outcome_{kind}", language)
    return f"{word}（{stage}）" if stage and language == "zh" else f"{word} ({stage})" if stage else word


def fault_text(fault: ModelFault, language: Language) -> str:
    """What does not work and what serves in its place."""
    part, instead = say(f"part_{fault.part}", language), say(f"instead_{fault.part}", language)
    return say(f"fault_{fault.state}", language, part=part, instead=instead, n=fault.missed, detail=fault.detail)
