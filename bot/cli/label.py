"""``qunda label``: labels a chat export in the terminal, one key a message, the most informative one first."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.cli.lines import read_objects
from bot.cli.offline import open_bases
from bot.config import ConfigError, Settings
from bot.labelling import Candidate, Labelling
from bot.teachings import Teachings
from rag.base import Question
from rag.gate import LabelledExample

HELP = "y 该答 answer · n 不该答 leave · s 跳过 skip · u 撤销 undo · q 结束 quit"


def label(settings: Settings, options: argparse.Namespace) -> int:
    """Ask about one message after the other until all are labelled or the person stops."""
    candidates = read_candidates(options.file)
    path = options.out or options.file.with_name(f"{options.file.stem}.labelled.jsonl")
    labelling = Labelling(candidates, path, make_uncertainty(settings))
    _ask_all(labelling, labelling.resume())
    return 0


def read_candidates(path: Path) -> list[Candidate]:
    """The messages of an export: JSONL with ``text``, or plain text with a message a line.

    Raises:
        ConfigError: it cannot be read, or holds no message.
    """
    if path.suffix == ".jsonl":
        found = []
        for number, line in read_objects(path):
            if not isinstance(line.get("text"), str):
                raise ConfigError(f'{path}, line {number}: {{"text": "..."}} is needed')
            found.append(Candidate(line["text"], {k: v for k, v in line.items() if k not in ("text", "answer")}))
    else:
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path} is not UTF-8 ({error}); save it as UTF-8") from error
        found = [Candidate(line.strip(), {}) for line in lines if line.strip()]
    if not any(candidate.text.strip() for candidate in found):
        raise ConfigError(f"{path} holds no message to label")
    return found


def make_uncertainty(settings: Settings) -> Callable[[Sequence[str], Sequence[tuple[str, bool]]], list[float]]:
    """Uncertainty sampling (Lewis & Gale 1994): a message counts more, the nearer its probability is to one half."""
    maker, bases = open_bases(settings)

    def uncertainty(texts: Sequence[str], labelled: Sequence[tuple[str, bool]]) -> list[float]:
        extra = [LabelledExample(text, good, source="file") for text, good in labelled]
        view = maker.view("", bases, Teachings(), extra=extra)
        if view is None:
            raise ConfigError("the base 'default' has no version yet: run qunda build")
        return [-abs(view.gate.score(Question(text), view.search(text))) for text in texts]

    return uncertainty


def _ask_all(labelling: Labelling, resumed: int) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    if resumed:
        console.print(f"[dim]{labelling.path}: 已有 {resumed} 条 / {resumed} labels already, going on[/]")
    console.print(f"[dim]{HELP}[/]")
    with keys() as read_key:
        while (candidate := labelling.next()) is not None:
            console.print(f"\n[dim]{len(labelling.labels)} ✓ · {labelling.left} …[/]  {escape(candidate.text)}")
            if not _obey(labelling, candidate, read_key, console.print):
                break
    good = sum(answer for _, answer in labelling.labels)
    console.print(f"\n{labelling.path}: {len(labelling.labels)} labels, {good} 该答 / want an answer")


def _obey(labelling: Labelling, candidate: Candidate, read_key: Callable[[], str], say: Callable[[str], None]) -> bool:
    """Take one key that means something; False when it ends the sitting."""
    while True:
        key = read_key()
        match key:
            case "y" | "n":
                labelling.label(candidate, key == "y")
            case "s":
                labelling.skip(candidate)
            case "u":
                undone = labelling.undo()
                say("[yellow]↶[/] " + ("nothing to undo" if undone is None else "undone"))
            case "q" | "":
                return False
            case _:
                say(f"[dim]{HELP}[/]")
                continue
        return True


@contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """A function that reads one key: at once on a terminal, a line elsewhere; empty at the end of the input."""
    if not sys.stdin.isatty():
        yield _first_of_line
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)  # keys that were typed early stay
        yield lambda: os.read(descriptor, 1).decode("latin-1").lower().replace("\x04", "")
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _first_of_line() -> str:
    """The first character of the next line that has one."""
    for line in sys.stdin:
        if line.strip():
            return line.strip()[0].lower()
    return ""
