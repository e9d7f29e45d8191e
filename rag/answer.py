"""Writes answers to questions from evidence: quoted (`ExtractiveAnswerer`) or generated (`LLMAnswerer`), always cited.

It decides what may be shown of a model's text: marks that name no passage are dropped, an answer without a valid
mark is an abstention, and so is the model's own NO_ANSWER, which nobody ever sees. Its only I/O is its generator's.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

from rag.base import Answer, Evidence, Generator, Passage, Question, Source
from rag.extractive import MIN_SUPPORT, MIN_SUPPORT_OVERHEARD, extract
from rag.prompts import NO_ANSWER, answer_prompt, fit_passages
from rag.scoring import best_quote

# [3], [1, 2], 【4】, [^2]; code and links are told apart first, where brackets mean something else.
_MARK = re.compile(r"[\[【［]\s*\^?\s*(\d{1,3}(?:\s*[,，、;；]\s*\^?\d{1,3})*)\s*[\]】］](?!\()")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_OPEN_MARK = re.compile(r"\s*[\[【［][\s^\d,，、;；]*\Z")
_NUMBER = re.compile(r"\d+")
_NOISE = re.compile(r"[\W_]+")
_REFUSAL = _NOISE.sub("", NO_ANSWER).lower()


Quote = Callable[[Question, Evidence], Awaitable["Answer | None"]]


class ExtractiveAnswerer:
    """Quotes the sentences that answer best; needs no model.

    It computes for some milliseconds: ``quote`` does that off the event loop; without it, it is done in place.
    """

    def __init__(self, quote: Quote | None = None) -> None:
        self._quote = quote

    async def answer(self, question: Question, evidence: Evidence) -> AsyncIterator[str | Answer | None]:
        """Yield one `Answer`, or None."""
        yield quote_passages(question, evidence) if self._quote is None else await self._quote(question, evidence)


def quote_passages(question: Question, evidence: Evidence, max_chars: int = 200) -> Answer | None:
    """The answer in the documents' own words, or None where they do not support one; computes for milliseconds."""
    support = MIN_SUPPORT if question.mentioned else MIN_SUPPORT_OVERHEARD
    own = "" if question.rewritten else question.text
    return extract(evidence, own, max_chars=max_chars, min_support=support)


class LLMAnswerer:
    """Has a generator write the answer from the passages of the evidence.

    Args:
        max_context_chars: bounds the passages in the prompt; ``max_passages`` their number.
    """

    def __init__(self, generator: Generator, *, max_context_chars: int = 6000, max_passages: int = 8) -> None:
        self._generator = generator
        self._max_context_chars = max_context_chars
        self._max_passages = max_passages

    @property
    def generator(self) -> Generator:
        """What writes, for other short calls too."""
        return self._generator

    async def answer(self, question: Question, evidence: Evidence) -> AsyncIterator[str | Answer | None]:
        """Yield the growing text with its marks renumbered, then an `Answer`, or None where the model abstains.

        Raises:
            GeneratorError: the generator failed; what was yielded before is no answer.
        """
        found = [hit.passage for hit in evidence.hits[: self._max_passages] if hit.passage.text.strip()]
        passages = fit_passages(found, self._max_context_chars)
        if not passages:
            yield None
            return
        # `Generator.stream` is declared as an iterator, but closing it is part of its contract.
        stream = cast(Any, self._generator.stream(answer_prompt(question, passages)))
        text, shown = "", ""
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                text += piece
                if NO_ANSWER in text:
                    break
                visible = clean(presentable(text), len(passages))[0]
                if visible and visible != shown:
                    shown = visible
                    yield shown
        yield cite(text, passages, question.text)


def is_refusal(text: str) -> bool:
    """Whether a model says that the passages hold no answer: the token anywhere, or its words alone."""
    return NO_ANSWER in text or _NOISE.sub("", text).lower() == _REFUSAL


def presentable(text: str) -> str:
    """The part of an unfinished text that may be shown: nothing that could become NO_ANSWER, no half of a mark."""
    if _REFUSAL.startswith(_NOISE.sub("", text).lower()):
        return ""
    for length in range(min(len(NO_ANSWER) - 1, len(text)), 0, -1):
        if NO_ANSWER.startswith(text[-length:]):
            text = text[:-length]
            break
    return _OPEN_MARK.sub("", text)


def clean(text: str, count: int) -> tuple[str, list[int]]:
    """The text with valid marks only, renumbered by first appearance, and the passage numbers (1-based) in that order.

    A mark is valid when it names one of ``count`` passages. Brackets in code are left alone. Working from the
    front, it gives the same numbers for every longer version of a text.
    """
    order: list[int] = []

    def renumber(match: re.Match[str]) -> str:
        numbers = [int(number) for number in _NUMBER.findall(match.group(1))]
        valid = [number for number in dict.fromkeys(numbers) if 1 <= number <= count]
        order.extend(number for number in valid if number not in order)
        return "".join(f"[{order.index(number) + 1}]" for number in valid)

    parts, position = [], 0
    for code in _CODE.finditer(text):
        parts += [_MARK.sub(renumber, text[position : code.start()]), code.group()]
        position = code.end()
    parts.append(_MARK.sub(renumber, text[position:]))
    return re.sub(r"[ \t]+(?=[.。,，;；!！]|\n|\Z)", "", "".join(parts)).strip(), order


def cite(text: str, passages: Sequence[Passage], question: str) -> Answer | None:
    """A finished text as an `Answer`; None where it refuses or names no passage."""
    if is_refusal(text):
        return None
    shown, order = clean(text, len(passages))
    if not order or not _MARK.sub("", shown).strip():
        return None
    claims = f"{question}\n{shown}"
    sources = [
        Source(n, passage.source, passage.uri, best_quote(passage.text, claims), passage.id)
        for n, passage in enumerate((passages[number - 1] for number in order), 1)
    ]
    return Answer(shown, tuple(sources))
