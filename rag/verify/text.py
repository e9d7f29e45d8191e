"""A text as the check reads it: normalised, cut into sentences, clauses and tokens. Knows no rule of support."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Literal, NamedTuple

from rag.verify.english.forms import contracted, form
from rag.verify.english.weights import FUNCTION, weight
from rag.verify.lexicon import FUNCTION_HAN, FUNCTION_PHRASES
from rag.verify.numerals import normalise
from rag.verify.particles import FILLERS, PARTICLES

Kind = Literal["han", "word", "number", "name"]
# Of one sentence. Rules look at pairs of clauses and of tokens; what is longer, no prose but a list or a table without
# full stops, is read as several sentences, each with all rules.
MAX_CLAUSES, MAX_TOKENS = 32, 400
_START = attrgetter("start")
LIGHT = 0.15  # the weight of a Han character that says little by itself
_LIGHT_HAN = FUNCTION_HAN | PARTICLES
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_RUN = re.compile(rf"[{_HAN}]|(?:[A-Za-z0-9_./\\~$@%+#:=-]|[^\W\d_{_HAN}])+")
_NUMBER = re.compile(r"v?\d+(?:\.\d+)*%?|\d{1,2}:\d{2}", re.IGNORECASE)  # a time of day is one
_WITH_UNIT = re.compile(r"(\d+(?:\.\d+)*)-?([A-Za-z]{1,12})")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)[-~:/](\d+(?:\.\d+)?)(?:[-~:/](\d+(?:\.\d+)?))?")
_NAME = re.compile(r"(?=.*[A-Za-z])(?=.*\d)|.*[_/\\@$#+]|.+\.[A-Za-z]|--?[A-Za-z]|.*[a-z][A-Z]|.*::|~")
_ABBREVIATION = re.compile(r"[A-Za-z](?:\.[A-Za-z])+")  # a.m., e.g., U.S.: words, no names of files
_SENTENCE_END = re.compile(r"[。！？!?；;]+[」』”’\"'）)】》]*|\.(?=\s+[^a-z\s]|\s*$)|\n+")
_CLAUSE_END = re.compile(r"[，：、—]|,|:(?=\s|[^\d\x00-\x7f])|\s[-–]\s|[（）()]")


class Token(NamedTuple):  # the quickest to make: a passage has thousands
    """A Han character, a word, a number or a name (identifier, path, flag, version).

    ``text`` is what is compared: lower case, words without their endings, versions without their v. ``raw`` is how it
    stands there. ``weight`` says how much of the meaning it is.
    """

    text: str
    raw: str
    kind: Kind
    start: int
    end: int
    weight: float


@dataclass(frozen=True, eq=False)  # compared and cached by identity: its tokens are many
class Span:
    """A sentence or clause: its place in the text and its tokens."""

    text: str
    start: int
    end: int
    tokens: tuple[Token, ...]

    @cached_property
    def pairs(self) -> frozenset[str]:
        """Its pairs of neighbouring Han characters."""
        return frozenset(
            a.text + b.text
            for a, b in zip(self.tokens, self.tokens[1:], strict=False)
            if a.kind == b.kind == "han" and a.end == b.start
        )

    @cached_property
    def terms(self) -> frozenset[str]:
        """The texts of its tokens, and the parts of its names."""
        return frozenset(token.text for token in self.tokens) | frozenset(
            part for token in self.tokens if token.kind == "name" for part in _parts(token.raw)
        )

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Its numbers."""
        return frozenset(token.text for token in self.tokens if token.kind == "number")

    @cached_property
    def clauses(self) -> tuple[Span, ...]:
        """Its clauses, in order."""
        return tuple(_spans(self.text, _CLAUSE_END, self.start, self.tokens))


@dataclass(frozen=True, eq=False)
class Text:
    """A normalised text with its sentences."""

    norm: str
    sentences: tuple[Span, ...]

    @cached_property
    def bare(self) -> str:
        """The text with every mark and space as one ``|``: what verbatim copies are looked up in."""
        return "|" + bare(self.norm) + "|"


@lru_cache(maxsize=512)  # the passages of a question are read for every sentence of its answer
def read(text: str) -> Text:
    """Analyse a text."""
    norm = normalise(_plain(text))
    tokens = tuple(tokens_of(norm))
    sentences = (part for sentence in _spans(norm, _SENTENCE_END, 0, tokens) for part in _shorter(sentence))
    return Text(norm, tuple(sentences))


def _shorter(sentence: Span) -> Iterator[Span]:
    """The sentence, or where it goes on without end parts of it, of so many clauses and tokens at most."""
    if len(sentence.tokens) <= MAX_CLAUSES:  # as one of so many clauses has more tokens than that
        yield sentence
        return
    part: list[Span] = []
    for clause in sentence.clauses:
        size = sum(len(other.tokens) for other in part)
        if part and (len(part) >= MAX_CLAUSES or size + len(clause.tokens) > MAX_TOKENS):
            yield _joined(part, sentence)
            part = []
        for at in range(0, len(clause.tokens), MAX_TOKENS):
            tokens = clause.tokens[at : at + MAX_TOKENS]
            part.append(clause if len(tokens) == len(clause.tokens) else _of(tokens, sentence))
            if len(tokens) == MAX_TOKENS:
                yield _joined(part, sentence)
                part = []
    if part:
        yield _joined(part, sentence)


