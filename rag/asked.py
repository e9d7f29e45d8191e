"""Finds what a question asks about: its words, weighed by rarity, without politeness, question words and asides.

It tells how much of them a text has. It knows no passage and no answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from rag.base import Evidence, Term, detect_language
from rag.tokens import classify, tokenize

_ASIDE = 0.35  # the weight of what is said beside the question proper
_LONE_HAN = 0.3  # the weight of a Han character that is no part of the words beside it
_HALF_HAN = 0.15  # the credit of a Han character that stands in a text without either of its neighbours
_PARTS = 0.6  # the credit of an identifier of which only the parts are there
_LATIN = 3.0  # a Latin word counts like three Han characters
_WEAK = 0.25  # the weight of a word that any trouble or wish is told with

# Words that ask, greet, thank or connect: whether a text has them says nothing.
_FILLER_HAN = re.compile(
    r"请教一下|请问一下|请教|请问|问一下|想问一?下?|想知道|求助|求教|求问|大佬们?|各位|大家|老师们?|同学们?|兄弟们?|群友们?"
    r"|有没有人|有人|谁知道|知道|麻烦|谢谢|感谢|为什么|为啥|什么样|什么|啥|怎么样|怎么办|怎么|怎样|如何|咋|哪里|哪儿|哪个|哪些|哪种|哪一?"
    r"|多少|是不是|是否|能不能|可不可以|可以|能否|会不会|要不要|需不需要|有没有|一下|这个|那个|这里|那里|这种|现在|目前|应该|意思"
    r"|我们|你们|咱们|他们|它们|[我你他她它的吗呢吧啊呀嘛么谁怎哪]|了(?!解)|是|在(?!线)"
)
_WEAK_HAN = re.compile(
    r"报错|出错|错误|解决|排查|处理|办法|方法|方式|问题|原因|情况|使用|设置|支持|需要|一直|总是|老是|直接|还能|成功|失败|推荐|对应"
    r"|[一两二三几]个|一起|运行|时候|提示|找不到|看到|说明|要用|参数|配置"
)
_FILLER_LATIN_WORDS = """
a an the is are was were be been being do does did done can could should would will shall may might must how what when
where who whom whose why which i we you he she it they its my our your their them us me of to in on at for with from by
as into than then and or but not no nor so if there here this that these those any some just also too very please
thanks thank hi hello hey anyone somebody someone know tell want get got let lets ok happen
happens isn aren don doesn didn won wouldn couldn shouldn ll ve re m s t d
"""
_FILLER_LATIN = frozenset(_FILLER_LATIN_WORDS.split())
_WEAK_LATIN_WORDS = """
use using used run running work works working set way problem problems issue issues error errors fix solve check support
supported possible add put one two thing things need needs have has had make makes made become anything something always
possible own new good best
"""
_WEAK_LATIN = frozenset(_WEAK_LATIN_WORDS.split())
_CLAUSE = re.compile(r"[，。？！；\n]|[,?!;](?=\s|$)|\.(?=\s|$)")
_ASKS = re.compile(
    r"[？?]|什么|怎么|怎样|如何|为什么|为啥|哪|多少|几|谁|吗|呢|是不是|是否|能不能|可不可以|能否|会不会|要不要|有没有|咋|啥"
    r"|\b(?:how|what|when|where|who|whose|why|which|can|could|does|do|did|is|are|should|will)\b",
    re.IGNORECASE,
)
_MERELY_ASKS = "？?吗呢"  # say that it asks, not for what
_HALVED = 3.0  # characters: so much farther from the question word, a word tells half as much of what is wanted
_FAR = 20.0
_PIECE = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff]+|[^\s\u3400-\u4dbf\u4e00-\u9fff，。？！；：、“”‘’（）《》【】()\[\]\"'`,;?!]+"
)
_SUFFIXES = ("s", "ing", "ed", "ly", "ment", "ation", "er", "e")


@dataclass(frozen=True, slots=True)
class Word:
    """Part of what is asked about: a Latin word, an identifier, or a Han character with its neighbours.

    A text that has one of ``forms`` has the word; one that has some of ``parts`` has a little of it.
    """

    forms: frozenset[str]
    parts: frozenset[str]
    weight: float
    credit: float
    is_name: bool = False  # a Latin word amid Han text: mostly what the question is about

    def found(self, vocabulary: Set[str]) -> float:
        """How much of the word a text with this vocabulary has, from 0 to 1."""
        if not self.forms.isdisjoint(vocabulary):
            return 1.0
        if not self.parts or self.parts.isdisjoint(vocabulary):
            return 0.0
        return self.credit * len(self.parts & vocabulary) / len(self.parts)


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of a question.

    ``text`` is the question itself, without what it follows up on; ``parts`` says how many things it asks.
    """

    text: str
    words: tuple[Word, ...]
    parts: int = 1

    @property
    def weight(self) -> float:
        """The weight of all words."""
        return sum(word.weight for word in self.words)

    @property
    def tells(self) -> bool:
        """Whether it asks about anything: a single Han character is no subject."""
        return self.weight > 0 and any(len(form) > 1 for word in self.words for form in word.forms)

    def covered(self, vocabulary: Set[str]) -> float:
        """The share of the question's weight that a text with this vocabulary has."""
        total = had = 0.0
        for word in self.words:  # many thousand times a second: no generator, and one pass
            total += word.weight
            had += word.weight * word.found(vocabulary)
        return had / total if total else 0.0

    def lacking(self, vocabulary: Set[str]) -> float:
        """The share of the names, Latin words amid Han text, that a text with this vocabulary lacks."""
        names = [word for word in self.words if word.is_name]
        return sum(1 - word.found(vocabulary) for word in names) / len(names) if names else 0.0

    def without(self, vocabulary: Set[str]) -> Asked:
        """The words that a text with this vocabulary does not have."""
        missing = tuple(word for word in self.words if word.found(vocabulary) < 1)
        return Asked(self.text, missing, self.parts)


