"""Question-answer pairs, from JSON or from the rows of a table: each becomes one passage with its question as heading.

It knows no gate and no matching of questions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.plain import decoded
from rag.formats.writer import MarkdownWriter

Pair = tuple[str, str]

QUESTION_KEYS = ("question", "q", "问题", "問題", "提问", "问", "标准问题", "标准问")
ANSWER_KEYS = ("answer", "a", "reply", "答案", "回答", "回复", "答", "标准答案")
_LISTS = ("data", "pairs", "items", "qa", "qas", "faq", "faqs", "questions")
_ASKS = re.compile(
    r"[?？]|什么|怎么|怎样|如何|为什么|为啥|哪|多少|几|谁|吗|呢|是否|能不能|可不可以|能否|有没有"
    r"|^(?:how|what|when|where|who|why|which|can|could|does|do|did|is|are|should|will)\b",
    re.IGNORECASE,
)
_MOSTLY = 0.9  # of the rows of a table that has no header
_MIN_ASKING = 0.6  # of the keys of an object: fewer, and it is a file of settings or of translations


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The pairs of a JSON file."""
    text = decoded(data)
    try:
        content = json.loads(text)
    except ValueError:
        content = _lines(text)
    except RecursionError as error:
        raise ConversionError("nested too deeply for JSON with questions and answers") from error
    pairs, left = json_pairs(content)
    if not pairs:
        raise ConversionError(
            'JSON without question-answer pairs: write [{"question": "...", "answer": "..."}], or leave it out'
        )
    writer = MarkdownWriter()
    if left:
        writer.notices.append(left_out(left))
    write_pairs(writer, pairs)
    return writer.result()


def json_pairs(content: Any) -> tuple[list[Pair], int]:
    """The pairs in JSON data, and how many entries of it are none."""
    if isinstance(content, Mapping):
        for key in _LISTS:
            if isinstance(content.get(key), list):
                return json_pairs(content[key])
        pair = _pair(content)
        if pair is not None:
            return [pair], 0
        found = [(key, answer) for key, value in content.items() if (answer := _text(value)) and str(key).strip()]
        asking = sum(bool(_ASKS.search(key)) for key, _ in found)
        return (found, len(content) - len(found)) if found and asking >= _MIN_ASKING * len(content) else ([], 0)
    if isinstance(content, list):
        pairs = [pair for entry in content if (pair := _pair(entry)) is not None]
        return pairs, len(content) - len(pairs)
    return [], 0


def table_pairs(rows: Sequence[Sequence[str]]) -> tuple[list[Pair], int]:
    """The pairs of a table whose header names a question and an answer, or of one of two columns of which the first
    asks, and how many rows lack one of the two; none of another table.
    """
    if len(rows) < 2:
        return [], 0
    header = [_key(name) for name in rows[0]]
    q, a = (next((i for i, name in enumerate(header) if name in keys), -1) for keys in (QUESTION_KEYS, ANSWER_KEYS))
    if q < 0 or a < 0:
        return _without_header(rows), 0
    filled = [[*row, *[""] * (max(q, a) + 1 - len(row))] for row in rows[1:] if any(cell.strip() for cell in row)]
    pairs = [(row[q].strip(), row[a].strip()) for row in filled if row[q].strip() and row[a].strip()]
    return pairs, len(filled) - len(pairs)


def left_out(count: int) -> str:
    """What is said of entries that are no pairs."""
    entries = "1 entry has" if count == 1 else f"{count} entries have"
    return f"{entries} no question or no answer and {'was' if count == 1 else 'were'} left out"


def _without_header(rows: Sequence[Sequence[str]]) -> list[Pair]:
    """The rows of a table of two columns without a header, where nearly all of the first are questions."""
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled or any(len(row) != 2 or not all(cell.strip() for cell in row) for row in filled):
        return []
    asking = sum(bool(_ASKS.search(row[0])) for row in filled)
    return [(row[0].strip(), row[1].strip()) for row in filled] if asking >= _MOSTLY * len(filled) else []


def write_pairs(writer: MarkdownWriter, pairs: Iterable[Pair]) -> None:
    """Each pair at a place of its own, its answer as it is."""
    for number, (question, answer) in enumerate(pairs, 1):
        asked = " ".join(question.split())
        writer.place(f"qa={number}", cuts=True, question=asked)
        writer.raw(f"# {asked}\n\n{answer.strip()}")


def _pair(entry: Any) -> Pair | None:
    """An entry as a pair: an object with the usual keys, or a list of two texts."""
    if isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) and part.strip() for part in entry):
        return entry[0].strip(), entry[1].strip()
    if not isinstance(entry, Mapping):
        return None
    keys = {_key(key): value for key, value in entry.items()}
    if set(keys) == {"key", "value"} and _ASKS.search(_text(keys["key"])):  # as HuixiangDou's pair files have it
        keys = {"question": keys["key"], "answer": keys["value"]}
    question = next((text for key in QUESTION_KEYS if (text := _text(keys.get(key)))), "")
    answer = next((text for key in ANSWER_KEYS if (text := _text(keys.get(key)))), "")
    return (question, answer) if question and answer else None


def _key(name: object) -> str:
    return str(name).strip().strip("\ufeff").lower()


def _text(value: Any) -> str:
    """A text, or texts one below the other."""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return "\n".join(value).strip()
    return value.strip() if isinstance(value, str) else ""


def _lines(text: str) -> Any:
    """JSON lines: an entry on each; None where it is something else."""
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise ConversionError(f"no JSON: {error}") from error


_KEYED = re.compile(
    r"\"\s*(?:" + "|".join(map(re.escape, QUESTION_KEYS)) + r")\s*\"\s*:", re.IGNORECASE
)  # quoted and followed by its value
_HEAD_BYTES = 1_000_000


def may_hold_pairs(data: bytes) -> bool:
    """Whether JSON looks like questions with answers: a file of settings is no document, and no failure either."""
    head = data[:_HEAD_BYTES].decode("utf-8", "ignore") if b"\0" not in data[:100] else decode_or_nothing(data)
    if _KEYED.search(head) and any(f'"{key}"' in head.lower() for key in ANSWER_KEYS):
        return True
    if not head.lstrip("\ufeff \r\n\t").startswith(("{", "[")):
        return False
    try:
        return bool(json_pairs(json.loads(decode_or_nothing(data)))[0])
    except (ValueError, RecursionError, ConversionError):
        return False


def decode_or_nothing(data: bytes) -> str:
    """The text of bytes, nothing where they are none."""
    try:
        return decoded(data)
    except ConversionError:
        return ""
