"""Watches over one model while it serves: counts its faults, logs them sparingly, and lets it rest after one.

Knows neither models nor knowledge. What a model's fault means for an answer is decided by whoever calls it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from loguru import logger

from rag.base import FloatArray, Hit, ModelError, RagError
from rag.protocols import Embedder, Reranker

T = TypeVar("T")
Part = Literal["embedder", "reranker", "llm", "web", "moderation"]
LOG_EVERY_S = 60.0
# A model that failed is left alone ten times as long as the failure took: a server that hangs holds up few questions.
REST_TIMES, MIN_REST_S, MAX_REST_S = 10.0, 1.0, 300.0


@dataclass(frozen=True, slots=True)
class ModelFault:
    """A model that does not do its work; ``detail`` is what was wrong last.

    ``out``: it is not in use at all. ``failing``: its last call failed. ``recovered``: it works again. ``missed``: how
    often one went on without it.
    """

    part: Part
    state: Literal["out", "failing", "recovered"]
    detail: str
    missed: int = 0


class Watch:
    """Thread-safe. ``monotonic`` gives seconds."""

    def __init__(self, part: Part, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.part: Part = part
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._fault: ModelFault | None = None
        self._rests_until = self._logs_from = float("-inf")

    @property
    def fault(self) -> ModelFault | None:
        """What was wrong so far; None where nothing ever was."""
        return self._fault

    def call(self, work: Callable[[], T]) -> T:
        """What ``work`` gives; while the model rests, its last fault at once.

        Raises:
            ModelError: it failed.
        """
        started = self._monotonic()
        with self._lock:
            if self._fault is not None and started < self._rests_until:
                self._missed(self._fault.detail)
                raise ModelError(self._fault.detail)
        try:
            done = work()
        except ModelError as error:
            self.failed(error, self._monotonic() - started)
            raise
        self.worked()
        return done

    def rests(self) -> bool:
        """Whether it is to be left alone for now; that counts as gone on without it."""
        with self._lock:
            resting = self._fault is not None and self._monotonic() < self._rests_until
            if resting and self._fault is not None:
                self._missed(self._fault.detail)
            return resting

    def failed(self, error: RagError, took_s: float = 0.0) -> None:
        """One call failed; it was gone on without the model."""
        with self._lock:
            now = self._monotonic()
            self._rests_until = now + min(MAX_REST_S, max(MIN_REST_S, REST_TIMES * took_s))
            fault = self._missed(str(error))
            if now < self._logs_from:
                return
            self._logs_from = now + LOG_EVERY_S
        logger.warning("the {} fails ({} times so far): {}", self.part, fault.missed, error)

    def worked(self) -> None:
        """One call did its work."""
        with self._lock:
            fault = self._fault
            if fault is None or fault.state == "recovered":
                return
            self._fault = ModelFault(self.part, "recovered", fault.detail, fault.missed) if fault.missed else None
            self._rests_until = self._logs_from = float("-inf")
        logger.info("the {} works again", self.part)

    def leave_out(self, error: RagError) -> None:
        """The model cannot be used at all, until it can be loaded."""
        with self._lock:
            before, missed = self._fault, self._fault.missed if self._fault else 0
            self._fault = ModelFault(self.part, "out", str(error), missed)
        if before is None or (before.state, before.detail) != ("out", str(error)):
            logger.warning("the {} is left out: {}", self.part, error)

    def _missed(self, detail: str) -> ModelFault:
        missed = self._fault.missed if self._fault else 0
        self._fault = ModelFault(self.part, "failing", detail, missed + 1)
        return self._fault


class WatchedEmbedder:
    """Implements `rag.protocols.Embedder`, for questions and examples."""

    def __init__(self, embedder: Embedder, watch: Watch) -> None:
        self.id = embedder.id
        self._embedder, self._watch = embedder, watch

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return self._embedder.dim

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """See `Embedder.embed`.

        Raises:
            ModelError: it failed, or did a moment ago.
        """
        return self._watch.call(lambda: self._embedder.embed(texts))


class WatchedReranker:
    """Implements `rag.protocols.Reranker`."""

    def __init__(self, reranker: Reranker, watch: Watch) -> None:
        self.id = reranker.id
        self._reranker, self._watch = reranker, watch

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """See `Reranker.rerank`.

        Raises:
            ModelError: it failed, or did a moment ago.
        """
        return self._watch.call(lambda: self._reranker.rerank(question, hits))
