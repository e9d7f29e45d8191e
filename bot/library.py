"""The knowledge and gates in use: opens them, swaps them whole, and learns while the bot answers.

A view is handed out by one dictionary look-up; whoever holds it keeps it. Builds run in a child process, training in a
thread of its own, and each ends in one assignment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from loguru import logger

from bot.builder import BaseBuild, build_bases
from bot.config import Settings
from bot.store import Store
from bot.store.groups import Example
from bot.texts import Language, say
from bot.views import Teachings, ViewMaker, caught_up
from bot.workers import Workers
from rag.base import Embedder, RagError
from rag.gate import TrainingCancelledError
from rag.knowledge import Version, read_current
from rag.snapshot import Snapshot, View

WATCH_S = 2.0
UNDO_WAIT_S = 3.0
SHOWN_FAILURES = 5


class Library:
    """The one place that knows the current snapshot."""

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, workers: Workers) -> None:
        self.reloading = False
        self._settings = settings
        self._store = store
        self._workers = workers
        self._maker = ViewMaker(settings, embedder)
        self._bases: dict[str, Version] = {}
        self._teachings = Teachings()  # the latest
        self._reflected = self._teachings  # those that the snapshot knows
        self._snapshot: Snapshot | None = None
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()
        self._closing = False
        self._undone = 0  # how often an example was undone

    async def open(self) -> None:
        """Open the current versions and make the first snapshot."""
        await self._read_teachings()
        await self._remake(reopen=True)

    def view(self, group: str) -> View | None:
        """What a group sees now; None while there is no usable knowledge."""
        return self._snapshot.view(group) if self._snapshot is not None else None

    def paused(self, group: str) -> bool:
        """Whether an admin has paused the group."""
        return self._teachings.settings.get(group, {}).get("paused") == "1"

    async def set_paused(self, group: str, paused: bool) -> None:
        """Stored, so that it outlasts a restart."""
        await self._store.settings.set(group, "paused", "1" if paused else None)
        await self._read_teachings()

    def dial(self, group: str) -> float:
        """The dial in use in a group."""
        return self._maker.dial(group, self._teachings)

    async def set_dial(self, group: str, unwanted_per_1000: float | None) -> None:
        """Stored and in use from the next message on; no training is needed for it."""
        value = None if unwanted_per_1000 is None else f"{unwanted_per_1000:g}"
        await self._store.settings.set(group, "dial", value)
        await self._read_teachings()
        await self._adopt(self._snapshot, self._reflected)

    def gate_note(self, group: str, language: Language) -> str:
        """What the gate of the group rests on, in words."""
        view = self.view(group)
        return view.gate.note(language) if view else ""

    async def example_added(self, example: Example) -> None:
        """The stores of the gates concerned know the example at once; the models are retrained in the background."""
        await self._read_teachings()
        await self._adopt(self._snapshot, self._reflected)
        self._stale.set()

    async def examples_changed(self, scope: str) -> None:
        """An example was undone: the stores forget it at once, and a training that still knew it is given up.

        The new training is waited for as long as nobody minds; often the gate from before the example is still there.
        """
        await self._read_teachings()
        self._undone += 1
        await self._adopt(self._snapshot, self._reflected)
        try:
            async with asyncio.timeout(UNDO_WAIT_S):
                await self._remake()
        except TimeoutError:  # what is being trained goes on, and is found by the next one
            self._stale.set()

    async def reload(self, language: Language) -> str:
        """Build every base that changed, swap them in, and say what happened. Never raises."""
        if self.reloading:
            return say("reload_running", language)
        self.reloading = True
        try:
            reports = await build_bases(self._settings)
            await self._remake(reopen=True)
        except (RagError, OSError) as error:
            logger.error("reload failed: {}", error)
            return say("reload_failed", language, error=error)
        finally:
            self.reloading = False
        return "\n\n".join(report_text(report, language) for report in reports)

    def status_lines(self, group: str, language: Language) -> list[str]:
        """A line for each base that the group sees, one for each warning, and one on the gate."""
        view = self.view(group)
        if view is None:
            return [say("status_no_base", language)]
        lines = []
        for name, version in self._bases.items():
            if name in view.versions:
                facts = {"documents": len(version.manifest.documents), "passages": len(version), "warning": ""}
                lines.append(say("status_base", language, base=name, version=version.path.name, **facts))
        lines += self._maker.warnings
        lines.append(say("status_gate", language, note=self.gate_note(group, language)))
        return lines

    async def run(self) -> None:
        """Retrain when examples came in, and pick up versions that another process published. Until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._retrain())
                tasks.create_task(self._watch())
        finally:
            self._closing = True

    async def _retrain(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            await self._remake_safely(reopen=False)

    async def _watch(self) -> None:
        root = self._settings.data / "knowledge"
        while True:
            await asyncio.sleep(WATCH_S)
            if not self.reloading and await asyncio.to_thread(self._moved, root):
                await self._remake_safely(reopen=True)

    def _moved(self, root: Path) -> bool:
        """Whether a base's CURRENT names another version than the one in use."""
        for base in self._settings.knowledge:
            current = read_current(root, base)
            used = self._bases.get(base)
            if current and (used is None or (used.path.name != current and not used.warnings)):
                return True
        return False

    async def _remake_safely(self, *, reopen: bool) -> None:
        try:
            await self._remake(reopen=reopen)
        except (RagError, OSError) as error:
            logger.error("the previous knowledge stays in use: {}", error)

    async def _remake(self, *, reopen: bool = False) -> None:
        """A new snapshot, made off the event loop, then one assignment. Raises RagError: the old one stays."""
        async with self._lock:
            while True:
                teachings = self._teachings
                try:
                    bases, snapshot = await self._workers.train(self._make, reopen, teachings, self._undone)
                    break
                except TrainingCancelledError:
                    if self._closing:
                        raise
            self._bases = bases
            await self._adopt(snapshot, teachings)
        if self._teachings is not teachings:  # taught meanwhile: the stores know it, the model does not yet
            self._stale.set()

    async def _adopt(self, snapshot: Snapshot | None, reflected: Teachings) -> None:
        """Bring a snapshot that reflects older teachings up to date, then use it.

        Several of these may run side by side, and while one computes more may be taught: the last check and the
        assignment have no await between them, so nobody's teaching is lost.
        """
        while reflected is not self._teachings:
            latest = self._teachings
            if snapshot is not None:
                snapshot = await self._workers.compute(caught_up, snapshot, reflected, latest, self._maker.dial)
            reflected = latest
        self._snapshot, self._reflected = snapshot, reflected

    def _make(self, reopen: bool, teachings: Teachings, undone: int) -> tuple[dict[str, Version], Snapshot | None]:
        bases = self._maker.open_bases() if reopen or not self._bases else self._bases
        return bases, self._maker.snapshot(bases, teachings, lambda: self._closing or self._undone != undone)

    async def _read_teachings(self) -> None:
        self._teachings = Teachings(await self._store.examples.active(), await self._store.settings.all())


def report_text(report: BaseBuild, language: Language) -> str:
    """What one build did, with the files that failed."""
    failed: Sequence[tuple[str, str]] = report.failed
    if report.error:
        head = say("reload_failed", language, error=report.error)
    elif report.unchanged_build:
        head = say("reload_same", language, documents=report.documents)
    else:
        counts = {"added": report.added, "changed": report.changed, "removed": report.removed, "failed": len(failed)}
        facts = {"documents": report.documents, "passages": report.passages, "seconds": f"{report.seconds:.1f}"}
        head = say("reload_done", language, **counts, **facts)
    lines = [head if report.base == "default" else f"[{report.base}] {head}"]
    shown = [(uri.replace("\n", "\\n"), reason) for uri, reason in failed[:SHOWN_FAILURES]]
    lines += [say("reload_file", language, uri=uri, reason=reason) for uri, reason in shown]
    if len(failed) > SHOWN_FAILURES:
        lines.append(say("reload_more", language, n=len(failed) - SHOWN_FAILURES))
    return "\n".join(lines)
