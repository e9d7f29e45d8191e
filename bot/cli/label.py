"""``qunda label``: labels a chat export in the terminal, one key a message, the most informative one first."""

from __future__ import annotations

import argparse
import os
import select
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from bot.cli.lines import check_output, read_objects, read_text
from bot.cli.offline import open_bases
from bot.cli.screen import shown
from bot.config import ConfigError, Settings
from bot.labelling import Candidate, Labelling
from bot.teachings import Teachings
from rag.base import NoKnowledgeError, Question
from rag.gate import LabelledExample, standalone_text

HELP = "y 该答 answer · n 不该答 leave · s 跳过 skip · u 撤销 undo · q 结束 quit"
USES = (
    "教给机器人：在 config.ini 的 [knowledge] 里让 good_questions 和 bad_questions 都写这个文件 / "
    "to teach the bot: name this file in good_questions and in bad_questions of [knowledge]\n"
    "评测 / to measure: qunda eval {path} --cross-validate 5"
)
KEPT_SEARCHES = 5_000
_FOLLOWING = {0xC: 1, 0xD: 1, 0xE: 2, 0xF: 3}  # bytes of a character behind the first, by its upper half


def label(settings: Settings, options: argparse.Namespace) -> int:
    """Ask about one message after the other until all are labelled or the person stops."""
    candidates = read_candidates(options.file)
    path = options.out or options.file.with_name(f"{options.file.stem}.labelled.jsonl")
    check_output("--out", path, options.file)
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
        found = [Candidate(line.strip(), {}) for line in read_text(path).split("\n") if line.strip()]
        if path.suffix == ".json" or (found and found[0].text.startswith(("[{", '{"'))):
            raise ConfigError(
                f'{path} is no plain text: write it as lines of {{"text": "..."}} in a file whose name ends in .jsonl'
            )
    if not any(candidate.text.strip() for candidate in found):
        raise ConfigError(f"{path} holds no message to label")
    return found


def make_uncertainty(settings: Settings) -> Callable[[Sequence[str], Sequence[tuple[str, bool]]], list[float]]:
    """Uncertainty sampling (Lewis & Gale 1994): a message counts more, the nearer its probability is to one half.

    Each text is searched once, and the gates that are trained on the way are kept nowhere.
    """
    maker, bases = open_bases(settings)
    found = maker.search("", bases)
    if found is None:
        raise NoKnowledgeError("the base 'default' has no version yet: run qunda build")
    search = lru_cache(maxsize=KEPT_SEARCHES)(found)
    known = maker.examples("", bases, Teachings())

    def uncertainty(texts: Sequence[str], labelled: Sequence[tuple[str, bool]]) -> list[float]:
        extra = [LabelledExample(text, good, source="file") for text, good in labelled]
        gate = maker.train([*known, *extra], search)
        questions = [Question(text) for text in texts]
        scores = [gate.score(question, search(standalone_text(question))) for question in questions]
        return [-abs(gate.calibration.log_odds(score, 0.5)) for score in scores]

    return uncertainty


def _ask_all(labelling: Labelling, resumed: int) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    if resumed:
        console.print(f"[dim]{labelling.path}: 已有 {resumed} 条 / {resumed} labels already, going on[/]")
    console.print(f"[dim]{HELP}[/]")
    with keys() as read_key:
        while (candidate := _next(labelling, console.print)) is not None:
            console.print(f"\n[dim]{len(labelling.labels)} ✓ · {labelling.left} …[/]  {shown(candidate.text)}")
            if not _obey(labelling, candidate, read_key, console.print):
                break
    good = sum(answer for _, answer in labelling.labels)
    console.print(f"\n{labelling.path}: {len(labelling.labels)} labels, {good} 该答 / want an answer")
    if labelling.labels:
        console.print(f"[dim]{USES.format(path=shown(str(labelling.path)))}[/]")


def _next(labelling: Labelling, say: Callable[[str], None]) -> Candidate | None:
    if labelling.learns and labelling.left:
        say("[dim]正在挑选最有用的 / choosing what would teach most ...[/]")
    return labelling.next()


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
                done = "没有可撤销的 / nothing to undo" if undone is None else f"已撤销 / undone: {shown(undone.text)}"
                say(f"[yellow]↶[/] {done}")
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
        yield lambda: _key(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _key(descriptor: int) -> str:
    """One key; a full-width letter is that letter, and a function or arrow key is one key that means nothing."""
    first = os.read(descriptor, 1)
    if first == b"\x1b":
        while select.select([descriptor], [], [], 0)[0] and os.read(descriptor, 32):
            pass
    elif first and first[0] >= 0x80:
        first += os.read(descriptor, _FOLLOWING.get(first[0] >> 4, 1))
    character = unicodedata.normalize("NFKC", first.decode("utf-8", "replace"))
    return "" if character == "\x04" else character.lower()


def _first_of_line() -> str:
    """The first character of the next line that has one."""
    for line in sys.stdin:
        if line.strip():
            return line.strip()[0].lower()
    return ""
