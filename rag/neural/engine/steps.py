"""Runs the model: reads a chunk of prompts, or writes one token for every slot; on CUDA the latter is a replayed graph.

What a slot needs for its next token (last token, length, temperature) stays on the device, so that one step follows
another without asking the host. Knows slots, not requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rag.neural.engine.attention import NAME, Packed, Stretch, Work, can_flash, register, set_work
from rag.neural.engine.cache import SlotCache
from rag.neural.engine.decoders import attention_modules
from rag.neural.engine.fuse import fuse_projections
from rag.neural.engine.head import widen_head
from rag.neural.engine.scheduler import Copy, Segment
from rag.neural.memory import kv_heads

BUCKETS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
CHUNKS = (64, 256, 512, 1024, 1536, 2048, 3072, 4096)  # lengths of reading that have a graph
PARTS = 8  # prompts that one graph of reading takes at most
MICRO = 1e6  # temperatures travel as whole numbers
RING = 8  # results on their way to the host; the engine never has more than four


@dataclass(frozen=True, slots=True)
class _Reading:
    """A captured reading: ``table`` holds everything that differs from one to the next."""

    graph: torch.cuda.CUDAGraph
    table: torch.Tensor
    out: torch.Tensor


@dataclass(frozen=True, slots=True)
class Chosen:
    """Tokens chosen for ``slots``, on their way to the host; ``places`` says where they are, where not in front."""

    slots: tuple[int, ...]
    tokens: torch.Tensor
    arrived: torch.cuda.Event | None
    places: tuple[int, ...] = ()

    def read(self) -> list[int]:
        """Wait for them."""
        if self.arrived is not None:
            self.arrived.synchronize()
        found = self.tokens.tolist()
        return [int(found[place]) for place in self.places or range(len(self.slots))]


class Runner:
    """One model with its cache. All calls come from one thread, inside ``torch.no_grad()``.

    Args:
        chunk: the longest reading.
        compiled: compile the layers; None: on CUDA.

    Raises:
        ModelError: the architecture is none that the engine can drive, or the cache does not fit.
    """

    def __init__(self, model: Any, *, slots: int, max_len: int, chunk: int, compiled: bool | None = None) -> None:
        self.device: torch.device = model.device
        self.compiled = self.device.type == "cuda" if compiled is None else compiled
        self.on_cuda = self.device.type == "cuda"
        # An 8-bit layer asks the host which columns have outliers, which no graph can hold.
        self._with_graphs = self.on_cuda and not getattr(model, "is_loaded_in_8bit", False)
        register()
        model.eval()
        model.set_attn_implementation(NAME)
        fuse_projections(model)
        widen_head(model)
        self.cache = SlotCache(model, attention_modules(model), slots, max_len)
        self.slots, self.max_len = slots, max_len
        self._model = model
        self._kv_heads = kv_heads(model.config)
        self._flash = can_flash(self.device, model.dtype)
        rows = slots + 1
        self._tokens = torch.zeros(rows, dtype=torch.int64, device=self.device)
        self._lengths = torch.zeros(rows, dtype=torch.int64, device=self.device)
        self._temperatures = torch.zeros(rows, dtype=torch.float32, device=self.device)
        self._host_lengths = [0] * rows
        self._sampled: set[int] = set()
        self._graphs: dict[int, tuple[torch.cuda.CUDAGraph, torch.Tensor, torch.Tensor]] = {}
        self._row_set: tuple[int, ...] = ()
        self._chunk = chunk
        self._pool: Any = None
        self._readings: dict[int, _Reading] = {}
        self._ring = [self._pinned(torch.zeros(max(rows, PARTS), dtype=torch.int64)) for _ in range(RING)]
        self._turn = 0
        if self.compiled:
            for layer in model.get_decoder().layers:
                # One layer is compiled, and all others take the result: seconds instead of minutes.
                layer.compile(dynamic=True, options={"coordinate_descent_tuning": True})

    def warm_up(self) -> None:
        """Compile, and capture a graph for every size of batch, largest first so that they share memory."""
        if not self._with_graphs:
            return
        self._read_spare(4)
        buckets = [size for size in BUCKETS if size < self.slots]
        for size in (self.slots, *reversed(buckets)):
            self._capture(size)
        if self._flash:
            for length in (self._chunk, *(length for length in reversed(CHUNKS) if length < self._chunk)):
                self._capture_reading(length)

    def prefill(self, copies: Sequence[Copy], segments: Sequence[Segment[Any]], warmth: Sequence[float]) -> Chosen:
        """Read segments; those that complete a prompt get their first token, at their temperature in ``warmth``."""
        self.cache.copy(copies)
        length = sum(len(segment.tokens) for segment in segments)
        if len(segments) <= PARTS and (fitting := [size for size in self._readings if size >= length]):
            return self._replay_reading(self._readings[min(fitting)], min(fitting), segments, warmth)
        stretches, offset = [], 0
        for segment in segments:
            stretches.append(Stretch(segment.slot, segment.start, offset, len(segment.tokens)))
            offset += len(segment.tokens)
        ids = self._upload([int(token) for segment in segments for token in segment.tokens])
        places = self._upload([place for part in stretches for place in range(part.start, part.start + part.length)])
        done = [index for index, segment in enumerate(segments) if segment.last]
        last = [stretches[index].offset + stretches[index].length - 1 for index in done] or [0]
        set_work(Work(tuple(stretches)))
        logits = self._forward(ids, places, self._upload(last))
        if not done:
            return Chosen((), self._ring[0], None)
        slots = tuple(segments[index].slot for index in done)
        temperatures = [warmth[index] for index in done]
        rows = self._upload(list(slots))
        self._temperatures[rows] = self._upload(temperatures, torch.float32)
        self._lengths[rows] = self._upload([stretches[index].start + stretches[index].length for index in done])
        chosen = self._choose(logits, self._temperatures[rows], any(temperatures))
        self._tokens[rows] = chosen
        for index, slot in zip(done, slots, strict=True):
            self._host_lengths[slot] = stretches[index].start + stretches[index].length
            (self._sampled.add if warmth[index] else self._sampled.discard)(slot)
        return self._send(slots, chosen)

    def decode(self, slots: Sequence[int]) -> Chosen:
        """One more token for each slot."""
        rows = tuple(slots)
        chosen = self._replay(rows) if self._with_graphs else self._decode_eagerly(rows)
        for slot in rows:
            self._host_lengths[slot] += 1
        return self._send(rows, chosen)

    def _replay(self, rows: tuple[int, ...]) -> torch.Tensor:
        size = min(size for size in self._graphs if size >= len(rows))
        graph, places, out = self._graphs[size]
        padded = rows + (self.cache.spare,) * (size - len(rows))
        if padded != self._row_set:
            places.copy_(self._pinned(torch.tensor(padded)), non_blocking=True)
            self._row_set = padded
        graph.replay()
        return out

    def _replay_reading(
        self, reading: _Reading, size: int, segments: Sequence[Segment[Any]], warmth: Sequence[float]
    ) -> Chosen:
        """Fill the table, replay; the chosen tokens of prompts that are not complete go nowhere."""
        spare, width = self.cache.spare, self.max_len
        ids, places, rows = (np.zeros(size, np.int64) for _ in range(3))
        rows[:] = spare * width  # padding is written to the spare row
        bounds, begins, used, last, lengths, warm = (np.zeros(PARTS + 1, np.int64) for _ in range(6))
        targets = np.full(PARTS + 1, spare, np.int64)
        offset = 0
        for index, segment in enumerate(segments):
            end, stop = offset + len(segment.tokens), segment.start + len(segment.tokens)
            ids[offset:end], places[offset:end] = segment.tokens, np.arange(segment.start, stop)
            rows[offset:end] = segment.slot * width + places[offset:end]
            bounds[index + 1 :], begins[index], used[index], last[index] = end, segment.slot * width, stop, end - 1
            if segment.last:
                targets[index], lengths[index], warm[index] = segment.slot, stop, round(warmth[index] * MICRO)
                self._host_lengths[segment.slot] = stop
            offset = end
        table = np.concatenate([ids, places, rows, bounds, begins, used, last, targets, lengths, warm])
        reading.table.copy_(self._pinned(torch.from_numpy(table)), non_blocking=True)
        reading.graph.replay()
        done = [index for index, segment in enumerate(segments) if segment.last]
        if not done:
            return Chosen((), self._ring[0], None)
        chosen = self._send(tuple(range(len(segments))), reading.out)
        return Chosen(tuple(segments[index].slot for index in done), chosen.tokens, chosen.arrived, tuple(done))

    def _capture_reading(self, size: int) -> None:
        sizes = [size] * 3 + [PARTS + 1] * 7
        table = torch.zeros(sum(sizes), dtype=torch.int64, device=self.device)
        views = table.split(sizes)
        views[2].fill_(self.cache.spare * self.max_len)
        views[7].fill_(self.cache.spare)
        out = torch.zeros(PARTS, dtype=torch.int64, device=self.device)
        for _ in range(2):
            self._read_step(views, out)
        self._readings[size] = _Reading(self._captured(lambda: self._read_step(views, out)), table, out)

    def _read_step(self, table: Sequence[torch.Tensor], out: torch.Tensor) -> None:
        ids, places, rows, bounds, begins, used, last, targets, lengths, warm = table
        packed = Packed(rows, bounds.int(), begins.int(), used[:PARTS].int(), len(ids), self.max_len)
        set_work(Work(packed=packed))
        logits = self._forward(ids, places, last[:PARTS])
        temperatures, targets = warm[:PARTS] / MICRO, targets[:PARTS]
        out.copy_(self._choose(logits, temperatures, True))
        self._temperatures[targets] = temperatures.float()
        self._tokens[targets] = out
        self._lengths[targets] = lengths[:PARTS]

    def _captured(self, step: Callable[[], None]) -> torch.cuda.CUDAGraph:
        torch.cuda.current_stream().synchronize()
        graph = torch.cuda.CUDAGraph()
        self._pool = self._pool or torch.cuda.graph_pool_handle()
        # thread_local: the embedder may be working on another thread.
        with torch.cuda.graph(
            graph, pool=self._pool, stream=torch.cuda.current_stream(), capture_error_mode="thread_local"
        ):
            step()
        return graph

    def _decode_eagerly(self, rows: tuple[int, ...]) -> torch.Tensor:
        lengths = [self._host_lengths[slot] for slot in rows]
        set_work(Work(tuple(Stretch(slot, lengths[i], i, 1) for i, slot in enumerate(rows))))
        places = self._upload(rows)
        logits = self._forward(self._tokens[places], self._upload(lengths), 0)
        chosen = self._choose(logits, self._temperatures[places], not self._sampled.isdisjoint(rows))
        self._tokens[places] = chosen
        return chosen

    def _forward(self, ids: torch.Tensor, places: torch.Tensor, keep: torch.Tensor | int) -> torch.Tensor:
        out = self._model(input_ids=ids[None], position_ids=places[None], use_cache=False, logits_to_keep=keep)
        logits: torch.Tensor = out.logits[0]
        return logits.float()

    def _choose(self, logits: torch.Tensor, temperatures: torch.Tensor, sampled: bool) -> torch.Tensor:
        """The best token, or with a temperature a drawn one: the best after adding Gumbel noise."""
        if not sampled:
            return logits.argmax(-1)
        noise = torch.empty_like(logits).exponential_().log_()
        return (logits - noise * temperatures.float()[:, None]).argmax(-1)

    def _capture(self, size: int) -> None:
        from rag.neural.engine.kernels import splits_for

        places = torch.full((size,), self.cache.spare, dtype=torch.int64, device=self.device)
        out = torch.zeros(size, dtype=torch.int64, device=self.device)
        splits = splits_for(size, self._kv_heads, self.device)
        for _ in range(2):
            self._decode_step(places, out, splits)
        self._graphs[size] = (self._captured(lambda: self._decode_step(places, out, splits)), places, out)

    def _decode_step(self, places: torch.Tensor, out: torch.Tensor, splits: int) -> None:
        positions = self._lengths[places]
        set_work(Work(slots=places, positions=positions, splits=splits))
        logits = self._forward(self._tokens[places], positions, 0)
        out.copy_(self._choose(logits, self._temperatures[places], True))
        self._tokens[places] = out
        self._lengths[places] = (positions + 1).clamp(max=self.max_len - 1)

    def _read_spare(self, length: int) -> None:
        set_work(Work((Stretch(self.cache.spare, 0, 0, length),)))
        ids = torch.zeros(length, dtype=torch.int64, device=self.device)
        self._forward(ids, torch.arange(length, device=self.device), 1)

    def _upload(self, values: Sequence[float], dtype: torch.dtype = torch.int64) -> torch.Tensor:
        return self._pinned(torch.tensor(values, dtype=dtype)).to(self.device, non_blocking=True)

    def _pinned(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.pin_memory() if self.on_cuda else tensor

    def _send(self, slots: tuple[int, ...], tokens: torch.Tensor) -> Chosen:
        self._turn = (self._turn + 1) % RING
        there = self._ring[self._turn][: len(slots)]
        there.copy_(tokens[: len(slots)], non_blocking=True)
        if not self.on_cuda:
            return Chosen(slots, there, None)
        arrived = torch.cuda.Event()
        arrived.record()
        return Chosen(slots, there, arrived)
