"""Answers with quotes: the section of the passages that answers a question, or the few sentences in it that do.

It makes no request, reads no file and takes a few milliseconds. How quotes are put together is `rag.quoting`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.asked import Asked, asked
from rag.base import Answer, Evidence, Hit, detect_language
from rag.quoting import MAX_BLOCK, MAX_ROWS, compose, prose_length
from rag.scoring import MAX_PASSAGES, Scored, Section, Weights, asks_how, score_units, sections, shares
from rag.sentences import Unit
from rag.surroundings import widened

# The share of the question's weight, in squared idf, that what is quoted has to have with its headings. On CMRC 2018
# with BM25 (3,219 questions) 0.7% of the answerable ones fall below it, and 67% of those whose paragraph is hidden.
MIN_SUPPORT = 0.45
# Nobody asked the bot: it speaks only when it is surer. The level at which one answerable question in ten is given up
# on even-numbered paragraphs of CMRC 2018, and nine in ten of those whose paragraph is hidden are.
MIN_SUPPORT_OVERHEARD = 0.55
MIN_HIT = 0.3  # of the best score
MAX_NEIGHBOURS = 1600  # characters that neighbours of the first passage add to what is read
MAX_DROP = 8.0  # log-odds below the best sentence of plain text at which a further one is not worth its room
MAX_DROP_BELOW_HEADING = 3.0  # the same below a heading, where the sentences that answer are few
OWN_SHARE = 0.12  # of the question, that a sentence has beyond its headings: from here on sentences are picked
MAX_PICKED = 3
SHORT_SHARE = 0.6  # of the room: up to here an answer goes on behind the sentences picked
MORE_COVER = 0.25  # of the question, that a further section has to add
MAX_SECTION_DROP = 1.5  # below the best section, for a further one
MAX_SECTIONS = 2
MIN_BEGINNING = 20  # characters: less of a sentence that goes on ("However, ...") says nothing

_DEPENDENT = re.compile(
    r"[它他她其这该此]|但|因此|所以|(?:It|They|He|She|This|These|That|Those|However|Therefore|But|So)\b"
)
_INTRODUCES = re.compile(r"(?:[:：]|以下命令|如下(?:命令|所示)?|as follows)\s*[*_`.。]*$")
_BLOCKS = ("code", "row")


def extract(
    evidence: Evidence,
    text: str = "",
    *,
    max_chars: int = 200,
    weights: Weights | None = None,
    min_support: float = MIN_SUPPORT,
) -> Answer | None:
    """The answer in the documents' own words, or None where the passages do not support one.

    ``text`` is the question where ``evidence.text`` begins with what it follows up on. ``max_chars`` bounds the prose,
    marks included; Latin script, which needs about twice as many characters for the same content, may take twice as
    many. A code block or table rows come on top. ``min_support`` is the share of the question, by weight, that what is
    quoted has to cover.
    """
    hits = _whole_section(_near(evidence.hits))
    question = asked(evidence, text)
    if not hits or not question.tells:
        return None
    ranked = sections(question, hits, score_units(question, hits, weights))
    quoted = _enough(question, ranked, min_support) if ranked else []
    if question.covered(frozenset().union(*(section.terms | section.headings for section in quoted))) < min_support:
        return None
    budget = max_chars if detect_language(hits[quoted[0].passage].passage.text) == "zh" else 2 * max_chars
    chosen: list[Scored] = []
    for n, section in enumerate(quoted, 1):
        chosen += _choose(question, section, chosen, hits, budget * n // len(quoted))
    return compose(chosen, hits, budget)


def _near(hits: Sequence[Hit]) -> list[Hit]:
    """The hits worth reading."""
    best = max((hit.score for hit in hits), default=0.0)
    return [hit for hit in hits[:MAX_PASSAGES] if hit.score >= MIN_HIT * best and hit.passage.text.strip()]


def _whole_section(hits: list[Hit]) -> list[Hit]:
    """The hits, the first with its neighbours of the same section: it may have been cut in the middle."""
    if not hits or not hits[0].around:
        return hits
    room = len(hits[0].passage.text) + MAX_NEIGHBOURS
    known = {hit.passage.id for hit in hits}
    first = replace(hits[0], around=tuple(one for one in hits[0].around if one.id not in known))
    passages = widened([first], [first.passage], room, beyond_section=False)
    return [replace(first, passage=passages[0]), *hits[1:]]


def _enough(question: Asked, ranked: Sequence[Section], min_support: float) -> list[Section]:
    """The best section, and those as good that have what it lacks of the question, in the order to read them."""
    best = next((section for section in ranked if section.cover >= min_support), ranked[0])
    enough, missing = [best], question.without(best.terms | best.headings)
    for section in ranked:
        if len(enough) == MAX_SECTIONS or section.score < best.score - MAX_SECTION_DROP:
            break
        if missing.words and missing.covered(section.terms) * missing.weight >= MORE_COVER * question.weight:
            enough.append(section)
            missing = missing.without(section.terms | section.headings)
    order = [section.passage for section in enough]
    return sorted(enough, key=lambda section: (order.index(section.passage), section.units[0].position))


def _choose(
    question: Asked, section: Section, chosen: Sequence[Scored], hits: Sequence[Hit], budget: int
) -> list[Scored]:
    """What to quote of a section beside what is ``chosen``, in order; something where nothing is chosen yet."""
    candidates, in_order = _candidates(question, section, budget)
    places, how = {unit.position: unit for unit in section.units}, asks_how(question)
    taken: dict[int, Scored] = {}
    for best in candidates:
        if best.position in taken:
            continue
        for group in _groups(best, places, how):
            grown = {**taken, **{unit.position: unit for unit in group}}
            if _fits((*chosen, *grown.values()), hits, budget):
                taken = grown
                break
        else:
            if in_order and taken:
                return _broken_off(taken, best)
    if not taken and not chosen:
        taken = {candidates[0].position: candidates[0]}
    _fill_gaps(taken, places, chosen, hits, budget)
    if section.path and not in_order:
        _go_on(taken, places, chosen, hits, budget)
    return _without_promise(taken)


def _fill_gaps(
    taken: dict[int, Scored], places: Mapping[int, Scored], chosen: Sequence[Scored], hits: Sequence[Hit], budget: int
) -> None:
    """Add single sentences that were left out between two others, where there is room: whole text reads better."""
    for position in sorted(taken)[:-1]:
        between = places.get(position + 1)
        if position + 1 in taken or position + 2 not in taken or between is None or between.unit.kind != "sentence":
            continue
        if _fits((*chosen, *taken.values(), between), hits, budget):
            taken[position + 1] = between


def _go_on(
    taken: dict[int, Scored], places: Mapping[int, Scored], chosen: Sequence[Scored], hits: Sequence[Hit], budget: int
) -> None:
    """Add what follows the last quote while the answer is short: a cause mostly stands before its remedy."""
    while taken and (following := places.get(max(taken) + 1)):
        units = (*chosen, *taken.values(), following)
        alike = taken[max(taken)].unit.kind == following.unit.kind
        if (alike and following.unit.kind != "sentence") or not _fits(units, hits, int(budget * SHORT_SHARE)):
            return
        taken[following.position] = following


def _without_promise(taken: Mapping[int, Scored]) -> list[Scored]:
    """What was taken, in order, less a last line that announces what is not quoted, or that only begins to say it."""
    units = [taken[position] for position in sorted(taken)]
    while len(units) > 1 and units[-1].unit.kind != "code" and _breaks_off(units[-1].unit):
        units.pop()
    return units


def _breaks_off(unit: Unit) -> bool:
    return _INTRODUCES.search(unit.text) is not None or (unit.cut and len(unit.text) < MIN_BEGINNING)


def _candidates(question: Asked, section: Section, budget: int) -> tuple[list[Scored], bool]:
    """The units to quote, most wanted first; and whether that is the order in which they stand.

    A short section is the answer as a whole, and so is one whose headings hold what is asked where no sentence of it
    says more; unless its command would then be cut off.
    """
    ranked = sorted(section.units, key=lambda unit: (-unit.score, unit.position))
    if not section.path:
        near = [unit for unit in ranked if unit.score >= ranked[0].score - MAX_DROP]
        return [unit for unit in near if _has_reason(unit, ranked[0])], False
    missing = question.without(section.headings)
    whole = len(section.units) <= MAX_PICKED or all(
        missing.covered(unit.terms) * missing.weight < OWN_SHARE * question.weight for unit in ranked
    )
    whole = whole and not any(unit.defines for unit in section.units)
    if whole and not (asks_how(question) and _cuts_code_off(section.units, budget)):
        return list(section.units), True
    picked = [unit for unit in ranked if unit.score >= ranked[0].score - MAX_DROP_BELOW_HEADING][:MAX_PICKED]
    return _with_code(picked, ranked) if asks_how(question) else picked, False


def _has_reason(unit: Scored, best: Scored) -> bool:
    """Whether a unit belongs into an answer with the best one: beside it, or for what it has of the question itself."""
    return abs(unit.position - best.position) <= 1 or shares(unit)


def _cuts_code_off(units: Sequence[Scored], budget: int) -> bool:
    """Whether so much prose stands before the first code that there is no room for both."""
    first = next((i for i, unit in enumerate(units) if unit.unit.kind == "code"), 0)
    return sum(len(unit.unit.text) for unit in units[:first]) > budget


def _with_code(picked: list[Scored], ranked: Sequence[Scored]) -> list[Scored]:
    """What was picked, with the code of the section that answers best: whoever asks how wants it."""
    if any(unit.unit.kind == "code" for unit in picked):
        return picked
    code = next((unit for unit in ranked if unit.unit.kind == "code"), None)
    return [picked[0], code, *picked[1:]] if code is not None else picked


def _broken_off(taken: dict[int, Scored], following: Scored) -> list[Scored]:
    """What was taken, in order; a list of which some is left out says so."""
    units = [taken[position] for position in sorted(taken)]
    if units[-1].unit.kind == following.unit.kind == "item":
        units[-1] = replace(units[-1], unit=replace(units[-1].unit, cut=True))
    return _without_promise({unit.position: unit for unit in units})


def _groups(best: Scored, places: Mapping[int, Scored], how: bool) -> list[list[Scored]]:
    """What to quote ``best`` with, most first: the sentence that it refers back to, the list that it announces.

    Code announces itself: where it is asked ``how``, a block belongs to the line above it.
    """
    before = places.get(best.position - 1)
    context = [before] if before is not None and before.unit.kind == "sentence" and _leans_on(best, before) else []
    announced: list[Scored] = []
    if _INTRODUCES.search(best.unit.text):
        following = places.get(best.position + 1)
        while following is not None and following.unit.kind in ("item", *_BLOCKS):
            announced.append(following)
            following = places.get(following.position + 1)
    elif how and (following := places.get(best.position + 1)) and following.unit.kind == "code":
        announced.append(following)
    groups = [[*context, best, *announced[:count]] for count in range(len(announced), 0, -1)]
    return [*groups, [*context, best], [best]] if context else [*groups, [best]]


def _leans_on(best: Scored, before: Scored) -> bool:
    """Whether a unit cannot be read without the one before: code, or a pronoun opens it, or it was announced."""
    announced = best.unit.kind != "sentence" and _INTRODUCES.search(before.unit.text) is not None
    return announced or best.unit.kind == "code" or before.unit.cut or _DEPENDENT.match(best.unit.text) is not None


def _fits(units: Sequence[Scored], hits: Sequence[Hit], budget: int) -> bool:
    code = [unit for unit in units if unit.unit.kind == "code"]
    rows = [unit for unit in units if unit.unit.kind == "row"]
    block = sum(len(unit.unit.text) for unit in (*code, *rows))
    if len(code) > 1 or len(rows) > MAX_ROWS or (block > MAX_BLOCK and len(units) > 1):
        return False
    return prose_length(units, hits) <= budget
