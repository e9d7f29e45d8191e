"""Verifies a written answer piece by piece: what its passages support is kept, marked rightly, and the rest is dropped.

It needs no model; an `Entailment` is a further signal. It knows no question, prompt or stream.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.base import Checked, Passage
from rag.verify.check import Entailment, Support, check_sentence
from rag.verify.code import strange_word
from rag.verify.evidence import evidence_text, gives_orders
from rag.verify.figures import missing_name
from rag.verify.pieces import Piece, cut, join
from rag.verify.text import bare, read

MIN_KEPT = 1 / 3  # of the weight of what states facts; less is no answer any more
SHOWN_CHARS = 60
MAX_ASKED = 8  # sentences of an answer about which a model is asked
_LEAD_IN = re.compile(
    r".*[:：]\s*$"
    r"|(?:以下|下面|如下|具体|步骤|操作|方法|示例|例如|当然|好的|可以|是的|您好|你好|希望|如有|如果还有|祝|总结)[^0-9]{0,24}"
    r"|(?:here(?:'s| is| are)|sure|yes|no|of course|follow|steps?|to do (?:this|so|that)|for example|in summary|hope"
    r"|let me know|note that)\b[^0-9]{0,60}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verified:
    """The text that is left (empty where the answer should abstain) and what became of each piece."""

    text: str
    verdict: tuple[Checked, ...]


def verify(text: str, passages: Sequence[Passage], entailment: Entailment | None = None) -> Verified:
    """Verify an answer whose marks are numbers (1-based) of ``passages``."""
    examiner = _Examiner([evidence_text(passage) for passage in passages], entailment)
    rows: list[tuple[Piece, Checked, float]] = []
    for piece in cut(text):
        rows.append(examiner.examine(piece))
    total = sum(weight for _, _, weight in rows)
    kept = sum(weight for _, checked, weight in rows if checked.fate != "dropped")
    verdict = tuple(checked for _, checked, _ in rows)
    if not kept or kept < MIN_KEPT * total:
        return Verified("", verdict)
    left = [piece for piece, checked, _ in rows if checked.fate != "dropped"]
    return Verified(join(_without_dangling(left)), verdict)


class _Examiner:
    """Judges pieces against the passages of one answer; a piece that was there before is dropped."""

    def __init__(self, texts: Sequence[str], entailment: Entailment | None) -> None:
        self._texts = texts
        self._entailment = _Bounded(entailment) if entailment is not None else None
        self._seen: set[str] = set()
        self._last: tuple[int, ...] = ()

    def examine(self, piece: Piece) -> tuple[Piece, Checked, float]:
        """The piece with the marks that hold, what became of it, and how much it states."""
        key = bare(read(piece.text).norm)
        if key in self._seen and piece.kind != "row" and len(key) > 3:
            return _dropped(piece, "repeated", "", 0.0)
        self._seen.add(key)
        if gives_orders(piece.text):
            return _dropped(piece, "order", "", 0.0)
        if piece.kind == "code":
            return self._code(piece)
        weight = sum(token.weight for span in read(piece.text).sentences for token in span.tokens)
        valid = tuple(n for n in piece.marks if 1 <= n <= len(self._texts))
        if piece.kind == "heading" or weight < 1.5 or (not valid and _LEAD_IN.fullmatch(piece.text)):
            return self._plain(piece)
        return self._sentence(replace(piece, marks=valid), weight)

    def _plain(self, piece: Piece) -> tuple[Piece, Checked, float]:
        """A lead-in or heading: it states nothing, so it carries no mark, but may name nothing strange either."""
        claim = read(piece.text)
        for span in claim.sentences:
            joined = [read(text).norm for text in self._texts]
            numbers = {token.raw for token in span.tokens if token.kind == "number"}
            strange = missing_name(span, piece.text, joined) or next(
                (n for n in numbers if not re.search(rf"(?<![\d.]){re.escape(n)}(?![\d])", "\n".join(joined))), ""
            )
            if strange:
                return _dropped(piece, "name", strange, 0.0)
        return replace(piece, marks=()), Checked(_short(piece.text), "plain"), 0.0

    def _code(self, piece: Piece) -> tuple[Piece, Checked, float]:
        order = [*self._last, *(n for n in range(1, len(self._texts) + 1) if n not in self._last)]
        weight = float(min(len(piece.text), 60)) / 4
        for group in (*((n,) for n in order), self._last):
            if group and not strange_word(piece.text, [self._texts[n - 1] for n in group]):
                shown = () if set(group) <= set(self._last) else group
                return replace(piece, marks=shown), Checked(_short(piece.text), "kept", marks=group), weight
        strange = strange_word(piece.text, self._texts)
        return _dropped(piece, "code", strange, weight)

    def _sentence(self, piece: Piece, weight: float) -> tuple[Piece, Checked, float]:
        support = self._support(piece.text, piece.marks) if piece.marks else Support("mark")
        if support.supported:
            marks = self._needed(piece)
            self._last = marks
            done = Checked(_short(piece.text), "kept" if marks == piece.marks else "moved", marks=marks)
            return replace(piece, marks=marks), done, weight
        found, other = self._elsewhere(piece)
        if found:
            self._last = found
            return replace(piece, marks=found), Checked(_short(piece.text), "moved", support.reason, "", found), weight
        support = other if support.reason in ("mark", "cover") and other.reason else support
        return _dropped(piece, support.reason, support.detail, weight)

    def _support(self, text: str, marks: Sequence[int]) -> Support:
        return check_sentence(text, [self._texts[n - 1] for n in marks], self._entailment)

    def _needed(self, piece: Piece) -> tuple[int, ...]:
        """The marks whose passages support what they stand behind; all of them where only together they do."""
        if len(piece.marks) == 1:
            return piece.marks
        kept: list[int] = []
        for part, numbers in piece.parts:
            own = [n for n in numbers if n in piece.marks]
            good = [n for n in own if self._support(part, [n]).supported]
            kept += good or own
        return tuple(dict.fromkeys(kept)) or piece.marks

    def _elsewhere(self, piece: Piece) -> tuple[tuple[int, ...], Support]:
        """The passage, or two of them, that supports a sentence whose own marks do not; and the best reason why not."""
        best = Support("cover", "", -1.0)
        for n in range(1, len(self._texts) + 1):
            support = self._support(piece.text, [n])
            if support.supported and support.checked:
                return (n,), support
            if support.reason and support.cover >= best.cover:
                best = support
        for n in range(1, len(self._texts) + 1):
            pair = tuple(dict.fromkeys((*piece.marks[:1], n)))
            if len(pair) == 2 and self._support(piece.text, pair).supported:
                return pair, Support()
        return (), best


class _Bounded:
    """An `Entailment` that is asked so often at most, and the same thing once."""

    def __init__(self, entailment: Entailment) -> None:
        self._entailment = entailment
        self._known: dict[tuple[str, ...], float | None] = {}

    def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        key = (sentence, *evidence)
        if key not in self._known:
            if len(self._known) >= MAX_ASKED:
                return None
            self._known[key] = self._entailment.entails(sentence, evidence)
        return self._known[key]


def _without_dangling(pieces: Sequence[Piece]) -> list[Piece]:
    """Without lead-ins that announce what was dropped."""
    kept: list[Piece] = []
    for i, piece in enumerate(pieces):
        announces = re.search(r"[:：]\s*$", piece.text) is not None or piece.kind == "heading"
        last = i + 1 == len(pieces) or pieces[i + 1].kind == "heading"
        if not (announces and last and not piece.marks):
            kept.append(piece)
    return kept


def _dropped(piece: Piece, reason: str, detail: str, weight: float) -> tuple[Piece, Checked, float]:
    return piece, Checked(_short(piece.text), "dropped", reason, detail), weight


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN_CHARS else flat[: SHOWN_CHARS - 1] + "…"
