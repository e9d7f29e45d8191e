"""Makes the views of a snapshot: which bases and which examples a group has, and the gate that follows from them.

Synchronous computing, called off the event loop. Groups with the same bases and examples share one gate.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from loguru import logger

from bot.config import Settings
from bot.models import make_reranker
from bot.store.groups import Example
from bot.teachings import Teachings, concerns
from rag.base import Embedder, Evidence, NoKnowledgeError, RagError
from rag.curated import CuratedPairs
from rag.gate import LabelledExample, RelevanceGate, default_examples, read_examples, train_gate
from rag.gate.storage import gate_key, load_gate, save_gate
from rag.knowledge import Version, open_current
from rag.retriever import HybridRetriever
from rag.snapshot import Snapshot, View

Cancelled = Callable[[], bool]
SPARE_GATES = 8


class ViewMaker:
    """Builds snapshots from the data folder, keeping what can be used again."""

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        self.settings = settings
        self.embedder = embedder
        self._reranker = make_reranker(settings)
        self.warnings: list[str] = []
        self._retrievers: dict[tuple[Path, ...], HybridRetriever] = {}
        self._pairs: dict[tuple[Path, ...], CuratedPairs] = {}
        self._gates: dict[str, RelevanceGate] = {}
        self._used: set[str] = set()  # the gates of the latest snapshot

    def open_bases(self) -> dict[str, Version]:
        """The current version of every configured base that has one."""
        opened: dict[str, Version] = {}
        self.warnings = []
        for base in self.settings.knowledge:
            try:
                opened[base] = open_current(self.settings.data / "knowledge", base, self.embedder.id)
            except NoKnowledgeError as error:
                self.warnings.append(str(error))
                continue
            self.warnings += opened[base].warnings
        for warning in self.warnings:
            logger.warning("{}", warning)
        return opened

    def snapshot(
        self, bases: Mapping[str, Version], teachings: Teachings, cancelled: Cancelled | None = None
    ) -> Snapshot | None:
        """The views of all groups; None where no base can be used."""
        if not bases:
            return None
        self._used.clear()
        default = self.view("", bases, teachings, cancelled)
        if default is None:
            return None
        places = teachings.places() | set(self.settings.groups)
        views = {place: self.view(place, bases, teachings, cancelled) or default for place in sorted(places)}
        self._forget(default, *views.values())
        self._clear_away()
        return Snapshot(default, views)

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
        names = [name for name in self.base_names(place) if name in bases]
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
        names = [name for name in self.base_names(place) if name in bases]
        if not names:
            return None
        retriever = self._retriever([bases[name] for name in names])
        return lambda text: retriever.search(text, self.settings.retrieval.top_k)

    def train(
        self,
        examples: Sequence[LabelledExample],
        search: Callable[[str], Evidence],
        cancelled: Cancelled | None = None,
    ) -> RelevanceGate:
        """A gate of these examples, kept nowhere."""
        gate = self.settings.gate
        return train_gate(
            examples,
            search,
            self.embedder,
            unwanted_per_1000=gate.unwanted_per_1000,
            expected_share=gate.expected_share,
            cancelled=cancelled,
        )

    def examples(self, place: str, bases: Mapping[str, Version], teachings: Teachings) -> list[LabelledExample]:
        """What the gate of a group learns from: the defaults, the lists of its bases, and what was taught."""
        names = [name for name in self.base_names(place) if name in bases]
        return [*default_examples(), *self.file_examples(names), *map(labelled, teachings.of(place))]

    def base_names(self, place: str) -> tuple[str, ...]:
        """The bases that a group lists, else ``default``."""
        return self.settings.group(place).knowledge or ("default",)

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
                        self.warnings.append(str(error))
                        logger.warning("{}", error)
        return examples

    def _gate(
        self,
        retriever: HybridRetriever,
        versions: Sequence[Version],
        examples: Sequence[LabelledExample],
        cancelled: Cancelled | None,
    ) -> RelevanceGate:
        names = [f"{version.manifest.base}/{version.path.name}" for version in versions]
        key = gate_key(names, examples, self.embedder)
        self._used.add(key)
        if key not in self._gates:
            self._gates[key] = self._kept_gate(self.settings.data / "gates" / key) or self._trained(
                self.settings.data / "gates" / key, retriever, examples, cancelled
            )
        return self._gates[key]

    def _kept_gate(self, folder: Path) -> RelevanceGate | None:
        """The gate that an earlier process trained on the same things."""
        if not folder.is_dir():
            return None
        try:
            return load_gate(folder, self.embedder)
        except RagError as error:
            logger.warning("{}", error)
            return None

    def _trained(
        self, folder: Path, retriever: HybridRetriever, examples: Sequence[LabelledExample], cancelled: Cancelled | None
    ) -> RelevanceGate:
        top_k = self.settings.retrieval.top_k
        gate = self.train(examples, lambda text: retriever.search(text, top_k), cancelled)
        try:
            save_gate(gate, folder)
        except RagError as error:  # it works without being kept
            logger.warning("{}", error)
        return gate

    def _forget(self, *views: View) -> None:
        """Drop retrievers that no view uses, and with them their versions."""
        used = {id(view.retriever) for view in views}
        self._retrievers = {key: kept for key, kept in self._retrievers.items() if id(kept) in used}
        self._pairs = {key: kept for key, kept in self._pairs.items() if key in self._retrievers}
        if len(self._gates) > 4 * (len(views) + 1):
            self._gates.clear()

    def _clear_away(self) -> None:
        """Delete old gates from the disk: those in use are kept, and a few more, for whoever undoes an example."""
        try:
            folders = [folder for folder in (self.settings.data / "gates").iterdir() if folder.name not in self._used]
            folders.sort(key=lambda folder: folder.stat().st_mtime)
        except OSError:  # another process is clearing away, or there is nothing yet
            return
        for folder in folders[:-SPARE_GATES]:
            shutil.rmtree(folder, ignore_errors=True)


def caught_up(snapshot: Snapshot, old: Teachings, new: Teachings, dial: Callable[[str, Teachings], float]) -> Snapshot:
    """The snapshot with the examples of ``new`` in the stores instead of those of ``old``, and its dials.

    Nothing is retrained.
    """
    known, current = ({example.id for example in teachings.examples} for teachings in (old, new))
    added = [example for example in new.examples if example.id not in known]
    gone = [example for example in old.examples if example.id not in current]
    dialled = {place for place in {*old.settings, *new.settings} if dial(place, old) != dial(place, new)}
    places = {*snapshot.groups, *(example.scope for example in [*added, *gone] if example.scope != "*"), *dialled}

    def learned(view: View, place: str) -> View:
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
