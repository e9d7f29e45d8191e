"""The engine's work itself, synchronous and thread-safe: one snapshot in use, swapped whole.

Judging reads the snapshot by one look-up and keeps it to its end. Making and catching up end in one assignment under a
lock, so that nothing taught meanwhile is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial

from bot.config import Settings
from bot.engine.base import BaseFacts, Facts, Judgement, PlaceFacts
from bot.engine.support import supported, with_keywords
from bot.models import make_embedder
from bot.teachings import Teachings
from bot.views import ViewMaker, caught_up
from rag.answer import quote_passages
from rag.answerable import default_model
from rag.base import Answer, Embedder, Evidence, GateDecision, NoKnowledgeError, Question
from rag.gate import TrainingCancelledError, standalone_text
from rag.knowledge import Version
from rag.snapshot import Snapshot, View

SURE = 0.9  # of a mention: from here on the gate's word counts beside the passages', as it does for what is overheard


class Core:
    """Holds what is in use, the ``snapshot``. `remake` is called by one thread at a time."""

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self._settings = settings
        self._maker = ViewMaker(settings, embedder or make_embedder(settings))
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._bases: Mapping[str, Version] = {}
        self.snapshot: Snapshot | None = None
        self._reflected = Teachings()  # those that the snapshot knows
        self._latest = self._reflected
        self._number = 0

    def remake(self, teachings: Teachings, reopen: bool) -> Facts:
        """See `bot.engine.base.Engine.remake`."""
        with self._lock:
            self._note(teachings)
        bases = self._maker.open_bases() if reopen or not self._bases else self._bases
        while True:
            try:
                snapshot = self._maker.snapshot(bases, teachings, partial(self._pointless, teachings))
                break
            except TrainingCancelledError:
                if self._closing.is_set():
                    raise
                teachings = self._latest
        with self._lock:
            self._bases = bases
            return self._use(snapshot, teachings)

    def learn(self, teachings: Teachings) -> Facts:
        """See `bot.engine.base.Engine.learn`."""
        with self._lock:
            self._note(teachings)
            return self._use(self.snapshot, self._reflected)

    def judge(self, place: str, question: Question) -> Judgement:
        """See `bot.engine.base.Engine.judge`."""
        snapshot = self.snapshot
        if snapshot is None:
            raise NoKnowledgeError("there is no knowledge yet: run `qunda build`")
        view = snapshot.view(place)
        evidence = view.search(standalone_text(question))
        decision = view.gate.decide(question, evidence)
        level = self._level(question, decision)
        judgement = supported(question, evidence, decision, level)
        if not question.keywords or judgement.supported:
            return judgement
        more = view.search(" ".join(question.keywords))
        return with_keywords(question, judgement, more, level, view.top_k)

    def _level(self, question: Question, decision: GateDecision) -> float:
        """The probability of support from which on it is worth an answer."""
        levels = default_model().levels
        if self._settings.llm.backend != "extractive":
            return levels["model"]
        doubted = question.mentioned and not (decision.answer and decision.probability >= SURE)
        return levels["mention" if doubted else "overheard"]

    @staticmethod
    def quote(question: Question, evidence: Evidence) -> Answer | None:
        """See `bot.engine.base.Engine.quote`."""
        return quote_passages(question, evidence)

    def close(self) -> None:
        """Let a training that runs end early."""
        self._closing.set()

    def _pointless(self, teachings: Teachings) -> bool:
        """Whether a training need not go on: the bot stops, or an example that it learns from was undone."""
        latest = self._latest
        if latest is teachings:
            return self._closing.is_set()
        return self._closing.is_set() or not _ids(teachings) <= _ids(latest)

    def _note(self, teachings: Teachings) -> None:
        if teachings.revision > self._latest.revision:
            self._latest = teachings

    def _use(self, snapshot: Snapshot | None, reflected: Teachings) -> Facts:
        """Put a snapshot that knows ``reflected`` in use, in one assignment, once it knows what is the latest."""
        if snapshot is not None and self._latest.revision > reflected.revision:
            snapshot = caught_up(snapshot, reflected, self._latest, self._maker.dial)
            reflected = self._latest
        self.snapshot, self._reflected = snapshot, reflected
        self._number += 1
        return self._facts()

    def _facts(self) -> Facts:
        bases = {
            name: BaseFacts(version.path.name, len(version.manifest.documents), len(version), bool(version.warnings))
            for name, version in self._bases.items()
        }
        views = {"": self.snapshot.default, **self.snapshot.groups} if self.snapshot else {}
        places = {place: _place_facts(view) for place, view in views.items()}
        return Facts(self._number, bases, places, tuple(dict.fromkeys(self._maker.warnings)))


def _ids(teachings: Teachings) -> set[int]:
    return {example.id for example in teachings.examples}


def _place_facts(view: View) -> PlaceFacts:
    return PlaceFacts(view.versions, view.gate.dial, {"zh": view.gate.note("zh"), "en": view.gate.note("en")})
