"""The long connection against the stand-in for Feishu: what it delivers and acknowledges, and how it comes back."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from feishu_platform import Fault, FeishuPlatform, Refusal

from adapters.base import AdapterError, InboxError
from adapters.feishu.longconn import LongConnection
from adapters.feishu.settings import Timings

FAST = Timings(
    call_timeout_s=0.5,
    connect_timeout_s=5.0,
    watch_every_s=0.02,
    silent_after_s=5.0,
    reconnect_base_s=0.02,
    reconnect_cap_s=0.1,
    exceed_limit_s=0.3,
    handle_timeout_s=30.0,
    stop_timeout_s=2.0,
)


@dataclass
class Core:
    """Takes events; ``broken`` refuses that many, ``gate`` holds them up."""

    texts: list[str] = field(default_factory=list)
    attempts: int = 0
    broken: int = 0
    gate: asyncio.Event | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, event: dict[str, Any]) -> None:
        self.attempts += 1
        await self._notify()
        if self.gate:
            await self.gate.wait()
        if self.broken:
            self.broken -= 1
            raise InboxError("the disk is full")
        self.texts.append(json.loads(event["event"]["message"]["content"])["text"])
        await self._notify()

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until_texts(self, count: int) -> None:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: len(self.texts) >= count)

    async def until_attempts(self, count: int) -> None:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: self.attempts >= count)


@pytest.fixture
async def platform() -> AsyncIterator[FeishuPlatform]:
    async with FeishuPlatform() as platform:
        yield platform


def make(platform: FeishuPlatform, timings: Timings = FAST) -> LongConnection:
    return LongConnection(platform.world.app_id, platform.world.app_secret, platform.domain, timings)


@asynccontextmanager
async def running(
    platform: FeishuPlatform, core: Core, timings: Timings = FAST, *, connected: bool = True
) -> AsyncIterator[LongConnection]:
    """The connection while the block runs; then neither a connection nor a thread nor a task of it is left."""
    tasks = asyncio.all_tasks()
    connection = make(platform, timings)
    task = asyncio.create_task(connection.run(core))
    try:
        if connected:
            await platform.until(lambda: platform.connections == 1)
        yield connection
    finally:
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "it does not stop"
    assert task.cancelled(), task.exception()
    await platform.until(lambda: platform.connections == 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "feishu-connection"]
    assert asyncio.all_tasks() == tasks
    assert connection.health().state == "stopped"


async def test_an_event_is_handed_over_whole_and_acknowledged(platform: FeishuPlatform) -> None:
    core = Core()
    async with running(platform, core) as connection:
        entry = await platform.say("怎么安装？", mention=True)
        await platform.until(lambda: not platform.unacknowledged)
        assert (connection.health().state, connection.health().counters["received"]) == ("up", 1)
    assert core.texts == ["@_user_1 怎么安装？"]
    assert platform.delivery(entry).codes == [200]


async def test_nothing_is_acknowledged_before_it_is_durable(platform: FeishuPlatform) -> None:
    core = Core(gate=asyncio.Event())
    async with running(platform, core):
        entry = await platform.say("first")
        await core.until_attempts(1)
        assert platform.delivery(entry).codes == []
        assert core.gate is not None
        core.gate.set()
        await platform.until(lambda: not platform.unacknowledged)
    assert core.texts == ["first"]


async def test_what_could_not_be_stored_is_not_acknowledged_and_comes_again(platform: FeishuPlatform) -> None:
    platform.link.redeliver_after_s = (0.05, 0.05, 0.05)
    core = Core(broken=2)
    async with running(platform, core) as connection:
        entry = await platform.say("first")
        await platform.until(lambda: not platform.unacknowledged)
        assert connection.health().counters["refused"] == 2
    assert platform.delivery(entry).codes == [500, 500, 200]
    assert core.texts == ["first"]


async def test_storing_that_takes_too_long_is_given_up_before_the_platform_does(platform: FeishuPlatform) -> None:
    core = Core(gate=asyncio.Event())
    async with running(platform, core, replace(FAST, handle_timeout_s=0.05)):
        entry = await platform.say("first")
        await platform.until(lambda: bool(platform.delivery(entry).codes))
        assert platform.delivery(entry).codes == [500]
        core.gate = None
        await platform.redeliver()
        await platform.until(lambda: not platform.unacknowledged)
    assert core.texts == ["first"]


async def test_a_stuck_event_holds_up_neither_others_nor_the_pings(platform: FeishuPlatform) -> None:
    platform.link.config["PingInterval"] = 0.02
    core = Core(gate=asyncio.Event())
    async with running(platform, core):
        await platform.say("stuck")
        await core.until_attempts(1)
        gate, core.gate = core.gate, None
        await platform.say("next")
        await core.until_texts(1)
        seen = next(iter(platform.link.connections.values())).pings
        await platform.until(lambda: next(iter(platform.link.connections.values())).pings > seen)
        assert gate is not None
        gate.set()
        await core.until_texts(2)
    assert core.texts == ["next", "stuck"]


async def test_it_stops_while_an_event_is_stuck(platform: FeishuPlatform) -> None:
    core = Core(gate=asyncio.Event())
    async with running(platform, core):
        await platform.say("stuck")
        await core.until_attempts(1)
    assert len(platform.unacknowledged) == 1


async def test_an_event_in_several_frames_is_put_together(platform: FeishuPlatform) -> None:
    platform.link.split_over = 50
    core = Core()
    async with running(platform, core):
        await platform.say("长" * 1000)
        await platform.until(lambda: not platform.unacknowledged)
    assert core.texts == ["长" * 1000]


async def test_a_burst_of_300_keeps_its_order(platform: FeishuPlatform) -> None:
    core = Core()
    async with running(platform, core):
        for number in range(300):
            await platform.say(f"{number}")
        await platform.until(lambda: not platform.unacknowledged)
    assert core.texts == [str(number) for number in range(300)]


async def test_a_cut_connection_comes_back_and_what_was_not_acknowledged_comes_again(platform: FeishuPlatform) -> None:
    core = Core(gate=asyncio.Event())
    async with running(platform, core) as connection:
        await platform.say("first")
        await core.until_attempts(1)
        await platform.cut()
        gate, core.gate = core.gate, None
        await platform.until(lambda: platform.link.opened == 2)
        assert gate is not None
        gate.set()
        await platform.until(lambda: not platform.unacknowledged)
        assert connection.health().counters["reconnects"] == 1
        assert platform.connections == 1
    assert set(core.texts) == {"first"}


async def test_a_half_open_connection_is_noticed_and_replaced(platform: FeishuPlatform) -> None:
    platform.link.config["PingInterval"] = 0.05
    core = Core()
    async with running(platform, core, replace(FAST, silent_after_s=0.3, stop_timeout_s=0.5)):
        await platform.freeze()
        await platform.say("into the void")
        await platform.until(lambda: platform.link.opened >= 2)
        await platform.until(lambda: not platform.unacknowledged)
        await platform.until(lambda: platform.connections == 1)
    assert core.texts == ["into the void"]


async def test_it_stops_soon_when_the_connection_is_half_open(platform: FeishuPlatform) -> None:
    async with running(platform, Core(), replace(FAST, stop_timeout_s=0.2)):
        await platform.freeze()


async def test_an_endpoint_that_never_answers_is_asked_again(platform: FeishuPlatform) -> None:
    platform.fail(Fault(hang=True), "callback/ws/endpoint", times=2)
    core = Core()
    async with running(platform, core):
        await platform.say("first")
        await core.until_texts(1)
    assert len(platform.calls("callback/ws/endpoint")) == 3


async def test_it_stops_at_once_while_the_endpoint_does_not_answer(platform: FeishuPlatform) -> None:
    platform.fail(Fault(hang=True), "callback/ws/endpoint")
    async with running(platform, Core(), replace(FAST, call_timeout_s=60), connected=False):
        await platform.until(lambda: platform.calls("callback/ws/endpoint"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=502, html=True),
        Fault(status=200, html=True),
        Fault(status=200, code=1, msg="busy"),
        Fault(status=200, code=1000040343),
        Fault(status=200, code=1000040350),
        Fault(drop=True),
    ],
    ids=["502 with a page", "a page", "busy", "internal error", "too many", "dropped"],
)
async def test_trouble_at_the_endpoint_is_waited_out(platform: FeishuPlatform, fault: Fault) -> None:
    platform.fail(fault, "callback/ws/endpoint", times=3)
    async with running(platform, Core()):
        assert len(platform.calls("callback/ws/endpoint")) == 4


async def test_too_many_connections_are_waited_out_for_longer(platform: FeishuPlatform) -> None:
    platform.refuse_handshakes(2)
    async with running(platform, Core(), connected=False) as connection:
        await platform.until(lambda: platform.connections == 1)
        times = [call.at for call in platform.calls("callback/ws/endpoint")]
        assert len(times) == 3
        assert all(later - earlier >= FAST.exceed_limit_s for earlier, later in itertools.pairwise(times))
        assert connection.health().counters["reconnects"] == 2


async def test_a_forbidden_handshake_after_a_cut_leaves_no_zombie(platform: FeishuPlatform) -> None:
    core = Core()
    async with running(platform, core):
        platform.refuse_handshakes(3, Refusal(status=403, auth_code=0, msg="forbidden"))
        await platform.cut()
        await platform.until(lambda: platform.link.opened == 2)
        await platform.say("first")
        await core.until_texts(1)


@pytest.mark.parametrize("wrong", ["app_id", "app_secret"])
async def test_wrong_credentials_stop_it_and_say_what_to_set(platform: FeishuPlatform, wrong: str) -> None:
    connection = make(platform)
    setattr(platform.world, wrong, "another")
    with pytest.raises(AdapterError, match=r"\[feishu\] app_id and app_secret") as refused:
        await connection.run(Core())
    assert refused.value.permanent
    assert connection.health().state == "stopped"


async def test_empty_credentials_are_refused_without_asking(platform: FeishuPlatform) -> None:
    with pytest.raises(AdapterError, match="empty") as refused:
        await LongConnection("", "", platform.domain, FAST).run(Core())
    assert refused.value.permanent
    assert platform.calls() == []


async def test_it_runs_again_after_it_was_stopped(platform: FeishuPlatform) -> None:
    core = Core()
    for number in range(3):
        async with running(platform, core):
            await platform.say(str(number))
            await core.until_texts(number + 1)
    assert platform.link.opened == 3
