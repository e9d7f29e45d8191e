"""The item or row that defines an option which a question names is told from lines that only mention it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.extractive import extract
from rag.knowledge import open_current
from rag.options import asked_options, defines
from rag.retriever import HybridRetriever


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("--topk 默认多少", {"topk"}),
        ("What does -p mean, and --show-dir?", {"p", "show-dir"}),
        ("max_age_s 是什么", {"max_age_s"}),
        ("怎么安装", set()),
        ("a well-known word", {"well-known"}),
    ],
)
def test_options_and_identifiers_are_what_is_asked_for(text: str, names: set[str]) -> None:
    assert asked_options(text) == names


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("- `--topk`: how many are saved", "item", True),
        ("* **`-k, --topk`**: how many are saved", "item", True),
        ("| `--topk` | 20 | how many are saved |", "row", True),
        ("| `--show` | with `--topk` | shows them |", "row", False),
        ("- `--topk-all`: everything", "item", False),
        ("- `--show`: shows what `--topk` saves", "item", False),
        ("`--topk` is one of them.", "sentence", False),
    ],
)
def test_only_what_an_item_or_row_begins_with_is_defined(text: str, kind: str, told: bool) -> None:
    assert defines(text, kind, {"topk"}) == told
    assert not defines(text, kind, ())


def test_the_row_that_defines_an_option_is_found_and_quoted(tmp_path: Path) -> None:
    uses = "\n\n".join(f"```bash\npython run.py --hf-num-gpus {n} --hf-num-gpus {n}\n```" for n in range(4))
    rows = "\n".join(f"| `--other-{n}` | 别的参数 {n} |" for n in range(6))
    texts = {
        "use.md": f"# 使用\n\n这些命令带 --hf-num-gpus 参数。\n\n{uses}",
        "options.md": f"# 选项\n\n| 参数 | 意思 |\n|---|---|\n{rows}\n| `--hf-num-gpus` | 一个实例要几张卡 |\n",
    }
    texts |= {f"z{n}.md": f"# 别的 {n}\n\n这里讲别的事情，第 {n} 件。" for n in range(8)}
    (tmp_path / "documents").mkdir()
    for name, text in texts.items():
        (tmp_path / "documents" / name).write_text(text, "utf-8")
    embedder = LexicalEmbedder()
    build([tmp_path / "documents"], tmp_path / "knowledge", embedder)
    evidence = HybridRetriever([open_current(tmp_path / "knowledge", "default")], embedder).search(
        "--hf-num-gpus 参数是什么意思", 4
    )
    assert "options.md" in [hit.passage.uri for hit in evidence.hits[:2]]
    answer = extract(evidence)
    assert answer is not None
    assert "一个实例要几张卡" in answer.text
