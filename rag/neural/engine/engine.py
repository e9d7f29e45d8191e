"""The engine: one thread that reads prompts and writes tokens for all requests, and streams them to asyncio callers.

A step's tokens are read by the host while the next step already runs. Knows tokens, not text.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import torch

from rag.base import GeneratorError, ModelError
from rag.neural.engine.cache import plan_cache
from rag.neural.engine.decoders import freeze_positions, longest
from rag.neural.engine.request import Item, Request, put
from rag.neural.engine.scheduler import Plan, Scheduler
from rag.neural.engine.steps import PARTS, Chosen, Runner
from rag.neural.memory import GIB

log = logging.getLogger(__name__)
CHUNK = {"cuda": 4096, "cpu": 256}
READ_AHEAD = {"cuda": 3, "cpu": 1}  # chunks read for one step of writing, while prompts wait
NO_MEMORY = "the GPU has no memory left for this answer; lower [llm] kv_gb or max_batch, or ask again when it is idle"
BROKEN = "the local model failed ({}); restart, and see the log"


class Engine:
    """Generates for many callers at once on one model.

    Args:
        model: a decoder-only model of transformers, on its device, in its type; the engine changes its attention.
        max_batch: answers written at once; more wait.
        max_len: tokens of a prompt with its answer; at most what the model takes.
        kv_gb: bound of the cache of keys and values; with too little, slots become fewer, then shorter.

    Raises:
        ModelError: the model cannot be driven, or its cache does not fit.
    """

    def __init__(
        self,
        model: Any,
        *,
        max_batch: int = 16,
        max_len: int = 8192,
        kv_gb: float = 8,
        chunk: int | None = None,
        compiled: bool | None = None,
    ) -> None:
        freeze_positions(model)
        budget = int(kv_gb * GIB)
        length = min(max_len, longest(model.config))
        slots, self.max_len = plan_cache(model.config, model.dtype, max_batch=max_batch, max_len=length, budget=budget)
        kind = model.device.type
        chunk = chunk or CHUNK[kind]
        with torch.no_grad():
            self.runner = Runner(model, slots=slots, max_len=self.max_len, chunk=chunk, compiled=compiled)
        self._scheduler: Scheduler[Request] = Scheduler(slots, chunk, PARTS)
        self._read_ahead, self._chunks_read = READ_AHEAD[kind], 0
        self._vocabulary = int(model.config.vocab_size)
        self._wake = threading.Condition()
        self._arrived: list[tuple[Request, Sequence[int]]] = []
        self._left: list[Request] = []
        self._closed = False
        self._pending: list[tuple[Chosen, list[Request]]] = []
        self._outgoing: dict[asyncio.AbstractEventLoop, list[tuple[Request, Item]]] = defaultdict(list)
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="qunda-generation", daemon=True)

    def start(self) -> None:
        """Compile and capture (CUDA), then serve.

        Raises:
            ModelError: the card has no memory left for that, or cannot run it.
        """
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise ModelError(f"the local model does not start: {self._failure}") from self._failure

    def close(self) -> None:
        """End all answers and the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join()

    async def stream(
        self,
        prompt: Sequence[int],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stops: Collection[int] = (),
        timeout_s: float | None = None,
    ) -> AsyncIterator[list[int]]:
        """Yield the tokens that came since the last time. Closing it, or ``timeout_s``, ends the work within a step.

        Raises:
            GeneratorError: too long or empty a prompt, no memory, too late, or a broken model.
        """
        self._check(prompt, max_tokens)
        request = Request(asyncio.get_running_loop(), max_tokens, temperature, frozenset(stops))
        with self._wake:
            self._arrived.append((request, prompt))
            self._wake.notify()
        try:
            async with asyncio.timeout(timeout_s) as limit:
                while True:
                    items = [await request.queue.get()]
                    while not request.queue.empty():
                        items.append(request.queue.get_nowait())
                    if tokens := [item for item in items if isinstance(item, int)]:
                        yield tokens
                    if isinstance(items[-1], GeneratorError):
                        raise items[-1]
                    if items[-1] is None:
                        return
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise GeneratorError("timeout", f"the local model took more than {timeout_s:g} s") from error
        finally:
            with self._wake:
                self._left.append(request)
                self._wake.notify()

    def _check(self, prompt: Sequence[int], max_tokens: int) -> None:
        if self._closed or self._failure is not None:
            raise GeneratorError("server", "the local model is stopped; restart")
        if not prompt:
            raise GeneratorError("empty", "the prompt has no tokens")
        if len(prompt) + max_tokens > self.max_len:
            raise GeneratorError(
                "config",
                f"a prompt of {len(prompt)} tokens and an answer of {max_tokens} are more than the {self.max_len} that "
                "fit; lower [llm] max_context_chars or max_tokens, or raise [llm] kv_gb",
            )
        if not 0 <= min(prompt) <= max(prompt) < self._vocabulary:
            raise GeneratorError("config", "the tokenizer does not fit the model: it makes tokens the model lacks")

    def _run(self) -> None:
        device = self.runner.device
        try:
            with torch.no_grad():
                if device.type != "cuda":
                    self._ready.set()
                    self._serve()
                    return
                torch.cuda.set_device(device)
                # Priority 0 is the lowest: an embedder's stream of priority -1 goes first.
                with torch.cuda.stream(torch.cuda.Stream(device, priority=0)):
                    self.runner.warm_up()
                    self._ready.set()
                    self._serve()
        except Exception as error:  # the boundary round the thread: what waits is told, and `start` raises it
            self._failure = error
            log.exception("the generation engine stopped")
        finally:
            self._ready.set()
            self._fail_all(GeneratorError("server", "the local model is stopped; restart"))
            self._deliver()

    def _serve(self) -> None:
        while True:
            with self._wake:
                while not (self._arrived or self._left or self._closed or self._scheduler.busy or self._pending):
                    self._wake.wait()
                if self._closed:
                    return
                arrived, self._arrived = self._arrived, []
                left, self._left = self._left, []
            for request, prompt in arrived:
                self._scheduler.add(request, prompt)
            for request in left:
                self._end(request)
            self._guarded_step()
            self._deliver()

    def _guarded_step(self) -> None:
        try:
            self._step()
        except Exception as error:
            # The boundary of the engine: one broken step ends the answers in it, not the thread.
            log.exception("a generation step failed")
            self._pending.clear()
            self._fail_all(GeneratorError("server", BROKEN.format(type(error).__name__)))
            for slot in self._scheduler.slots:
                self._scheduler.forget(slot.index)

    def _step(self) -> None:
        earlier, self._pending = self._pending, []
        if self._scheduler.waiting or any(slot.owner and not slot.decoding for slot in self._scheduler.slots):
            plan = self._scheduler.plan()
            self._prefill(plan)
            self._chunks_read = self._chunks_read + 1 if plan.segments else self._read_ahead
        else:
            self._chunks_read = self._read_ahead
        if self._chunks_read >= self._read_ahead:
            self._chunks_read = 0
            self._decode()
        if not self.runner.on_cuda:
            earlier, self._pending = self._pending, []
        for chosen, requests in earlier:
            self._receive(chosen, requests)

    def _prefill(self, plan: Plan[Request]) -> None:
        try:
            self._read(plan)
        except torch.OutOfMemoryError:
            self._free_memory()
            for index, segment in enumerate(plan.segments):
                try:
                    self._read(Plan(plan.copies if index == 0 else [], [segment]))
                except torch.OutOfMemoryError:
                    self._free_memory()
                    self._end(segment.owner, GeneratorError("server", NO_MEMORY))
                    self._scheduler.forget(segment.slot)

    def _read(self, plan: Plan[Request]) -> None:
        if not plan.segments:
            return
        warmth = [segment.owner.temperature for segment in plan.segments]
        chosen = self.runner.prefill(plan.copies, plan.segments, warmth)
        self._launched(chosen, [segment.owner for segment in plan.segments if segment.last])

    def _decode(self) -> None:
        rows = [
            (slot, request) for slot, request in self._scheduler.decoding() if request.launched < request.max_tokens
        ]
        while rows:
            try:
                chosen = self.runner.decode([slot for slot, _ in rows])
            except torch.OutOfMemoryError:
                self._free_memory()
                slot, request = rows.pop()
                self._end(request, GeneratorError("server", NO_MEMORY))
                self._scheduler.forget(slot)
            else:
                self._launched(chosen, [request for _, request in rows])
                return

    def _launched(self, chosen: Chosen, requests: list[Request]) -> None:
        for request in requests:
            request.launched += 1
        if requests:
            self._pending.append((chosen, requests))

    def _receive(self, chosen: Chosen, requests: list[Request]) -> None:
        for request, token in zip(requests, chosen.read(), strict=True):
            if request.done:
                continue
            request.generated.append(token)
            if token in request.stops:
                self._end(request)
                continue
            self._tell(request, token)
            if len(request.generated) >= request.max_tokens:
                self._end(request)

    def _end(self, request: Request, error: GeneratorError | None = None) -> None:
        if not request.done:
            request.done = True
            self._scheduler.remove(request, request.generated)
            self._tell(request, error)

    def _fail_all(self, error: GeneratorError) -> None:
        with self._wake:
            arrived, self._arrived = self._arrived, []
        for request in [*self._scheduler.owners(), *(request for request, _ in arrived)]:
            self._end(request, error)

    def _tell(self, request: Request, item: Item) -> None:
        self._outgoing[request.loop].append((request, item))

    def _deliver(self) -> None:
        for loop, items in self._outgoing.items():
            try:
                loop.call_soon_threadsafe(put, items)
            except RuntimeError:  # the loop is closed: nobody listens any more
                for request, _ in items:
                    if not request.done:
                        self._scheduler.remove(request, request.generated)
                        request.done = True
        self._outgoing = defaultdict(list)

    def _free_memory(self) -> None:
        if self.runner.on_cuda:
            torch.cuda.empty_cache()
