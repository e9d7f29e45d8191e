"""What is typed in the console: reads lines without blocking the event loop, and parses them. Draws nothing."""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TextIO

CHUNK = 65_536
MAX_LINE = 4 << 20
QUOTE = re.compile(r"(?:>|:quote\s)\s*#?(\d+)(?:\s+|$)(.*)", re.DOTALL)
LOCAL = re.compile(r":([a-z]+)(?:\s+(.*))?$", re.DOTALL)
BREAKS = re.compile("[\r\n]+")


@dataclass(frozen=True, slots=True)
class Say:
    """Somebody says something, quoting message number ``quotes`` or none."""

    text: str
    quotes: int | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """A command for the console itself, such as ``:as``. ``name`` may be unknown."""

    name: str
    argument: str = ""


def parse(line: str) -> Say | Local | None:
    """What a typed line means; None for a blank one. ``::`` in front says a text that starts with a colon."""
    line = BREAKS.sub(" ", line).strip()
    if not line:
        return None
    if quote := QUOTE.match(line):
        number, text = quote.groups()
        return Say(text.strip(), int(number)) if text.strip() else Local("quote")
    if line.startswith("::"):
        return Say(line[1:])
    if local := LOCAL.match(line):
        return Local(local[1], (local[2] or "").strip())
    return Say(line)


def mention_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Finds ``@name`` of any of the names; a Latin name must end there (``@bottle`` is not ``@bot``)."""
    ends = (re.escape(name) + (r"(?![A-Za-z0-9_])" if name[-1:].isascii() else "") for name in names if name)
    return re.compile(rf"(?<![A-Za-z0-9_.])[@＠](?:{'|'.join(ends)})[\s,，:：]*", re.IGNORECASE)


def numbered_option(text: str) -> int | None:
    """The number in ``3`` or ``#3``."""
    digits = text.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() else None


async def read_lines(stream: TextIO) -> AsyncIterator[str]:
    """The lines of a terminal, a pipe, a file, or a stream in memory, until its end.

    Reads from the descriptor when the event loop says that it is ready: no thread that could hang in a read. A line
    beyond 4 MiB is cut, so that a pipe without line ends cannot fill the memory.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, io.UnsupportedOperation):
        for line in stream:
            yield line
            await asyncio.sleep(0)
        return
    held = bytearray()
    while chunk := await _read(descriptor):
        held += chunk
        while (end := held.find(b"\n") + 1) or len(held) > MAX_LINE:
            raw = bytes(held[: end or MAX_LINE])
            del held[: len(raw)]
            yield raw.decode("utf-8", "replace")
    if held:
        yield held.decode("utf-8", "replace")


async def _read(descriptor: int) -> bytes:
    """The next bytes; empty at the end, which on a terminal whose other side is gone shows as an error."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # a regular file: it cannot be watched, and never blocks
        await asyncio.sleep(0)
        return os.read(descriptor, CHUNK)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    try:
        return os.read(descriptor, CHUNK)
    except OSError:
        return b""
