"""Makes the views of a snapshot: which bases and which examples a group has, and the gate that follows from them.

Synchronous computing, called off the event loop. Groups with the same bases and examples share one gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from loguru import logger

from bot.config import Settings
from bot.gates import Gates
from bot.store.groups import Example
from bot.teachings import Teachings, concerns
from rag.base import Evidence, FloatArray, KnowledgeError, NoKnowledgeError, RagError
from rag.curated import CuratedPairs
from rag.gate import LabelledExample, RelevanceGate, default_examples, read_examples, train_gate
from rag.knowledge import Version, check_embedder, open_current
from rag.protocols import Embedder, Reranker
from rag.reranking import KeptScores
from rag.retriever import HybridRetriever, check_tokenizer
from rag.snapshot import Snapshot, View

Cancelled = Callable[[], bool]


class ViewMaker:
    """Builds snapshots from the data folder, keeping what can be used again."""

    def __init__(
        self, settings: Settings, embedder: Embedder, *, reranker: Reranker | None = None, words_only: bool = False
    ) -> None:
        """``words_only``: ``embedder`` stands in for one that fails, so what that one made is searched by words."""
        self.settings = settings
        self.embedder = embedder
        self._reranker = reranker
        self._scores = KeptScores.of(settings.data / "reranked", reranker) if reranker else None
        self._words_only = words_only
        self._warnings: dict[str, list[str]] = {}  # by base
        self._retrievers: dict[tuple[Path, ...], HybridRetriever] = {}
        self._pairs: dict[tuple[Path, ...], CuratedPairs] = {}
        self.gates = Gates(settings.data / "gates", embedder)

    @property
    def warnings(self) -> list[str]:
        """What is not as it should be, of all bases."""
        return [text for texts in self._warnings.values() for text in texts]

    def warnings_of(self, place: str) -> tuple[str, ...]:
        """What is not as it should be with the bases of a group."""
        return tuple(text for name in self.base_names(place) for text in self._warnings.get(name, ()))

    def open_bases(self) -> dict[str, Version]:
        """The current version of every configured base that has one which can be used.

        Raises:
            KnowledgeError: none can, since all were built with another embedder or tokenizer.
        """
        self._warnings = {}
        opened: dict[str, Version] = {}
        problems: list[KnowledgeError] = []
        usable = False
        for base in self.settings.knowledge:
            try:
                version = open_current(self.settings.data / "knowledge", base)
                check_tokenizer(version)
            except KnowledgeError as error:
                problems += [] if isinstance(error, NoKnowledgeError) else [error]
                self._warn(base, str(error))
                continue
            opened[base] = version
            for warning in version.warnings:
                self._warn(base, warning)
            try:
                if not self._words_only:
                    check_embedder(version.manifest, self.embedder.id)
                usable = True
            except KnowledgeError as error:
                problems.append(error)
                self._warn(base, f"{error}; until then it is searched by words alone")
        if problems and not usable:
            raise problems[0]
        return opened

    def _warn(self, base: str, text: str) -> None:
        """Told once, in the log and to whoever sees the base."""
        texts = self._warnings.setdefault(base, [])
        if text not in texts:
            texts.append(text)
            logger.warning("{}", text)

    def snapshot(
        self,
        bases: Mapping[str, Version],
        teachings: Teachings,
        cancelled: Cancelled | None = None,
        *,
        lenient: bool = False,
    ) -> Snapshot | None:
        """The views of all groups; None where no base can be used.

        ``lenient``: without a training where the gate of the version before will do; then ``gates.lent`` says so.
        """
        self.gates.begin(lenient=lenient)
        if not bases:
            return None
        places = teachings.places() | set(self.settings.groups)
        views = {place: self.view(place, bases, teachings, cancelled) for place in ("", *sorted(places))}
        self._forget(*(view for view in views.values() if view is not None))
        self.gates.tidy(len(views))
        return Snapshot(views.pop(""), views)

    def view(
        self,
        place: str,
        bases: Mapping[str, Version],
        teachings: Teachings,
        cancelled: Cancelled | None = None,
        *,
        extra: Sequence[LabelledExample] = (),
    ) -> View | None:
        """The view of one group or platform, with ``extra`` examples; None where none of its bases can be used."""
        names = self._usable(place, bases)
        if not names:
            return None
        retriever = self._retriever([bases[name] for name in names])
        examples = [*self.examples(place, bases, teachings), *extra]
        gate = self._gate(retriever, [bases[name] for name in names], examples, cancelled)
        share = self.settings.gate.expected_share  # a kept gate may come from other settings
        gate = replace(gate, dial=self.dial(place, teachings), expected_share=share)
        pairs = self._curated([bases[name] for name in names])
        versions = {name: bases[name].path.name for name in names}
        return View(retriever, gate, versions, self.settings.retrieval.top_k, pairs)

    def search(self, place: str, bases: Mapping[str, Version]) -> Callable[[str], Evidence] | None:
        """The search of a group alone, for what needs no gate; None where none of its bases can be used."""
        names = self._usable(place, bases)
        if not names:
            return None
        retriever = self._retriever([bases[name] for name in names])
        return lambda text: retriever.search(text, self.settings.retrieval.top_k)

    def train(
        self,
        examples: Sequence[LabelledExample],
        search: Callable[[str], Evidence],
        cancelled: Cancelled | None = None,
        rerank: Callable[[Evidence], FloatArray] | None = None,
    ) -> RelevanceGate:
        """A gate of these examples, kept nowhere; ``rerank`` where ``search`` leaves that out."""
        gate = self.settings.gate
        return train_gate(
            examples,
            search,
            self.embedder,
            unwanted_per_1000=gate.unwanted_per_1000,
            expected_share=gate.expected_share,
            cancelled=cancelled,
            rerank=rerank,
        )

    def examples(self, place: str, bases: Mapping[str, Version], teachings: Teachings) -> list[LabelledExample]:
        """What the gate of a group learns from: the defaults, the lists of its bases, and what was taught."""
        return [
            *default_examples(),
            *self.file_examples(self._usable(place, bases)),
            *map(labelled, teachings.of(place)),
        ]

    def base_names(self, place: str) -> tuple[str, ...]:
        """The bases that a group lists, else ``default``."""
        return self.settings.group(place).knowledge or ("default",)

    def _usable(self, place: str, bases: Mapping[str, Version]) -> list[str]:
        return [name for name in dict.fromkeys(self.base_names(place)) if name in bases]

    def dial(self, place: str, teachings: Teachings) -> float:
        """The dial of a group."""
        return teachings.dial(place, self.settings)

    def _retriever(self, versions: Sequence[Version]) -> HybridRetriever:
        key = tuple(version.path for version in versions)
        if key not in self._retrievers:
            weights = self.settings.retrieval
            self._retrievers[key] = HybridRetriever(
                versions,
                self.embedder,
                bm25_weight=weights.bm25_weight,
                dense_weight=weights.dense_weight,
                reranker=self._reranker,
                words_only=self._words_only or any(v.manifest.embedder != self.embedder.id for v in versions),
            )
        return self._retrievers[key]

    def _curated(self, versions: Sequence[Version]) -> CuratedPairs:
        key = tuple(version.path for version in versions)
        if key not in self._pairs:
            self._pairs[key] = CuratedPairs(pair for version in versions for pair in version.pairs)
        return self._pairs[key]

    def file_examples(self, names: Iterable[str]) -> list[LabelledExample]:
        """The good and bad questions that the sections of these bases name; a file that is wrong is a warning."""
        examples: list[LabelledExample] = []
        for name in names:
            section = self.settings.knowledge[name]
            for path, good in ((section.good_questions, True), (section.bad_questions, False)):
                if path:
                    try:
                        examples += read_examples(self.settings.resolve(path), good)
                    except RagError as error:
                        self._warn(name, str(error))
        return examples

    def _gate(
        self,
        retriever: HybridRetriever,
        versions: Sequence[Version],
        examples: Sequence[LabelledExample],
        cancelled: Cancelled | None,
    ) -> RelevanceGate:
        return self.gates.get(
            [version.manifest.base for version in versions],
            [version.path.name for version in versions],
            examples,
            lambda: self._trained(retriever, examples, cancelled),
            self._ranking(),
        )

    def _trained(
        self, retriever: HybridRetriever, examples: Sequence[LabelledExample], cancelled: Cancelled | None
    ) -> tuple[RelevanceGate, bool]:
        """A gate, and whether it may be kept: not where the reranker failed over some of its examples."""
        top_k, missing = self.settings.retrieval.top_k, False

        def rerank(evidence: Evidence) -> FloatArray:
            nonlocal missing
            assert self._scores is not None
            scores = self._scores.scores(evidence, retriever.reranked)
            missing = missing or bool(evidence.hits and not len(scores))
            return scores

        def search(text: str) -> Evidence:
            if self._scores is None:
                return retriever.measure(text, top_k)
            return retriever.search(text, top_k, rerank=False)

        try:
            gate = self.train(examples, search, cancelled, rerank if self._scores else None)
        finally:
            if self._scores is not None:
                self._scores.save()
        if missing:
            logger.warning("the gate has learnt without some of the reranker's scores; the next start asks for them")
        return gate, not missing

    def _ranking(self) -> str:
        """What scores passages, and which; empty without a reranker."""
        if self._reranker is None:
            return ""
        chosen = self.settings.retrieval
        return f"{self._reranker.id}, best {chosen.top_k} at {chosen.bm25_weight} and {chosen.dense_weight}"

    def _forget(self, *views: View) -> None:
        """Drop retrievers that no view uses, and with them their versions."""
        used = {id(view.retriever) for view in views}
        self._retrievers = {key: kept for key, kept in self._retrievers.items() if id(kept) in used}
        self._pairs = {key: kept for key, kept in self._pairs.items() if key in self._retrievers}


def caught_up(snapshot: Snapshot, old: Teachings, new: Teachings, dial: Callable[[str, Teachings], float]) -> Snapshot:
    """The snapshot with the examples of ``new`` in the stores instead of those of ``old``, and its dials.

    Nothing is retrained.
    """
    known, current = ({example.id for example in teachings.examples} for teachings in (old, new))
    added = [example for example in new.examples if example.id not in known]
    gone = [example for example in old.examples if example.id not in current]
    dialled = {place for place in {*old.settings, *new.settings} if dial(place, old) != dial(place, new)}
    places = {*snapshot.groups, *(example.scope for example in [*added, *gone] if example.scope != "*"), *dialled}

    def learned(view: View | None, place: str) -> View | None:
        if view is None:
            return None
        learn = [labelled(example) for example in added if concerns(example, place)]
        forget = [labelled(example) for example in gone if concerns(example, place)]
        gate = view.gate.without_examples(forget) if forget else view.gate
        gate = gate.with_examples(learn) if learn else gate
        return replace(view, gate=gate.with_dial(dial(place, new)) if place in dialled else gate)

    groups = {place: learned(snapshot.view(place), place) for place in places}
    return Snapshot(learned(snapshot.default, ""), groups)


def labelled(example: Example) -> LabelledExample:
    """A stored example as the gate learns from it."""
    return LabelledExample(example.text, example.label == "good", source="group" if ":" in example.scope else "shared")
