"""The adapters' types and defaults, and the contract suite itself against platforms that can do all or nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import FrozenInstanceError, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from adapter_contract import AdapterContract, Fault, Posted

from adapters.base import (
    Abilities,
    Adapter,
    AdapterError,
    Attachment,
    Conversation,
    Deliver,
    Message,
    Person,
    Reply,
    ReplyStream,
    SentMessage,
)
from adapters.defaults import BaseAdapter

NOW = datetime(2025, 1, 1, tzinfo=UTC)
ABLE = Abilities(stream=True, react=True, markdown=False, recall_within_s=60, max_chars=50, idempotent_for_s=60)


@dataclass
class Platform:
    """A platform in memory: holds what was not acknowledged, recognises keys, and fails when told to."""

    waiting: list[Message] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    posts: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    growing: set[str] = field(default_factory=set)
    signs: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    fault: Fault | None = None

    def post(self, text: str, key: str) -> str:
        if key not in self.keys:
            self.keys[key] = f"p{len(self.keys)}"
            self.posts[self.keys[key]] = text
        return self.keys[key]


class MinimalAdapter(BaseAdapter):
    """What an adapter is at least: it hears and sends."""

    name = "memory"
    abilities = Abilities(max_chars=50)
    platform: Platform

    async def run(self, deliver: Deliver) -> None:
        while True:
            self.platform.changed.clear()
            while self.platform.waiting:
                await deliver(self.platform.waiting[0])
                self.platform.waiting.pop(0)
            await self.platform.changed.wait()

    async def send(self, reply: Reply, key: str) -> SentMessage:
        self.refuse_too_long(reply)
        fault, self.platform.fault = self.platform.fault, None
        if fault == "known":
            raise AdapterError("busy", retry_after_s=1)
        if fault == "permanent":
            raise AdapterError("gone", permanent=True)
        sources = "".join(f"\n{citation.n} {citation.title}" for citation in reply.citations)
        text = reply.text.replace("**", "") + sources
        post = self.platform.post(text, key if self.abilities.idempotent_for_s else f"{key}/{len(self.platform.keys)}")
        if fault == "unknown":
            raise AdapterError("the connection broke", outcome_known=False)
        return SentMessage(reply.to.conversation, (post,), NOW)


class AbleAdapter(MinimalAdapter):
    """An adapter that can do everything."""

    abilities = ABLE

    def open_stream(self, to: Message, key: str) -> AbstractAsyncContextManager[ReplyStream]:
        return self._stream(key)

    @asynccontextmanager
    async def _stream(self, key: str) -> AsyncIterator[ReplyStream]:
        adapter, platform = self, self.platform

        class Stream:
            async def update(self, full_text: str) -> None:
                platform.growing.add(platform.post(full_text, key))

            async def finish(self, reply: Reply) -> SentMessage:
                sent = await adapter.send(reply, key)
                platform.posts[sent.ids[0]] = reply.text
                platform.growing.discard(sent.ids[0])
                return sent

        try:
            yield Stream()
        finally:
            if (post := platform.keys.get(key)) in platform.growing:
                platform.growing.discard(post)
                del platform.posts[post]

    async def acknowledge(self, to: Message) -> None:
        self.platform.signs.add(to.id)

    async def clear_acknowledgement(self, to: Message) -> None:
        self.platform.signs.discard(to.id)

    async def recall(self, sent: SentMessage) -> None:
        for post in sent.ids:
            if self.platform.posts.pop(post, None) is None:
                raise AdapterError(f"there is no {post}", permanent=True)

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        data = self.platform.files[attachment.ref]
        if len(data) > max_bytes:
            raise AdapterError(f"larger than {max_bytes} bytes", permanent=True)
        return data


class TestMinimalAdapter(AdapterContract):
    adapter_class: ClassVar[type[MinimalAdapter]] = MinimalAdapter

    async def make_adapter(self, folder: Path) -> Adapter:
        self.platform, self.count = Platform(), 0
        adapter = self.adapter_class()
        adapter.platform = self.platform
        return adapter

    async def inject(self, text: str, *, mention: bool = False) -> None:
        self.count += 1
        where, who = Conversation("memory", "g"), Person("memory", "ann")
        message = Message(f"m{self.count}", f"e{self.count}", where, who, text, NOW, mentions_bot=mention)
        self.platform.waiting.append(message)
        self.platform.changed.set()

    async def unacknowledged(self) -> int | None:
        return len(self.platform.waiting)

    async def posted(self) -> list[Posted]:
        return [Posted(post, text, post not in self.platform.growing) for post, text in self.platform.posts.items()]

    async def fail_next(self, kind: Fault) -> str | None:
        self.platform.fault = kind
        return kind


class TestAbleAdapter(TestMinimalAdapter):
    adapter_class = AbleAdapter

    async def signs(self, message: Message) -> int | None:
        return int(message.id in self.platform.signs)

    async def attachment(self, size: int) -> Attachment | None:
        self.platform.files["f"] = b"x" * size
        return Attachment("file", "a.txt", "f")


# --- the suite finds what is wrong ---


class LosesWhatFailed(MinimalAdapter):
    async def run(self, deliver: Deliver) -> None:
        while True:
            self.platform.changed.clear()
            while self.platform.waiting:
                await deliver(self.platform.waiting.pop(0))
            await self.platform.changed.wait()


class LeavesATask(MinimalAdapter):
    async def run(self, deliver: Deliver) -> None:
        self.left = asyncio.create_task(asyncio.sleep(3_600))
        await super().run(deliver)


class PostsTwice(AbleAdapter):
    async def send(self, reply: Reply, key: str) -> SentMessage:
        return await super().send(reply, f"{key}-{len(self.platform.keys)}")


class CutsSilently(MinimalAdapter):
    async def send(self, reply: Reply, key: str) -> SentMessage:
        return await super().send(replace(reply, text=reply.text[: self.abilities.max_chars]), key)


class LeavesStreamsOpen(AbleAdapter):
    @asynccontextmanager
    async def _stream(self, key: str) -> AsyncIterator[ReplyStream]:
        stream = await super()._stream(key).__aenter__()
        yield stream


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (LosesWhatFailed, "test_what_could_not_be_stored_is_delivered_again"),
        (LosesWhatFailed, "test_nothing_is_acknowledged_before_it_is_durable"),
        (LeavesATask, "test_messages_are_complete_and_their_time_is_utc"),
        (PostsTwice, "test_one_key_is_one_post_where_the_platform_is_idempotent"),
        (CutsSilently, "test_a_part_of_the_full_length_fits_and_one_beyond_it_is_never_posted"),
        (LeavesStreamsOpen, "test_an_abandoned_stream_is_closed_and_its_error_passes"),
    ],
)
async def test_the_suite_fails_an_adapter_that_breaks_the_contract(
    broken: type[MinimalAdapter], test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Suite(TestMinimalAdapter):
        adapter_class = broken
        within_s = 0.05

    suite = Suite()
    adapter = await suite.make_adapter(tmp_path)
    # pytest.fail.Exception is what an unmet pytest.raises raises.
    with pytest.raises((AssertionError, TimeoutError, pytest.fail.Exception)):
        await getattr(suite, test)(adapter)
    if isinstance(adapter, LeavesATask):
        adapter.left.cancel()


# --- types and defaults ---


def test_a_message_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Message("m", "e", Conversation("memory", "g"), Person("memory", "a"), "x", datetime(2025, 1, 1))


def test_values_that_are_handed_on_cannot_change() -> None:
    person = Person("feishu", "ou_1", "Ann")
    with pytest.raises(FrozenInstanceError):
        person.name = "Bo"  # type: ignore[misc]
    assert person.key == "feishu:ou_1"
    assert Conversation("feishu", "oc_1", thread="t").group == "feishu:oc_1"


def test_an_error_states_that_nothing_happened_unless_told_otherwise() -> None:
    error = AdapterError("busy")
    assert error.outcome_known and not error.permanent and error.retry_after_s is None


def test_importing_the_adapters_loads_no_drawing_library() -> None:
    code = "import sys, adapters.console, adapters.replay; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
