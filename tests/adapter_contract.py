"""What every adapter must do, as tests: ``class TestFeishu(AdapterContract)`` runs all of them against one adapter.

A subclass implements the hooks of `AdapterPlatform` against a real service or a local stand-in. What an adapter does
not claim in its ``abilities`` is tested too: there it must refuse. A hook that a platform has no counterpart for says
so by returning None, and the tests that need it are skipped with that reason.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from adapter_contract_posts import PostingContract
from adapter_platform import UNUSUAL, AdapterPlatform, Fault, Posted, Recorder

from adapters.base import Adapter

__all__ = ["AdapterContract", "AdapterPlatform", "Fault", "Posted", "Recorder"]


class AdapterContract(PostingContract):
    """The whole suite."""

    # --- what it says about itself ---

    async def test_it_is_an_adapter_with_sensible_abilities(self, adapter: Adapter) -> None:
        assert isinstance(adapter, Adapter)
        assert adapter.name and adapter.name == adapter.name.lower()
        assert adapter.abilities.max_chars > 0
        assert adapter.abilities.recall_within_s >= 0 and adapter.abilities.idempotent_for_s >= 0

    # --- what comes in ---

    async def test_every_message_is_delivered_once_and_in_order(self, adapter: Adapter) -> None:
        core = Recorder()
        texts = [f"question {n}?" for n in range(20)]
        async with self.running(adapter, core, *texts):
            await core.until(lambda: len(core.messages) >= len(texts))
        assert [message.text for message in core.messages] == texts
        assert len({message.id for message in core.messages}) == len({m.event_id for m in core.messages}) == len(texts)

    async def test_messages_are_complete_and_their_time_is_utc(self, adapter: Adapter) -> None:
        message = await self.heard(adapter)
        assert message.id and message.event_id and message.sender.id and message.conversation.chat
        assert message.conversation.platform == message.sender.platform == adapter.name
        assert message.sent_at.utcoffset() == timedelta(0)
        assert not message.mentions_bot and not message.sender.is_bot

    async def test_a_mention_is_seen_and_taken_out_of_the_text(self, adapter: Adapter) -> None:
        core = Recorder()
        async with self.running(adapter, core, "怎么安装？", mention=True):
            await core.until(lambda: bool(core.messages))
        assert core.messages[0].mentions_bot
        assert core.messages[0].text == "怎么安装？"

    @pytest.mark.parametrize("kind", UNUSUAL)
    async def test_unusual_text_neither_stops_the_adapter_nor_hides_the_next_message(
        self, adapter: Adapter, kind: str
    ) -> None:
        core = Recorder()
        async with self.running(adapter, core, UNUSUAL[kind], "still there?"):
            await core.until(lambda: any(message.text == "still there?" for message in core.messages))

    async def test_what_could_not_be_stored_is_delivered_again(self, adapter: Adapter) -> None:
        core = Recorder(broken=1)
        async with self.running(adapter, core, "怎么安装？"):
            await core.until(lambda: core.attempts > 0)
            await self.redeliver()
            await core.until(lambda: bool(core.messages))
            for message in core.messages:
                await self.decide(message)
        assert {message.text for message in core.messages} == {"怎么安装？"}

    async def test_nothing_is_acknowledged_before_it_is_durable(self, adapter: Adapter) -> None:
        if await self.unacknowledged() is None:
            pytest.skip("the platform has no acknowledgement")
        core = Recorder(gate=asyncio.Event())
        async with self.running(adapter, core, "怎么安装？"):
            await core.until(lambda: core.attempts > 0)
            assert await self.unacknowledged() == 1
            assert core.gate is not None
            core.gate.set()
            await core.until(lambda: bool(core.messages))
            for message in core.messages:
                await self.decide(message)
            while await self.unacknowledged():  # noqa: ASYNC110 - the platform may be another process
                await asyncio.sleep(0.005)

    async def test_it_stops_while_a_delivery_is_stuck_and_can_run_again(self, adapter: Adapter) -> None:
        stuck = Recorder(gate=asyncio.Event())
        async with self.running(adapter, stuck, "怎么安装？"):
            await stuck.until(lambda: stuck.attempts > 0)
        core = Recorder()
        async with self.running(adapter, core):
            await self.redeliver()
            await core.until(lambda: bool(core.messages))
        assert core.messages[0].text == "怎么安装？"
