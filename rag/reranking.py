"""Asks a reranker that may fail, and keeps what it said of examples. Knows neither models nor the gate's features."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from rag.base import Evidence, FloatArray, ModelError
from rag.protocols import Reranker

_log = logging.getLogger(__name__)

KEPT_SCORES = 3  # of one question: the best
KEPT_QUESTIONS = 20_000


def reranked(reranker: Reranker, query: str, evidence: Evidence) -> Evidence:
    """The evidence with its hits in the reranker's order and its scores; as it was where the reranker fails."""
    if not evidence.hits:
        return evidence
    try:
        hits = reranker.rerank(query, evidence.hits)
    except ModelError as error:  # whoever watches over the models tells of it, and not for each question
        _log.debug("the passages keep their order: %s", error)
        return evidence
    return replace(evidence, hits=tuple(hits), rerank=np.array([hit.score for hit in hits], np.float32))


class KeptScores:
    """The best scores of questions asked before, in a JSON file: an example is scored once, not with every training.

    A question is known by its text and its passages, so a new version of the knowledge costs what it changed alone.
    One thread at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._scores: dict[str, list[float]] = _read(path)
        self._changed = False

    @classmethod
    def of(cls, folder: Path, reranker: Reranker) -> KeptScores:
        """Those of one reranker, below ``folder``."""
        return cls(folder / f"{hashlib.sha256(reranker.id.encode()).hexdigest()[:16]}.json")

    def known(self, evidence: Evidence) -> bool:
        """Whether it costs nothing."""
        return not evidence.hits or _key(evidence) in self._scores

    def scores(self, evidence: Evidence, rerank: Callable[[Evidence], Evidence]) -> FloatArray:
        """The best few scores, best first; empty where nothing is found or the reranker fails."""
        if not evidence.hits:
            return evidence.rerank
        key = _key(evidence)
        if key not in self._scores:
            fresh = rerank(evidence).rerank[:KEPT_SCORES]
            if not len(fresh):
                return fresh
            self._scores[key] = [float(score) for score in fresh]
            self._changed = True
        return np.array(self._scores[key], np.float32)

    def save(self) -> None:
        """Write what is new; where that fails the next start scores again."""
        if not self._changed:
            return
        kept = dict(list(self._scores.items())[-KEPT_QUESTIONS:])
        beside = self._path.with_suffix(f".{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(kept), "utf-8")
            beside.replace(self._path)
        except OSError as error:
            _log.warning(
                "the reranker's scores cannot be kept in %s (%s); free disk space or check rights", beside, error
            )
        else:
            self._changed = False


def _key(evidence: Evidence) -> str:
    parts = [evidence.text, *(hit.passage.text for hit in evidence.hits)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _read(path: Path) -> dict[str, list[float]]:
    try:
        data = json.loads(path.read_text("utf-8"))
        return {str(key): [float(score) for score in scores] for key, scores in data.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        _log.warning("the reranker's scores in %s are damaged (%s) and made anew", path, error)
        return {}
