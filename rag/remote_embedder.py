"""Embeds on a server: OpenAI-compatible ``/v1/embeddings`` or text-embeddings-inference's ``/embed``."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from rag.base import FloatArray
from rag.remote import ModelServer, TooLargeError

BATCH_TEXTS = 32  # what text-embeddings-inference takes by default
_MAX_CHARS = 20_000


class RemoteEmbedder:
    """Thread-safe. ``dim`` asks the server once; the address for the openai api ends in ``/v1`` as elsewhere."""

    def __init__(self, server: ModelServer, *, model: str = "", api: Literal["openai", "tei"] = "openai") -> None:
        self._server = server
        self._model = model
        self._api = api
        self._dim = 0
        self._lock = threading.Lock()
        self.step_texts = BATCH_TEXTS  # a build that is cut off loses one request at most
        self.id = f"remote-{api}:{model or self._server.base_url}"

    @property
    def dim(self) -> int:
        """How many numbers a vector has.

        Raises:
            ModelError: the server cannot say.
        """
        if not self._dim:
            self._request(["dimension"])
        return self._dim

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """See `rag.protocols.Embedder.embed`.

        Raises:
            ModelError: the server cannot be used, or sent something else than one vector of one length for each text.
        """
        vectors = np.zeros((len(texts), self.dim), np.float32)
        filled = [row for row, text in enumerate(texts) if text.strip()]
        size, start = BATCH_TEXTS, 0
        while start < len(filled):
            rows = filled[start : start + size]
            try:
                vectors[rows] = self._request([texts[row][:_MAX_CHARS] for row in rows])
            except TooLargeError:
                if size == 1:
                    raise
                size = max(1, size // 2)
            else:
                start += len(rows)
        return vectors

    def _request(self, texts: list[str]) -> FloatArray:
        patient = len(texts) > 1  # one text is a question, and somebody waits
        if self._api == "tei":
            rows = self._server.post("/embed", {"inputs": texts, "truncate": True}, patient=patient)
        else:
            body = {"model": self._model, "input": texts, "encoding_format": "float"}
            rows = self._ordered(self._server.post("/embeddings", body, patient=patient))
        return self._checked(rows, len(texts))

    def _ordered(self, reply: Any) -> Any:
        try:
            return [item["embedding"] for item in sorted(reply["data"], key=lambda item: item["index"])]
        except (KeyError, TypeError):
            raise self._server.wrong("sent no embeddings") from None

    def _checked(self, rows: Any, count: int) -> FloatArray:
        try:
            vectors = np.asarray(rows, np.float32)
        except (ValueError, TypeError):
            raise self._server.wrong("sent no embeddings") from None
        if vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise self._server.wrong(f"sent embeddings of shape {vectors.shape} for {count} texts")
        with self._lock:
            if self._dim and self._dim != vectors.shape[1]:
                raise self._server.wrong(f"changed from {self._dim} to {vectors.shape[1]} dimensions")
            self._dim = vectors.shape[1]
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0), np.float32)
