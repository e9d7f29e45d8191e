"""Answers with quotes: the few sentences of the best passages that answer a question, in order, with [n] marks.

It makes no request, reads no file and takes a few milliseconds. What is quoted stands so in the passage; what was left
out between two quotes shows as an ellipsis.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from rag.base import Answer, Evidence, Hit, Passage, Source, detect_language
from rag.scoring import MAX_PASSAGES, QUOTE_CHARS, WEIGHTS, Scored, Weights, question_terms, score_units, support

# The share of the question's weight, in squared idf, that has to stand in one passage. On CMRC 2018 with BM25
# (3,219 questions) 2% of the answerable questions fall below it, and 79% of those whose paragraph is hidden.
MIN_SUPPORT = 0.4
MAX_DROP = 6.0  # log-odds below the best sentence at which a further one is no longer worth its room
MAX_DROP_ELSEWHERE = 1.5  # the same for a sentence of another section or passage
MAX_BLOCK = 1200  # characters of a code block or of table rows, which are shown whole
MAX_ROWS = 5

_DEPENDENT = re.compile(
    r"[它他她其这该此]|但|因此|所以|(?:It|They|He|She|This|These|That|Those|However|Therefore|But|So)\b"
)
_INTRODUCES = re.compile(r"[:：]\s*[*_`]*$")
_BLOCKS = ("code", "row")


def extract(evidence: Evidence, *, max_chars: int = 200, weights: Weights = WEIGHTS) -> Answer | None:
    """The answer in the documents' own words, or None where the passages do not support one.

    ``max_chars`` bounds the prose, marks included; Latin script, which needs about twice as many characters for the
    same content, may take twice as many. A code block or table rows come on top.
    """
    hits = [hit for hit in evidence.hits[:MAX_PASSAGES] if hit.passage.text.strip()]
    terms = question_terms(evidence)
    if not hits or not terms or support(terms, hits) < MIN_SUPPORT:
        return None
    scored = score_units(evidence.text, terms, hits, weights)
    if not scored:
        return None
    budget = max_chars if detect_language(hits[0].passage.text) == "zh" else 2 * max_chars
    return _answer(_choose(scored, hits, budget), hits, budget)


def _choose(scored: Sequence[Scored], hits: Sequence[Hit], budget: int) -> list[Scored]:
    """The best units that fit, each with what it needs to be understood, in the order of the passages."""
    places = {(unit.passage, unit.position): unit for unit in scored}
    ranked = sorted(scored, key=lambda unit: (-unit.score, unit.passage, unit.position))
    chosen: dict[tuple[int, int], Scored] = {}
    worthy = [unit for unit in ranked if unit.score >= ranked[0].score - _allowed_drop(unit, ranked[0])]
    for best in (*worthy, *worthy):  # twice: what had no part at first may continue what was chosen after it
        if (best.passage, best.position) in chosen or not _has_a_part(best, chosen):
            continue
        for group in _groups(best, places):
            grown = {**chosen, **{(unit.passage, unit.position): unit for unit in group}}
            if _fits(grown.values(), hits, budget):
                chosen = grown
                break
    if not chosen:
        chosen = {(0, 0): ranked[0]}
    return [chosen[place] for place in sorted(chosen)]


def _allowed_drop(unit: Scored, best: Scored) -> float:
    same_place = (unit.passage, unit.unit.heading) == (best.passage, best.unit.heading)
    return MAX_DROP if same_place else MAX_DROP_ELSEWHERE


def _has_a_part(unit: Scored, chosen: Mapping[tuple[int, int], Scored]) -> bool:
    """Whether a unit, or its heading, has a word of the question, or continues what is quoted already."""
    if unit.features[0] or unit.features[4]:
        return True
    beside = (chosen.get((unit.passage, unit.position + step)) for step in (-1, 1))
    return any(other is not None and other.unit.heading == unit.unit.heading for other in beside)


def _groups(best: Scored, places: dict[tuple[int, int], Scored]) -> list[list[Scored]]:
    """What to quote ``best`` with, most first: the sentence that it refers back to, the list that it announces."""
    before = places.get((best.passage, best.position - 1))
    context = [before] if before is not None and before.unit.kind == "sentence" and _leans_on(best, before) else []
    announced: list[Scored] = []
    if _INTRODUCES.search(best.unit.text):
        following = places.get((best.passage, best.position + 1))
        while following is not None and following.unit.kind in ("item", *_BLOCKS):
            announced.append(following)
            following = places.get((best.passage, following.position + 1))
    groups = [[*context, best, *announced[:count]] for count in range(len(announced), 0, -1)]
    return [*groups, [*context, best], [best]] if context else [*groups, [best]]


def _leans_on(best: Scored, before: Scored) -> bool:
    """Whether a unit cannot be read without the one before: a pronoun opens it, its sentence or list was announced."""
    announced = best.unit.kind != "sentence" and _INTRODUCES.search(before.unit.text) is not None
    return announced or before.unit.cut or _DEPENDENT.match(best.unit.text) is not None


def _fits(units: Collection[Scored], hits: Sequence[Hit], budget: int) -> bool:
    code = [unit for unit in units if unit.unit.kind == "code"]
    rows = [unit for unit in units if unit.unit.kind == "row"]
    block = sum(len(unit.unit.text) for unit in (*code, *rows))
    if len(code) > 1 or len(rows) > MAX_ROWS or (block > MAX_BLOCK and len(units) > 1):
        return False
    prose = [unit for unit in units if unit.unit.kind not in _BLOCKS]
    ordered = sorted(prose, key=lambda unit: (unit.passage, unit.position))
    return not prose or len(_text(ordered, hits)) <= budget


def _answer(chosen: Sequence[Scored], hits: Sequence[Hit], budget: int) -> Answer:
    sources = []
    for n, index in enumerate(_passages(chosen), 1):
        passage = hits[index].passage
        best = max((unit for unit in chosen if unit.passage == index), key=lambda unit: unit.score)
        sources.append(Source(n, passage.source, passage.uri, best.unit.text[:QUOTE_CHARS], passage.id))
    text = _text(chosen, hits)
    if len(chosen) == 1 and len(text) > budget:
        text = _shortened(chosen[0], hits, budget)
    return Answer(text, tuple(sources))


@lru_cache(maxsize=256)
def _gap(source: str) -> str:
    return "……" if detect_language(source) == "zh" else " … "


def _passages(units: Sequence[Scored]) -> list[int]:
    return list(dict.fromkeys(unit.passage for unit in units))


def _text(units: Sequence[Scored], hits: Sequence[Hit]) -> str:
    parts = []
    for n, index in enumerate(_passages(units), 1):
        parts.append(_quoted([unit for unit in units if unit.passage == index], hits[index].passage, n))
    return "\n".join(parts)


def _quoted(units: Sequence[Scored], passage: Passage, n: int) -> str:
    """The units of one passage, joined as they stand there, with their mark."""
    source, gap = passage.text, _gap(passage.text)
    above = passage.headings[-1] if passage.headings else ""  # of what stands before the first heading of the text
    text, heading = "", ""
    for before, unit in zip((None, *units), units, strict=False):
        own = unit.unit.heading or above
        if unit.features[4] > 0 and own not in ("", heading):  # the heading has words of the question: show it
            heading = own
            text = f"{text}\n**{heading}**\n" if text else f"**{heading}**\n"
        elif before is not None:
            text += _joint(before, unit, source, gap)
        if unit.unit.kind == "row" and unit.unit.table and (before is None or before.unit.table != unit.unit.table):
            text += unit.unit.table + "\n"
        text += _closed(unit.unit.text) if unit.unit.kind == "code" else unit.unit.text
    last = units[-1].unit
    if last.cut:
        text = text.rstrip("，,、：: ") + gap.rstrip()
    return f"{text}\n[{n}]" if last.kind in _BLOCKS else f"{text} [{n}]"


def _joint(before: Scored, unit: Scored, source: str, gap: str) -> str:
    """What stands between two quotes: the white space of the passage, or a mark that something was left out."""
    block = {before.unit.kind, unit.unit.kind} - {"sentence"}
    if unit.position == before.position + 1:
        space = source[before.unit.start : unit.unit.start]
        space = (
            space[len(space.rstrip()) :] + source[unit.unit.start : unit.unit.end].split(unit.unit.text[:1] or " ")[0]
        )
        return "\n" if "\n" in space or block & set(_BLOCKS) else " " * bool(space)
    if block == {"row"}:
        return "\n"  # rows of a table have to follow each other to be one
    return f"\n{gap.strip()}\n" if block else gap


def _closed(code: str) -> str:
    """A code block whose end stands in the next passage gets a closing fence."""
    fence = code.lstrip()[:3]
    return code if code.rstrip().endswith(fence) and "\n" in code else f"{code.rstrip()}\n{fence}"


def _shortened(only: Scored, hits: Sequence[Hit], budget: int) -> str:
    """The beginning of a unit that is too long to be quoted whole: whole lines of a block, else characters."""
    unit = only.unit
    if unit.kind in ("sentence", "item"):
        return f"{unit.text[: budget - 6].rstrip()}… [1]"
    if len(unit.text) <= MAX_BLOCK:
        return _text([only], hits)
    head = unit.text[:MAX_BLOCK].rpartition("\n")[0] or unit.text[:MAX_BLOCK]
    return f"{_closed(head) if unit.kind == 'code' else head}\n… [1]"
