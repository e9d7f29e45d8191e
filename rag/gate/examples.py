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

    Raises:
        RagError: the file is missing, unreadable or of another shape; the message says what to write.
    """
    try:
        items = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise RagError(f"{path} cannot be read ({error.strerror}); correct the path in config.ini") from error
    except UnicodeDecodeError as error:
        raise RagError(f"{path} is not UTF-8; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise RagError(f'{path} is not JSON ({error}); write a list of questions: ["...", "..."]') from error
    if not isinstance(items, list):
        raise RagError(f'{path} holds {_kind(items)}; write a list of questions: ["...", "..."]')
    for number, item in enumerate(items, 1):
        if not isinstance(item, str):
            raise RagError(f'{path}: entry {number} is {_kind(item)}; every entry is a question in quotes: "..."')
    return [LabelledExample(text.strip(), good, source="file") for text in items if text.strip()]


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
