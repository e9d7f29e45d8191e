"""Measures watch mode end to end: from a saved file to the answer in the group; `python watching.py FOLDER`.

The whole bot runs: the file is saved, the folder is watched, the base is built and swapped, and a member asks until
the answer cites what was saved.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from adapters.base import Conversation, Deliver, Message, Person, Reply, SentMessage
from adapters.defaults import BaseAdapter
from bot.app import App
from bot.builder import build_base, with_documents
from bot.config import Settings, load

ROUNDS = 8
ASK_S = 0.1


class Saver(BaseAdapter):
    """Saves files, asks, and notes the seconds until the answer."""

    name = "saver"

    def __init__(self, documents: Path, rounds: int = ROUNDS) -> None:
        self._documents = documents
        self._rounds = rounds
        self._numbers = itertools.count(1)
        self._replies: asyncio.Queue[str] = asyncio.Queue()
        self.seconds: dict[str, list[float]] = {}

    async def run(self, deliver: Deliver) -> None:
        """Each round: an edited file, a new one, a removed one."""
        await asyncio.sleep(5)  # the build with which watching begins
        edited = next(path for path in sorted(self._documents.rglob("*.md")) if path.stat().st_size > 20_000)
        for number in range(self._rounds):
            word = f"zorblax{number}quux"
            text = f"\n\n## {word}\n\nThe secret of {word} is the number {number}.\n"
            saved = time.monotonic()
            with edited.open("a") as file:
                file.write(text)
            await self._until(deliver, word, there=True, kind="edited", since=saved)
            fresh = self._documents / f"new{number}.md"
            word, saved = f"glimfern{number}quux", time.monotonic()
            fresh.write_text(f"# {word}\n\nThe secret of {word} is the number {number}.\n")
            await self._until(deliver, word, there=True, kind="added", since=saved)
            saved = time.monotonic()
            fresh.unlink()
            await self._until(deliver, word, there=False, kind="removed", since=saved)

    async def _until(self, deliver: Deliver, word: str, *, there: bool, kind: str, since: float) -> None:
        while True:
            number = str(next(self._numbers))
            asker = Person(self.name, f"asker{number}", "asker", False)
            where = Conversation(self.name, "bench", None, "group")
            text = f"What is the secret of {word}?"
            await deliver(Message(number, number, where, asker, text, datetime.now(UTC), mentions_bot=True))
            reply = await self._replies.get()
            if (f"secret of {word} is" in reply) is there:
                self.seconds.setdefault(kind, []).append(time.monotonic() - since)
                return
            await asyncio.sleep(ASK_S)

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """Taken as the answer to the question that waits."""
        self._replies.put_nowait(reply.text)
        return SentMessage(reply.to.conversation, (key,), datetime.now(UTC))


def main(folder: Path, overrides: list[str]) -> None:
    """Print the seconds."""
    with tempfile.TemporaryDirectory() as work:
        documents = Path(work, "documents")
        shutil.copytree(folder, documents)
        changes = ["knowledge.watch=yes", *overrides]
        settings: Settings = with_documents(
            load(None, data=Path(work, "data"), overrides=changes, environ={}), "default", (str(documents),)
        )
        build_base(settings, "default")
        saver = Saver(documents)
        asyncio.run(App(settings, [saver], limited=False).run())
    for kind, seconds in saver.seconds.items():
        each = ", ".join(f"{value:.1f}" for value in seconds)
        print(f"{kind}: longest {max(seconds):.1f} s until it is answered ({each})")
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python tests/bench/watching.py FOLDER [section.key=value ...]")
    main(Path(sys.argv[1]), sys.argv[2:])
