"""Reranks on a server: the ``/rerank`` of Jina, Cohere, vLLM and others, or of text-embeddings-inference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from rag.base import Hit
from rag.remote import ModelServer
from rag.scores import rescored

_MAX_CHARS = 20_000


class RemoteReranker:
    """Thread-safe. A server that once sends a score beyond 0 to 1 sends logits, which become probabilities."""

    def __init__(self, server: ModelServer, *, model: str = "", api: Literal["jina", "tei"] = "jina") -> None:
        self._server = server
        self._model = model
        self._api = api
        self._logits = False
        self.id = f"remote-{api}:{model or server.base_url}"

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """See `rag.protocols.Reranker.rerank`.

        Raises:
            ModelError: the server cannot be used, or did not score every passage once.
        """
        if not hits:
            return []
        texts = [hit.passage.text[:_MAX_CHARS] for hit in hits]
        if self._api == "tei":
            reply = self._server.post("/rerank", {"query": question, "texts": texts, "truncate": True}, patient=False)
            scores = self._scores(reply, "score", len(hits))
        else:
            body = {"model": self._model, "query": question, "documents": texts, "top_n": len(texts)}
            reply = self._server.post("/rerank", body, patient=False)
            scores = self._scores(
                reply.get("results") if isinstance(reply, dict) else None, "relevance_score", len(hits)
            )
        return rescored(hits, scores)

    def _scores(self, items: Any, key: str, count: int) -> list[float]:
        try:
            found = {int(item["index"]): float(item[key]) for item in items}
        except (KeyError, TypeError, ValueError):
            raise self._server.wrong("sent no scores") from None
        if set(found) != set(range(count)):
            raise self._server.wrong(f"scored passages {sorted(found)} of {count}")
        if not all(math.isfinite(score) for score in found.values()):
            raise self._server.wrong("sent scores that are no numbers")
        self._logits = self._logits or not all(0 <= score <= 1 for score in found.values())
        return [_probability(found[i]) if self._logits else found[i] for i in range(count)]


def _probability(logit: float) -> float:
    return 1 / (1 + math.exp(-min(max(logit, -60.0), 60.0)))
