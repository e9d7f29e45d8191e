"""The knowledge and gates in use: has the engine open them, swap them whole, and learn while the bot answers.

It knows what was taught and when something has to be made anew, and computes nothing itself. Builds run in a child
process of their own.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from loguru import logger

from bot.builder import BaseBuild, build_bases
from bot.config import Settings
from bot.engine import Engine
from bot.faults import ModelFault
from bot.sources.base import SourceReport
from bot.sources.refresh import is_due
from bot.store import Store
from bot.store.groups import Example
from bot.teachings import Teachings
from bot.texts import Language, fault_text, say
from rag.base import ModelError, RagError
from rag.knowledge import read_current

WATCH_S = 2.0
RETRY_S = 60.0  # how long after a model failed what it was needed for is tried again
LOOK_FOR_DUE_S = 60.0
REFRESH_PAUSE_S = 600.0
UNDO_WAIT_S = 3.0
SHOWN_FAILURES = 5


class Library:
    """The one place that tells the engine what to use."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        engine: Engine,
        answer_fault: Callable[[], ModelFault | None] = lambda: None,
        *,
        refreshing: bool = True,
    ) -> None:
        """``answer_fault`` tells what is wrong with the model that writes answers."""
        self.reloading = False
        self._answer_fault = answer_fault
        self._refreshing = refreshing
        self._settings = settings
        self._store = store
        self._engine = engine
        self._teachings = Teachings()
        self._revisions = itertools.count(1)
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Have the current versions opened and the gates made."""
        await self._read_teachings()
        await self._remake(reopen=True)

    def paused(self, group: str) -> bool:
        """Whether an admin has paused the group."""
        return self._teachings.settings.get(group, {}).get("paused") == "1"

    async def set_paused(self, group: str, paused: bool) -> None:
        """Stored, so that it outlasts a restart."""
        await self._store.settings.set(group, "paused", "1" if paused else None)
        await self._read_teachings()

    def dial(self, group: str) -> float:
        """The dial in use in a group."""
        return self._teachings.dial(group, self._settings)

    async def set_dial(self, group: str, unwanted_per_1000: float | None) -> None:
        """Stored and in use from the next message on; no training is needed for it."""
        value = None if unwanted_per_1000 is None else f"{unwanted_per_1000:g}"
        await self._store.settings.set(group, "dial", value)
        await self._read_teachings()
        await self._engine.learn(self._teachings)

    def gate_note(self, group: str, language: Language) -> str:
        """What the gate of the group rests on, in words."""
        seen = self._engine.facts.of(group)
        return seen.notes[language] if seen else ""

    async def example_added(self, example: Example) -> None:
        """The stores of the gates concerned know the example at once; the models are retrained in the background."""
        await self._read_teachings()
        await self._engine.learn(self._teachings)
        self._stale.set()

    async def examples_changed(self, scope: str) -> None:
        """An example was undone: the stores forget it at once, and a training that still knew it is given up.

        The new training is waited for as long as nobody minds; often the gate from before the example is still there.
        """
        await self._read_teachings()
        await self._engine.learn(self._teachings)
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
        """A line for each base that the group sees, for each warning, on the gate, and for each model that fails."""
        facts = self._engine.facts
        seen = facts.of(group)
        lines = [] if seen else [say("status_no_base", language)]
        for name in seen.versions if seen else ():
            base = facts.bases[name]
            counts = {"documents": base.documents, "passages": base.passages, "warning": ""}
            lines.append(say("status_base", language, base=name, version=base.version, **counts))
        if seen:
            lines += facts.warnings
            lines.append(say("status_gate", language, note=seen.notes[language]))
        lines += [fault_text(fault, language) for fault in self._faults()]
        if self._engine.restarts:
            lines.append(say("status_restarts", language, n=self._engine.restarts))
        return lines

    async def run(self) -> None:
        """Retrain when examples came in, and pick up versions that another process published. Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._retrain())
            tasks.create_task(self._watch())
            if self._refreshing:
                tasks.create_task(self._refresh())

    async def _retrain(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            if not await self._remake_safely(reopen=False):
                await asyncio.sleep(RETRY_S)
                self._stale.set()

    async def _watch(self) -> None:
        root, waited_s, done = self._settings.data / "knowledge", 0.0, True
        while True:
            await asyncio.sleep(WATCH_S)
            waited_s += WATCH_S
            again = waited_s >= RETRY_S and (not done or self._server_is_out())
            if not self.reloading and (again or await asyncio.to_thread(self._moved, root)):
                done = await self._remake_safely(reopen=True)
                waited_s = 0.0

    def _faults(self) -> list[ModelFault]:
        own = self._answer_fault()
        return [*self._engine.facts.faults, *([own] if own is not None else [])]

    def _server_is_out(self) -> bool:
        """Whether a model server could not be used when it was needed first: it may be up by now. A model of this
        machine is tried again at a reload or a start."""
        out = {fault.part for fault in self._engine.facts.faults if fault.state == "out"}
        settings = self._settings
        servers = {"embedder": settings.embedder.base_url, "reranker": settings.reranker.base_url}
        return any(servers.get(part) for part in out)

    async def _refresh(self) -> None:
        """Build the bases whose sources have not been fetched for ``refresh_hours``."""
        while True:
            await asyncio.sleep(LOOK_FOR_DUE_S)
            due = await asyncio.to_thread(self._due)
            if not due or self.reloading:
                continue
            self.reloading = True
            try:
                for report in await build_bases(self._settings, due):
                    logger.info("{}", report_text(report, "en"))
            except (RagError, OSError) as error:
                logger.error("the sources of {} were not refreshed: {}", ", ".join(due), error)
            finally:
                self.reloading = False  # the watch picks up what was built
            await asyncio.sleep(REFRESH_PAUSE_S)  # whatever goes wrong, it does not go wrong all the time

    def _due(self) -> list[str]:
        return [base for base in self._settings.knowledge if is_due(self._settings, base)]

    def _moved(self, root: Path) -> bool:
        """Whether a base's CURRENT names another version than the one in use."""
        for base in self._settings.knowledge:
            current = read_current(root, base)
            used = self._engine.facts.bases.get(base)
            if current and (used is None or (used.version != current and not used.fallen_back)):
                return True
        return False

    async def _remake_safely(self, *, reopen: bool) -> bool:
        """False where a model failed, so that trying again later may help."""
        try:
            await self._remake(reopen=reopen)
        except (RagError, OSError) as error:
            logger.error("the previous knowledge stays in use: {}", error)
            return not isinstance(error, ModelError)
        return True

    async def _remake(self, *, reopen: bool = False) -> None:
        """Have all of it made anew, then swapped in at once. Raises RagError: what was in use stays."""
        async with self._lock:
            teachings = self._teachings
            await self._engine.remake(teachings, reopen=reopen)
        if self._teachings is not teachings:  # taught meanwhile: the stores know it, the model does not yet
            self._stale.set()

    async def _read_teachings(self) -> None:
        revision = next(self._revisions)  # before reading: who begins later knows more, whoever ends first
        examples, settings = await self._store.examples.active(), await self._store.settings.all()
        if revision > self._teachings.revision:
            self._teachings = Teachings(examples, settings, revision)


def _source_lines(reports: Sequence[SourceReport], language: Language) -> list[str]:
    """What an admin should know of the sources; the ones that are fine say nothing."""
    lines = []
    for report in reports:
        if report.state != "fresh":
            key = "source_kept" if report.state == "kept" else "source_failed"
            lines.append(say(key, language, entry=report.entry, detail=report.detail))
        lines += [say("source_note", language, entry=report.entry, detail=note) for note in report.notes]
        failed = report.failed_items
        lines += [say("reload_file", language, uri=what, reason=why) for what, why in failed[:SHOWN_FAILURES]]
        if len(failed) > SHOWN_FAILURES:
            lines.append(say("reload_more", language, n=len(failed) - SHOWN_FAILURES))
    return lines


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
    lines += _source_lines(report.sources, language)
    shown = [(uri.replace("\n", "\\n"), reason) for uri, reason in failed[:SHOWN_FAILURES]]
    lines += [say("reload_file", language, uri=uri, reason=reason) for uri, reason in shown]
    if len(failed) > SHOWN_FAILURES:
        lines.append(say("reload_more", language, n=len(failed) - SHOWN_FAILURES))
    return "\n".join(lines)
