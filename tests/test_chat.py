"""``qunda chat`` against a scripted server, in this process and, for Ctrl-C, in a real one."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from llm_server import LLMServer

from bot.cli.chat import MAX_TURNS, run_chat
from bot.config import BotSettings, LLMSettings, Settings


@pytest.fixture
async def server() -> AsyncIterator[LLMServer]:
    async with LLMServer().run() as running:
        yield running


def settings(server: LLMServer, model: str = "fine") -> Settings:
    return Settings(llm=LLMSettings(backend="openai", base_url=server.url, model=model, max_retries=0))


def reader(lines: Sequence[str]) -> Callable[[str], str]:
    """Types ``lines``, then reports the end of input."""
    left = iter(lines)

    def read(prompt: str) -> str:
        line = next(left, None)
        if line is None:
            raise EOFError
        return line

    return read


async def chat(configured: Settings, lines: Sequence[str]) -> tuple[int, str]:
    written: list[str] = []
    status = await asyncio.to_thread(run_chat, configured, read=reader(lines), write=written.append)
    return status, "".join(written)


async def test_it_streams_answers_and_remembers_the_conversation(server: LLMServer) -> None:
    server.script = lambda body: f"answer {len(body['messages'])}"
    status, text = await chat(settings(server), ["你好", "", "and in English?", "exit", "never read"])
    assert status == 0
    assert "answer 2\nanswer 4\n" in text
    assert [turn["content"] for turn in server.requests[1]["messages"][1:]] == ["你好", "answer 2", "and in English?"]
    first, second = (body["messages"][0]["content"] for body in server.requests)
    assert "助手" in first
    assert "assistant" in second


async def test_the_end_of_input_ends_it(server: LLMServer) -> None:
    assert (await chat(settings(server), []))[0] == 0


async def test_a_failed_answer_is_said_and_forgotten(server: LLMServer) -> None:
    status, text = await chat(settings(server, "limited-once"), ["first", "second"])
    assert status == 0
    assert "429" in text
    assert [turn["content"] for turn in server.requests[1]["messages"][1:]] == ["second"]


async def test_what_came_of_a_broken_answer_stays_in_the_conversation(server: LLMServer) -> None:
    _, text = await chat(settings(server, "unfinished"), ["first", "second"])
    assert "in the middle of the answer" in text
    assert [turn["role"] for turn in server.requests[1]["messages"][1:]] == ["user", "assistant", "user"]


async def test_the_model_sees_a_bounded_history_that_begins_with_a_person(server: LLMServer) -> None:
    await chat(settings(server), [f"line {i}" for i in range(MAX_TURNS)])
    turns = server.requests[-1]["messages"][1:]
    assert len(turns) <= MAX_TURNS
    assert turns[0]["role"] == "user"
    assert turns[-1]["content"] == f"line {MAX_TURNS - 1}"


async def test_the_configured_language_beats_the_detected_one(server: LLMServer) -> None:
    configured = settings(server).model_copy(update={"bot": BotSettings(language="en")})
    await chat(configured, ["你好"])
    assert "assistant" in server.requests[0]["messages"][0]["content"]


def test_without_a_model_it_says_what_to_configure(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_chat(Settings(), read=reader(["hello"])) == 2
    error = capsys.readouterr().err
    assert "backend = openai" in error
    assert "QUNDA_LLM_API_KEY" in error


def test_a_missing_key_is_wrong_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    configured = Settings(llm=LLMSettings(backend="openai", preset="deepseek"))
    assert run_chat(configured, read=reader(["hello"])) == 2
    assert "QUNDA_LLM_API_KEY" in capsys.readouterr().err


async def test_ctrl_c_stops_the_answer_and_then_the_chat(server: LLMServer) -> None:
    code = (
        "import sys; from bot.cli.chat import run_chat; from bot.config import LLMSettings, Settings;"
        "sys.exit(run_chat(Settings(llm=LLMSettings(backend='openai', base_url=sys.argv[1], model='stalls'))))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-X", "utf8", "-c", code, server.url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"hello\n")
    await process.stdin.drain()
    await process.stdout.readuntil("发送 /re".encode())
    process.send_signal(signal.SIGINT)
    await process.stdout.readuntil(b"[stopped]")
    await server.disconnected.wait()
    process.stdin.close()
    await process.stdout.read()
    assert await process.wait() == 0
