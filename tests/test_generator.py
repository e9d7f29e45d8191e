"""The OpenAI-compatible generator against a scripted server: what it yields, how it fails, what it leaves behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from llm_server import TEXT, LLMServer

from bot.config import LLMSettings
from rag.base import GeneratorError, Prompt
from rag.generator import OpenAIGenerator, Visible
from rag.presets import PRESETS
from rag.protocols import Generator

PROMPT = Prompt("system", (("user", "如何重新加载？"),))


@pytest.fixture
async def server() -> AsyncIterator[LLMServer]:
    async with LLMServer().run() as running:
        yield running


@asynccontextmanager
async def generator(server: LLMServer, model: str, **options: Any) -> AsyncIterator[OpenAIGenerator]:
    async with OpenAIGenerator(base_url=server.url, model=model, api_key="sk-test", **options) as made:
        yield made


async def told(server: LLMServer, model: str, **options: Any) -> str:
    async with generator(server, model, **options) as made:
        return "".join([piece async for piece in made.stream(PROMPT)])


async def fault(server: LLMServer, model: str, **options: Any) -> tuple[GeneratorError, str]:
    """The error of a scenario and the text told before it."""
    text = ""
    async with generator(server, model, **{"max_retries": 0, **options}) as made:
        with pytest.raises(GeneratorError) as caught:
            async for piece in made.stream(PROMPT):
                text += piece
    return caught.value, text


async def test_a_stream_arrives_piece_by_piece_with_the_key_and_the_settings(server: LLMServer) -> None:
    async with generator(server, "fine", max_tokens=77, temperature=0.3) as made:
        pieces = [piece async for piece in made.stream(PROMPT)]
        assert isinstance(made, Generator)
    assert "".join(pieces) == TEXT
    assert len(pieces) > 5
    body = server.requests[0]
    assert (body["max_tokens"], body["temperature"], body["stream"]) == (77, 0.3, True)
    assert body["messages"] == [{"role": "system", "content": "system"}, {"role": "user", "content": "如何重新加载？"}]
    assert server.keys == ["Bearer sk-test"]


@pytest.mark.parametrize(
    ("model", "kind", "fix"),
    [
        ("unauthorized", "auth", "QUNDA_LLM_API_KEY"),
        ("limited", "rate_limit", "quota"),
        ("broken", "server", "500"),
        ("unknown", "config", "[llm] model"),
        ("too-long", "config", "maximum context length"),
        ("html", "bad_reply", "/v1"),
        ("not-a-stream", "bad_reply", "base_url"),
        ("empty", "empty", "max_tokens"),
        ("only-usage", "empty", "max_tokens"),
        ("no-choices", "bad_reply", "choices"),
        ("half-character", "bad_reply", "protocol"),
    ],
)
async def test_a_fault_before_the_first_token_has_a_kind_and_names_the_fix(
    server: LLMServer, model: str, kind: str, fix: str
) -> None:
    error, text = await fault(server, model)
    assert error.kind == kind
    assert fix in str(error)
    assert "sk-test" not in str(error)
    assert text == ""


@pytest.mark.parametrize(
    ("model", "kind"),
    [("dies", "cut_off"), ("unfinished", "cut_off"), ("malformed", "bad_reply"), ("error-event", "server")],
)
async def test_a_fault_after_the_first_token_tells_what_came_before(server: LLMServer, model: str, kind: str) -> None:
    error, text = await fault(server, model)
    assert error.kind == kind
    assert text.startswith("发送")


async def test_a_server_that_never_starts_times_out_and_is_told_to_stop(server: LLMServer) -> None:
    error, _ = await fault(server, "silent", first_token_timeout_s=0.05)
    assert error.kind == "timeout"
    assert "timeout_s" in str(error)
    await server.disconnected.wait()


async def test_a_server_that_falls_silent_in_the_middle_times_out(server: LLMServer) -> None:
    error, text = await fault(server, "stalls", first_token_timeout_s=0.2)
    assert error.kind == "timeout"
    assert text.startswith("发送")


async def test_the_total_time_is_bounded_too(server: LLMServer) -> None:
    error, _ = await fault(server, "stalls", timeout_s=0.2)
    assert error.kind == "timeout"


async def test_nothing_listening_is_unreachable() -> None:
    async with LLMServer().run() as gone:
        url = gone.url
    async with OpenAIGenerator(base_url=url, model="fine", max_retries=0) as made:
        with pytest.raises(GeneratorError, match="base_url") as caught:
            await anext(made.stream(PROMPT))
    assert caught.value.kind == "unreachable"


@pytest.mark.parametrize("model", ["limited-once", "broken-once"])
async def test_a_refusal_before_the_first_token_is_retried(server: LLMServer, model: str) -> None:
    assert await told(server, model, max_retries=1) == TEXT
    assert len(server.requests) == 2


async def test_a_stream_that_broke_is_not_retried(server: LLMServer) -> None:
    await fault(server, "dies", max_retries=3)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("model", "gone"), [("no-temperature", "temperature"), ("no-max-tokens", "max_tokens")])
async def test_a_parameter_that_the_server_refuses_is_left_out_from_then_on(
    server: LLMServer, model: str, gone: str
) -> None:
    async with generator(server, model) as made:
        for _ in range(2):
            assert "".join([piece async for piece in made.stream(PROMPT)]) == TEXT
    assert [gone in body for body in server.requests] == [True, False, False]
    assert ("max_completion_tokens" in server.requests[-1]) == (gone == "max_tokens")


async def test_closing_the_iterator_cancels_the_request(server: LLMServer) -> None:
    async with generator(server, "stalls") as made:
        async with aclosing(made.stream(PROMPT)) as pieces:
            await anext(pieces)
        await server.disconnected.wait()


async def test_cancelling_the_reader_cancels_the_request(server: LLMServer) -> None:
    first = asyncio.Event()

    async def read(made: OpenAIGenerator) -> None:
        async with aclosing(made.stream(PROMPT)) as pieces:
            async for _ in pieces:
                first.set()

    async with generator(server, "stalls") as made, asyncio.TaskGroup() as group:
        task = group.create_task(read(made))
        await first.wait()
        task.cancel()
        await server.disconnected.wait()


async def test_a_proxy_in_the_environment_does_not_stand_between_us_and_loopback(
    server: LLMServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert await told(server, "fine", max_retries=0) == TEXT


async def test_thinking_is_not_shown(server: LLMServer) -> None:
    assert await told(server, "thinks") == TEXT


async def test_a_character_cut_into_surrogates_is_put_together(server: LLMServer) -> None:
    assert await told(server, "surrogates") == "😀"


def test_a_lone_surrogate_never_leaves() -> None:
    visible = Visible()
    text = visible.feed("a\ud83d") + visible.feed("b") + visible.flush()
    assert text.encode().decode() == text
    assert text[0] == "a"
    assert text[-1] == "b"


async def test_a_closed_generator_opens_again(server: LLMServer) -> None:
    made = OpenAIGenerator(base_url=server.url, model="fine")
    for _ in range(2):
        assert "".join([piece async for piece in made.stream(PROMPT)]) == TEXT
        await made.aclose()


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({}, "[llm] preset"),
        ({"base_url": "http://127.0.0.1:1/v1"}, "[llm] model"),
        ({"base_url": "127.0.0.1:1", "model": "m"}, "http://"),
        ({"preset": "vllm"}, "[llm] model"),
        ({"preset": "deepseek"}, "QUNDA_LLM_API_KEY"),
        ({"preset": "deepsek", "api_key": "k"}, "deepseek"),
    ],
)
def test_an_incomplete_configuration_says_what_to_set(options: dict[str, str], fix: str) -> None:
    with pytest.raises(GeneratorError) as caught:
        OpenAIGenerator(**options)  # type: ignore[arg-type]
    assert caught.value.kind == "config"
    assert fix in str(caught.value)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_makes_a_generator_and_the_settings_beat_it(name: str) -> None:
    made = OpenAIGenerator(preset=name, api_key="k", model="mine", base_url="http://127.0.0.1:1/v1")
    assert (made.model, made.base_url) == ("mine", "http://127.0.0.1:1/v1")
    assert PRESETS[name].base_url.startswith(("https://", "http://127.0.0.1"))


def test_the_presets_are_those_of_the_settings() -> None:
    for name in PRESETS:
        assert LLMSettings(preset=name).preset == name  # type: ignore[arg-type]


def test_importing_the_module_does_not_import_the_sdk() -> None:
    code = "import sys, rag.generator, rag.answer; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
