"""Finds the curated pair of question and answer that a message asks for, word for word or nearly so.

Nearly so: what differs are words that ask nothing (greetings, particles, "please", another word for "how"). A word that
says something, a negation, a name or a number more or less makes another question, however alike the rest is. It knows
no index and no model.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from rag.base import Answer, Passage
from rag.gate.wording import canonical, hashes
from rag.places import cited
from rag.scoring import QUOTE_CHARS

MAX_CHARS = 300  # a longer message is more than a question
MIN_COSINE = 0.4  # of the n-grams of two wordings that ask the same: below, hardly more than fillers is left
MARGIN = 0.05  # by which it has to be nearer than the next one with another answer

Key = tuple[str, ...]

_TOKEN = re.compile(r"(?<![a-z0-9])[+\-]\d[\d.]*%?|[a-z0-9](?:[a-z0-9._+#/%:@\-]*[a-z0-9+#%])?|[^\W_]|%")
_MENTION = re.compile(r"^\s*@\S+\s+")
_HOW_HAN = re.compile(
    r"(?:我?(?:要|该|应该|应当|得))?(?:怎么才能|怎么样才能|如何才能|怎样才能|怎么样|怎么|怎样|如何|咋样|咋)(?:去|来)?"
)
_MAY_HAN = re.compile(r"能不能够?|可不可以|可以不可以|能否|可否|是否可以|是否能够?|是不是可以")
_GREETED = re.compile(r"(?:(?:各位|大佬|老师|同学|大家)们?好?|你好|您好|在吗|hi|hello)+")  # where it stands alone
_FILLER_HAN = re.compile(
    r"^(?:(?:各位|大佬|老师|同学|大家)们?好|你好|您好)+|请问一?下?|请教一?下?|想问一?下|问一?下|求助|麻烦(?:问一?下)?"
    r"|有(?:没有)?人知道|谁知道|有谁知道|告诉我|一下|[呢啊呀哦噢嘛哈]+$|^(?:请(?![假客求帖柬示教])|那|我们?想?|想)"
)
_WHETHER = re.compile(r"(?<![什怎那这多])么$")
_HOW = re.compile(r"\b(?:how (?:do|can|should|would|could|must) (?:i|we|you|one)|how to)\b")
_FILLER = re.compile(
    r"\b(?:please|hi|hello|hey|thanks|thank you|thx|(?:could|can) (?:you|anyone|someone) (?:please )?tell me"
    r"|does anyone know|do you know|i(?: would|'d)? (?:want|like) to know|the|my|our)\b"
)
_ASKING = frozenset("怎么能什哪谁吗") | {"how", "what", "which", "who", "is", "are", "do", "does", "can", "to"}


class CuratedPairs:
    """The pairs of some bases, by their wording. Immutable and thread-safe."""

    def __init__(self, pairs: Iterable[Passage] = ()) -> None:
        self._exact: dict[Key, Passage] = {}
        self._near: dict[Key, list[Passage]] = defaultdict(list)
        for pair in pairs:
            words = _words(_folded(pair.question))
            if words:
                self._exact.setdefault(words, pair)
                self._near[_core(pair.question)].append(pair)

    def __len__(self) -> int:
        return len(self._exact)

    def find(self, text: str) -> Passage | None:
        """The pair whose question ``text`` is, or None."""
        if not self._exact or len(text) > MAX_CHARS:
            return None
        asked = _MENTION.sub("", text)
        found = self._exact.get(_words(_folded(asked)))
        return found if found is not None else self._nearest(asked)

    def _nearest(self, text: str) -> Passage | None:
        core = _core(text)
        if not _says_something(core):
            return None
        found = [(_cosine(text, pair.question), pair) for pair in self._near.get(core, ())]
        found.sort(key=lambda one: -one[0])
        best, pair = found[0] if found else (0.0, None)
        if pair is None or best < MIN_COSINE:
            return None
        rivals = [cosine for cosine, other in found[1:] if _answer(other) != _answer(pair)]
        return None if rivals and best - rivals[0] < MARGIN else pair


def curated_answer(pair: Passage) -> Answer:
    """The answer of a pair as it was written, with its mark behind it."""
    answer = _answer(pair)
    last = answer.rpartition("\n")[2].strip()
    gap = "\n\n" if last.startswith("|") else "\n" if last.startswith(("```", "~~~")) else " "
    return Answer(f"{answer}{gap}[1]", (cited(1, pair, answer[:QUOTE_CHARS]),))


def _answer(pair: Passage) -> str:
    return pair.text.partition("\n\n")[2].strip()


def _folded(text: str) -> str:
    """One form for case, width, script and emoji, as the gate has it."""
    return canonical(text)


def _words(folded: str) -> Key:
    """The words of a folded text: Han characters one by one, others whole, punctuation gone."""
    return tuple(_TOKEN.findall(folded))


def _core(text: str) -> Key:
    """The words of a question without those that ask nothing."""
    folded = re.sub(r"[?？!！。.~…,，]+\s*$", "", _folded(text).strip()).strip()
    folded = _FILLER.sub(" ", _HOW.sub("how", folded.replace("’", "'")))
    parts = [_without_fillers(part) for part in re.split(r"[,，。;；:：!！?？\s]+", folded)]
    return _words(" ".join(part for part in parts if part))


def _without_fillers(part: str) -> str:
    if _GREETED.fullmatch(part):
        return ""
    part = _WHETHER.sub("吗", _MAY_HAN.sub("能", _HOW_HAN.sub("怎么", part)))
    before = None
    while before != part:
        before, part = part, _FILLER_HAN.sub("", part)
    return part


def _says_something(core: Sequence[str]) -> bool:
    """Whether a subject is left beside the words that ask."""
    words = [word for word in core if word not in _ASKING]
    return len(words) > 1 or any(len(word) > 1 for word in words)


def _cosine(text: str, other: str) -> float:
    """The cosine of two texts over their n-grams."""
    mine, theirs = (Counter(hashes(_folded(one)).tolist()) for one in (text, other))
    dot = sum(count * theirs[number] for number, count in mine.items())
    norms = [math.sqrt(sum(count * count for count in one.values())) for one in (mine, theirs)]
    return dot / (norms[0] * norms[1]) if all(norms) else 0.0
