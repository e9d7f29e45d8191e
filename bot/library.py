"""The knowledge and gates in use: has the engine open them, swap them whole, and learn while the bot answers.

It knows what was taught and when something has to be made anew, and computes nothing itself. Builds run in a child
process of their own.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

from loguru import logger

from bot.builder import BaseBuild, build_bases
from bot.config import Settings
from bot.engine import Engine
from bot.store import Store
from bot.store.groups import Example
from bot.teachings import Teachings
from bot.texts import Language, say
from rag.base import RagError
from rag.knowledge import read_current

WATCH_S = 2.0
UNDO_WAIT_S = 3.0
SHOWN_FAILURES = 5


class Library:
    """The one place that tells the engine what to use."""

    def __init__(self, settings: Settings, store: Store, engine: Engine) -> None:
        self.reloading = False
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
        """A line for each base that the group sees, one for each warning, and one on the gate."""
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
        if self._engine.restarts:
            lines.append(say("status_restarts", language, n=self._engine.restarts))
        return lines

    async def run(self) -> None:
        """Retrain when examples came in, and pick up versions that another process published. Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._retrain())
            tasks.create_task(self._watch())

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
            used = self._engine.facts.bases.get(base)
            if current and (used is None or (used.version != current and not used.fallen_back)):
                return True
        return False

    async def _remake_safely(self, *, reopen: bool) -> None:
        try:
            await self._remake(reopen=reopen)
        except (RagError, OSError) as error:
            logger.error("the previous knowledge stays in use: {}", error)

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
    for key, files in (("reload_file", failed), ("reload_partial", report.partial)):
        shown = [(uri.replace("\n", "\\n"), reason) for uri, reason in files[:SHOWN_FAILURES]]
        lines += [say(key, language, uri=uri, reason=reason) for uri, reason in shown]
        if len(files) > SHOWN_FAILURES:
            lines.append(say("reload_more", language, n=len(files) - SHOWN_FAILURES))
    return "\n".join(lines)
