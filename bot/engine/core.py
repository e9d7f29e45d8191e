"""The engine's work itself, synchronous and thread-safe: one snapshot in use, swapped whole.

Judging reads the snapshot by one look-up and keeps it to its end. Making and catching up end in one assignment under a
lock, so that nothing taught meanwhile is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from bot.config import Settings
from bot.engine.base import BaseFacts, Facts, Judgement, PlaceFacts
from bot.engine.models import EngineModels
from bot.engine.support import supported, with_keywords
from bot.faults import ModelFault
from bot.teachings import Teachings
from bot.views import ViewMaker, caught_up
from rag.answer import quote_passages
from rag.answerable import default_model
from rag.base import Answer, Evidence, GateDecision, Language, ModelError, NoKnowledgeError, Question
from rag.gate import TrainingCancelledError, standalone_text
from rag.knowledge import Version
from rag.protocols import Embedder
from rag.snapshot import Snapshot, View

SURE = 0.9  # of a mention: from here on the gate's word counts beside the passages', as it does for what is overheard


class Core:
    """Holds what is in use, the ``snapshot``. `remake` is called by one thread at a time."""

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self._settings = settings
        self._models = EngineModels(settings, embedder)
        self._maker = self._new_maker()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._bases: Mapping[str, Version] = {}
        self.snapshot: Snapshot | None = None
        self._reflected = Teachings()  # those that the snapshot knows
        self._latest = self._reflected
        self._number = 0
        self._told: tuple[ModelFault, ...] = ()
        self._trained = True
        self._hurried = False

    def remake(self, teachings: Teachings, reopen: bool) -> Facts:
        """See `bot.engine.base.Engine.remake`."""
        self._hurried = False
        with self._lock:
            self._note(teachings)
        if reopen and self._models.reopen():
            self._maker = self._new_maker()
        bases = self._maker.open_bases() if reopen or not self._bases else self._bases
        while True:
            try:
                snapshot = self._maker.snapshot(bases, teachings, partial(self._pointless, teachings), lenient=reopen)
                break
            except TrainingCancelledError:
                if self._closing.is_set() or self._hurried:
                    raise
                teachings = self._latest
            except ModelError as error:
                if self.snapshot is not None or self._models.words_only:
                    raise
                self._models.leave_embedder(error)  # with nothing in use yet, words are better than waiting
                self._maker = self._new_maker()
                bases = self._maker.open_bases()
        with self._lock:
            self._bases = bases
            self._trained = not self._maker.gates.lent
            return self._use(snapshot, teachings)

    def _new_maker(self) -> ViewMaker:
        models = self._models
        return ViewMaker(self._settings, models.embedder, reranker=models.reranker, words_only=models.words_only)

    def hurry(self) -> None:
        """See `bot.engine.base.Engine.hurry`."""
        self._hurried = True

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
        if view is None:
            names = self._maker.base_names(place)
            raise NoKnowledgeError(f"no version of {', '.join(names)} can be used: run `qunda build --base {names[0]}`")
        text, curated, complete = standalone_text(question), view.curated(question.text), False
        try:
            evidence = view.measure(text)
        except ModelError:  # counted and logged where it was raised
            evidence, complete = view.search_words(text), True
        evidence = replace(evidence, curated=curated, definitions=view.definitions(question))
        decision = view.gate.decide(question, evidence)
        judgement = self._supported(view, question, evidence, decision, complete)
        if judgement.decision.answer:
            judgement = replace(judgement, evidence=view.surrounded(judgement.evidence))
        return replace(judgement, facts=self._news())

    def _supported(
        self, view: View, question: Question, evidence: Evidence, decision: GateDecision, complete: bool
    ) -> Judgement:
        """The decision joined with whether the passages answer; ``complete``: there is no more to be found."""
        if (decision.answer or question.mentioned) and not (complete or evidence.hits):
            found = view.search(evidence.text, evidence.vector)
            evidence = replace(found, curated=evidence.curated, definitions=evidence.definitions)
        level = self._level(question, decision)
        judgement = supported(question, evidence, decision, level)
        if not question.keywords or judgement.supported:
            return judgement
        find = view.search_words if complete else view.search
        return with_keywords(question, judgement, find(" ".join(question.keywords)), level, view.top_k)

    def _level(self, question: Question, decision: GateDecision) -> float:
        """The probability of support from which on it is worth an answer."""
        levels = default_model().levels
        if self._settings.llm.backend != "extractive" and not question.quote_only:
            return levels["model"]
        doubted = question.mentioned and not (decision.answer and decision.probability >= SURE)
        return levels["mention" if doubted else "overheard"]

    @staticmethod
    def quote(question: Question, evidence: Evidence) -> Answer | None:
        """See `bot.engine.base.Engine.quote`."""
        return quote_passages(question, evidence)

    def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        """See `bot.engine.base.Engine.entails`."""
        judge = self._models.entailment
        try:
            return judge.entails(sentence, evidence) if judge is not None else None
        except ModelError:  # counted and logged where it was raised
            return None

    def close(self) -> None:
        """Let a training that runs end early."""
        self._closing.set()

    def _pointless(self, teachings: Teachings) -> bool:
        """Whether a training need not go on: the bot stops, versions come, or an example of it was undone."""
        latest, ending = self._latest, self._closing.is_set() or self._hurried
        return ending if latest is teachings else ending or not _ids(teachings) <= _ids(latest)

    def _note(self, teachings: Teachings) -> None:
        if teachings.revision > self._latest.revision:
            self._latest = teachings

    def _use(self, snapshot: Snapshot | None, reflected: Teachings) -> Facts:
        """Put a snapshot that knows ``reflected`` in use, in one assignment, once it knows what is the latest."""
        if snapshot is not None and self._latest.revision > reflected.revision:
            try:
                snapshot = caught_up(snapshot, reflected, self._latest, self._maker.dial)
                reflected = self._latest
            except ModelError:  # new examples cannot be embedded now: all else counts, and they do at the next time
                reduced = _without_new(self._latest, reflected)
                snapshot, reflected = caught_up(snapshot, reflected, reduced, self._maker.dial), reduced
        self.snapshot, self._reflected = snapshot, reflected
        self._number += 1
        return self._facts()

    def _news(self) -> Facts | None:
        """The facts, where a model has failed or recovered since they were told."""
        if self._models.faults == self._told:
            return None
        if not self._lock.acquire(blocking=False):  # whoever has it tells them, and no question waits for that
            return None
        try:
            self._number += 1
            return self._facts()
        finally:
            self._lock.release()

    def _facts(self) -> Facts:
        self._told = self._models.faults
        bases = {
            name: BaseFacts(version.path.name, len(version.manifest.documents), len(version), bool(version.warnings))
            for name, version in self._bases.items()
        }
        views = {"": self.snapshot.default, **self.snapshot.groups} if self.snapshot else {}
        places = {place: self._place_facts(place, view) for place, view in views.items()}
        return Facts(self._number, bases, places, tuple(self._maker.warnings), self._told, self._trained)

    def _place_facts(self, place: str, view: View | None) -> PlaceFacts:
        warnings = self._maker.warnings_of(place)
        if view is None:
            return PlaceFacts({}, self._maker.dial(place, self._reflected), {"zh": "", "en": ""}, warnings)
        notes: dict[Language, str] = {"zh": view.gate.note("zh"), "en": view.gate.note("en")}
        return PlaceFacts(view.versions, view.gate.dial, notes, warnings)


def _ids(teachings: Teachings) -> set[int]:
    return {example.id for example in teachings.examples}


def _without_new(latest: Teachings, known: Teachings) -> Teachings:
    """The latest teachings but for examples that are not known yet; as old as the known ones, so that they are tried
    again."""
    kept = [example for example in latest.examples if example.id in _ids(known)]
    return replace(latest, examples=kept, revision=known.revision)
