"""``qunda chat``: plain streaming conversation with the configured model. Knows no knowledge base and no group."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from bot.config import Settings
from bot.models import load_generator, make_generator
from rag.base import GeneratorError, ModelError, Prompt, detect_language

if TYPE_CHECKING:
    from rag.generator import OpenAIGenerator
    from rag.neural.generator import LocalGenerator

Write = Callable[[str], None]
MAX_TURNS = 20  # what the model sees of the conversation
END = ("exit", "quit", "/exit", "/quit", "退出")
HOW_TO_CONFIGURE = """\
`qunda chat` needs a language model, and [llm] backend is {backend}. In config.ini:

    [llm]
    backend = openai
    preset = deepseek      # or kimi, qwen, zhipu, stepfun, internlm, siliconflow, openai, vllm, ollama
    api_key = ...          # or the environment variable QUNDA_LLM_API_KEY; vllm and ollama need none

or, with a GPU, backend = transformers and model = a folder or a name such as Qwen/Qwen3-8B.
`qunda ask` answers from the knowledge base without one."""


def chat(settings: Settings, options: argparse.Namespace) -> int:
    """Talk in the terminal."""
    return run_chat(settings)


def run_chat(settings: Settings, *, read: Callable[[str], str] = input, write: Write | None = None) -> int:
    """Talk until ``exit``, end of input or Ctrl-C at the prompt; Ctrl-C while it answers stops that answer only.

    Returns:
        0, or 2 where ``[llm]`` has no usable model.
    """
    write = write or _print
    if settings.llm.backend == "extractive":
        print(HOW_TO_CONFIGURE.format(backend=settings.llm.backend), file=sys.stderr)
        return 2
    try:
        generator = (
            load_generator(settings, alone=True) if settings.llm.backend == "transformers" else make_generator(settings)
        )
    except (GeneratorError, ModelError) as error:
        print(error, file=sys.stderr)
        return 2
    write(f"{generator.model} at {generator.base_url}; `exit` ends, Ctrl-C stops an answer\n")
    with asyncio.Runner() as runner:
        try:
            _talk(runner, generator, settings, read, write)
        finally:
            runner.run(generator.aclose())
    return 0


def _talk(
    runner: asyncio.Runner,
    generator: OpenAIGenerator | LocalGenerator,
    settings: Settings,
    read: Callable[[str], str],
    write: Write,
) -> None:
    turns: list[tuple[Literal["user", "assistant"], str]] = []
    while True:
        try:
            text = read("> ").strip()
        except (EOFError, KeyboardInterrupt):
            write("\n")
            return
        if text.lower() in END:
            return
        if not text:
            continue
        turns.append(("user", text))
        told: list[str] = []
        try:
            runner.run(_answer(generator, _prompt(settings, turns), told, write))
        except KeyboardInterrupt:
            write(" [stopped]")
        except GeneratorError as error:
            write(f"{' ' if told else ''}[{error}]")
        write("\n")
        if told:
            turns.append(("assistant", "".join(told)))
        else:
            turns.pop()


def _prompt(settings: Settings, turns: list[tuple[Literal["user", "assistant"], str]]) -> Prompt:
    from rag.prompts import chat_prompt

    configured = settings.bot.language
    language = detect_language(turns[-1][1]) if configured == "auto" else configured
    recent = turns[-MAX_TURNS:]
    return chat_prompt(recent if recent[0][0] == "user" else recent[1:], language)


async def _answer(generator: OpenAIGenerator | LocalGenerator, prompt: Prompt, told: list[str], write: Write) -> None:
    async for piece in generator.stream(prompt):
        told.append(piece)
        write(piece)


def _print(text: str) -> None:
    print(text, end="", flush=True)
