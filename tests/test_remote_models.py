"""Embedders and rerankers on a server: both dialects, and every way in which a server fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from model_server import serving

from rag.base import Hit, ModelError, Passage
from rag.remote import ModelServer
from rag.remote_embedder import RemoteEmbedder
from rag.remote_reranker import RemoteReranker

KEY = "sk-very-secret"


def vector(text: str) -> list[float]:
    return [float(len(text)), 1.0, 0.0]


def embeddings(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    if path == "/embed":
        return 200, [vector(text) for text in body["inputs"]]
    data = [{"index": i, "embedding": vector(text)} for i, text in enumerate(body["input"])]
    return 200, {"data": data[::-1]}


def scores(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    key = "score" if "texts" in body else "relevance_score"
    texts = body.get("texts") or body["documents"]
    found = [{"index": i, key: len(text) / 100} for i, text in enumerate(texts)][::-1]
    return 200, found if "texts" in body else {"results": found}


def embedder_at(url: str, *, model: str = "", api: Any = "openai", **server: Any) -> RemoteEmbedder:
    return RemoteEmbedder(ModelServer("embedder", url, **server), model=model, api=api)


def reranker_at(url: str, *, model: str = "", api: Any = "jina") -> RemoteReranker:
    return RemoteReranker(ModelServer("reranker", url), model=model, api=api)


def hits(*texts: str) -> list[Hit]:
    return [Hit(Passage(str(i), text, "d", "d.md"), 1.0 - i / 10, {"bm25": 0.5}) for i, text in enumerate(texts)]


@pytest.mark.parametrize("api", ["openai", "tei"])
def test_texts_become_unit_vectors_in_their_order(api: Any) -> None:
    texts = ["a", "", *["word " * n for n in range(1, 70)]]
    with serving(embeddings) as server:
        embedder = embedder_at(server.url, model="m", api=api, api_key=KEY)
        found = embedder.embed(texts)
        assert embedder.dim == 3
        assert all(len(body.get("input", body.get("inputs"))) <= 32 for _, body, _ in server.requests)
        assert server.requests[0][2]["Authorization"] == f"Bearer {KEY}"
    expected = np.array([vector(text) for text in texts], np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    expected[1] = 0
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("api", ["jina", "tei"])
def test_hits_come_in_the_order_of_the_servers_scores(api: Any) -> None:
    with serving(scores) as server:
        ranked = reranker_at(server.url, model="m", api=api).rerank("q", hits("aa", "aaaa", "a"))
    assert [hit.passage.text for hit in ranked] == ["aaaa", "aa", "a"]
    assert ranked[0].scores == {"bm25": 0.5, "reranker": 0.04}
    assert reranker_at("http://127.0.0.1:9").rerank("q", []) == []


def test_a_server_that_sends_logits_gives_probabilities_from_then_on() -> None:
    replies = [[-4.0, 3.0, 0.0], [0.5, 0.25, 0.75]]

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return 200, [{"index": n, "score": score} for n, score in enumerate(replies.pop(0))]

    with serving(answer) as server:
        reranker = reranker_at(server.url, api="tei")
        first, second = (reranker.rerank("q", hits("a", "b", "c")) for _ in range(2))
    assert [round(hit.score, 3) for hit in first] == [0.953, 0.5, 0.018]
    assert [round(hit.score, 3) for hit in second] == [0.679, 0.622, 0.562]
    assert reranker_at(server.url, model="m").id != reranker_at(server.url, model="n").id


FAULTS = [
    (401, {}, r"refused the key.*QUNDA_EMBEDDER_API_KEY"),
    (404, {}, "base_url, api and model"),
    (302, {}, "redirects"),
    (400, {}, "answered 400"),
    (500, {}, "answered 500"),
    (429, {}, "limits the rate"),
    (200, b"<html>login</html>", "sent no JSON"),
    (200, {"error": "x"}, "sent no embeddings"),
    (200, {"data": []}, "shape"),
    (200, {"data": [{"index": 0, "embedding": [1.0, float("nan")]}]}, "shape"),
    (200, {"data": [{"index": 0, "embedding": "text"}]}, "no embeddings"),
]


@pytest.mark.parametrize(("status", "reply", "message"), FAULTS)
def test_each_fault_of_a_server_names_the_fix_and_never_the_key(status: int, reply: Any, message: str) -> None:
    waits: list[float] = []
    with serving(lambda *_: (status, reply)) as server:
        embedder = embedder_at(server.url, model="m", api_key=KEY, wait=waits.append)
        with pytest.raises(ModelError, match=message) as caught:
            embedder.embed(["text"])
        tries = len(server.requests)
    assert KEY not in str(caught.value)
    assert (tries, waits) == {429: (3, [3.0, 3.0]), 500: (3, [0.5, 1.0])}.get(status, (1, []))


def test_a_server_that_recovers_is_asked_again() -> None:
    answers = [(503, {}), (429, {})]
    with serving(lambda path, body: answers.pop() if answers else embeddings(path, body)) as server:
        assert embedder_at(server.url, wait=lambda _: None).embed(["x"]).shape == (1, 3)


def test_a_silent_server_ends_in_a_timeout_and_a_dead_one_is_named() -> None:
    with serving(lambda *_: (200, None)) as server:
        silent = embedder_at(server.url, timeout_s=0.1, max_retries=0)
        with pytest.raises(ModelError, match="timeout_s"):
            silent.embed(["x"])
        url = server.url
    with pytest.raises(ModelError, match="cannot be reached"):
        embedder_at(url, max_retries=0).embed(["x"])
    with pytest.raises(ModelError, match="must start with http"):
        embedder_at("127.0.0.1:80")


def test_a_server_that_takes_few_texts_gets_few() -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return (413, {}) if len(body["input"]) > 5 else embeddings(path, body)

    with serving(answer) as server:
        found = embedder_at(server.url).embed([f"text {'x' * n}" for n in range(40)])
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(40))


def test_a_change_of_dimensions_is_an_error() -> None:
    sizes = iter([3, 4])

    def answer(_: str, body: dict[str, Any]) -> tuple[int, Any]:
        n = next(sizes)
        return 200, {"data": [{"index": i, "embedding": [1.0] * n} for i in range(len(body["input"]))]}

    with serving(answer) as server, pytest.raises(ModelError, match="changed from 3 to 4 dimensions"):
        embedder_at(server.url).embed(["x"])


@pytest.mark.parametrize("results", [[], [{"index": 5, "relevance_score": 1}], [{"index": 0}], "x", None])
def test_scores_that_do_not_cover_the_passages_are_an_error(results: Any) -> None:
    with (
        serving(lambda *_: (200, {"results": results})) as server,
        pytest.raises(ModelError, match=r"scored|no scores"),
    ):
        reranker_at(server.url).rerank("q", hits("a"))
