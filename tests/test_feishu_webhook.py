"""The webhook: what it lets in and what not, and that it acknowledges only what is durable."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from feishu_platform import FeishuPlatform
from feishu_platform_hook import sealed, signed
from test_feishu_longconn import FAST, Core

from adapters.base import AdapterError
from adapters.feishu.settings import FeishuSettings
from adapters.feishu.webhook import Guard, RefusedError, Webhook

KEY, TOKEN = "a key", "a token"
NOW = 1_800_000_000.0
EVENT: dict[str, Any] = {
    "schema": "2.0",
    "header": {"event_id": "ev1", "event_type": "im.message.receive_v1", "token": TOKEN},
    "event": {"message": {"content": '{"text": "hello"}'}},
}
CHALLENGE: dict[str, Any] = {"challenge": "abc", "token": TOKEN, "type": "url_verification"}


def make(encrypt_key: str = KEY, verification_token: str = TOKEN, **changes: Any) -> Webhook:
    settings = FeishuSettings("cli_1", "secret", transport="webhook", host="127.0.0.1", port=0, path="/events")
    settings = replace(settings, encrypt_key=encrypt_key, verification_token=verification_token, timings=FAST)
    return Webhook(replace(settings, **changes))


@asynccontextmanager
async def running(core: Core, webhook: Webhook | None = None) -> AsyncIterator[Webhook]:
    webhook = webhook or make()
    task = asyncio.create_task(webhook.run(core))
    await asyncio.wait_for(webhook.started.wait(), 30)
    try:
        yield webhook
    finally:
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "it does not stop"
    assert task.cancelled()


async def post(webhook: Webhook, body: bytes | io.BytesIO, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{webhook.port}/events", data=body, headers=headers) as answer,
    ):
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith("{") else {}


async def raw(webhook: Webhook, headers: bytes, body: bytes, *, hang_up: bool = False) -> int:
    """Post what no client would; the status, 0 where there was no answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", webhook.port)
    length = b"" if b"Content-Length" in headers else b"Content-Length: %d\r\n" % len(body)
    writer.write(b"POST /events HTTP/1.1\r\nHost: x\r\n" + length + headers + b"\r\n\r\n" + body)
    if hang_up:
        writer.write_eof()
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    return int(line.split()[1]) if line else 0


def request(
    payload: dict[str, Any] = EVENT, key: str = KEY, age_s: float = 0, now: float | None = None
) -> tuple[bytes, dict[str, str]]:
    body = sealed(payload, key)
    return body, signed(body, key, int((time.time() if now is None else now) - age_s))


async def test_a_good_request_is_stored_before_it_is_answered() -> None:
    core = Core(gate=asyncio.Event())
    async with running(core) as webhook:
        posting = asyncio.create_task(post(webhook, *request()))
        await core.until_attempts(1)
        assert not posting.done()
        assert core.gate is not None
        core.gate.set()
        assert await posting == (200, {})
        assert core.texts == ["hello"]
        assert (webhook.health().state, webhook.health().counters["received"]) == ("up", 1)
    assert webhook.health().state == "stopped"


@pytest.mark.parametrize("key", [KEY, ""], ids=["encrypted", "plain"])
async def test_the_platform_reaches_it_and_repeats_what_was_not_stored(key: str) -> None:
    core = Core(broken=2)
    async with FeishuPlatform() as platform, running(core, make(encrypt_key=key)) as webhook:
        platform.world.encrypt_key, platform.world.verification_token = key, TOKEN
        platform.link.redeliver_after_s = (0.05, 0.05, 0.05)
        platform.use_webhook(f"http://127.0.0.1:{webhook.port}/events")
        entry = await platform.say("怎么安装？")
        await platform.until(lambda: not platform.unacknowledged)
        assert platform.delivery(entry).codes == [503, 503, 200]
        assert core.texts == ["怎么安装？"]


@pytest.mark.parametrize("key", [KEY, ""], ids=["encrypted", "plain"])
async def test_the_challenge_is_answered_without_the_core(key: str) -> None:
    core = Core(broken=1)
    async with running(core, make(encrypt_key=key)) as webhook:
        headers = {"Content-Type": "application/json"}
        assert await post(webhook, sealed(CHALLENGE, key), headers) == (200, {"challenge": "abc"})
        status, _ = await post(webhook, sealed({**CHALLENGE, "token": "wrong"}, key), headers)
        assert status == 401
    assert core.attempts == 0


def test_header_names_count_in_any_case() -> None:
    body, headers = request()
    guard = Guard(KEY, TOKEN, time.time)
    assert guard.admit({name.lower(): value for name, value in headers.items()}, body) == EVENT
    assert guard.admit({name.upper(): value for name, value in headers.items()}, body) == EVENT


GOOD = request(now=NOW)


