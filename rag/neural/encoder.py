"""Token ids in, unit vectors on the device out: a transformers model with sentence-transformers' layers behind it.

Knows no text. One call is one batch; `rag.neural.batching` makes the batches.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from rag.neural.graphs import QueryGraphs
from rag.neural.packing import Packed, can_pack, encode, first_position, pack, unpack, use_packed_attention
from rag.neural.types import IdArray

COMPILE_AFTER_TOKENS = 20_000_000  # compiling takes as long as 10 to 20 million tokens do without it


class Encoder:
    """Runs packed with the flash kernel where it can, else padded with a mask. Thread-safe: batches take turns.

    Args:
        model: a transformers encoder, on its device and in its type.
        layers: what sentence-transformers applies behind it: pooling, perhaps a dense layer, normalisation.
        packed: None chooses; True on a CPU serves to compare both ways.
        compile_after: tokens after which the model is compiled; None never does.
    """

    def __init__(
        self,
        model: Any,
        layers: Sequence[Any],
        *,
        packed: bool | None = None,
        with_types: bool = True,
        compile_after: int | None = COMPILE_AFTER_TOKENS,
    ) -> None:
        parameter = next(model.parameters())
        self.device: torch.device = parameter.device
        self.packed = can_pack(model.config, self.device, parameter.dtype) if packed is None else packed
        if self.packed:
            use_packed_attention(model)
        self._model = model.eval()
        self._layers = list(layers)
        self._with_types = with_types
        self._compile_after = compile_after if self.packed and self.device.type == "cuda" else None
        self._compiled: Any = None
        self._tokens = 0
        self._first = first_position(model.config) if self.packed else 0
        cuda = self.device.type == "cuda"
        self._lock = threading.Lock()  # the model runs in one thread at a time
        self._stream = torch.cuda.Stream(self.device) if cuda else None
        self._graphs: QueryGraphs | None = None
        if cuda and self.packed:
            self._graphs = QueryGraphs(self._packed_vectors, self._first, self.device, self._lock)
        if cuda:
            torch.cuda.synchronize(self.device)  # the weights are there before other streams read them

    def on_stream(self) -> AbstractContextManager[Any]:
        """What `encode` and everything done with its result have to run in."""
        return torch.cuda.stream(self._stream) if self._stream is not None else nullcontext()

    @torch.inference_mode()
    def encode(self, texts: Sequence[IdArray]) -> torch.Tensor:
        """Unit vectors, shape (texts, dim), float32, on the device."""
        with self._lock:
            return self._encode(texts)

    def _encode(self, texts: Sequence[IdArray]) -> torch.Tensor:
        if not self.packed:
            return self._padded_vectors(texts)
        batch = pack(texts, self._first, self.device)
        self._tokens += batch.ids.shape[1]
        if self._compile_after is not None and self._tokens > self._compile_after:
            return self._compiled_vectors(batch)
        return self._packed_vectors(batch, self._model)

    @torch.inference_mode()
    def encode_one(self, ids: IdArray) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The unit vector of one text, shape (dim,): a replayed graph where there is one."""
        if self._graphs is not None and self._graphs.takes(ids):
            return self._graphs(ids)
        with self.on_stream():
            return self.encode([ids])[0].cpu().numpy()

    def _compiled_vectors(self, batch: Packed) -> torch.Tensor:
        if self._compiled is None:
            self._compiled = torch.compile(self._model, dynamic=True)
        try:
            return self._packed_vectors(batch, self._compiled)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # no C compiler or no triton here: it goes on as it was
            self._compile_after = None
            return self._packed_vectors(batch, self._model)

    def _packed_vectors(self, batch: Packed, model: Any = None) -> torch.Tensor:
        hidden = encode(self._model if model is None else model, batch)
        states, mask = unpack(hidden, batch.bounds, batch.longest)
        return self._pool(states, mask)

    def _padded_vectors(self, texts: Sequence[IdArray]) -> torch.Tensor:
        longest = max(map(len, texts))
        ids = torch.full((len(texts), longest), self._model.config.pad_token_id or 0, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = torch.from_numpy(text)
            mask[row, : len(text)] = 1
        if self.device.type == "cuda":
            ids, mask = ids.pin_memory(), mask.pin_memory()
        ids, mask = ids.to(self.device, non_blocking=True), mask.to(self.device, non_blocking=True)
        types = {"token_type_ids": torch.zeros_like(ids)} if self._with_types else {}
        states = self._model(input_ids=ids, attention_mask=mask, **types).last_hidden_state
        return self._pool(states, mask)

    def _pool(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        features: dict[str, Any] = {"token_embeddings": states.float(), "attention_mask": mask}
        for layer in self._layers:
            features = layer(features)
        vectors: torch.Tensor = features["sentence_embedding"].float()
        return torch.nn.functional.normalize(vectors, dim=1)
