"""Calls to Feishu: their limits, their token, what errors mean, and names that are looked up in the background."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from fakes import make_message
from feishu_platform import Fault, FeishuPlatform
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import AdapterError, Conversation, Person
from adapters.feishu.api import FeishuApi
from adapters.feishu.buckets import Buckets
from adapters.feishu.chats import GroupAdmins
from adapters.feishu.client import Client
from adapters.feishu.errors import error_of
from adapters.feishu.names import NameBook
from adapters.feishu.settings import FeishuSettings, Timings


@dataclass
class Paces:
    """Time that passes only while somebody waits, for all at once."""

    time: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def client_for(platform: FeishuPlatform, **timings: float) -> Client:
    world = platform.world
    limits = Timings(**{"call_timeout_s": 2.0, **timings})
    return Client(FeishuSettings(world.app_id, world.app_secret, platform.domain, timings=limits))


@pytest.fixture
async def platform() -> AsyncIterator[FeishuPlatform]:
    async with FeishuPlatform() as platform:
        yield platform


# --- limits ---


@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from(["oc_1", "oc_2"])), min_size=1, max_size=60))
def test_a_chat_gets_at_most_five_posts_a_second_beyond_a_burst_of_five(arrivals: list[tuple[float, str]]) -> None:
    clock, buckets, sent = Paces(), Buckets(max_wait_s=1e9), {"oc_1": [0.0], "oc_2": [0.0]}
    buckets._clock = clock

    async def post() -> None:
        for pause_s, chat in arrivals:
            clock.time += pause_s
            await buckets.take("reply", chat)
            sent[chat].append(clock.time)

    asyncio.run(post())
    for times in sent.values():
        times = times[1:]
        for n, began in enumerate(times):
            within = [at for at in times[n:] if at <= began + 1.0]
            assert len(within) <= 11  # a full bucket of five, five more within the second, and one on its edge


async def test_an_api_gets_at_most_a_thousand_calls_in_a_minute_beyond_its_burst() -> None:
    clock = Paces()
    buckets = Buckets(clock, max_wait_s=1e9)
    for _ in range(2_000):
        await buckets.take("reply")
    assert clock.time >= 60 * (2_000 - 500) / 1_000 - 1


async def test_what_would_wait_too_long_is_refused_and_takes_no_place() -> None:
    clock = Paces()
    buckets = Buckets(clock, max_wait_s=1.0)
    for _ in range(5 + 5):
        await buckets.take("reply", "oc_1")
        clock.time = 0.0  # all at the same moment
    for _ in range(3):
        with pytest.raises(AdapterError) as refused:
            await buckets.take("reply", "oc_1")
        assert refused.value.outcome_known and refused.value.retry_after_s == pytest.approx(1.2)


async def test_what_may_not_wait_is_refused_at_once() -> None:
    buckets = Buckets(Paces())
    for _ in range(25):
        await buckets.take("write", may_wait=False)
    with pytest.raises(AdapterError):
        await buckets.take("write", may_wait=False)


async def test_a_pause_that_the_platform_asks_for_holds_for_the_chat_alone() -> None:
    clock = Paces()
    buckets = Buckets(clock)
    buckets.pause("reply", 3.0, "oc_1")
    await buckets.take("reply", "oc_2")
    assert clock.slept == []
    await buckets.take("reply", "oc_1")
    assert clock.slept == [pytest.approx(3.0)]


# --- errors ---


@given(st.integers(400, 599), st.integers(0, 10**8), st.floats(0.1, 100) | st.none())
def test_every_error_is_either_final_or_worth_a_retry_and_5xx_leaves_the_outcome_open(
    status: int, code: int, reset_s: float | None
) -> None:
    error = error_of("post a reply", status, code, "why", reset_s)
    assert str(code) in str(error) and "post a reply" in str(error)
    if error.permanent:
        assert error.outcome_known and status < 500
    if not error.outcome_known:
        assert not error.permanent


# --- token ---


async def test_the_next_token_is_fetched_before_the_last_one_ends(platform: FeishuPlatform) -> None:
    platform.world.token_lives_s = 600 + 1  # the SDK keeps it ten minutes less
    client = client_for(platform, token_check_s=0.05)
    keeping = asyncio.ensure_future(client.keep_token())
    await platform.until(lambda: len(platform.calls("tenant_access_token")) >= 3)
    keeping.cancel()
    await client.close()


async def test_a_token_that_lasts_is_fetched_once(platform: FeishuPlatform) -> None:
    client = client_for(platform, token_check_s=0.02)
    keeping = asyncio.ensure_future(client.keep_token())
    for _ in range(5):
        await FeishuApi(client).bot()
    keeping.cancel()
    assert len(platform.calls("tenant_access_token")) == 1
    await client.close()


async def test_a_token_that_cannot_be_fetched_is_fetched_when_the_platform_is_back(platform: FeishuPlatform) -> None:
    platform.fail(Fault(status=502, html=True), "tenant_access_token", times=3)
    client = client_for(platform, token_check_s=0.02)
    keeping = asyncio.ensure_future(client.keep_token())
    await platform.until(lambda: bool(platform.world.tokens))
    keeping.cancel()
    await client.close()


async def test_a_closed_client_opens_again_with_the_next_call(platform: FeishuPlatform) -> None:
    api = FeishuApi(client_for(platform))
    assert (await api.bot())["open_id"] == "ou_bot"
    await api.client.close()
    assert (await api.bot())["open_id"] == "ou_bot"
    await api.client.close()


async def test_a_revoked_token_is_replaced_once_for_all_calls_under_way(platform: FeishuPlatform) -> None:
    api = FeishuApi(client_for(platform))
    await api.bot()
    platform.revoke_tokens()
    await asyncio.gather(*(api.bot() for _ in range(8)))
    assert len(platform.calls("tenant_access_token")) == 2
    await api.client.close()


async def test_listings_are_read_to_their_end(platform: FeishuPlatform) -> None:
    chat = platform.world.chats["oc_group"]
    chat.members = {f"ou_{n}": f"member {n}" for n in range(250)}
    api = FeishuApi(client_for(platform))
    assert await api.members("oc_group") == chat.members
    assert len(platform.calls("/members")) == 3
    await api.client.close()


# --- names ---


async def until(book: NameBook, open_id: str, place: Conversation) -> str:
    async with asyncio.timeout(10):
        while not (name := book.name(open_id, place)):  # noqa: ASYNC110 - the look-up has no event
            await asyncio.sleep(0.01)
    return name


async def test_a_name_is_unknown_at_first_and_looked_up_once_for_the_whole_chat(platform: FeishuPlatform) -> None:
    api = FeishuApi(client_for(platform))
    book, place = NameBook(api, Paces()), Conversation("feishu", "oc_group")
    assert book.name("ou_alice", place) == ""
    looking = asyncio.ensure_future(book.run())
    assert await until(book, "ou_alice", place) == "爱丽丝"
    assert book.name("ou_bob", place) == "Bob"
    assert len(platform.calls("/members")) == 1
    looking.cancel()
    await api.client.close()


async def test_somebody_without_a_name_causes_one_look_up_and_not_one_per_message(platform: FeishuPlatform) -> None:
    api, clock = FeishuApi(client_for(platform)), Paces()
    book, place = NameBook(api, clock), Conversation("feishu", "oc_group")
    looking = asyncio.ensure_future(book.run())
    for _ in range(50):
        assert book.name("ou_stranger", place) == ""
    await platform.until(lambda: len(platform.calls("/members")) == 1)
    clock.time += 601
    book.name("ou_stranger", place)
    await platform.until(lambda: len(platform.calls("/members")) == 2)
    looking.cancel()
    await api.client.close()


async def test_a_look_up_that_fails_does_not_end_the_others(platform: FeishuPlatform) -> None:
    api = FeishuApi(client_for(platform))
    book, place = NameBook(api, Paces()), Conversation("feishu", "oc_group")
    platform.fail(Fault(code=99991672), "/members")
    looking = asyncio.ensure_future(book.run())
    assert book.name("ou_nobody", place) == ""
    assert await until(book, "ou_alice", place) == "爱丽丝"
    looking.cancel()
    await api.client.close()


async def test_a_name_in_a_direct_chat_comes_from_the_address_book(platform: FeishuPlatform) -> None:
    platform.world.names["ou_eve"] = "夏娃"
    api = FeishuApi(client_for(platform))
    book, place = NameBook(api, Paces()), Conversation("feishu", "oc_p2p", None, "direct")
    looking = asyncio.ensure_future(book.run())
    assert await until(book, "ou_eve", place) == "夏娃"
    looking.cancel()
    await api.client.close()


def test_names_that_come_with_mentions_need_no_look_up() -> None:
    book = NameBook(FeishuApi(Client(FeishuSettings("a", "b"))), Paces())
    book.learn([Person("feishu", "ou_x", "小明"), Person("feishu", "ou_y")])
    assert book.name("ou_x", make_message().conversation) == "小明"


async def test_who_owns_a_group_is_asked_again_in_time_and_the_last_answer_serves_meanwhile(
    platform: FeishuPlatform,
) -> None:
    chat, clock, api = platform.world.chats["oc_group"], Paces(), FeishuApi(client_for(platform))
    admins = GroupAdmins(api, clock, fresh_s=600)
    bob, owner = (make_message(chat=chat.id, sender=who) for who in ("ou_bob", "ou_owner"))
    assert await admins.has(owner) and not await admins.has(bob)
    chat.owner, chat.managers = "ou_bob", []
    clock.time += 599
    assert await admins.has(owner) and not await admins.has(bob)
    clock.time += 1
    platform.fail(Fault(status=502, html=True), "/chats/oc_group")
    assert await admins.has(owner)
    assert await admins.has(bob) and not await admins.has(owner)
    await api.client.close()
