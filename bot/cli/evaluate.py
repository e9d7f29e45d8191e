"""``qunda eval``: measures the gate on labelled messages."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.cli.lines import check_output, read_objects
from bot.cli.offline import open_bases, show_warnings
from bot.cli.progress import Step, progress, warn
from bot.config import ConfigError, Settings
from bot.teachings import Teachings
from bot.views import ViewMaker
from rag.base import Evidence, NoKnowledgeError
from rag.gate import LabelledExample
from rag.gate.curve import learning_curve
from rag.gate.evaluation import EvalItem, Predictions, cross_validate_measured, measure_items, predict, summarise
from rag.gate.measured import Search, measure_examples
from rag.gate.plot import draw
from rag.gate.prior import default_prior
from rag.knowledge import Version

CURVE_DRAWS = 5  # for each number of labels; the benchmark draws twenty


def evaluate(settings: Settings, options: argparse.Namespace) -> int:
    """Measure on FILE, or cross-validate on it."""
    items = read_items(options.file)
    _check(items, options)
    train = (
        [LabelledExample(i.text, i.answer, source="file") for i in read_items(options.train)] if options.train else []
    )
    dial = settings.gate.unwanted_per_1000
    maker, bases = open_bases(settings)
    known = [*maker.examples("", bases, Teachings()), *train]
    search = maker.search("", bases)
    if search is None:
        raise NoKnowledgeError("the knowledge base 'default' has no usable version: run `qunda build`")
    if options.cross_validate:
        predictions = _cross_validated(maker, options, items, search, known, dial)
        _warn_of_small_sides(predictions, options.cross_validate)
    else:
        _warn_of_repeated(items, known)
        predictions = _measured(maker, bases, items, train, dial)
    show_warnings(maker)
    summary = summarise(predictions, dial)
    if options.plot:
        _plot(options, predictions, items, maker, search)
    if options.predictions:
        write_predictions(options.predictions, items, predictions, dial)
    if options.json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _print(summary, options)
    return 0


def _measured(
    maker: ViewMaker,
    bases: Mapping[str, Version],
    items: Sequence[EvalItem],
    train: Sequence[LabelledExample],
    dial: float,
) -> Predictions:
    """The gate that groups without examples of their own have; with ``train`` one that is kept nowhere."""
    search = maker.search("", bases)
    view = None if train else maker.view("", bases, Teachings())
    assert search is not None
    gate = view.gate if view else maker.train([*maker.examples("", bases, Teachings()), *train], search)
    with progress() as step:
        return predict(gate, items, _counted(search, step, "deciding", len(items)), (dial,))


def _plot(
    options: argparse.Namespace, predictions: Predictions, items: Sequence[EvalItem], maker: ViewMaker, search: Search
) -> None:
    """One SVG: precision against the share answered, reliability, and the learning curve on these messages.

    With ``--cross-validate`` the curve fits its priors anew as well.
    """
    with progress() as step:
        examples = measure_items(items, _counted(search, step, "searching", len(items)), maker.embedder)
        curve = learning_curve(
            examples,
            [item.block for item in items],
            maker.embedder,
            draws=CURVE_DRAWS,
            prior=None if options.cross_validate else default_prior(),
            step=lambda done, total: step("learning curve", done, total),
        )
    options.plot.write_text(draw(predictions, curve, options.plot.stem), "utf-8")


def read_items(path: Path) -> list[EvalItem]:
    """The labelled messages of a file.

    Raises:
        ConfigError: it cannot be read, is empty, or a line is wrong.
    """
    items = []
    for number, line in read_objects(path):
        text, answer, block = line.get("text"), line.get("answer"), line.get("block")
        if not isinstance(text, str) or not isinstance(answer, bool):
            raise ConfigError(f'{path}, line {number}: {{"text": "...", "answer": true or false}} is needed')
        if not isinstance(block, str | int | None) or isinstance(block, bool):
            raise ConfigError(f"{path}, line {number}: block must be a string or a whole number")
        items.append(EvalItem(text, answer, f"line {number}" if block is None else block))
    if not items:
        raise ConfigError(f'{path} is empty: lines of {{"text": "...", "answer": true or false}} are needed')
    return items


def _check(items: Sequence[EvalItem], options: argparse.Namespace) -> None:
    """What would only show after minutes of work."""
    if len({item.answer for item in items}) < 2:
        only = "true" if items[0].answer else "false"
        raise ConfigError(
            f"{options.file}: answer is {only} in every line; to measure, messages of both kinds are needed"
        )
    blocks, folds = len({item.block for item in items}), options.cross_validate
    if folds is not None and not 2 <= folds <= blocks:
        can = f"takes 2 to {blocks} here" if blocks > 1 else "is not possible here"
        raise ConfigError(f"--cross-validate {can}: blocks stay whole, and {options.file} has {blocks}")
    if options.seed < 0:
        raise ConfigError(f"--seed takes 0 or more, not {options.seed}")
    inputs = (options.file, options.train)
    if options.predictions:
        check_output("--predictions", options.predictions, *inputs, options.plot)
    if options.plot:
        check_output("--plot", options.plot, *inputs, options.predictions)


def _counted(search: Search, step: Step, what: str, total: int) -> Search:
    done = 0

    def counted(text: str) -> Evidence:
        nonlocal done
        step(what, done, total)
        done += 1
        return search(text)

    return counted


def _cross_validated(
    maker: ViewMaker,
    options: argparse.Namespace,
    items: Sequence[EvalItem],
    search: Search,
    known: Sequence[LabelledExample],
    dial: float,
) -> Predictions:
    """What the bot learns from anyway stays in every training side, but for messages that FILE has as well."""
    texts = {item.text.strip() for item in items}
    extra = [example for example in known if example.text.strip() not in texts]
    with progress() as step:
        counted = _counted(search, step, "searching", len(items) + len(extra))
        measured = measure_items(items, counted, maker.embedder)
        others = measure_examples(extra, counted, maker.embedder)
        step(f"fitting {options.cross_validate} folds", 0, 0)
        blocks = [item.block for item in items]
        return cross_validate_measured(
            measured, blocks, options.cross_validate, options.seed, maker.embedder, others, (dial,)
        )


def _warn_of_repeated(items: Sequence[EvalItem], known: Sequence[LabelledExample]) -> None:
    texts = {example.text.strip() for example in known}
    repeated = sum(item.text.strip() in texts for item in items)
    if repeated:
        warn(f"the gate has learnt from {repeated} of these {len(items)} messages: the figures flatter it")


def _warn_of_small_sides(predictions: Predictions, folds: int) -> None:
    if predictions.shipped_priors:
        warn(
            f"{predictions.shipped_priors} of {folds} folds leave too few labels to fit a prior on; "
            "those use the one that ships with the project"
        )


def write_predictions(path: Path, items: Sequence[EvalItem], predictions: Predictions, dial: float) -> None:
    """One line per message: its label, probability, and the decision at the dial."""
    at_dial = predictions.dials[:, predictions.asked.index(dial)]
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
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