def _joined(clauses: Sequence[Span], sentence: Span) -> Span:
    start, end = clauses[0].start, clauses[-1].end
    if (start, end) == (sentence.start, sentence.end):
        return sentence
    text = sentence.text[start - sentence.start : end - sentence.start]
    return Span(text, start, end, tuple(token for clause in clauses for token in clause.tokens))


def _of(tokens: tuple[Token, ...], sentence: Span) -> Span:
    start, end = tokens[0].start, tokens[-1].end
    return Span(sentence.text[start - sentence.start : end - sentence.start], start, end, tokens)


def bare(norm: str) -> str:
    """Letters and digits alone, lower case, each run of anything else as one ``|``."""
    return re.sub(r"[\W_]+", "|", norm.lower()).strip("|")


def tokens_of(norm: str) -> Iterator[Token]:
    """The tokens of a normalised text."""
    phrases = (*FUNCTION_PHRASES.finditer(norm), *FILLERS.finditer(norm)) if not norm.isascii() else ()
    light = {i for match in phrases for i in range(match.start(), match.end())}
    for match in _RUN.finditer(norm):
        run, start = match.group(), match.start()
        if len(run) == 1 and "\u3400" <= run <= "\u9fff":
            yield Token(run, run, "han", start, start + 1, LIGHT if run in _LIGHT_HAN or start in light else 1.0)
        else:
            beside = norm[max(start - 2, 0) : start], norm[match.end() : match.end() + 3]
            part = contracted(run.lower().rstrip(".:-"), *beside)
            yield from [_token(part, run, "word", start, FUNCTION)] if part else _latin(run, start)


def _latin(run: str, start: int) -> Iterator[Token]:
    option = re.match(r"--?[A-Za-z]|\./|~", run)
    kept = run.rstrip(".:,=+'-") if option else run.strip(".:,=+'-@")
    if run.endswith("++") and run[:1].isalpha():
        kept = run
    if re.match(r"\$\d", kept):
        kept = kept[1:]  # a price
    start += run.find(kept) if kept else 0
    if not kept:
        return
    if "=" in kept and not kept.startswith("="):
        key, _, value = kept.partition("=")
        yield from _latin(key, start)
        yield from _latin(value, start + len(key) + 1)
    elif _NUMBER.fullmatch(kept):
        amount = 4.0 if ":" in kept else 2.0  # an hour and its minutes
        yield _token(kept.lower().removeprefix("v").lstrip("0") or "0", kept, "number", start, amount)
    elif match := _RANGE.fullmatch(kept):
        for group in (1, 2, 3):
            if match.group(group):
                at = start + match.start(group)
                yield _token(match.group(group).lstrip("0") or "0", match.group(group), "number", at, 2.0)
    elif (match := _WITH_UNIT.fullmatch(kept)) and kept[0].isdigit():
        yield _token(match.group(1).lstrip("0") or "0", match.group(1), "number", start, 2.0)
        yield _token(form(match.group(2).lower()), match.group(2), "word", start + match.start(2), 0.5)
    elif _ABBREVIATION.fullmatch(kept):
        yield _token(kept.lower(), kept, "word", start, 0.2 if kept.islower() else 2.0)
    elif _NAME.match(kept):
        yield _token(kept.lower(), kept, "name", start, 3.0)
    else:
        position = start
        for part in re.split(r"[-.:/]", kept):
            if part:
                at = position + kept[position - start :].find(part)
                yield _token(form(part.lower()), part, "word", at, weight(part.lower()))
                position = at + len(part)


def _token(text: str, raw: str, kind: Kind, start: int, weight: float) -> Token:
    return Token(text, raw, kind, start, start + len(raw), weight)


def _parts(raw: str) -> list[str]:
    """The parts of a name; -DLTO sets LTO."""
    return [part.lower() for part in re.split(r"^-D(?=[A-Z])|[/\\:.@_\-#]+", raw) if part]


def _plain(text: str) -> str:
    """Without the marks of Markdown: emphasis, code ticks, headings, links' addresses stay."""
    text = re.sub(r"(?<=\w)`-(?=[a-z]{3})", "` ", text)  # an `admin`-scoped token has a scope
    text = re.sub(r"```[^\n]*\n?|`|\*\*|(?<=\n)#+ |^#+ ", " ", text)
    return re.sub(r"\]\((?=\S+\))", "] (", text)


def _spans(text: str, ends: re.Pattern[str], offset: int, tokens: tuple[Token, ...]) -> Iterator[Span]:
    start = first = 0
    for stop in (*(match.end() for match in ends.finditer(text)), len(text)):
        if stop > start:
            last = bisect_left(tokens, stop + offset, first, key=_START)
            if last > first:
                yield Span(text[start:stop], start + offset, stop + offset, tokens[first:last])
            start, first = stop, last
