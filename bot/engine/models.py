"""The engine's embedder and reranker: loaded before anything is served, and left out where they cannot be.

An embedder that is left out gives its place to the built-in one. Versions that it made are then searched by words.
"""

from __future__ import annotations

from bot.config import Settings
from bot.faults import ModelFault, Watch, WatchedEmbedder, WatchedReranker
from bot.models import LEXICAL, free_memory, make_embedder, make_reranker
from rag.base import Hit, ModelError, Passage
from rag.embedder import LexicalEmbedder
from rag.protocols import Embedder, Reranker
from rag.verify.entailment import ModelEntailment, entailment_of

_PROBE = "qunda"


class EngineModels:
    """What is in use now. ``words_only``: ``embedder`` stands in for one that cannot be loaded."""

    embedder: Embedder
    reranker: Reranker | None

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        """``embedder`` takes the place of what the settings name."""
        self._settings = settings
        self._given = embedder
        self._embedding, self._reranking = Watch("embedder"), Watch("reranker")
        self.words_only = False
        self._open_embedder()
        self._open_reranker()

    @property
    def faults(self) -> tuple[ModelFault, ...]:
        """What does not work."""
        return tuple(watch.fault for watch in (self._embedding, self._reranking) if watch.fault is not None)

    @property
    def entailment(self) -> ModelEntailment | None:
        """What judges sentences of answers; None where only words are counted."""
        neural = None if isinstance(self.embedder, LexicalEmbedder) else self.embedder
        return entailment_of(neural, self.reranker)

    def reopen(self) -> bool:
        """Try again to load what is left out; whether anything is in use now that was not."""
        before = (self.embedder, self.reranker)
        if self.words_only:
            self._open_embedder()
        if _is_out(self._reranking):
            self._open_reranker()
        return before != (self.embedder, self.reranker)

    def leave_embedder(self, error: ModelError) -> None:
        """Do without the embedder: it failed before anything could be served."""
        self._embedding.leave_out(error)
        if not self.words_only:
            self.embedder, self.words_only = LexicalEmbedder(), True

    def _open_embedder(self) -> None:
        section = self._settings.embedder
        if self._given is None and section.model == LEXICAL and not section.base_url:
            self.embedder = LexicalEmbedder()
            return
        try:
            embedder = self._given or make_embedder(self._settings)
            if self._given is None:
                embedder.embed([_PROBE])  # loads it, or asks its server
        except ModelError as error:
            fault = ModelError(str(error))  # without the frames, which hold what was loaded so far
        else:
            self._embedding.worked()
            self.embedder, self.words_only = WatchedEmbedder(embedder, self._embedding), False
            return
        self.leave_embedder(fault)
        free_memory()

    def _open_reranker(self) -> None:
        self.reranker = None
        try:
            reranker = make_reranker(self._settings)
            if reranker is not None:
                reranker.rerank(
                    _PROBE, [Hit(Passage("", text, "", ""), 1.0) for text in (_PROBE, f"{_PROBE} {_PROBE}")]
                )
        except ModelError as error:
            self._reranking.leave_out(error)
        else:
            if reranker is not None:
                self._reranking.worked()
                self.reranker = WatchedReranker(reranker, self._reranking)
            return
        free_memory()


def _is_out(watch: Watch) -> bool:
    return watch.fault is not None and watch.fault.state == "out"
