"""Embeds texts with a sentence-transformers model: its pooling and prompts, our batches. Knows no store."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rag.base import FloatArray
from rag.neural.batching import Batcher
from rag.neural.device import pick_device, pick_dtype, translated
from rag.neural.encoder import COMPILE_AFTER_TOKENS, Encoder
from rag.neural.files import check_folder, embedding_dim, fingerprint
from rag.neural.loading import check_tokenizer, check_weights, loading
from rag.neural.types import IdArray, IntArray

GPU_BATCH_TOKENS, CPU_BATCH_TOKENS = 65_536, 4_096
_SLICE_TEXTS = 2048  # tokenized at a time, while the device works on the slice before
_MAX_CHARS = 200_000  # of one text: far more than any model reads
_QUERY, _PASSAGE = ("query",), ("document", "passage", "corpus")  # sentence-transformers' names for prompts


class NeuralEmbedder:
    """Loads its model when first used, once. Thread-safe: batches of several callers take turns.

    Args:
        folder: the model's files, as `rag.neural.files.find` gives them.
        name: what config.ini calls it; for messages and the id.
        max_tokens: of one text, the rest is cut; 0 leaves what the model says.

    Raises:
        ModelError: a file is missing or broken; the message names it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "",
        device: str = "auto",
        dtype: str = "auto",
        max_tokens: int = 0,
        batch_tokens: int = 0,
        compile_after: int | None = COMPILE_AFTER_TOKENS,
    ) -> None:
        check_folder(folder)
        self._folder = folder
        self._name = name or folder.name
        self._max_tokens = max_tokens
        self._device = pick_device(device)
        self._dtype_name = dtype
        self._compile_after = compile_after
        default = GPU_BATCH_TOKENS if self._device.type == "cuda" else CPU_BATCH_TOKENS
        self._batcher = Batcher(batch_tokens or default, f"[embedder] model = {self._name}")
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self.id = f"{self._name}@{fingerprint(folder, str(max_tokens))}"
        self.dim = embedding_dim(folder)
        self.step_texts = 8 * _SLICE_TEXTS if self._device.type == "cuda" else 64

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Embed n questions: shape (n, dim), float32, unit rows (a text without content gives a zero row).

        Raises:
            ModelError: the model cannot be loaded, or memory is short even for one text.
        """
        return self._embed(texts, _QUERY)

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """The same with the prompt that the model has for passages."""
        return self._embed(texts, _PASSAGE)

    def load(self) -> None:
        """Load the model now, rather than with the first text.

        Raises:
            ModelError: it cannot be loaded.
        """
        with self._lock:
            self._ensure()

    def _embed(self, texts: Sequence[str], prompts: tuple[str, ...]) -> FloatArray:
        with self._lock:
            loaded = self._ensure()
        with translated(f"[embedder] model = {self._name}"):
            return self._vectors(loaded, texts, prompts)

    def _vectors(self, loaded: _Loaded, texts: Sequence[str], prompts: tuple[str, ...]) -> FloatArray:
        filled = [row for row, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), self.dim), np.float32)
        if len(filled) == 1:
            ids = loaded.tokenize([texts[filled[0]]], prompts)
            vectors[filled[0]] = loaded.encoder.encode_one(ids[0])
            return vectors
        for rows, ids in _tokenized(loaded, texts, filled, prompts):
            vectors[rows] = encode_all(loaded.encoder, ids, self._batcher)
        return vectors

    def _ensure(self) -> _Loaded:
        if self._loaded is None:
            self._loaded = _load(
                self._folder, self._name, self._device, self._dtype_name, self._max_tokens, self._compile_after
            )
        return self._loaded


def encode_all(encoder: Encoder, ids: Sequence[IdArray], batcher: Batcher) -> FloatArray:
    """Unit vectors of all texts in their order, shape (texts, dim): one copy brings them back from the device."""
    parts: list[tuple[IntArray, torch.Tensor]] = []
    with encoder.on_stream():
        batcher.run(
            [len(one) for one in ids], lambda rows: parts.append((rows, encoder.encode([ids[i] for i in rows])))
        )
        order = torch.from_numpy(np.concatenate([rows for rows, _ in parts])).to(encoder.device, non_blocking=True)
        gathered = torch.cat([vectors for _, vectors in parts])
        out = torch.empty_like(gathered).index_copy_(0, order, gathered)
        host = torch.empty(out.shape, pin_memory=encoder.device.type == "cuda")
        host.copy_(out)
    return host.numpy()


class _Loaded:
    """A model with its tokenizer and prompts."""

    def __init__(self, transformer: Any, encoder: Encoder, prompts: dict[str, str], max_tokens: int) -> None:
        self.encoder = encoder
        self._tokenizer = transformer.tokenizer
        self._prompts = prompts
        longest = transformer.max_seq_length or 512
        self._max_tokens = min(max_tokens or longest, longest)

    def tokenize(self, texts: Sequence[str], prompts: tuple[str, ...]) -> list[IdArray]:
        """Token ids with the special ones, cut at the limit."""
        prompt = next((self._prompts[name] for name in prompts if self._prompts.get(name)), "")
        encoded = self._tokenizer(
            [prompt + text.strip()[:_MAX_CHARS] for text in texts],
            truncation=True,
            max_length=self._max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        return [np.array(ids, np.int32) for ids in encoded["input_ids"]]


def _tokenized(
    loaded: _Loaded, texts: Sequence[str], filled: list[int], prompts: tuple[str, ...]
) -> Iterator[tuple[list[int], list[IdArray]]]:
    """Rows with their token ids by slices of like lengths, one slice ahead of whoever takes them."""
    filled = sorted(filled, key=lambda row: -len(texts[row]))
    slices = [filled[start : start + _SLICE_TEXTS] for start in range(0, len(filled), _SLICE_TEXTS)]
    with ThreadPoolExecutor(1, thread_name_prefix="tokenize") as pool:
        waiting = [pool.submit(loaded.tokenize, [texts[row] for row in rows], prompts) for rows in slices]
        try:
            for rows, future in zip(slices, waiting, strict=True):
                yield rows, future.result()
        finally:
            for future in waiting:
                future.cancel()


def _load(
    folder: Path, name: str, device: torch.device, dtype_name: str, max_tokens: int, compile_after: int | None
) -> _Loaded:
    from sentence_transformers import SentenceTransformer
    from transformers import AutoConfig, AutoModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # it would write into the progress of a build
    what = f"[embedder] model = {name}"
    own_code = (
        "choose a model that sentence-transformers reads without code of its own, or run `qunda models pull` again"
    )
    with loading(what, folder, "free it, or write [embedder] device = cpu", own_code):
        family = AutoConfig.from_pretrained(folder, local_files_only=True).model_type
        model = SentenceTransformer(
            str(folder),
            device=str(device),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"dtype": pick_dtype(device, dtype_name, family)},
        )
        _, loaded = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, device_map="meta", output_loading_info=True
        )
        check_weights((key for key in loaded["missing_keys"] if "pooler" not in key), what)  # no pooling reads that one
        transformer = model[0]
        check_tokenizer(transformer.tokenizer, transformer.auto_model.config, what)
        encoder = Encoder(
            transformer.auto_model,
            list(model)[1:],
            with_types="token_type_ids" in transformer.tokenizer.model_input_names,
            compile_after=compile_after,
        )
    return _Loaded(transformer, encoder, dict(model.prompts), max_tokens)
