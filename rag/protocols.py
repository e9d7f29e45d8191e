"""What the parts of the rag package are to each other: embedder, retriever, gate, reranker, generator, answerer.

It knows the values of `rag.base` and none of those who do the work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from rag.base import Abstention, Answer, Evidence, FloatArray, GateDecision, Hit, Prompt, Question
from rag.usage import Usage


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors. Thread-safe; ``id`` changes whenever the vectors would."""

    id: str

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        ...

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Embed n texts: shape (n, dim), float32, unit rows (a text without content gives a zero row)."""
        ...


@runtime_checkable
class PassageEmbedder(Embedder, Protocol):
    """An embedder that is told which texts are passages: many models put another prompt in front of those.

    ``step_texts``: how many to hand over at a time, so that its batches fill.
    """

    step_texts: int

    def embed_passages(self, texts: Sequence[str]) -> FloatArray:
        """`embed` for passages."""
        ...


@runtime_checkable
class Retriever(Protocol):
    """Searches knowledge."""

    def search(self, text: str, top_k: int) -> Evidence:
        """The best ``top_k`` passages for ``text``, however odd; ModelError where the embedder failed."""
        ...

    def search_words(self, text: str, top_k: int) -> Evidence:
        """The same by words alone, which needs no embedder."""
        ...


@runtime_checkable
class Gate(Protocol):
    """Decides whether a question deserves an answer."""

    def decide(self, question: Question, evidence: Evidence) -> GateDecision:
        """Decide; pure, thread-safe and deterministic."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Puts hits into a better order. Thread-safe; ``id`` changes whenever the scores would."""

    id: str

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits, best first, their score replaced: the probability, 0 to 1, that the passage answers.

        Raises:
            ModelError: it failed.
        """
        ...


@runtime_checkable
class Generator(Protocol):
    """A chat model, local or remote."""

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """Yield pieces of text as they are written; closing the iterator cancels the work.

        Raises:
            GeneratorError: with the kind of the fault.
        """
        ...


class CountingGenerator(Generator, Protocol):
    """A generator that tells how many tokens a call took."""

    def stream(self, prompt: Prompt, usage: Usage | None = None) -> AsyncIterator[str]:
        """`Generator.stream`; ``usage`` is filled in as far as it is known."""
        ...


class Answerer(Protocol):
    """Writes the answer to a question from evidence."""

    def answer(self, question: Question, evidence: Evidence) -> AsyncIterator[str | Answer | Abstention | None]:
        """Yield the growing full text while it is written, then exactly one `Answer`, or an `Abstention` or None.

        Raises:
            GeneratorError: the generator failed.
        """
        ...
