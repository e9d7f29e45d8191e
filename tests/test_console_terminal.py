"""The console adapter on a real (pseudo-)terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from adapter_contract import Recorder
from rich.console import Console

from adapters.base import Citation, Reply
from adapters.console import ConsoleAdapter


@asynccontextmanager
async def terminal() -> AsyncIterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal."""
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


async def expect(descriptor: int, pattern: str) -> str:
    """Read what the terminal shows until the pattern is there; hangs (and is timed out) when it never comes."""
    loop, seen, ready = asyncio.get_running_loop(), "", asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        while not re.search(pattern, seen, re.DOTALL):
            await ready.wait()
            ready.clear()
            seen += os.read(descriptor, 65_536).decode("utf-8", "replace")
    finally:
        loop.remove_reader(descriptor)
    return seen


async def test_on_a_terminal_the_reply_is_drawn_while_it_grows() -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1
        return now

    async with terminal() as (ours, theirs):
        with os.fdopen(os.dup(theirs)) as stdin, os.fdopen(os.dup(theirs), "w") as stdout:
            console = Console(file=stdout, force_terminal=True, width=80, height=24)
            adapter = ConsoleAdapter(stdin=stdin, console=console, language="en")
            adapter._screen._clock = clock
            core = Recorder()
            run = asyncio.create_task(adapter.run(core))
            await expect(ours, "#1 Ann › ")
            os.write(ours, b"@bot how?\n")
            await core.until(lambda: bool(core.messages))
            question = core.messages[0]
            async with adapter.open_stream(question, "k") as one, adapter.open_stream(question, "other") as two:
                await one.update("Run **ma")
                await expect(ours, r"Run \*\*ma")
                await two.update("abandoned")
                await expect(ours, "abandoned")
                await one.finish(Reply(question, "Run **make demo**.", (Citation(1, "Install", "a.md", "q"),)))
                await expect(ours, r"make demo.*\[1\] Install")
            await expect(ours, "#3 Ann › $")
            os.write(ours, b"\x04")
            await run
    assert [shown.text for shown in adapter.transcript] == ["@bot how?", "Run **make demo**."]


CHILD = """
import asyncio
from adapters.base import Reply
from adapters.console import ConsoleAdapter

adapter = ConsoleAdapter(language="en")

async def deliver(message):
    if message.mentions_bot:
        await adapter.send(Reply(message, "You said: " + message.text), message.id)
    else:
        adapter.note(message.id, "silent 0.04 < 0.31: greeting")
    return True

asyncio.run(adapter.run(deliver))
"""


@pytest.mark.parametrize("leave", [":quit\n", "\x04"])
async def test_a_person_at_a_real_terminal_mentions_the_bot_reads_the_reply_and_leaves(leave: str) -> None:
    async with terminal() as (ours, theirs):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
        )
        await expect(ours, "#1 Ann › ")
        os.write(ours, "早上好\n".encode())
        await expect(ours, "silent 0.04.*#2 Ann › ")
        os.write(ours, "@群答 怎么安装？\n".encode())
        await expect(ours, "You said: 怎么安装？.*#4 Ann › ")
        os.write(ours, leave.encode())
        assert await child.wait() == 0
