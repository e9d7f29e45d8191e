"""Writes answers to questions from evidence: quoted (`ExtractiveAnswerer`) or generated (`LLMAnswerer`), always cited.

It decides what may be shown of a model's text: marks that name no passage are dropped, what no passage supports goes in
the end (`rag.verify`), and nobody ever sees the model's own NO_ANSWER. A curated answer and the place
of a definition go before both, as they are. Its only I/O is its generator's.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, cast

from rag.base import Abstention, Answer, Evidence, Hit, Passage, Question
from rag.curated import curated_answer
from rag.defined import definitions_answer
from rag.draft import Draft, speaks_otherwise
from rag.extractive import MIN_SUPPORT, MIN_SUPPORT_OVERHEARD, extract
from rag.markup import CODE
from rag.places import cited
from rag.prompts import NO_ANSWER, answer_prompt, fit_passages
from rag.protocols import Generator
from rag.scoring import best_quote
from rag.surroundings import home, widened
from rag.verify import Entailment, verify

# [3], [1, 2], 【4】, [^2]; code and links are told apart first, where brackets mean something else.
_MARK = re.compile(r"[\[【［]\s*\^?\s*(\d{1,3}(?:\s*[,，、;；]\s*\^?\d{1,3})*)\s*[\]】］](?!\()")
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
    if (ready := ready_answer(question, evidence)) is not None:
        return ready
    support = MIN_SUPPORT if question.mentioned else MIN_SUPPORT_OVERHEARD
    own = "" if question.rewritten else question.text
    return extract(evidence, own, max_chars=max_chars, min_support=support)


def ready_answer(question: Question, evidence: Evidence) -> Answer | None:
    """What needs no passages and no model: a curated answer, or the place of a definition."""
    if evidence.curated is not None:
        return curated_answer(evidence.curated)
    return definitions_answer(evidence.definitions, question.language) if evidence.definitions else None


class LLMAnswerer:
    """Has a generator write the answer from the passages of the evidence, and verifies it.

    Args:
        max_context_chars: bounds the passages in the prompt; ``max_passages`` their number.
        entailment: a model that helps to verify, where there is one.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        max_context_chars: int = 6000,
        max_passages: int = 8,
        entailment: Entailment | None = None,
    ) -> None:
        self._generator = generator
        self._max_context_chars = max_context_chars
        self._max_passages = max_passages
        self._entailment = entailment

    @property
    def generator(self) -> Generator:
        """What writes, for other short calls too."""
        return self._generator

    async def answer(self, question: Question, evidence: Evidence) -> AsyncIterator[str | Answer | Abstention | None]:
        """Yield the growing text with its marks renumbered, then the verified `Answer`, or why there is none.

        Raises:
            GeneratorError: the generator failed; what was yielded before is no answer.
        """
        if (ready := ready_answer(question, evidence)) is not None:
            yield ready
            return
        hits = [hit for hit in evidence.hits[: self._max_passages] if hit.passage.text.strip()]
        found = fit_passages([hit.passage for hit in hits], self._max_context_chars)
        passages = widened(hits, found, self._max_context_chars)
        if not passages:
            yield None
            return
        # `Generator.stream` is declared as an iterator, but closing it is part of its contract.
        stream = cast(Any, self._generator.stream(answer_prompt(question, passages)))
        draft, shown = Draft(question.language), ""
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                if draft.add(piece) and (visible := showing(draft, len(passages))) not in ("", shown):
                    yield (shown := visible)
                if draft.over:
                    break
        if draft.look() and (visible := showing(draft, len(passages))) not in ("", shown):
            yield visible
        yield await asyncio.to_thread(finish, draft, passages, question, hits, self._entailment)


def showing(draft: Draft, count: int) -> str:
    """What is seen of a draft now, with marks of ``count`` passages."""
    return clean(presentable(draft.showable), count)[0]


def finish(
    draft: Draft,
    passages: Sequence[Passage],
    question: Question,
    hits: Sequence[Hit] = (),
    entailment: Entailment | None = None,
) -> Answer | Abstention:
    """What becomes of a finished draft; computes for some milliseconds."""
    text = draft.text
    if is_refusal(text):
        return Abstention("refused")
    if not text:
        return Abstention(draft.fault or "empty")
    if speaks_otherwise(text, question.language):
        return Abstention("language")
    verified = verify(text, passages, entailment)
    answer = cite(verified.text, passages, question.text, hits)
    if answer is None:
        return Abstention(draft.fault or "unsupported", verified.verdict)
    return replace(answer, verdict=verified.verdict)


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

    def valid(match: re.Match[str]) -> list[int]:
        numbers = [int(number) for number in _NUMBER.findall(match.group(1))]
        return [number for number in dict.fromkeys(numbers) if 1 <= number <= count]

    def renumber(match: re.Match[str]) -> str:
        numbers = valid(match)
        order.extend(number for number in numbers if number not in order)
        return "".join(f"[{order.index(number) + 1}]" for number in numbers)

    def renumbered(prose: str) -> str:
        while (left := _MARK.sub(lambda match: match.group() if valid(match) else "", prose)) != prose:
            prose = left  # what stood round a mark that is gone may make another one
        return _MARK.sub(renumber, prose)

    parts, position = [], 0
    for code in CODE.finditer(text):
        parts += [renumbered(text[position : code.start()]), code.group()]
        position = code.end()
    parts.append(renumbered(text[position:]))
    return re.sub(r"[ \t]+(?=[.。,，;；!！]|\n|\Z)", "", "".join(parts)).strip(), order


def cite(text: str, passages: Sequence[Passage], question: str, hits: Sequence[Hit] = ()) -> Answer | None:
    """A finished text as an `Answer`; None where it refuses or names no passage.

    ``hits`` say which neighbours ``passages`` were widened by, so that a source names the passage that it quotes.
    """
    if is_refusal(text):
        return None
    shown, order = clean(text, len(passages))
    if not order or not _MARK.sub("", shown).strip():
        return None
    claims = f"{question}\n{shown}"
    sources = []
    for n, number in enumerate(order, 1):
        passage = passages[number - 1]
        quote = best_quote(passage.text, claims)
        sources.append(replace(cited(n, passage, quote), passage_id=home(passage, hits, quote).id))
    return Answer(shown, tuple(sources))
