"""The knowledge and gates in use: has the engine open them, swap them whole, and learn while the bot answers.

It knows what was taught and when something has to be made anew, and computes nothing itself. Builds run in a child
process of their own.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence

from loguru import logger

from bot.config import Settings
from bot.engine import Engine
from bot.faults import ModelFault
from bot.rebuilds import Rebuilds
from bot.reports import report_text
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
        self.further_faults: Callable[[], Sequence[ModelFault]] = tuple  # of what else serves, for `/status`
        self._refreshing = refreshing
        self._settings = settings
        self._store = store
        self._engine = engine
        self._teachings = Teachings()
        self._revisions = itertools.count(1)
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()
        self._retraining = self._cut_short = False
        self._rebuilds = Rebuilds(settings, self._swap, self._make_way)
        self._seen: dict[str, str] = {}  # what CURRENT of each base named when versions were last opened

    async def open(self) -> None:
        """Have the current versions opened and the gates made."""
        await self._read_teachings()
        await self._remake(reopen=True)

    async def close(self) -> None:
        """End what is being built."""
        await self._rebuilds.close()

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

    async def reload(self, language: Language, group: str = "") -> str:
        """Build every base that changed, swap them in, and say what happened, to ``group``. Never raises."""
        if self.reloading:
            return say("reload_running", language)
        self.reloading = True
        try:
            reports = await self._rebuilds.all()
        except (RagError, OSError) as error:
            logger.error("reload failed: {}", error)
            return say("reload_failed", language, error=error)
        finally:
            self.reloading = False
        listed = self._settings.group(group).knowledge or ("default",)
        return "\n\n".join(report_text(report, language, named=report.base in listed) for report in reports)

    def status_lines(self, group: str, language: Language) -> list[str]:
        """A line for each base that the group sees, for each warning, on the gate, and for each model that fails."""
        facts = self._engine.facts
        seen = facts.of(group)
        lines = [] if seen and seen.versions else [say("status_no_base", language)]
        for name in seen.versions if seen else ():
            base = facts.bases[name]
            counts = {"documents": base.documents, "passages": base.passages, "warning": ""}
            lines.append(say("status_base", language, base=name, version=base.version, **counts))
        lines += seen.warnings if seen else ()
        if seen and seen.versions:
            lines.append(say("status_gate", language, note=seen.notes[language]))
        lines += [fault_text(fault, language) for fault in self._faults()]
        if self._engine.restarts:
            lines.append(say("status_restarts", language, n=self._engine.restarts))
        return lines

    async def run(self) -> None:
        """Retrain when examples came in, follow the documents, and pick up versions that another process published.

        Until cancelled.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._retrain())
            tasks.create_task(self._watch())
            tasks.create_task(self._rebuilds.follow())
            if self._refreshing:
                tasks.create_task(self._refresh())

    async def _retrain(self) -> None:
        while True:
            await self._stale.wait()
            await self._rebuilds.idle()
            self._stale.clear()
            self._retraining, self._cut_short = True, False
            try:
                await self._remake()
            except (RagError, OSError) as error:
                if self._cut_short:
                    self._stale.set()
                    continue
                logger.error("the previous knowledge stays in use: {}", error)
                if isinstance(error, ModelError):  # trying again later may help
                    await asyncio.sleep(RETRY_S)
                    self._stale.set()
            finally:
                self._retraining = False

    async def _watch(self) -> None:
        waited_s, done = 0.0, True
        while True:
            await asyncio.sleep(WATCH_S)
            waited_s += WATCH_S
            if self._rebuilds.busy or self._lock.locked():
                continue
            currents = await asyncio.to_thread(self._currents)
            moved = currents != self._seen or (any(currents.values()) and not self._engine.facts.bases)
            if moved or (waited_s >= RETRY_S and (not done or self._server_is_out())):
                done, waited_s = await self._swap_safely(), 0.0

    async def _swap_safely(self) -> bool:
        """False where a model failed, so that trying again later may help."""
        try:
            await self._swap()
        except (RagError, OSError) as error:
            logger.error("the previous knowledge stays in use: {}", error)
            return not isinstance(error, ModelError)
        return True

    def _faults(self) -> list[ModelFault]:
        own = self._answer_fault()
        return [*self._engine.facts.faults, *([own] if own is not None else []), *self.further_faults()]

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
            try:
                for report in await self._rebuilds.all(due):
                    logger.info("{}", report_text(report, "en"))
            except (RagError, OSError) as error:
                logger.error("the sources of {} were not refreshed: {}", ", ".join(due), error)
            await asyncio.sleep(REFRESH_PAUSE_S)  # whatever goes wrong, it does not go wrong all the time

    def _due(self) -> list[str]:
        return [base for base in self._settings.knowledge if is_due(self._settings, base)]

    def _currents(self) -> dict[str, str]:
        root = self._settings.data / "knowledge"
        return {base: read_current(root, base) for base in self._settings.knowledge}

    async def _swap(self) -> None:
        """Put the current versions in use; a training on those before is not waited for."""
        await self._make_way()
        await self._remake(reopen=True)

    async def _make_way(self) -> None:
        """Versions are coming: a training on those in use is begun again when they are there."""
        if self._retraining:
            self._cut_short = True
            await self._engine.hurry()

    async def _remake(self, *, reopen: bool = False) -> None:
        """Have all of it made anew, then swapped in at once. Raises RagError: what was in use stays."""
        async with self._lock:
            teachings = self._teachings
            currents = await asyncio.to_thread(self._currents) if reopen else self._seen
            await self._engine.remake(teachings, reopen=reopen)
            self._seen = currents
        if self._teachings is not teachings or not self._engine.facts.trained:
            self._stale.set()  # taught meanwhile, or the gates are those of the versions before

    async def _read_teachings(self) -> None:
        revision = next(self._revisions)  # before reading: who begins later knows more, whoever ends first
        examples, settings = await self._store.examples.active(), await self._store.settings.all()
        if revision > self._teachings.revision:
            self._teachings = Teachings(examples, settings, revision)
