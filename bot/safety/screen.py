"""Decides what a group may ask and be told: word lists, the moderation endpoint, and no secrets in answers.

It repeats nothing that it holds back: reasons name the list and the line of an entry. It knows no platform.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import unquote

from loguru import logger

from bot.config import Settings
from bot.faults import ModelFault
from bot.outcome import Outcome
from bot.safety.lists import Filter, names_of, read_lists
from bot.safety.moderation import Moderator
from bot.texts import Language, say
from rag.base import Answer, Question
from rag.personal import without_personal
from rag.secrets import mask

Show = Callable[[str], Awaitable[None]]
What = Literal["question", "answer"]
_HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Objection:
    """Why something is held back: ``key`` of the line that says so, and the ``place`` of the entry."""

    what: What
    key: str
    place: str = ""

    def reason(self, language: Language) -> str:
        """For ``/why``, which anybody in the group may read: never the words themselves."""
        return say(self.key, language, what=say(f"safety_{self.what}", language), place=self.place)

    @property
    def verdict(self) -> dict[str, Any]:
        """As it is stored with the outcome."""
        return {"how": "withheld", "what": self.what}


class Safety:
    """What config.ini says of all groups.

    Raises:
        ConfigError: a word list is missing or wrong.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lists = read_lists(settings)
        self._filters: dict[tuple[str, ...], Filter] = {}
        self.moderator = Moderator(settings.safety) if settings.safety.moderation_url else None

    @property
    def faults(self) -> tuple[ModelFault, ...]:
        """What was wrong with the moderation endpoint so far."""
        fault = self.moderator.watch.fault if self.moderator else None
        return (fault,) if fault else ()

    def screen(self, group: str) -> Screen:
        """What holds in one group, ``platform:chat``; empty: in none."""
        names = names_of(self._settings, group)
        if names not in self._filters:
            self._filters[names] = Filter([self._lists[name] for name in names])
        bases = self._settings.group(group).knowledge or tuple(self._settings.knowledge)
        masks = all(self._settings.knowledge[base].mask_secrets for base in bases)
        withholds = self._settings.safety.moderation_failure == "withhold"
        return Screen(self._filters[names], self.moderator, withholds, masks)


@asynccontextmanager
async def open_safety(settings: Settings) -> AsyncIterator[Safety]:
    """The safety of these settings, its connections closed at the end.

    Raises:
        ConfigError: a word list is missing or wrong.
    """
    safety = Safety(settings)
    try:
        yield safety
    finally:
        if safety.moderator is not None:
            await safety.moderator.aclose()


@dataclass(frozen=True, slots=True)
class Screen:
    """What one group may ask and be told. ``withholds``: what the moderation endpoint cannot check is held back."""

    filter: Filter
    moderator: Moderator | None = None
    withholds: bool = False
    masks: bool = True

    def asked(self, question: Question) -> Objection | None:
        """What the lists have against a question or what it quotes."""
        return self._listed("question", _said(question))

    def cleaned(self, question: Question) -> Question:
        """The question without those earlier messages that the lists object to: no model is to read them either."""
        kept = tuple(turn for turn in question.history if not self.filter.find(turn.text))
        return question if len(kept) == len(question.history) else replace(question, history=kept)

    def allows(self, text: str) -> bool:
        """Whether the lists have nothing against a line of the bot's own."""
        return not self.filter.find(text)

    async def refusal(self, question: Question) -> Objection | None:
        """What the moderation endpoint has against a question that is to be answered."""
        return await self._moderated("question", _said(question))

    async def objection(self, answer: Answer) -> Objection | None:
        """What lists or endpoint have against an answer with its sources."""
        sources = (f"{one.title}\n\n{unquote(one.uri)}\n\n{one.quote}" for one in answer.citations)
        read = "\n\n".join((answer.text, *sources))
        return self._listed("answer", read) or await self._moderated("answer", read)

    def masked(self, answer: Answer) -> Answer:
        """The answer without secrets, unless a base of the group is to tell them."""
        if not self.masks:
            return answer
        sources = tuple(
            replace(source, title=mask(source.title).text, quote=mask(source.quote).text) for source in answer.citations
        )
        return replace(answer, text=mask(answer.text).text, citations=sources)

    def showing(self, show: Show | None) -> Show | None:
        """``show``, given only what nobody objects to. What an endpoint has to see first is not shown as it grows."""
        if show is None or self.moderator is not None:
            return None

        async def shown(text: str) -> None:
            if self.allows(text):
                await show(mask(text).text if self.masks else text)

        return shown

    def told(self, verdict: Mapping[str, Any]) -> dict[str, Any]:
        """A verdict whose pieces hold nothing that the lists object to: ``/why`` shows them."""
        pieces = [self._piece(piece) for piece in verdict.get("pieces") or ()]
        return {**verdict, "pieces": pieces} if pieces else dict(verdict)

    def cleared(self, done: Outcome) -> Outcome:
        """An outcome as ``/why`` may tell it: without reasons that name what the lists object to."""
        reasons = tuple(reason for reason in done.reasons if self.allows(unquote(reason)))
        return replace(done, reasons=reasons, verdict=self.told(done.verdict))

    def _piece(self, piece: Mapping[str, Any]) -> dict[str, Any]:
        cleared = {
            name: mask(piece[name]).text if self.allows(piece[name]) else _HIDDEN
            for name in ("text", "detail")
            if name in piece
        }
        return {**piece, **cleared}

    def _listed(self, what: What, text: str) -> Objection | None:
        place = self.filter.find(text)
        if not place:
            return None
        logger.info("the {} is held back: word list {}", what, place)
        return Objection(what, "reason_prohibited", place)

    async def _moderated(self, what: What, text: str) -> Objection | None:
        if self.moderator is None:
            return None
        flagged = await self.moderator.flags(mask(without_personal(text)).text)
        if flagged is None:
            return Objection(what, "reason_unmoderated") if self.withholds else None
        if flagged:
            logger.info("the {} is held back: the moderation endpoint objects", what)
        return Objection(what, "reason_moderated") if flagged else None


def held_back(objection: Objection, question: Question) -> Outcome:
    """How a question ends that is not even judged."""
    reasons = (objection.reason(question.language),)
    return Outcome("abstained" if question.mentioned else "silent", reasons=reasons, verdict=objection.verdict)


def _said(question: Question) -> str:
    """A question with what it quotes and shows."""
    return "\n\n".join(filter(None, (question.text, question.quoted_text, question.picture_text)))
