"""Labelled examples: what the gate learns from. Reads lists of questions and brings the defaults; knows no model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rag.base import RagError

DEFAULTS = Path(__file__).resolve().parent.parent / "defaults"
DEFAULT_WEIGHT = 0.05  # they speak of groups in general, not of this one


@dataclass(frozen=True, slots=True)
class LabelledExample:
    """A message and whether it deserves an answer.

    ``source`` says where it comes from: ``group`` (feedback of this group), ``shared`` (of the whole bot), ``file``
    (good_questions.json and the like), ``default`` (shipped with the project). ``weight`` is how much it counts.
    """

    text: str
    good: bool
    weight: float = 1.0
    source: str = ""


def read_examples(path: Path, good: bool) -> list[LabelledExample]:
    """The examples of a JSON list of strings, as in HuixiangDou's good_questions.json; the list may be empty.

    Of a file of labels (``.jsonl``, lines of text and answer, as `qunda label` writes them) those with this answer.

    Raises:
        RagError: the file is missing, unreadable or of another shape; the message says what to write.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise RagError(f"{path} cannot be read ({error.strerror}); correct the path in config.ini") from error
    except UnicodeDecodeError as error:
        raise RagError(f"{path} is not UTF-8; save it as UTF-8") from error
    texts = _labels(path, text, good) if path.suffix == ".jsonl" else _questions(path, text)
    return [LabelledExample(one.strip(), good, source="file") for one in texts if one.strip()]


def _questions(path: Path, text: str) -> list[str]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RagError(f'{path} is not JSON ({error}); write a list of questions: ["...", "..."]') from error
    if not isinstance(items, list):
        raise RagError(f'{path} holds {_kind(items)}; write a list of questions: ["...", "..."]')
    for number, item in enumerate(items, 1):
        if not isinstance(item, str):
            raise RagError(f'{path}: entry {number} is {_kind(item)}; every entry is a question in quotes: "..."')
    return items


def _labels(path: Path, text: str, good: bool) -> list[str]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RagError(f"{path}, line {number} is not JSON ({error})") from error
        if not (isinstance(row, dict) and isinstance(row.get("text"), str) and isinstance(row.get("answer"), bool)):
            raise RagError(f'{path}, line {number}: {{"text": "...", "answer": true or false}} is needed')
        if row["answer"] == good:
            found.append(row["text"])
    return found


@cache
def _defaults() -> tuple[LabelledExample, ...]:
    return tuple(
        LabelledExample(example.text, example.good, DEFAULT_WEIGHT, "default")
        for name, good in (("good_questions.json", True), ("bad_questions.json", False))
        for example in read_examples(DEFAULTS / name, good)
    )


def default_examples() -> list[LabelledExample]:
    """The examples that ship with the project: a starting store for every group."""
    return list(_defaults())


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
