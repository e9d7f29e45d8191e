"""The console adapter: a group in the terminal, played by one person, from a pipe or a file."""

from __future__ import annotations

import asyncio
import io
import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from adapter_contract import AdapterContract, Posted
from rich.console import Console

from adapters.base import Adapter, Citation, Event, InboxError, Message, Recalled, Reply
from adapters.console import ADMIN, ConsoleAdapter
from adapters.console_input import Local, Say, parse, read_lines
from adapters.console_screen import safe

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


class TestConsoleContract(AdapterContract):
    async def make_adapter(self, folder: Path) -> Adapter:
        read_end, self.write_end = os.pipe()
        self.stdin = os.fdopen(read_end)
        self.output = io.StringIO()
        self.console = ConsoleAdapter(stdin=self.stdin, console=Console(file=self.output, width=100), settle_within_s=5)
        self.said: list[str] = []
        return self.console

    async def close_platform(self) -> None:
        os.close(self.write_end)
        self.stdin.close()

    async def inject(self, text: str, *, mention: bool = False) -> None:
        self.said.append(f"{'@群答 ' if mention else ''}{text}\n")
        os.write(self.write_end, self.said[-1].encode())

    async def redeliver(self) -> None:
        os.write(self.write_end, self.said[-1].encode())

    async def posted(self) -> list[Posted]:
        printed = re.split(r"^#(\d+) 群答 → .*\n", self.output.getvalue(), flags=re.MULTILINE)[1:]
        texts = {int(number): text for number, text in zip(printed[::2], printed[1::2], strict=True)}
        return [
            Posted(one.id, texts[one.number])
            for one in self.console.transcript
            if one.author.is_bot and not one.recalled
        ]


Answer = Callable[[ConsoleAdapter, Message], Awaitable[None]]


async def quiet(adapter: ConsoleAdapter, message: Message) -> None:
    adapter.note(message.id, "silent")


async def play(*lines: str, answer: Answer = quiet, **options: Any) -> tuple[str, list[Event], ConsoleAdapter]:
    """Type lines into a console that is no terminal; what it printed, delivered, and the console."""
    output, events = io.StringIO(), list[Event]()
    stdin = io.StringIO("".join(line + "\n" for line in lines))
    console = Console(file=output, width=100)
    adapter = ConsoleAdapter(stdin=stdin, console=console, language="en", clock=lambda: NOON, **options)
    async with asyncio.TaskGroup() as group:

        async def deliver(event: Event) -> bool:
            events.append(event)
            if isinstance(event, Message):
                group.create_task(answer(adapter, event))
            return True

        await adapter.run(deliver)
    return output.getvalue(), events, adapter


def only(events: list[Event]) -> Message:
    (event,) = events
    assert isinstance(event, Message)
    return event


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("", None),
        ("  \r\n", None),
        ("hello", Say("hello")),
        (":)", Say(":)")),
        ("::quit", Say(":quit")),
        (":as Bo Li", Local("as", "Bo Li")),
        (":quit", Local("quit")),
        (">3 why?", Say("why?", 3)),
        ("> #3 /good", Say("/good", 3)),
        (":quote 3 why?", Say("why?", 3)),
        (">3", Local("quote")),
        (":quote", Local("quote")),
        (">> text", Say(">> text")),
        ("/status", Say("/status")),
    ],
)
def test_a_line_means_what_the_help_says(line: str, meaning: object) -> None:
    assert parse(line) == meaning


@pytest.mark.parametrize(
    ("line", "text", "mentioned"),
    [
        ("@bot how?", "how?", True),
        ("@群答怎么装？", "怎么装？", True),
        ("请问@群答，怎么装？", "请问怎么装？", True),
        ("@Bot: how?", "how?", True),
        ("@bottle how?", "@bottle how?", False),
        ("mail me@bot.org", "mail me@bot.org", False),
        ("/status", "/status", True),
        ("how?", "how?", False),
    ],
)
async def test_mentions_of_the_bot_are_seen_and_taken_out(line: str, text: str, mentioned: bool) -> None:
    _, events, _ = await play(line)
    message = only(events)
    assert (message.text, message.mentions_bot) == (text, mentioned)
    assert message.sent_at == NOON


async def test_people_are_created_on_the_fly_and_can_mention_each_other() -> None:
    _, events, _ = await play("hello", ":as Bo", "hi @Ann", ":as Ann", "yes")
    first, second, third = (event for event in events if isinstance(event, Message))
    assert first.sender == third.sender != second.sender
    assert second.mentions == (first.sender,)


async def test_the_admin_persona_comes_and_goes_and_cannot_be_taken_by_name() -> None:
    _, events, _ = await play(":admin", "/reload", ":admin", "thanks", ":as admin", "hm")
    keys = [event.sender.key for event in events if isinstance(event, Message)]
    assert keys[0] == ADMIN
    assert ADMIN not in keys[1:]


async def test_a_quote_carries_the_quoted_message_also_one_of_the_bot_that_is_still_to_come() -> None:
    async def answer(adapter: ConsoleAdapter, message: Message) -> None:
        await asyncio.sleep(0)
        await adapter.send(Reply(message, f"answer to {message.text}"), message.id)

    _, events, _ = await play("@bot first?", ">2 really?", ":quote 1 indeed", answer=answer)
    quotes = [event.quote for event in events if isinstance(event, Message)]
    assert quotes[0] is None
    assert quotes[1] and quotes[1].author and quotes[1].author.is_bot and quotes[1].text == "answer to first?"
    assert quotes[2] and quotes[2].text == "@bot first?"


