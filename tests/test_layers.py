"""The arrows of the design: who may import whom, and where each heavy library lives."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("adapters", "bot", "rag")
HOMES = {
    "faiss": ("rag/index",),
    "torch": ("rag/neural",),
    "transformers": ("rag/neural",),
    "sentence_transformers": ("rag/neural",),
    "safetensors": ("rag/neural",),
    "huggingface_hub": ("rag/neural",),
    "sklearn": ("rag/gate",),
    "bm25s": ("rag/lexical",),
    "openai": ("rag/generator",),
    "lark_oapi": ("adapters/feishu",),
    "wechaty": ("adapters/wechat",),
    "wechaty_puppet": ("adapters/wechat",),
    "wechaty_puppet_service": ("adapters/wechat",),
    "wechaty_grpc": ("adapters/wechat",),
    "grpclib": ("adapters/wechat",),
    "ddgs": ("bot/web/engines",),
    "docx": ("rag/formats",),
    "lxml": ("bot/sources", "rag/formats"),
    "onnxruntime": ("rag/formats",),
    "openpyxl": ("rag/formats",),
    "PIL": ("rag/formats",),
    "pptx": ("rag/formats",),
    "protego": ("bot/sources/robots",),
    "pypdfium2": ("rag/formats",),
    "rapidocr": ("rag/formats/ocr",),
    "watchfiles": ("bot/watch",),
    "sqlite3": ("bot/store",),
    "pickle": ("bot/engine/wire", "rag/neural/checkpoint"),  # the latter for the name of an error
    "joblib": (),
}
WIRING = ("bot/app", "bot/cli", "bot/__main__", "bot/doctor", "bot/sources/feishu")


def sources() -> list[Path]:
    return sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix()


def imports(tree: ast.AST) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [node.module]
    return found


def forbidden(path: Path, tree: ast.AST) -> list[str]:
    name = name_of(path)
    package = name.split("/")[0]
    wrong = []
    for module in imports(tree):
        top = module.split(".")[0]
        if top in HOMES and not name.startswith(HOMES[top]):
            wrong.append(f"{name} imports {module}")
        if package in ("adapters", "rag") and top in OURS and top != package:
            wrong.append(f"{name} imports {module}")
        if name in ("adapters/base", "rag/base") and top in OURS:
            wrong.append(f"{name} imports {module}")
        concrete = top == "adapters" and module not in ("adapters", "adapters.base", "adapters.defaults")
        if package == "bot" and concrete and not name.startswith(WIRING):
            wrong.append(f"{name} imports {module}")
    return wrong


def test_there_are_sources_to_look_at() -> None:
    assert len(sources()) > 10


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports_follow_the_arrows(path: Path) -> None:
    assert forbidden(path, ast.parse(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("rag/gate.py", "import bot.store"),
        ("adapters/console.py", "from rag.base import Hit"),
        ("bot/assistant.py", "import torch"),
        ("bot/lanes.py", "from adapters.console import ConsoleAdapter"),
        ("rag/base.py", "import rag.gate"),
        ("adapters/console.py", "from wechaty_puppet import PuppetOptions"),
        ("adapters/feishu/longconn.py", "import grpclib.client"),
        ("rag/retriever.py", "def f():\n    import faiss"),
    ],
)
def test_the_check_itself_sees_a_wrong_import(name: str, code: str) -> None:
    assert forbidden(ROOT / name, ast.parse(code))


def test_heavy_libraries_are_imported_lazily() -> None:
    heavy = {*HOMES, "aiohttp", "Crypto", "qrcode"} - {"sqlite3", "pickle"}
    eager = []
    for path in sources():
        tree = ast.parse(path.read_text("utf-8"))
        neural = name_of(path).startswith("rag/neural")  # imported lazily as a whole, so it may import torch at its top
        for node in tree.body:
            for module in imports(ast.Module([node], [])) if isinstance(node, (ast.Import, ast.ImportFrom)) else []:
                allowed = neural and module.split(".")[0] == "torch"
                if not allowed and (module.split(".")[0] in heavy or (module.startswith("rag.neural") and not neural)):
                    eager.append(f"{name_of(path)}: {module}")
    assert eager == []
