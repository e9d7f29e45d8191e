"""Assembles the bot from its parts and runs it until it is stopped. What is concrete is handed in or made here."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from loguru import logger

from adapters.base import Adapter, Message
from bot.admin import Admin
from bot.arrivals import Arrivals
from bot.assistant import Assistant
from bot.budget import Budget, MeteredGenerator
from bot.clock import Clock, SystemClock
from bot.commands import Commands
from bot.config import Mode, Settings
from bot.context import Contexts
from bot.engine import Engine, open_engine
from bot.faults import ModelFault, Watch
from bot.feedback import FeedbackDesk
from bot.figures import Figures
from bot.gather import Gatherer
from bot.inbox import Inbox
from bot.lanes import Lanes, LaneSettings
from bot.library import Library
from bot.limits import Limits
from bot.lock import lock_data
from bot.models import open_answerer, understanding_of
from bot.outbox import Outbox
from bot.outcome import Outcome
from bot.pictures import PictureReader
from bot.precedence import Precedence
from bot.quotas import hourly_limits, no_limits, recall_answers
from bot.responder import Responder
from bot.rest import RestTimes
from bot.safety.screen import Safety, open_safety
from bot.store import Store
from bot.store.retention import keep_retention
from bot.supervisor import Supervisor
from bot.teach import Teacher
from bot.web import open_web

T = TypeVar("T")
GRACE_S = 20.0
HOLD_S = 0.25  # what a burst may hold up; platforms give a second or more to acknowledge it
SWITCH_INTERVAL_S = 0.0005  # at Python's 5 ms a computing thread keeps the event loop waiting ten times as long


@runtime_checkable
class Records(Protocol):
    """An adapter that wants to know how each message ended."""

    async def record(self, message: Message, decision: dict[str, Any]) -> None:
        """The decision on a finished message."""
        ...


@runtime_checkable
class KnowsAdmins(Protocol):
    """An adapter whose platform knows who has a say in a group."""

    async def is_admin(self, message: Message) -> bool:
        """Whether the sender counts as an admin of the group; False where it cannot be found out."""
        ...


class Guards(NamedTuple):
    """What keeps answers within bounds."""

    safety: Safety
    budget: Budget


@dataclass(slots=True)
class App:
    """The bot. ``admins`` are added to those of config.ini (the demo's own admin); ``limited`` switches rate limits.

    ``replaying``: time is that of the messages, and old texts are not cleared.
    """

    settings: Settings
    adapters: Sequence[Adapter]
    clock: Clock = field(default_factory=SystemClock)
    modes: Mapping[str, Mode] = field(default_factory=dict)
    admins: frozenset[str] = frozenset()
    limited: bool = True
    replaying: bool = False
    ready: Callable[[], None] = lambda: None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    store: Store | None = field(default=None, init=False)
    engine: Engine | None = field(default=None, init=False)
    _tasks: asyncio.TaskGroup = field(init=False, repr=False)
    _pictures: PictureReader | None = field(default=None, init=False)
    _jobs: set[asyncio.Task[Any]] = field(default_factory=set, init=False)

    def stop(self) -> None:
        """Ask for a graceful end: messages in work finish, the rest waits for the next start."""
        self._stopping.set()

    async def recall_outcome(self, platform: str, message_id: str) -> dict[str, Any] | None:
        """The decision on a message of an earlier run; None while it has none."""
        assert self.store is not None
        stored = await self.store.messages.get(platform, message_id)
        return decision_of(stored.outcome) if stored and stored.state == "done" and stored.outcome else None

    async def run(self) -> None:
        """Serve until every adapter has ended or `stop` is called.

        Raises:
            ConfigError, DataLockError, StoreError: the bot cannot start; the message names the fix.
        """
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        async with AsyncExitStack() as stack:
            stack.enter_context(lock_data(self.settings.data))
            store = self.store = await asyncio.to_thread(Store.open, self.settings.data / "qunda.db", self.clock)
            stack.push_async_callback(store.close)
            safety = await stack.enter_async_context(open_safety(self.settings))
            engine = self.engine = await stack.enter_async_context(open_engine(self.settings))
            self._pictures = PictureReader(self.settings.bot.read_pictures, self.adapters, store.messages)
            stack.callback(self._pictures.close)
            watch = Watch("llm")
            web = None if self.replaying else open_web(self.settings, self.clock)
            watches = (watch, web.watch) if web else (watch,)

            def faults() -> tuple[ModelFault | None, ...]:
                return (*(one.fault for one in watches), *safety.faults)

            library = Library(self.settings, store, engine, faults, refreshing=not self.replaying)
            stack.push_async_callback(library.close)
            budget = Budget(self.settings, store, self.clock)
            await budget.open()
            metered = partial(MeteredGenerator, budget=budget)
            answerer = await stack.enter_async_context(
                open_answerer(self.settings, engine.quote, watch, engine.entails, metered)
            )
            await library.open()
            responder = Responder(engine, answerer, understanding_of(self.settings, answerer), web)
            await self._serve(store, library, responder, Guards(safety, budget))

    async def _serve(self, store: Store, library: Library, responder: Responder, guards: Guards) -> None:
        settings, clock = self.settings, self.clock
        outbox = Outbox(store, {adapter.name: adapter for adapter in self.adapters}, clock)
        assistant = self._assistant(store, library, outbox, responder, guards)
        precedence = Precedence(0.0 if self.replaying else HOLD_S)
        lanes = Lanes(store, outbox, assistant.handle, clock, LaneSettings.of(settings.bot), precedence)
        finished: asyncio.Queue[tuple[Message, Outcome]] = asyncio.Queue()
        lanes.listeners.append(lambda message, outcome: finished.put_nowait((message, outcome)))
        gatherer = Gatherer(
            store,
            lanes,
            clock,
            assistant.arrivals,
            window_s=settings.gate.quiet_window_s,
            may_wait=assistant.may_wait,
            may_join=assistant.may_join,
            virtual=self.replaying,
        )
        inbox = Inbox(
            store,
            lanes,
            clock,
            entrance=gatherer.offer,
            max_backlog=settings.bot.max_backlog,
            on_signal=FeedbackDesk(store, outbox, library, gatherer.take_out).handle,
            on_overloaded=assistant.overloaded,
            precedence=precedence,
        )
        supervisor = Supervisor(self.adapters, inbox.deliver, clock)
        self._register(assistant, store, outbox, library, supervisor)
        if self.limited and not self.replaying:
            await recall_answers(store, assistant.limits, clock)
        left = await inbox.start()
        if left:
            logger.info("going on with {} messages of the last run", left)
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            background = [
                tasks.create_task(inbox.run()),
                tasks.create_task(outbox.run()),
                tasks.create_task(gatherer.run()),
                tasks.create_task(library.run()),
                tasks.create_task(self._record(finished)),
            ]
            if not self.replaying:
                days = (settings.bot.keep_texts_days, settings.bot.keep_ids_days)
                background.append(tasks.create_task(keep_retention(store.database, clock, *days)))
            working = tasks.create_task(lanes.run())
            self.ready()
            await self._until_end(tasks.create_task(supervisor.run()), inbox)
            await lanes.stop(GRACE_S)
            await working
            await finished.join()
            for task in (*background, *self._jobs):
                task.cancel()

    async def _until_end(self, adapters: asyncio.Task[None], inbox: Inbox) -> None:
        """All adapters ended and all messages done, or the wish to stop."""
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait([adapters, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not self._stopping.is_set():
                adapters.result()
                drained = asyncio.ensure_future(inbox.drained())
                await asyncio.wait([drained, stopping], return_when=asyncio.FIRST_COMPLETED)
                drained.cancel()
        finally:
            stopping.cancel()
            adapters.cancel()

    def _assistant(
        self, store: Store, library: Library, outbox: Outbox, responder: Responder, guards: Guards
    ) -> Assistant:
        return Assistant(
            settings=self.settings,
            pauses=library,
            responder=responder,
            outbox=outbox,
            contexts=Contexts(store.messages),
            limits=Limits(self.clock, hourly_limits(self.settings) if self.limited else no_limits),
            commands=Commands(self._is_admin),
            adapters=outbox.adapters,
            clock=self.clock,
            arrivals=Arrivals(),
            rest=RestTimes(self.settings),
            budget=guards.budget,
            safety=guards.safety,
            modes=self.modes,
            pictures=self._pictures,
        )

    def _register(
        self, assistant: Assistant, store: Store, outbox: Outbox, library: Library, supervisor: Supervisor
    ) -> None:
        table = assistant.commands
        assert isinstance(table, Commands)
        figures = Figures(store, self.clock, assistant.limits, assistant.rest, assistant.budget)
        admin = Admin(
            store, outbox, library, table, self.clock, figures, supervisor.health, self._later, library.example_added
        )
        table.register(*admin.commands(), *Teacher(store, outbox, library).commands())

    async def _is_admin(self, message: Message) -> bool:
        key = message.sender.key
        group = self.settings.group(message.conversation.group)
        if key in self.admins or key in self.settings.bot.admins or key in group.admins:
            return True
        platform = message.conversation.platform
        adapter = next((adapter for adapter in self.adapters if adapter.name == platform), None)
        return isinstance(adapter, KnowsAdmins) and await adapter.is_admin(message)

    def _later(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        async def run() -> T | None:
            try:
                return await work
            except Exception:  # the boundary round one command that goes on behind its message
                logger.exception("what a command left running failed")
                return None

        task = self._tasks.create_task(run())
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return task

    async def _record(self, finished: asyncio.Queue[tuple[Message, Outcome]]) -> None:
        """Tell adapters that want to know how their messages ended."""
        by_name = {adapter.name: adapter for adapter in self.adapters if isinstance(adapter, Records)}
        while True:
            message, outcome = await finished.get()
            adapter = by_name.get(message.conversation.platform)
            if adapter is not None:
                await adapter.record(message, decision_of(outcome))
            finished.task_done()


def decision_of(outcome: Outcome) -> dict[str, Any]:
    """An outcome as replays and ``--json`` show it; ``verdict`` is there where a model wrote."""
    written = outcome.verdict and outcome.verdict.get("how") != "verbatim"
    return {
        "outcome": outcome.name,
        "probability": outcome.probability,
        "threshold": outcome.threshold,
        "reasons": list(outcome.reasons),
        "answer": outcome.answer,
        "citations": [dict(citation) for citation in outcome.citations],
        **({"verdict": outcome.verdict} if written else {}),
    }
