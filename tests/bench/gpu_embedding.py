"""Embedding speed on a GPU: XLM-RoBERTa-base's shape with random weights, against a matmul floor and the usual ways.

Run: python -m tests.bench.gpu_embedding [--passages 8192]. Needs torch and transformers, no weights and no network.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rag.neural.batching import Batcher, plan
from rag.neural.embedder import NeuralEmbedder, encode_all
from rag.neural.encoder import Encoder
from rag.neural.types import IdArray

DEVICE = "cuda"
MEAN_TOKENS, LONGEST, QUERY_TOKENS = 272, 512, 24
BATCH_TOKENS = (65_536, 131_072, 262_144)
SHAPE: dict[str, Any] = {
    "vocab_size": 250_002,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}


class Cls(torch.nn.Module):
    """The pooling of BCE and BGE: the first token."""

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        return {**features, "sentence_embedding": features["token_embeddings"][:, 0]}


def make_model(dtype: torch.dtype) -> Any:
    """The same random weights whatever the type."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    torch.manual_seed(0)
    with torch.device(DEVICE):
        model = XLMRobertaModel(XLMRobertaConfig(**SHAPE), add_pooling_layer=False)
    return model.to(dtype).eval()


def make_passages(count: int) -> list[IdArray]:
    """Token ids of passages whose lengths spread as those of real documents do."""
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.normal(MEAN_TOKENS, 100, count), 16, LONGEST).astype(int)
    return [np.concatenate(([0], rng.integers(3, 250_000, n - 2), [2])).astype(np.int32) for n in lengths]


def seconds(work: Callable[[], object]) -> float:
    """Wall time, the device's work included."""
    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def floor(tokens: int, dtype: torch.dtype) -> float:
    """Seconds that the matrix products of the model alone take for so many tokens, at the largest batch's size."""
    rows = 131_072
    with torch.device(DEVICE):
        x, wide = torch.randn(rows, 768, dtype=dtype), torch.randn(rows, 3072, dtype=dtype)
        square, up = torch.randn(768, 768, dtype=dtype), torch.randn(768, 3072, dtype=dtype)
        down = torch.randn(3072, 768, dtype=dtype)

    def layers() -> None:
        for _ in range(SHAPE["num_hidden_layers"]):
            for _ in range(4):
                x @ square
            x @ up
            wide @ down

    layers()
    return min(seconds(layers) for _ in range(5)) * tokens / rows


def padded_way(model: Any, passages: Sequence[IdArray], size: int) -> None:
    """The usual way: batches in the order they come in."""
    padded(model, [passages[start : start + size] for start in range(0, len(passages), size)])


def sorted_way(model: Any, passages: Sequence[IdArray], tokens: int) -> None:
    """Batches of like lengths, filled up to a number of tokens."""
    batches = plan([len(ids) for ids in passages], tokens)
    padded(model, [[passages[i] for i in rows] for rows in batches])


@torch.inference_mode()
def padded(model: Any, batches: Sequence[Sequence[IdArray]]) -> None:
    """Each batch padded to its longest, with a mask."""
    for batch in batches:
        ids = torch.full((len(batch), max(map(len, batch))), 1)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(batch):
            ids[row, : len(text)], mask[row, : len(text)] = torch.from_numpy(text), 1
        hidden = model(input_ids=ids.to(DEVICE), attention_mask=mask.to(DEVICE)).last_hidden_state
        torch.nn.functional.normalize(hidden[:, 0].float(), dim=1).cpu()


def write_folder(model: Any, folder: Path) -> list[str]:
    """Save the model for sentence-transformers, with a tokenizer trained on made-up words; texts for it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    rng = np.random.default_rng(1)
    words = ["".join(rng.choice(list("abcdefghiklmnoprstu"), rng.integers(2, 9))) for _ in range(20_000)]
    frequencies = 1 / np.arange(1, len(words) + 1)
    picks = rng.choice(len(words), (2048, 400), p=frequencies / frequencies.sum())
    texts = [" ".join(words[i] for i in row) for row in picks]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=16_000, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(texts[:512], trainer)
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        cls_token="<s>", sep_token="</s>", model_max_length=LONGEST,
    )  # fmt: skip
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 768, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(listed))
    return texts


def cut_texts(texts: list[str], passages: Sequence[IdArray], tokens_per_word: float) -> list[str]:
    """Texts of about the passages' lengths."""
    cut = [max(1, int(len(ids) / tokens_per_word)) for ids in passages]
    return [" ".join(texts[i % len(texts)].split()[:n]) for i, n in enumerate(cut)]


def row(name: str, rate: float, base: float) -> None:
    print(f"| {name} | {rate:,.0f} | {rate / base:.1%} |", flush=True)