def asked(evidence: Evidence, text: str = "") -> Asked:
    """What is asked about in ``evidence.text``; its end ``text`` (all of it, unless told) is the question itself."""
    own = evidence.text.strip()[-len(text.strip()) :] if text.strip() else evidence.text.strip()
    before = evidence.text.strip()[: -len(own)] if len(own) < len(evidence.text.strip()) else ""
    rarity = _Rarity(evidence)
    clauses = [clause for clause in _clauses(own) if _pieces(clause)]
    asking = [clause for clause in clauses if _ASKS.search(clause)]
    words: dict[tuple[frozenset[str], frozenset[str]], Word] = {}
    sides = [(clause, 1.0 if clause in asking or not asking else _ASIDE) for clause in clauses]
    for clause, share in (*sides, (before, _ASIDE if sides else 1.0)):
        for word in _words(clause, rarity, share):
            key = word.forms, word.parts
            if key not in words or words[key].weight < word.weight:
                words[key] = word
    return Asked(own, tuple(words.values()), max(1, len(asking)))


def nearness(question: Asked) -> list[float]:
    """For each word, how close it stands to the question word: 1 beside it, the half `_HALVED` characters away.

    What is wanted of a subject (its length, its founding) is told there.
    """
    text = question.text.lower()
    centres = _centres(text)
    near = []
    for word in question.words:
        places = [text.find(form) + len(form) / 2 for form in word.forms if form in text]
        distances = [abs(place - centre) for place in places for centre in centres]
        near.append(0.5 ** (min(distances, default=_FAR) / _HALVED))
    return near


