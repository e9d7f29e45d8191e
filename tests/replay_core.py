"""A core for tests of the replay adapter, and how they write and read its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapters.base import Event, Message
from adapters.replay import ReplayAdapter

SILENT = {"outcome": "silent", "probability": 0.1, "threshold": 0.5, "reasons": ["x"], "answer": None, "citations": []}


class Core:
    """A durable core: remembers messages and outcomes across adapters, and decides each at once unless told to wait."""

    def __init__(self) -> None:
        self.known: dict[str, Message] = {}
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.adapter: ReplayAdapter | None = None
        self.waits = False
        self.recorded = True

    async def deliver(self, event: Event) -> bool:
        assert isinstance(event, Message)
        if event.id in self.known:
            return False
        self.known[event.id] = event
        if not self.waits:
            await self.decide(event)
        return True

    async def decide(self, message: Message, **changes: Any) -> None:
        self.outcomes[message.id] = {**SILENT, **changes}
        if self.recorded and self.adapter:
            await self.adapter.record(message, self.outcomes[message.id])

    async def recall(self, message_id: str) -> dict[str, Any] | None:
        return self.outcomes.get(message_id)

    def open(self, source: Path, target: Path, **options: Any) -> ReplayAdapter:
        self.adapter = ReplayAdapter(source, target, recall_outcome=self.recall, **options)
        return self.adapter


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines), "utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def replay(core: Core, folder: Path, *lines: object, **options: Any) -> list[dict[str, Any]]:
    source = write(folder / "in.jsonl", *lines)
    await core.open(source, folder / "out.jsonl", **options).run(core.deliver)
    return read(folder / "out.jsonl")
