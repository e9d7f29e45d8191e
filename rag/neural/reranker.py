"""Scores passages against a question with a cross-encoder. Knows hits and no index.

Two kinds: sequence classification (BCE, BGE, MiniLM), and a chat model that answers yes or no (Qwen3-Reranker, whose
prompt this is: https://arxiv.org/abs/2506.05176, section 2).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rag.base import Hit, ModelError
from rag.neural.batching import Batcher
from rag.neural.device import pick_device, pick_dtype, translated
from rag.neural.files import check_folder, fingerprint
from rag.neural.loading import check_tokenizer, check_weights, loading
from rag.neural.packing import first_position
from rag.neural.types import IntArray
from rag.scores import rescored

_TASK = "Given a question from a group chat, retrieve passages of the documentation that answer it"
_HEAD = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
_TAIL = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
GPU_BATCH_TOKENS, CPU_BATCH_TOKENS = 32_768, 2_048
_MAX_CHARS = 20_000


class CrossEncoderReranker:
    """Loads its model when first used, once. Scores are probabilities. Thread-safe.

    Raises:
        ModelError: a file is missing or broken.
    """

    def __init__(
        self, folder: Path, *, name: str = "", device: str = "auto", dtype: str = "auto", max_tokens: int = 512
    ) -> None:
        check_folder(folder)
        self._folder = folder
        self._name = name or folder.name
        self.id = f"{self._name}@{fingerprint(folder, str(max_tokens))}"
        self._device = pick_device(device)
        self._dtype_name = dtype
        self._max_tokens = max_tokens
        default = GPU_BATCH_TOKENS if self._device.type == "cuda" else CPU_BATCH_TOKENS
        self._batcher = Batcher(default, f"[reranker] model = {self._name}")
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any, bool] | None = None

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """See `rag.protocols.Reranker.rerank`.

        Raises:
            ModelError: the model cannot be loaded, or memory is short even for one passage.
        """
        return rescored(hits, self.scores(question, [hit.passage.text for hit in hits]))

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """The probability of each text to answer the question, 0 to 1."""
        if not texts:
            return []
        with self._lock, translated(f"[reranker] model = {self._name}"):
            model, tokenizer, generative = self._ensure()
            encode = _dialogues if generative else _pairs
            encoded = encode(tokenizer, question[:_MAX_CHARS], [text[:_MAX_CHARS] for text in texts], self._max_tokens)
            found = np.zeros(len(texts))

            def step(rows: IntArray) -> None:
                batch = _padded([encoded[row] for row in rows], tokenizer.pad_token_id or 0, self._device)
                found[rows] = _answers(model, tokenizer, batch) if generative else _classified(model, batch)

            self._batcher.run([len(one["input_ids"]) for one in encoded], step)
        return [float(score) for score in found]

    def load(self) -> None:
        """Load the model now, rather than with the first question.

        Raises:
            ModelError: it cannot be loaded.
        """
        with self._lock:
            self._ensure()

    def _ensure(self) -> tuple[Any, Any, bool]:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _load(self) -> tuple[Any, Any, bool]:
        from transformers import (
            AutoConfig,
            AutoModelForCausalLM,
            AutoModelForSequenceClassification,
            AutoTokenizer,
        )
        from transformers.utils.logging import disable_progress_bar

        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        disable_progress_bar()
        place = f"[reranker] model = {self._name}"
        with loading(place, self._folder, "free it, or write [reranker] device = cpu", "pull it again"):
            config = AutoConfig.from_pretrained(self._folder, **options)
            kinds = getattr(config, "architectures", None) or [""]
            generative = kinds[0].endswith("ForCausalLM")
            if not generative and not kinds[0].endswith("ForSequenceClassification"):
                raise ModelError(
                    f"{place} is a {kinds[0] or 'model of no kind'}: choose a cross-encoder or Qwen3-Reranker"
                )
            loader = AutoModelForCausalLM if generative else AutoModelForSequenceClassification
            dtype = pick_dtype(self._device, self._dtype_name, config.model_type)
            model, loaded = loader.from_pretrained(self._folder, dtype=dtype, output_loading_info=True, **options)
            check_weights(loaded["missing_keys"], place)
            model = model.to(self._device).eval()
            tokenizer = AutoTokenizer.from_pretrained(self._folder, **options)
            check_tokenizer(tokenizer, config, place)
            if model.config.pad_token_id is None:  # several pairs at once are padded
                model.config.pad_token_id = tokenizer.pad_token_id or 0
            if reads := int(getattr(config, "max_position_embeddings", 0) or 0):
                self._max_tokens = min(self._max_tokens, reads - first_position(config))
        return model, tokenizer, generative


def _pairs(tokenizer: Any, question: str, texts: list[str], max_tokens: int) -> list[dict[str, list[int]]]:
    encoded = tokenizer(
        [question] * len(texts), texts, truncation="longest_first", max_length=max_tokens, verbose=False
    )
    return [{name: values[row] for name, values in encoded.items()} for row in range(len(texts))]


def _dialogues(tokenizer: Any, question: str, texts: list[str], max_tokens: int) -> list[dict[str, list[int]]]:
    head, tail = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (_HEAD, _TAIL))
    bodies = [f"<Instruct>: {_TASK}\n<Query>: {question}\n<Document>: {text}" for text in texts]
    room = max(1, max_tokens - len(head) - len(tail))
    encoded = tokenizer(bodies, add_special_tokens=False, truncation=True, max_length=room, verbose=False)["input_ids"]
    return [{"input_ids": [*head, *ids, *tail]} for ids in encoded]


def _padded(encoded: list[dict[str, list[int]]], pad: int, device: torch.device) -> dict[str, torch.Tensor]:
    longest = max(len(one["input_ids"]) for one in encoded)
    batch: dict[str, torch.Tensor] = {}
    for name in encoded[0].keys() - {"attention_mask"}:
        fill = pad if name == "input_ids" else 0
        rows = [one[name] + [fill] * (longest - len(one[name])) for one in encoded]
        batch[name] = torch.tensor(rows).to(device, non_blocking=True)
    mask = [[1] * len(one["input_ids"]) + [0] * (longest - len(one["input_ids"])) for one in encoded]
    batch["attention_mask"] = torch.tensor(mask).to(device, non_blocking=True)
    return batch


@torch.inference_mode()
def _classified(model: Any, batch: dict[str, torch.Tensor]) -> Any:
    logits = model(**batch).logits.float()
    # One output is the logit of a match; with more, the last class is the match.
    scores = logits[:, 0].sigmoid() if logits.shape[1] == 1 else logits.softmax(1)[:, -1]
    return scores.cpu().numpy()


@torch.inference_mode()
def _answers(model: Any, tokenizer: Any, batch: dict[str, torch.Tensor]) -> Any:
    """The probability of yes against no as the next token; only the last states go through the output matrix."""
    last = batch["attention_mask"].sum(1) - 1
    states = model.model(**batch, use_cache=False).last_hidden_state[torch.arange(len(last), device=last.device), last]
    choice = torch.tensor([tokenizer.convert_tokens_to_ids(word) for word in ("no", "yes")], device=last.device)
    return (states @ model.lm_head.weight[choice].T).float().softmax(1)[:, 1].cpu().numpy()
