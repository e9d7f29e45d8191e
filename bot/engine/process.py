"""The engine in a process of its own: the event loop shares no interpreter with it, whatever it computes.

Requests are pipelined. A process that dies is started again, brought back to what was in use, and asked again what it
had not answered; only the request that it died over counts that against itself.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from typing import Any

from loguru import logger
from pydantic import SecretStr

from bot.config import Settings
from bot.engine.base import CLOSED, EngineError, Facts, Judgement
from bot.engine.link import Link
from bot.log import relay
from bot.teachings import Teachings
from rag.base import Answer, Evidence, Question

MAX_DEATHS = 3
_PAUSE_S, _MAX_PAUSE_S = 0.1, 10.0
# What computing reads. The keys of the embedder's and the reranker's servers go along, over a private pipe; those of
# platforms and of the chat model stay here.
_NEEDED = ("bot", "knowledge", "retrieval", "gate", "embedder", "reranker", "groups", "path", "root", "data")
TRAINS = "remake"  # the one kind of request that has a thread of its own


@dataclass(slots=True)
class _Request:
    """``deaths``: how often the process died while it was at this. ``own``: made by the engine, to come back."""

    number: int
    kind: str
    arguments: tuple[Any, ...]
    done: asyncio.Future[Any]
    context: Context
    sent: bool = False
    deaths: int = 0
    own: bool = False


class ProcessEngine:
    """Implements `bot.engine.base.Engine`. The process starts with the first request."""

    def __init__(self, settings: Settings) -> None:
        self.facts = Facts()
        self.restarts = 0
        llm = settings.llm.model_copy(update={"api_key": SecretStr("")})  # what writes answers decides what is tried
        self._settings = Settings(**{name: getattr(settings, name) for name in _NEEDED}, llm=llm)
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Request] = {}
        self._keeping: asyncio.Task[None] | None = None
        self._link: Link | None = None
        self._ready = False  # the process has what it needs, so that requests may go to it
        self._unlucky = 0  # deaths since it last answered
        self._trained: Teachings | None = None
        self._learnt: Teachings | None = None
        self._closing = False

    @property
    def pid(self) -> int | None:
        """The number of the process; None while none runs."""
        return self._link.pid if self._link else None

    async def remake(self, teachings: Teachings, *, reopen: bool) -> None:
        """See `Engine.remake`."""
        await self._ask(TRAINS, teachings, reopen)
        self._trained = teachings

    async def hurry(self) -> None:
        """See `Engine.hurry`."""
        await self._ask("hurry")

    async def learn(self, teachings: Teachings) -> None:
        """See `Engine.learn`."""
        self._learnt = teachings
        await self._ask("learn", teachings)

    async def judge(self, place: str, question: Question) -> Judgement:
        """See `Engine.judge`."""
        judgement: Judgement = await self._ask("judge", place, question)
        return judgement

    async def quote(self, question: Question, evidence: Evidence) -> Answer | None:
        """See `Engine.quote`."""
        answer: Answer | None = await self._ask("quote", question, evidence)
        return answer

    async def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        """See `Engine.entails`."""
        score: float | None = await self._ask("entails", sentence, tuple(evidence))
        return score

    async def close(self) -> None:
        """See `Engine.close`."""
        self._closing = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        for request in list(self._pending.values()):
            self._fail(request, CLOSED)
        if self._link is not None:
            await self._link.close()
            self._link = None

    async def _ask(self, kind: str, *arguments: Any) -> Any:
        if self._closing:
            raise EngineError(CLOSED)
        if self._keeping is None:
            self._keeping = asyncio.get_running_loop().create_task(self._keep())
        request = self._queue(kind, arguments)
        if self._ready:
            self._send(request)
        try:
            return await request.done
        finally:
            if request.done.cancelled():
                self._let_go(request)

    def _queue(self, kind: str, arguments: tuple[Any, ...], *, own: bool = False) -> _Request:
        done = asyncio.get_running_loop().create_future()
        request = _Request(next(self._numbers), kind, arguments, done, copy_context(), own=own)
        self._pending[request.number] = request
        return request

    def _send(self, request: _Request) -> None:
        assert self._link is not None
        request.sent = True
        self._link.send((request.number, request.kind, request.arguments))

    def _let_go(self, request: _Request) -> None:
        """Nobody waits for it any more. One that the process has is remembered until that has answered or died."""
        if request.sent and self._link is not None:
            self._link.send((request.number, "cancel", ()))
        else:
            self._pending.pop(request.number, None)

    def _received(self, value: tuple[int, str, Any]) -> None:
        number, what, content = value
        request = self._pending.get(number)
        if what == "log":
            (request.context if request else copy_context()).run(relay, *content)
            return
        self._unlucky = 0
        self._pending.pop(number, None)
        facts = content.facts if isinstance(content, Judgement) else content
        if isinstance(facts, Facts) and facts.number > self.facts.number:
            self.facts = facts
        if request is None or request.done.done():
            return
        if what == "failed":
            request.done.set_exception(content)
        else:
            request.done.set_result(content)

    async def _keep(self) -> None:
        """Have a process run, one after the other. Until cancelled."""
        while True:
            try:
                self._link = await Link.start(self._received)
            except OSError as error:
                self._died(f"could not start: {error.strerror}")
            else:
                self._link.send(self._settings)
                async with asyncio.TaskGroup() as tasks:
                    restoring = tasks.create_task(self._restore())
                    code = await asyncio.shield(self._link.ended)
                    restoring.cancel()
                self._link = None
                self._died(f"died by signal {-code}" if code < 0 else f"ended with status {code}")
            pause_s = min(_MAX_PAUSE_S, _PAUSE_S * 2.0**self._unlucky) if self._unlucky > 1 else 0.0
            await asyncio.sleep(pause_s)

    async def _restore(self) -> None:
        """Bring a new process to what was in use, then ask it what waits."""
        if self._trained is not None:
            self.facts = replace(self.facts, number=0)
            steps: list[tuple[str, tuple[Any, ...]]] = [(TRAINS, (self._trained, True))]
            if self._learnt is not None and self._learnt.revision > self._trained.revision:
                steps.append(("learn", (self._learnt,)))
            for kind, arguments in steps:
                request = self._queue(kind, arguments, own=True)
                self._send(request)
                await asyncio.wait([request.done])
                if request.done.exception() is not None:
                    logger.error("the knowledge that was in use cannot be opened again: {}", request.done.exception())
                    self.facts = Facts()  # shown as it is, and tried again by whoever watches for new versions
                    break
        self._ready = True
        for request in list(self._pending.values()):
            if not request.sent:
                self._send(request)

    def _died(self, how: str) -> None:
        """What it was at is counted; what it had not answered is to be asked again."""
        self._ready = False
        self.restarts += 1
        self._unlucky += 1
        logger.error("the computing process {}; it is started again", how)
        at_work = [request for request in self._pending.values() if request.sent]
        for trains in (True, False):
            if (begun := next((one for one in at_work if (one.kind == TRAINS) is trains), None)) is not None:
                begun.deaths += 1
        for request in list(self._pending.values()):
            if request.own or request.done.done():
                self._pending.pop(request.number)
                request.done.cancel()
            elif request.deaths >= MAX_DEATHS or self._unlucky >= MAX_DEATHS:
                self._fail(request, f"the computing process {how}, again and again; what it logged may say why")
            request.sent = False

    def _fail(self, request: _Request, why: str) -> None:
        self._pending.pop(request.number, None)
        if not request.done.done():
            request.done.set_exception(EngineError(why))
            request.done.exception()  # its caller may be gone