def test_the_same_request_unaltered_is_let_in() -> None:
    assert Guard(KEY, TOKEN, lambda: NOW).admit(GOOD[1], GOOD[0]) == EVENT


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (*request(age_s=301, now=NOW), "not fresh"),
        (*request(age_s=-301, now=NOW), "not fresh"),
        (GOOD[0], {}, "signature"),
        (GOOD[0] + b" ", GOOD[1], "signature"),
        (sealed(EVENT, ""), signed(sealed(EVENT, ""), KEY, int(NOW)), "not encrypted"),
        (sealed(CHALLENGE, ""), {}, "not encrypted"),
        (*request(key="another key", now=NOW), "decrypted"),
        (b'{"encrypt": "AAAA"}', {}, "decrypted"),
        (b'{"encrypt": "not base64!"}', {}, "decrypted"),
        (*request({**EVENT, "header": {"token": "wrong"}}, now=NOW), "token"),
        (*request({**EVENT, "header": {}}, now=NOW), "token"),
        (*request({"uuid": "1", "token": TOKEN, "event": {}}, now=NOW), "schema"),
        (b"", {}, "JSON"),
        (b"[1]", {}, "JSON"),
        (b"[" * 100_000, {}, "JSON"),
    ],
    ids=[
        "old",
        "from the future",
        "unsigned",
        "altered",
        "plain text though a key is set",
        "plain challenge though a key is set",
        "another key",
        "short secret",
        "no base64",
        "wrong token",
        "no token",
        "old schema",
        "empty",
        "a list",
        "nested",
    ],
)
def test_what_does_not_prove_its_origin_is_not_let_in(body: bytes, headers: dict[str, str], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        Guard(KEY, TOKEN, lambda: NOW).admit(headers, body)


def test_a_token_alone_guards_plain_events_and_encrypted_ones_ask_for_the_key() -> None:
    guard = Guard("", TOKEN, time.time)
    assert guard.admit({}, sealed(EVENT, "")) == EVENT
    with pytest.raises(RefusedError, match="token"):
        guard.admit({}, sealed({**EVENT, "header": {"token": "wrong"}}, ""))
    with pytest.raises(RefusedError, match="encrypt_key"):
        guard.admit({}, sealed(EVENT, KEY))


async def test_what_is_not_let_in_is_counted_and_never_reaches_the_core() -> None:
    core = Core()
    async with running(core) as webhook:
        body, headers = request(age_s=301)
        assert (await post(webhook, body, headers))[0] == 401
        assert (await post(webhook, io.BytesIO(b"x" * (1024 * 1024 + 1)), headers))[0] == 413
        assert webhook.health().counters["rejected"] == 2
    assert core.attempts == 0


@pytest.mark.parametrize("name", ["X-Lark-Signature", "X-Lark-Request-Nonce", "X-Lark-Request-Timestamp"])
async def test_headers_that_are_no_text_are_not_let_in(name: str) -> None:
    core = Core()
    async with running(core) as webhook:
        body, headers = request()
        lines = [f"{key}: {value}".encode() for key, value in headers.items() if key != name]
        assert await raw(webhook, b"\r\n".join([*lines, name.encode() + b": \xff\xfe"]), body) == 401
        assert webhook.health().counters["rejected"] == 1
    assert core.attempts == 0


def test_a_token_that_is_no_text_is_wrong() -> None:
    with pytest.raises(RefusedError, match="token"):
        Guard("", TOKEN, time.time).admit({}, b'{"header": {"token": "\\ud800"}, "event": {}}')


@pytest.mark.parametrize("packed", [gzip.compress(request()[0]), b"no gzip"], ids=["packed", "not even packed"])
async def test_a_packed_body_is_not_unpacked(packed: bytes) -> None:
    core = Core()
    async with running(core) as webhook:
        status, _ = await post(webhook, packed, {**signed(packed, KEY, int(time.time())), "Content-Encoding": "gzip"})
        assert status == 400
    assert core.attempts == 0


async def test_a_sender_that_goes_away_in_the_middle_is_counted_and_nothing_else() -> None:
    core = Core()
    async with running(core) as webhook:
        assert await raw(webhook, b"Content-Length: 100", b"abc", hang_up=True) == 0
        assert (await post(webhook, *request()))[0] == 200
        assert webhook.health().counters == {"received": 1, "refused": 0, "rejected": 1}


async def test_anything_but_a_post_is_refused_and_the_kind_of_content_does_not_count() -> None:
    core = Core()
    async with running(core) as webhook, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{webhook.port}/events"
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            async with session.request(method, url) as answer:
                assert answer.status == 405
        body, headers = request()
        assert (await post(webhook, body, {**headers, "Content-Type": "text/plain"}))[0] == 200
    assert core.texts == ["hello"]


async def test_a_repeated_request_reaches_the_core_which_knows_its_event() -> None:
    core = Core()
    async with running(core) as webhook:
        body, headers = request()
        assert [(await post(webhook, body, headers))[0] for _ in range(2)] == [200, 200]
    assert core.texts == ["hello", "hello"]


async def test_it_stops_while_an_event_is_stuck_and_can_run_again() -> None:
    core = Core(gate=asyncio.Event())
    webhook = make(timings=replace(FAST, stop_timeout_s=0.1, handle_timeout_s=60))
    async with running(core, webhook):
        posting = asyncio.create_task(post(webhook, *request()))
        await core.until_attempts(1)
    with pytest.raises(aiohttp.ClientError):
        await posting
    core.gate = None
    async with running(core, webhook):
        assert (await post(webhook, *request()))[0] == 200


async def test_without_a_key_and_a_token_it_does_not_listen() -> None:
    with pytest.raises(AdapterError, match="encrypt_key and verification_token") as refused:
        await make("", "").run(Core())
    assert refused.value.permanent


async def test_a_port_in_use_is_said_with_the_key_to_change() -> None:
    async with running(Core()) as first:
        with pytest.raises(AdapterError, match=r"\[feishu\] host and port"):
            await make(port=first.port).run(Core())
