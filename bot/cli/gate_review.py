"""``qunda gate review``: likely label errors, contradictions and near-duplicates among the examples."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from typing import Any

from bot.cli.offline import open_bases
from bot.config import Settings
from bot.models import make_embedder
from bot.store import Example, Store
from bot.teachings import Teachings
from rag.base import NoKnowledgeError
from rag.gate.examples import LabelledExample
from rag.gate.review import Finding, review

TITLES = {
    "contradiction": "互相矛盾 / contradictions",
    "label": "标签可能错了 / likely label errors",
    "duplicate": "近似重复 / near-duplicates",
}


def gate_review(settings: Settings, options: argparse.Namespace) -> int:
    """Print what is odd; nothing is changed."""
    maker, bases = open_bases(settings)
    view = maker.view("", bases, Teachings())
    if view is None:
        raise NoKnowledgeError("the base 'default' has no version yet: run qunda build")
    stored = asyncio.run(_stored(settings))
    if options.group:
        stored = [example for example in stored if example.scope in ("*", options.group)]
    examples, names = _named(maker.file_examples(["default"]), stored)
    findings = review(examples, view.search, make_embedder(settings))
    rows = [_row(finding, names) for finding in findings]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        _print(rows, len(examples))
    return 0


async def _stored(settings: Settings) -> list[Example]:
    path = settings.data / "qunda.db"
    if not path.exists():
        return []
    store = Store.open(path)
    try:
        return await store.examples.active()
    finally:
        await store.close()


def _named(
    from_files: Sequence[LabelledExample], stored: Sequence[Example]
) -> tuple[list[LabelledExample], dict[int, str]]:
    """All examples, and by identity what to call each: the file's label, or ``#id`` with its scope."""
    examples = list(from_files)
    names = {id(example): "file" for example in examples}
    for taught in stored:
        example = LabelledExample(taught.text, taught.label == "good", source="group")
        examples.append(example)
        names[id(example)] = f"#{taught.id} {taught.scope}"
    return examples, names


def _row(finding: Finding, names: dict[int, str]) -> dict[str, Any]:
    pair = [example for example in (finding.first, finding.second) if example is not None]
    shown = [
        {"text": example.text, "label": "good" if example.good else "bad", "from": names.get(id(example), "file")}
        for example in pair
    ]
    return {"kind": finding.kind, "strength": finding.strength, "examples": shown}


def _print(rows: Sequence[dict[str, Any]], total: int) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    for kind, title in TITLES.items():
        chosen = [row for row in rows if row["kind"] == kind]
        if chosen:
            console.print(f"[bold]{title}[/] ({len(chosen)})")
        for row in chosen:
            parts = [f"{e['label']} ‹{escape(e['text'][:60])}› [dim]{escape(e['from'])}[/]" for e in row["examples"]]
            console.print(f"  {row['strength']:.2f}  " + "  ~  ".join(parts))
    if not rows:
        console.print(f"{total} 个例子，没有发现问题 / examples, nothing odd")
