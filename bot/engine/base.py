"""The engine computes: it holds knowledge and gates, judges questions and quotes passages. This is its interface.

It knows no platform, no queue and no store. `bot.engine.threads` runs it on threads of this process,
`bot.engine.process` in a process of its own; both share the contract of tests/engine_contract.py.

Errors::

    RagError
        EngineError     the engine died over a request or is closed; asking again may help
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.faults import ModelFault
from bot.teachings import Teachings
from rag.base import Answer, Evidence, GateDecision, Language, Question, RagError

CLOSED = "the bot is stopping; the message is taken up again at the next start"


class EngineError(RagError):
    """The engine could not compute this; the message says why."""


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """The version of a base that is in use; ``fallen_back``: it stands in for a damaged one."""

    version: str
    documents: int
    passages: int
    fallen_back: bool


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What a group sees: the version of each of its bases, its dial, and what its gate rests on, in words.

    ``versions`` is empty where none of its bases can be used; ``warnings`` are of its own bases alone.
    """

    versions: Mapping[str, str]
    dial: float
    notes: Mapping[Language, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is in use; later facts have a higher ``number``. ``places`` holds what differs from the place ``""``.

    ``faults`` tells of models that do not work. ``trained``: every gate was trained on the versions in use; else a
    `remake` without ``reopen`` trains them.
    """

    number: int = 0
    bases: Mapping[str, BaseFacts] = field(default_factory=dict)
    places: Mapping[str, PlaceFacts] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    faults: tuple[ModelFault, ...] = ()
    trained: bool = True

    def of(self, place: str) -> PlaceFacts | None:
        """Those of ``platform:chat``: its own, else its platform's, else everybody's; None without knowledge."""
        return self.places.get(place) or self.places.get(place.partition(":")[0]) or self.places.get("")


@dataclass(frozen=True, slots=True)
class WebNote:
    """The web may be asked; ``searched``: it was. ``pages`` are the addresses that the evidence is from, if it is."""

    searched: bool = False
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was decided for one question, and of what was found that which an answer needs.

    ``support`` is the probability that the passages answer it, ``supported`` whether that is enough to try. Where the
    gate said no to an overheard message, nobody asks, and it is 0. ``understood`` is the question as a model made it
    stand alone, where that was judged. ``facts``: those from now on, where a model failed over the question, or works
    again. ``web`` is None where the web is not to be asked.
    """

    evidence: Evidence
    decision: GateDecision
    support: float = 1.0
    supported: bool = True
    understood: str = ""
    facts: Facts | None = None
    web: WebNote | None = None


class Engine(Protocol):
    """Computes off the event loop. What is asked in one order is begun in that order; trainings run beside the rest.

    A caller that is cancelled is let go at once: what had not begun never runs. ``restarts`` counts what it survived.
    """

    facts: Facts
    restarts: int

    async def remake(self, teachings: Teachings, *, reopen: bool) -> None:
        """Make the gates anew and, with ``reopen``, read the current versions; then swap all of it in at once.

        ``reopen`` also tries again to load models that are left out. New versions do not wait for a training where the
        gates of those before will do: ``facts.trained`` says so.

        Raises:
            RagError: the knowledge cannot be used; what was in use stays.
        """
        ...

    async def hurry(self) -> None:
        """Have a `remake` that is training end with a `RagError`: its versions are about to be replaced."""
        ...

    async def learn(self, teachings: Teachings) -> None:
        """Make further examples and dials count at once, without a training."""
        ...

    async def judge(self, place: str, question: Question) -> Judgement:
        """Search once and decide, all with the knowledge in use when it began; by words alone where the embedder fails.

        Raises:
            NoKnowledgeError: there is none.
            RagError: it cannot be searched.
        """
        ...

    async def quote(self, question: Question, evidence: Evidence) -> Answer | None:
        """Answer from the passages that a judgement found; None where they do not support an answer."""
        ...

    async def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        """How far evidence bears out a sentence, by reranker or neural embedder; None where neither can tell."""
        ...

    async def close(self) -> None:
        """Drop what waits, end what runs."""
        ...