def passages_table(passages: list[IdArray], dtype: torch.dtype) -> None:
    """Rates of the usual ways and ours."""
    total = sum(map(len, passages))
    base = len(passages) / floor(total, dtype)
    print(f"\n{torch.cuda.get_device_name()}, {dtype}, {len(passages):,} passages, mean {total / len(passages):.0f}")
    print(f"matmul floor: {base:,.0f} passages/s\n\n| way | passages/s | of floor |\n|---|---|---|")
    model = make_model(dtype)
    padded_way(model, passages[:8], 1)
    single = 256 / seconds(lambda: padded_way(model, passages[:256], 1))
    row("one at a time", single, base)
    padded_way(model, passages[:128], 64)
    row("batches of 64, unsorted", 2048 / seconds(lambda: padded_way(model, passages[:2048], 64)), base)
    for size in BATCH_TOKENS[::2]:
        took = seconds(lambda size=size: sorted_way(model, passages, size))
        row(f"sorted by length, padded, {size:,} tokens", len(passages) / took, base)
    compiled = torch.compile(model, dynamic=True)
    sorted_way(compiled, passages, BATCH_TOKENS[0])
    took = seconds(lambda: sorted_way(compiled, passages, BATCH_TOKENS[0]))
    row(f"sorted, padded, compiled, {BATCH_TOKENS[0]:,} tokens", len(passages) / took, base)
    best = 0.0
    for compile_after in (None, 0):
        encoder = Encoder(model, [Cls()], compile_after=compile_after)
        for size in BATCH_TOKENS:
            work = partial(encode_all, encoder, passages, Batcher(size, "bench"))
            warm_up = seconds(work)
            took = min(seconds(work) for _ in range(3))
            name = "packed, compiled" if compile_after == 0 else "packed"
            row(f"{name}, {size:,} tokens (first call {warm_up:.1f} s)", len(passages) / took, base)
            best = max(best, len(passages) / took)
    print(f"\nbest: {best / base:.0%} of the floor, {best / single:.0f} times one at a time")


def text_table(passages: list[IdArray], dtype: torch.dtype) -> None:
    """The same with the tokenizer, through the embedder as the bot uses it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = write_folder(make_model(dtype), folder)
        embedder = NeuralEmbedder(folder, name="bench", device=DEVICE, compile_after=0, batch_tokens=131_072)
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder)
        counted = sum(len(ids) for ids in tokenizer(texts[:64])["input_ids"]) / (64 * 400)
        cut = cut_texts(texts, passages, counted)
        mean = sum(len(ids) for ids in tokenizer(cut[:512])["input_ids"]) / 512
        alone = seconds(lambda: tokenizer(cut))
        embedder.embed_passages(cut)
        took = min(seconds(lambda: embedder.embed_passages(cut)) for _ in range(3))
        print(f"with tokenization ({mean:.0f} tokens a passage; tokenizing alone {len(cut) / alone:,.0f}/s): "
              f"{len(cut) / took:,.0f} passages/s", flush=True)  # fmt: skip


def query_table(dtype: torch.dtype) -> None:
    """One query: eager, and as the embedder does it, from ids on the host to a vector on the host."""
    model = make_model(dtype)
    query = make_passages(1)[0][:QUERY_TOKENS]
    padded_way(model, [query], 1)
    eager = np.median([seconds(lambda: padded_way(model, [query], 1)) for _ in range(100)])
    encoder = Encoder(model, [Cls()], compile_after=None)
    encoder.encode_one(query)
    ours = np.median([seconds(lambda: encoder.encode_one(query)) for _ in range(500)])
    print(f"one query of {QUERY_TOKENS} tokens: eager {eager * 1e3:.2f} ms, graph {ours * 1e3:.2f} ms", flush=True)


def search_table() -> None:
    """Exact search of one query from the host to the host; the floor is reading all rows once."""
    from rag.neural.index import TorchIndex

    source = torch.empty(2 << 30, dtype=torch.uint8, device=DEVICE).random_()
    target = torch.empty_like(source)
    target.copy_(source)
    bandwidth = 2 * source.numel() / min(seconds(partial(target.copy_, source)) for _ in range(5))
    rng = np.random.default_rng(0)
    for count in (100_000, 1_000_000):
        rows = rng.standard_normal((count, SHAPE["hidden_size"]), np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        index = TorchIndex(rows, DEVICE)
        queries = rows[rng.integers(0, count, 200)]
        spans = [seconds(partial(index.search, query, 8)) for query in queries]
        print(f"search of {count:,} vectors: median {1e3 * np.median(spans):.2f} ms "
              f"(reading them {1e3 * 2 * rows.size / bandwidth:.2f} ms)", flush=True)  # fmt: skip


def check(passages: list[IdArray], dtype: torch.dtype) -> None:
    """Cosines with float32, computed one by one without a mask."""
    exact_model = make_model(torch.float32)
    some = passages[:192]
    with torch.inference_mode():
        states = [exact_model(input_ids=torch.from_numpy(p[None]).long().to(DEVICE)).last_hidden_state for p in some]
    exact = torch.stack([torch.nn.functional.normalize(s[0, 0], dim=0) for s in states]).cpu().numpy()
    for compile_after in (None, 0):
        encoder = Encoder(make_model(dtype), [Cls()], compile_after=compile_after)
        ours = encode_all(encoder, some, Batcher(16_384, "bench"))
        print(f"least cosine with float32 (compiled: {compile_after == 0}): {(ours * exact).sum(1).min():.6f}")
    short = [p[:QUERY_TOKENS] for p in some[:32]]
    by_graph = np.stack([encoder.encode_one(p) for p in short])
    together = encode_all(encoder, short, Batcher(16_384, "bench"))
    print(f"least cosine of graph and batch: {(by_graph * together).sum(1).min():.6f}", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=8192)
    parser.add_argument("--dtype", choices=("float16", "bfloat16"), default="float16")
    options = parser.parse_args()
    dtype = getattr(torch, options.dtype)
    passages = make_passages(options.passages)
    for part in (query_table, lambda d: check(passages, d), lambda d: passages_table(passages, d),
                 lambda d: text_table(passages, d), lambda _: search_table()):  # fmt: skip
        part(dtype)
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