def _centres(text: str) -> list[float]:
    """Where the last question word of each clause stands; the end of a text that has none."""
    centres, start = [], 0
    for clause in _clauses(text):
        asking = [match for match in _ASKS.finditer(clause) if match.group() not in _MERELY_ASKS]
        centres += [start + sum(match.span()) / 2 for match in asking[-1:]]
        start += len(clause)
    return centres or [float(len(text))]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """An English word without its ending, good enough to tell forms of a word; others as they are."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    for suffix in _SUFFIXES:
        if (
            word.endswith(suffix)
            and len(word) - len(suffix) >= (4 if suffix == "er" else 3)
            and not word.endswith("ss")
        ):
            word = word[: -len(suffix)]
            if suffix in ("ing", "ed", "er") and word[-1] == word[-2]:
                word = word[:-1]
    return word


def inflected(word: str) -> tuple[str, ...]:
    """An English word or stem with the endings that `stem` takes off; others as they are."""
    if len(word) < 3 or not word.isascii() or not word.isalpha():
        return (word,)
    return (word, *(word + suffix for suffix in _SUFFIXES))


def vocabulary(terms: Collection[str]) -> frozenset[str]:
    """What a text with these terms has: them, and the stems of its English words."""
    different = set(terms)
    different.update([stem(term) for term in different if term.isascii() and term.isalpha()])
    return frozenset(different)


class _Rarity:
    """The weight of terms, in squared idf, so that rare ones decide."""

    def __init__(self, evidence: Evidence) -> None:
        self._idf: Mapping[str, float] = {term.text: term.idf for term in evidence.terms if term.df}
        self._counted = bool(evidence.terms)
        self._cap = _seen_once(evidence.terms)

    def knows(self, term: str) -> bool:
        """Whether a passage of the base has the term; all are known where nothing was counted."""
        return not self._counted or term in self._idf

    def of(self, terms: Sequence[str]) -> float:
        """The weight of the most common of ``terms`` that is known; an unseen one is as rare as any."""
        idf = min((self._idf[term] for term in terms if term in self._idf), default=self._cap)
        return min(idf, self._cap) ** 2


def _seen_once(terms: Sequence[Term]) -> float:
    """BM25's idf of a term in one passage, from the size of the corpus that the highest idf implies."""
    if not terms:
        return 1.0
    rarest = max(terms, key=lambda term: term.idf)
    size = math.expm1(rarest.idf) * (rarest.df + 0.5) + rarest.df - 0.5
    return math.log1p(max(size - 0.5, 0.5) / 1.5)


def _clauses(text: str) -> list[str]:
    """The text cut at its punctuation, which stays at the end of each piece."""
    clauses, start = [], 0
    for match in _CLAUSE.finditer(text):
        clauses.append(text[start : match.end()])
        start = match.end()
    return [*clauses, text[start:]]


def _pieces(clause: str) -> list[tuple[str, float]]:
    """Han runs and Latin words of a clause that are no filler, each with how much it says of the subject."""
    pieces: list[tuple[str, float]] = []
    for piece in _PIECE.findall(clause):
        if classify(piece[0]) != "han":
            bare = piece.strip("._-:").lower()
            if bare and bare not in _FILLER_LATIN:
                pieces.append((piece, _WEAK if bare in _WEAK_LATIN else 1.0))
            continue
        for run in _FILLER_HAN.sub(" ", piece).split():
            pieces += [(weak, _WEAK) for weak in _WEAK_HAN.findall(run)]
            pieces += [(part, 1.0) for part in _WEAK_HAN.sub(" ", run).split()]
    return pieces


def _words(clause: str, rarity: _Rarity, share: float) -> list[Word]:
    words = []
    amid_han = detect_language(clause) == "zh"
    for piece, strength in _pieces(clause):
        if classify(piece[0]) == "han":
            words += _han_words(piece, rarity, share * strength)
        elif terms := tokenize(piece):
            names = frozenset({terms[0], stem(terms[0])})
            weight = rarity.of(terms[:1]) * _LATIN * share * strength
            words.append(Word(names, frozenset(terms[1:]), weight, _PARTS, amid_han and share * strength == 1))
    return words


def _han_words(run: str, rarity: _Rarity, share: float) -> list[Word]:
    """A word for each character: a text has it where it has it beside a neighbour that it has here."""
    pairs = [run[i : i + 2] for i in range(len(run) - 1)]
    known = [rarity.knows(pair) for pair in pairs]
    words = []
    for i, character in enumerate(run):
        around = [j for j in (i - 1, i) if 0 <= j < len(pairs)]
        beside = [j for j, there in ((i - 2, i > 0), (i + 1, i < len(run) - 1)) if there]
        claimed = all(0 <= j < len(pairs) and known[j] for j in beside)  # its neighbours belong to other words
        if not any(known[j] for j in around) and claimed:
            # alone, or beside a word that it is no part of
            words.append(Word(frozenset({character}), frozenset(), rarity.of([character]) * share * _LONE_HAN, 0.0))
        else:
            own = [pairs[j] for j in around]
            words.append(Word(frozenset(own), frozenset({character}), rarity.of(own) * share, _HALF_HAN))
    return words
