"""Cross-encoders with tiny random weights: transformers' own scores, whatever the batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from rag.base import Hit, ModelError, Passage, Question
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.gate import LabelledExample, train_gate
from rag.knowledge import open_current
from rag.neural.reranker import _HEAD, _TAIL, _TASK, CrossEncoderReranker
from rag.retriever import HybridRetriever

QUESTION = "how to install"
TEXTS = ["install it so", "something else entirely about cats and dogs", "so", "install " * 90]


def write_tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = [
        "<pad>",
        "<s>",
        "</s>",
        "<unk>",
        "yes",
        "no",
        *["how", "to", "install", "it", "so", "something", "else", "entirely", "about", "cats", "and", "dogs"],
    ]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(dict.fromkeys(words))}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"], model_max_length=120,
    )  # fmt: skip
    fast.save_pretrained(folder)
    return fast


def make(folder: Path, kind: str, **more: Any) -> tuple[Any, Any]:
    import transformers

    torch.manual_seed(1)
    sizes = {
        "vocab_size": 40,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
    }
    if kind == "Qwen3":
        config = transformers.Qwen3Config(
            **sizes, num_key_value_heads=2, head_dim=8, max_position_embeddings=256, initializer_range=0.5
        )
        model = transformers.Qwen3ForCausalLM(config)
    elif kind == "plain":
        model = transformers.BertModel(transformers.BertConfig(**sizes))
    else:
        config = transformers.BertConfig(**sizes, max_position_embeddings=256, initializer_range=0.5, **more)
        model = transformers.BertForSequenceClassification(config)
    model.eval().save_pretrained(folder)
    return model, write_tokenizer(folder)


def hits(texts: list[str]) -> list[Hit]:
    return [Hit(Passage(str(i), text, "d", "d.md"), 1.0) for i, text in enumerate(texts)]


@pytest.mark.parametrize("labels", [1, 2])
def test_classifiers_score_as_transformers_does_and_order_the_hits(tmp_path: Path, labels: int) -> None:
    model, tokenizer = make(tmp_path, "Bert", num_labels=labels)
    expected = []
    for text in TEXTS:
        encoded = tokenizer(QUESTION, text, truncation="longest_first", max_length=64, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**encoded).logits[0]
        expected.append(float(torch.sigmoid(logits[0]) if labels == 1 else torch.softmax(logits, 0)[-1]))
    reranker = CrossEncoderReranker(tmp_path, device="cpu", max_tokens=64)
    assert reranker.scores(QUESTION, TEXTS) == pytest.approx(expected, abs=1e-5)
    ranked = reranker.rerank(QUESTION, hits(TEXTS))
    assert [hit.passage.text for hit in ranked] == [TEXTS[i] for i in sorted(range(4), key=lambda i: -expected[i])]
    assert len(set(expected)) == 4
    assert reranker.rerank(QUESTION, []) == []


def test_a_chat_model_scores_by_yes_against_no(tmp_path: Path) -> None:
    model, tokenizer = make(tmp_path, "Qwen3")
    expected = []
    for text in TEXTS[:3]:
        body = f"<Instruct>: {_TASK}\n<Query>: {QUESTION}\n<Document>: {text}"
        ids = [i for part in (_HEAD, body, _TAIL) for i in tokenizer(part, add_special_tokens=False)["input_ids"]]
        with torch.inference_mode():
            logits = model(torch.tensor([ids])).logits[0, -1]
        expected.append(float(torch.softmax(logits[[5, 4]], 0)[1]))
    scores = CrossEncoderReranker(tmp_path, device="cpu", max_tokens=256).scores(QUESTION, TEXTS[:3])
    assert scores == pytest.approx(expected, abs=1e-5)
    assert len(set(expected)) == 3


def test_the_gate_learns_with_a_real_model_and_its_name_changes_with_the_weights(tmp_path: Path) -> None:
    make(tmp_path / "model", "Bert", num_labels=1)
    reranker = CrossEncoderReranker(tmp_path / "model", device="cpu", max_tokens=64)
    (tmp_path / "docs").mkdir()
    for number, text in enumerate(TEXTS):
        (tmp_path / "docs" / f"{number}.md").write_text(f"# {text[:20]}\n\n{text}", "utf-8")
    embedder = LexicalEmbedder()
    build([tmp_path / "docs"], tmp_path / "knowledge", embedder)
    retriever = HybridRetriever([open_current(tmp_path / "knowledge", "default")], embedder, reranker=reranker)
    own = [LabelledExample(f"how to install {n} cats", n % 2 == 0, source="file") for n in range(20)]
    gate = train_gate(own, lambda text: retriever.search(text, 4), embedder, unwanted_per_1000=20, expected_share=0.1)
    evidence = retriever.search(QUESTION, 4)
    assert evidence.rerank.tolist() == sorted(reranker.scores(QUESTION, [h.passage.text for h in evidence.hits]))[::-1]
    assert "reranker" in {reason.name for reason in gate.decide(Question(QUESTION), evidence).reasons}
    model = tmp_path / "model" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-64] + bytes(64))
    assert CrossEncoderReranker(tmp_path / "model", device="cpu", max_tokens=64).id != reranker.id


def test_a_model_without_a_score_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "plain")
    with pytest.raises(ModelError, match="choose a cross-encoder"):
        CrossEncoderReranker(tmp_path, device="cpu").scores(QUESTION, TEXTS)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="has no weights"):
        CrossEncoderReranker(tmp_path, device="cpu")
