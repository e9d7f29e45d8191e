"""The stand-in for Feishu, driven by the real SDK: what the other tests of the adapter rest on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from feishu_platform import Fault, FeishuPlatform
from feishu_platform_frames import DATA, Frame, decode, encode


@pytest.fixture
async def platform() -> AsyncIterator[FeishuPlatform]:
    async with FeishuPlatform() as platform:
        yield platform


def client_of(platform: FeishuPlatform) -> Any:
    import lark_oapi

    world = platform.world
    return lark_oapi.Client.builder().app_id(world.app_id).app_secret(world.app_secret).domain(platform.domain).build()


def post(client: Any, uuid: str, text: str = "hello") -> Any:
    from lark_oapi.api.im.v1 import CreateMessageRequest, CreateMessageRequestBody

    body = (
        CreateMessageRequestBody.builder()
        .receive_id("oc_group")
        .msg_type("text")
        .content(json.dumps({"text": text}))
        .uuid(uuid)
        .build()
    )
    return client.im.v1.message.create(
        CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build()
    )


async def test_a_uuid_posts_once_within_the_hour_and_again_after_it(platform: FeishuPlatform) -> None:
    client = client_of(platform)
    first = await asyncio.to_thread(post, client, "u1")
    again = await asyncio.to_thread(post, client, "u1")
    assert first.success() and first.data.message_id == again.data.message_id
    platform.skip(3601)
    assert (await asyncio.to_thread(post, client, "u1")).data.message_id != first.data.message_id
    assert [shown.text for shown in platform.shown()] == ["hello", "hello"]


async def test_faults_reach_the_sdk_as_they_were_ordered(platform: FeishuPlatform) -> None:
    client = client_of(platform)
    platform.fail(Fault(status=429, code=99991400, headers={"x-ogw-ratelimit-reset": "7"}), "/im/v1/messages")
    limited = await asyncio.to_thread(post, client, "u1")
    assert (limited.code, limited.raw.headers["x-ogw-ratelimit-reset"]) == (99991400, "7")
    platform.fail(Fault(status=502, html=True), "/im/v1/messages")
    with pytest.raises(json.JSONDecodeError):
        await asyncio.to_thread(post, client, "u1")
    platform.revoke_tokens()
    assert (await asyncio.to_thread(post, client, "u1")).code == 99991663
    assert platform.shown() == []


async def test_an_answer_can_be_lost_although_the_message_was_posted(platform: FeishuPlatform) -> None:
    import requests

    client = client_of(platform)
    platform.fail(Fault(after_effect=True), "/im/v1/messages")
    with pytest.raises(requests.ConnectionError):
        await asyncio.to_thread(post, client, "u1")
    assert len(platform.shown()) == 1
    assert (await asyncio.to_thread(post, client, "u1")).data.message_id == platform.shown()[0].id
    assert len(platform.shown()) == 1


async def test_a_card_streams_only_with_rising_sequences(platform: FeishuPlatform) -> None:
    from lark_oapi.api.cardkit.v1 import (
        ContentCardElementRequest,
        ContentCardElementRequestBody,
        CreateCardRequest,
        CreateCardRequestBody,
    )

    client = client_of(platform)
    element = {"tag": "markdown", "element_id": "answer", "content": ""}
    card = {"schema": "2.0", "config": {"streaming_mode": True}, "body": {"elements": [element]}}
    body = CreateCardRequestBody.builder().type("card_json").data(json.dumps(card)).build()
    made = await asyncio.to_thread(
        client.cardkit.v1.card.create, CreateCardRequest.builder().request_body(body).build()
    )

    def write(text: str, sequence: int) -> int:
        content = ContentCardElementRequestBody.builder().content(text).sequence(sequence).build()
        builder = ContentCardElementRequest.builder().card_id(made.data.card_id).element_id("answer")
        answer = client.cardkit.v1.card_element.content(builder.request_body(content).build())
        return int(answer.code)

    codes = [await asyncio.to_thread(write, text, n) for text, n in [("a", 1), ("ab", 2), ("abc", 2), ("abcd", 3)]]
    assert codes == [0, 0, 300317, 0]
    assert platform.world.cards[made.data.card_id].contents == ["a", "ab", "abcd"]


def test_frames_are_those_of_the_sdk() -> None:
    from lark_oapi.ws.pb.pbbp2_pb2 import Frame as SdkFrame

    frame = Frame(DATA, {"type": "event", "长": "x" * 300}, "负载".encode() * 100)
    theirs = SdkFrame.FromString(encode(frame))
    assert (theirs.method, theirs.payload, theirs.service) == (DATA, frame.payload, 7)
    assert {header.key: header.value for header in theirs.headers} == frame.headers
    theirs.payload_type, theirs.LogIDNew, theirs.LogID = "json", "log", 2**40
    assert decode(theirs.SerializeToString()) == frame


async def test_wrong_credentials_get_no_token(platform: FeishuPlatform) -> None:
    from lark_oapi.core.exception import ObtainAccessTokenException

    platform.world.app_secret = "another"
    import lark_oapi

    client = (
        lark_oapi.Client.builder().app_id(platform.world.app_id).app_secret("secret").domain(platform.domain).build()
    )
    with pytest.raises(ObtainAccessTokenException, match="10014"):
        await asyncio.to_thread(post, client, "u1")
