"""``qunda eval``: measures the gate on labelled messages."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.cli.lines import read_objects
from bot.cli.offline import open_bases
from bot.config import ConfigError, Settings
from bot.models import make_embedder
from bot.views import Teachings
from rag.gate import LabelledExample
from rag.gate.evaluation import EvalItem, Predictions, cross_validate, predict, summarise
from rag.snapshot import View


def evaluate(settings: Settings, options: argparse.Namespace) -> int:
    """Measure on FILE, or cross-validate on it."""
    items = read_items(options.file)
    dial = settings.gate.unwanted_per_1000
    view = _view(settings, read_examples_of(options.train) if options.train else [])
    if options.cross_validate:
        predictions = _cross_validated(settings, options, items, view, dial)
    else:
        predictions = predict(view.gate, items, view.search, (dial,))
    summary = summarise(predictions, dial)
    if options.predictions:
        write_predictions(options.predictions, items, predictions, dial)
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _print(summary, options)
    return 0


def read_items(path: Path) -> list[EvalItem]:
    """The labelled messages of FILE.

    Raises:
        ConfigError: it cannot be read, a line is wrong, or one of the two labels is missing.
    """
    items = []
    for number, line in read_objects(path):
        text, answer = line.get("text"), line.get("answer")
        if not isinstance(text, str) or not isinstance(answer, bool):
            raise ConfigError(f'{path}, line {number}: {{"text": "...", "answer": true or false}} is needed')
        items.append(EvalItem(text, answer, line.get("block", number)))
    if len({item.answer for item in items}) < 2:
        raise ConfigError(f"{path} needs messages of both kinds, some with answer true and some with false")
    return items


def read_examples_of(path: Path) -> list[LabelledExample]:
    """Labelled examples to train with, in the same format."""
    return [LabelledExample(item.text, item.answer, source="file") for item in read_items(path)]


def _view(settings: Settings, extra: Sequence[LabelledExample]) -> View:
    maker, bases = open_bases(settings)
    view = maker.view("", bases, Teachings(), extra=extra)
    if view is None:
        raise ConfigError("the base 'default' has no version yet: run qunda build")
    return view


def _cross_validated(
    settings: Settings, options: argparse.Namespace, items: Sequence[EvalItem], view: View, dial: float
) -> Predictions:
    blocks = len({item.block for item in items})
    if not 2 <= options.cross_validate <= blocks:
        raise ConfigError(
            f"--cross-validate takes 2 to {blocks} here: the file has {blocks} blocks, and they stay whole"
        )
    embedder = make_embedder(settings)
    return cross_validate(items, options.cross_validate, options.seed, view.search, embedder, asked=(dial,))


def write_predictions(path: Path, items: Sequence[EvalItem], predictions: Predictions, dial: float) -> None:
    """One line per message: its label, probability, and the decision at the dial."""
    at_dial = predictions.dials[:, predictions.asked.index(dial)]
    with path.open("w", encoding="utf-8") as file:
        for item, probability, answered in zip(items, predictions.probabilities, at_dial, strict=True):
            row = {"text": item.text, "answer": item.answer, "block": item.block}
            row |= {"probability": round(float(probability), 6), "answered": bool(answered)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _print(summary: dict[str, Any], options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    how = f"{options.cross_validate}-fold cross-validation by block" if options.cross_validate else "measured only"
    console.print(f"{summary['n']} messages, {summary['positives']} want an answer ({how})")
    console.print(f"ROC AUC {summary['roc_auc']:.3f}, expected calibration error {summary['ece']:.3f}")
    table = Table("threshold", "F1", "precision", "recall", "unwanted per 1,000")
    rows = (("best F1 of the training side", "best_f1"), (f"dial at {summary['dial']['asked']:g}", "dial"))
    for name, key in rows:
        numbers = summary[key]
        cells = (f"{numbers[k]:.3f}" for k in ("f1", "precision", "recall"))
        table.add_row(name, *cells, f"{numbers['unwanted_per_1000']:.1f}")
    console.print(table)
