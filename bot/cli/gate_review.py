"""``qunda gate review``: likely label errors, contradictions and near-duplicates among the examples."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from typing import Any

from bot.cli.offline import open_bases, show_warnings
from bot.cli.progress import progress, warn
from bot.cli.screen import one_line
from bot.config import Settings
from bot.store import Example, Store
from bot.teachings import concerns
from rag.base import NoKnowledgeError
from rag.gate.examples import LabelledExample
from rag.gate.review import Finding, review

TITLES = {
    "contradiction": "互相矛盾 / contradictions",
    "label": "标签可能错了 / likely label errors",
    "duplicate": "近似重复 / near-duplicates",
}
SHOWN_CHARS = 60
HINT = (
    "file: 改 good_questions 或 bad_questions 列出的文件；#编号: 在那个群里发 /bad 撤销 #编号\n"
    "file: edit the list that good_questions or bad_questions names; #NUMBER: send /bad undo #NUMBER in that group"
)


def gate_review(settings: Settings, options: argparse.Namespace) -> int:
    """Print what is odd; nothing is changed."""
    maker, bases = open_bases(settings)
    search = maker.search(options.group, bases)
    if search is None:
        raise NoKnowledgeError(f"none of the bases {', '.join(maker.base_names(options.group))} has a version yet")
    stored = asyncio.run(_stored(settings))
    if options.group:
        stored = [example for example in stored if concerns(example, options.group)]
        if not any(":" in example.scope for example in stored):
            warn(f"{options.group} has no examples of its own; /whoami in a group shows what to write")
    names = [name for name in maker.base_names(options.group) if name in bases]
    examples, called = _named(maker.file_examples(names), stored)
    show_warnings(maker)
    with progress() as step:
        step(f"reviewing {len(examples)} examples", 0, 0)
        findings = review(examples, search, maker.embedder)
    rows = [_row(finding, called) for finding in findings]
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

    console = Console(highlight=False, soft_wrap=True)
    for kind, title in TITLES.items():
        chosen = [row for row in rows if row["kind"] == kind]
        if chosen:
            console.print(f"[bold]{title}[/] ({len(chosen)})")
        for row in chosen:
            parts = [f"{e['label']} ‹{_shown(e['text'])}› [dim]{one_line(e['from'])}[/]" for e in row["examples"]]
            console.print(f"  {row['strength']:.2f}  " + "  ~  ".join(parts))
    if rows:
        console.print(f"[dim]{HINT}[/]")
    else:
        console.print(f"{total} 个例子，没有发现问题 / examples, nothing odd")


def _shown(text: str) -> str:
    return one_line(text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…")
