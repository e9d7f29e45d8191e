"""The replay adapter: every line of a file of recorded messages gets exactly one decision."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from adapter_contract import AdapterContract, Posted
from replay_core import SILENT, Core, contents, read, replay, write

from adapters.base import Adapter, AdapterError, Event, InboxError, Message
from adapters.replay import ReplayAdapter


class TestReplayContract(AdapterContract):
    live = False
    shows_citations = False

    async def make_adapter(self, folder: Path) -> Adapter:
        self.source, self.target = folder / "in.jsonl", folder / "out.jsonl"
        self.source.write_text("")
        self.replay = ReplayAdapter(self.source, self.target)
        return self.replay

    async def inject(self, text: str, *, mention: bool = False) -> None:
        with self.source.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"text": text, "mentions_bot": mention}) + "\n")

    async def decide(self, message: Message) -> None:
        await self.replay.record(message, SILENT)

    async def posted(self) -> list[Posted]:
        return [Posted(sent.ids[0], reply.text) for reply, sent in self.replay.posts.values()]

    async def unacknowledged(self) -> int | None:
        lines = self.source.read_text("utf-8").count("\n")
        return lines - (self.target.read_text("utf-8").count("\n") if self.target.exists() else 0)


async def test_a_line_gets_the_documented_defaults(tmp_path: Path) -> None:
    core = Core()
    rows = await replay(core, tmp_path, {"text": "a", "block": 3, "answer": True, "note": "kept"}, {"text": "b"})
    first, second = core.known.values()
    assert first.conversation.group == "replay:3"
    assert second.conversation.group == "replay:replay"
    assert first.sender != second.sender
    assert second.sent_at - first.sent_at == timedelta(seconds=60)
    assert [row["id"] for row in rows] == [1, 2]
    assert rows[0] == {"id": 1, **SILENT, "block": 3, "input_answer": True, "note": "kept"}


async def test_every_documented_key_reaches_the_message(tmp_path: Path) -> None:
    core = Core()
    line = {"text": "a", "id": "m", "conversation": "g", "sender": "ann", "mentions_bot": True}
    await replay(
        core,
        tmp_path,
        {**line, "sent_at": "2025-01-01T08:00:00+08:00", "quote": {"id": "q", "text": "old", "sender": "bo"}},
        {"text": "b", "id": "q", "sent_at": 1735689600.5, "quote": "older"},
    )
    first, second = core.known.values()
    assert (first.conversation.chat, first.sender.id, first.mentions_bot) == ("g", "ann", True)
    assert first.sent_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert first.quote and first.quote.author and (first.quote.id, first.quote.author.id) == (second.id, "bo")
    assert second.sent_at == datetime(2025, 1, 1, 0, 0, 0, 500_000, UTC)
    assert second.quote and (second.quote.text, second.quote.author) == ("older", None)


BAD_LINES: dict[str, tuple[object, str]] = {
    "not JSON": ("{text: 1}", "not JSON"),
    "cut off": ('{"text": "a', "not JSON"),
    "not an object": (["a"], "not a JSON object"),
    "no text": ({"id": "x"}, 'there is no "text"'),
    "text of a wrong type": ({"text": 5}, '"text" must be a string'),
    "bad time": ({"text": "a", "sent_at": "yesterday"}, '"sent_at" must be'),
    "milliseconds": ({"text": "a", "sent_at": 1735689600000}, '"sent_at" must be'),
    "bad mention": ({"text": "a", "mentions_bot": "yes"}, '"mentions_bot" must be'),
    "bad quote": ({"text": "a", "quote": 5}, '"quote" must be'),
    "bad sender": ({"text": "a", "sender": []}, '"sender" must be'),
    "bad id": ({"text": "a", "id": 1.5}, '"id" must be'),
    "NaN": ('{"text": "a", "x": NaN}', "NaN is no JSON number"),
    "infinite": ('{"text": "a", "x": 1e999}', "too large"),
    "huge integer": ('{"text": "a", "x": ' + "9" * 5_000 + "}", "not JSON"),
    "too deep": ("[" * 200_000, "nested too deeply"),
}


@pytest.mark.parametrize("kind", BAD_LINES)
async def test_a_bad_line_is_decided_as_failed_input_with_its_reason(tmp_path: Path, kind: str) -> None:
    line, reason = BAD_LINES[kind]
    rows = await replay(Core(), tmp_path, {"text": "before"}, line, {"text": "after"})
    assert [row["outcome"] for row in rows] == ["silent", "failed:input", "silent"]
    assert rows[1]["reasons"][0].startswith("line 2: ") and reason in rows[1]["reasons"][0]
    assert rows[1]["id"] == ("x" if kind == "no text" else 2)


async def test_bytes_that_are_not_utf_8_spoil_their_own_line_only(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "a"}\r\n\r\n{"text": "\xc4\xe3"}\n{"text": "b"}')
    core = Core()
    await core.open(tmp_path / "in.jsonl", tmp_path / "out.jsonl").run(core.deliver)
    rows = read(tmp_path / "out.jsonl")
    assert [(row["id"], row["outcome"]) for row in rows] == [(1, "silent"), (3, "failed:input"), (4, "silent")]
    assert "not UTF-8" in rows[1]["reasons"][0]


async def test_ids_stay_unique_when_given_ids_and_line_numbers_meet(tmp_path: Path) -> None:
    rows = await replay(
        Core(), tmp_path, {"text": "a", "id": 3}, {"text": "b"}, {"text": "c"}, {"text": "d", "id": "3"}, "broken"
    )
    assert [row["id"] for row in rows] == [3, 2, "line-3", 4, 5]
    assert "already used in line 1" in rows[3]["reasons"][0]


async def test_lone_surrogates_and_line_separators_survive_in_the_decision_file(tmp_path: Path) -> None:
    core = Core()
    rows = await replay(core, tmp_path, '{"text": "a\\ud800", "x": "\\ud800", "y": "a\\u2028b"}')
    assert [message.text for message in core.known.values()] == ["a\ufffd"]
    assert rows[0]["x"] == "\ud800" and rows[0]["y"] == "a\u2028b"
    assert len((tmp_path / "out.jsonl").read_text("utf-8").splitlines()) == 1


async def test_decisions_stand_in_the_order_of_the_input_whatever_order_they_come_in(tmp_path: Path) -> None:
    core = Core()
    core.waits = True
    adapter = core.open(write(tmp_path / "in.jsonl", *({"text": str(n)} for n in range(5))), tmp_path / "out.jsonl")

    async def deliver(event: Event) -> bool:
        new = await core.deliver(event)
        if len(core.known) == 5:
            for message in reversed(core.known.values()):
                await core.decide(message)
                await core.decide(message, outcome="answered")
        return new

    await adapter.run(deliver)
    assert [(row["id"], row["outcome"]) for row in read(tmp_path / "out.jsonl")] == [(n, "silent") for n in range(1, 6)]


async def test_at_most_the_given_number_of_messages_is_in_work(tmp_path: Path) -> None:
    core, most = Core(), 0
    core.waits = True

    async def deliver(event: Event) -> bool:
        nonlocal most
        new = await core.deliver(event)
        waiting = [message for message in core.known.values() if message.id not in core.outcomes]
        most = max(most, len(waiting))
        if len(waiting) == 3 or len(core.known) == 10:
            for message in waiting:
                await core.decide(message)
        return new

    source = write(tmp_path / "in.jsonl", *({"text": str(n)} for n in range(10)))
    await core.open(source, tmp_path / "out.jsonl", max_undecided=3).run(deliver)
    assert most == 3
    assert len(read(tmp_path / "out.jsonl")) == 10


async def test_progress_counts_every_line_up_to_the_last(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    await replay(Core(), tmp_path, {"text": "a"}, "broken", {"text": "b"}, progress=lambda *n: seen.append(n))
    assert seen[0] == (0, 3) and seen[-1] == (3, 3) and seen == sorted(seen)


async def test_an_empty_file_ends_at_once(tmp_path: Path) -> None:
    assert await replay(Core(), tmp_path) == []
    assert sorted(contents(tmp_path)) == ["in.jsonl", "out.jsonl"]


async def test_a_message_of_another_replay_is_not_recorded(tmp_path: Path) -> None:
    core = Core()
    await replay(core, tmp_path, {"text": "a"})
    stranger = next(iter(core.known.values()))
    (tmp_path / "out.jsonl").unlink()
    core.recorded = False
    adapter = core.open(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    await adapter.record(stranger, SILENT)
    assert read(tmp_path / "out.jsonl") == []


async def test_a_new_out_file_asks_anew_with_the_same_store(tmp_path: Path) -> None:
    core = Core()
    await replay(core, tmp_path, {"text": "a"})
    (tmp_path / "out.jsonl").unlink()
    await replay(core, tmp_path, {"text": "a"})
    assert len(core.known) == 2


async def test_a_store_that_fails_ends_the_run_and_the_next_run_goes_on(tmp_path: Path) -> None:
    core, attempts = Core(), 0

    async def deliver(event: Event) -> bool:
        nonlocal attempts
        attempts += 1
        if attempts == 3:
            raise InboxError("the disk is full")
        return await core.deliver(event)

    source = write(tmp_path / "in.jsonl", *({"text": str(n)} for n in range(6)))
    adapter = core.open(source, tmp_path / "out.jsonl", window=1)
    with pytest.raises(InboxError):
        await adapter.run(deliver)
    await adapter.run(deliver)
    assert [row["id"] for row in read(tmp_path / "out.jsonl")] == [1, 2, 3, 4, 5, 6]
    assert [message.text for message in core.known.values()] == ["0", "1", "2", "3", "4", "5"]


UNUSABLE = {
    "the input is missing": ("nowhere.jsonl", "out.jsonl", "cannot read"),
    "the folder of the output is missing": ("in.jsonl", "no/out.jsonl", "cannot write"),
    "the output is the input": ("in.jsonl", "in.jsonl", "is the input itself"),
    "the output is some other file": ("in.jsonl", "other.txt", "line 2 is no decision"),
    "the output is some other file without lines": ("in.jsonl", "short.txt", "line 1 is no decision"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
async def test_a_file_that_cannot_be_used_is_named_and_left_alone(tmp_path: Path, kind: str) -> None:
    source, target, reason = UNUSABLE[kind]
    write(tmp_path / "in.jsonl", {"text": "a"})
    (tmp_path / "other.txt").write_text('{"id": 1, "outcome": "silent"}\ndear diary\n')
    (tmp_path / "short.txt").write_text("dear diary")
    before = contents(tmp_path)
    core = Core()
    with pytest.raises(AdapterError, match=reason) as refused:
        await core.open(tmp_path / source, tmp_path / target).run(core.deliver)
    assert refused.value.permanent
    assert contents(tmp_path) == before


async def test_a_decision_that_cannot_be_written_ends_the_run_and_is_written_by_the_next(tmp_path: Path) -> None:
    core = Core()
    source, target = write(tmp_path / "in.jsonl", {"text": "a"}, {"text": "b"}), tmp_path / "out.jsonl"
    core.waits = True
    adapter = core.open(source, target)

    async def deliver(event: Event) -> bool:
        assert isinstance(event, Message)
        new = await core.deliver(event)
        if target.is_file():
            target.unlink()
            target.mkdir()
        await core.decide(event)
        return new

    with pytest.raises(AdapterError, match="cannot write"):
        await adapter.run(deliver)
    target.rmdir()
    core.waits = False
    await adapter.run(core.deliver)
    assert [row["id"] for row in read(target)] == [1, 2]