async def test_wrong_use_is_explained_and_delivers_nothing() -> None:
    output, events, _ = await play(">7 why?", ">7", ":as", ":nonsense", ":recall 9", ":recall x", ":who", ":help")
    assert events == []
    for phrase in ("no message 7", ">N TEXT", ":as NAME", ":nonsense", "no message 9", "no message ?", ADMIN, "/help"):
        assert phrase in output


async def test_people_withdraw_their_own_messages_only() -> None:
    output, events, adapter = await play("oops", ":as Bo", ":recall 1", ":as Ann", ":recall #1", ":recall 1")
    recalled = [event for event in events if isinstance(event, Recalled)]
    assert [event.message_id for event in recalled] == [adapter.transcript[0].id]
    assert "only your own" in output and "#1 withdrawn oops" in output


async def test_silence_and_other_outcomes_show_as_a_line() -> None:
    async def answer(adapter: ConsoleAdapter, message: Message) -> None:
        decision = {"outcome": "silent", "probability": 0.04, "threshold": 0.31, "reasons": ["a greeting"]}
        await adapter.record(message, decision if message.text == "hi" else {"outcome": "failed:generate"})

    output, _, _ = await play("hi", "@bot how?", answer=answer)
    assert "#1 · silent 0.04 < 0.31: a greeting" in output
    assert "#2 · failed:generate" in output


async def test_the_chinese_console_speaks_chinese() -> None:
    output = io.StringIO()
    adapter = ConsoleAdapter(stdin=io.StringIO("早\n:help\n"), console=Console(file=output), settle_within_s=5)

    async def deliver(event: Event) -> bool:
        assert isinstance(event, Message)
        await adapter.record(event, {"outcome": "silent", "reasons": ["问候"]})
        return True

    await adapter.run(deliver)
    assert "#1 小明: 早" in output.getvalue()
    assert "#1 · 沉默: 问候" in output.getvalue()
    assert "引用第 3 条" in output.getvalue()


async def test_sources_are_listed_below_the_answer() -> None:
    async def answer(adapter: ConsoleAdapter, message: Message) -> None:
        citations = (Citation(1, "Install", "docs/install.md", "run\nmake demo " + "x" * 200),)
        await adapter.send(Reply(message, "Run it [1].", citations), "k")

    output, _, _ = await play("@bot how?", answer=answer)
    lines = output.splitlines()
    start = lines.index("#2 群答 → Ann #1")
    assert lines[start + 1 : start + 3] == ["Run it [1].", "  [1] Install · docs/install.md"]
    assert lines[start + 3].startswith("      run make demo xxx") and lines[start + 3].endswith("…")


async def test_a_reply_cannot_act_on_the_terminal() -> None:
    async def answer(adapter: ConsoleAdapter, message: Message) -> None:
        await adapter.send(Reply(message, "a\x1b[2Jb\x9bc\u202ed [red]e[/red]"), "k")

    output, _, _ = await play("@bot how?", answer=answer)
    assert "a[2Jbcd [red]e[/red]\n" in output
    assert safe("\tx\ny") == "\tx\ny"


async def test_a_message_that_could_not_be_stored_is_said_not_to_be_sent() -> None:
    output = io.StringIO()
    adapter = ConsoleAdapter(stdin=io.StringIO("hi\n"), console=Console(file=output), language="en", settle_within_s=5)

    async def deliver(event: Event) -> bool:
        raise InboxError("the disk is full")

    await adapter.run(deliver)
    assert "not sent, please say it again: the disk is full" in output.getvalue()
    assert adapter.transcript == ()


async def test_the_end_of_the_input_does_not_wait_for_ever() -> None:
    async def never(adapter: ConsoleAdapter, message: Message) -> None:
        return

    output, _, _ = await play("hi", answer=never, settle_within_s=0.01)
    assert "1 messages have no outcome yet" in output


async def test_quit_ends_at_once_whatever_follows() -> None:
    _, events, _ = await play(":quit", "hi")
    assert events == []


async def test_lines_come_from_a_file_a_pipe_and_a_last_line_without_its_end(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes("一\n\xff\nlast".encode("latin-1", "ignore") + "\n二".encode())
    expected = (tmp_path / "in.txt").read_bytes().decode("utf-8", "replace").splitlines(keepends=True)
    with (tmp_path / "in.txt").open() as file:
        assert [line async for line in read_lines(file)] == expected
    read_end, write_end = os.pipe()
    os.write(write_end, "怎么".encode()[:4])
    with os.fdopen(read_end) as pipe:
        lines = read_lines(pipe)
        waiting = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        os.write(write_end, "怎么".encode()[4:] + b"\n")
        os.close(write_end)
        assert await waiting == "怎么\n"
        assert [line async for line in lines] == []


async def test_a_line_without_an_end_is_cut_and_not_kept_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("adapters.console_input.MAX_LINE", 10)
    (tmp_path / "in.txt").write_text("x" * 25)
    with (tmp_path / "in.txt").open() as file:
        assert [line async for line in read_lines(file)] == ["x" * 10, "x" * 10, "x" * 5]
