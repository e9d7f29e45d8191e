"""The half of the adapter contract suite about what goes out: replies, streams, recall, signs and attachments."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from adapter_platform import UNUSUAL, AdapterPlatform, Fault

from adapters.base import Adapter, AdapterError, Attachment, Citation, Reply, SentMessage


class PostingContract(AdapterPlatform):
    """What `AdapterContract` demands of replies."""

    async def test_a_reply_is_posted_and_its_ids_come_back(self, adapter: Adapter) -> None:
        message = await self.heard(adapter)
        sent = await adapter.send(Reply(message, "运行 make demo。"), "k1")
        assert sent.conversation == message.conversation
        assert sent.ids and all(sent.ids)
        assert sent.sent_at.utcoffset() == timedelta(0)
        assert await self.shown("运行 make demo。") == 1

    async def test_one_key_is_one_post_where_the_platform_is_idempotent(self, adapter: Adapter) -> None:
        if not adapter.abilities.idempotent_for_s:
            pytest.skip("the platform does not recognise a repeated key")
        reply = Reply(await self.heard(adapter), "运行 make demo。")
        first = await adapter.send(reply, "k1")
        again = await asyncio.gather(adapter.send(reply, "k1"), adapter.send(reply, "k1"))
        assert {sent.ids for sent in (first, *again)} == {first.ids}
        assert await self.shown("运行 make demo。") == 1
        other = await adapter.send(reply, "k2")
        assert other.ids != first.ids
        assert await self.shown("运行 make demo。") == 2

    async def test_a_part_of_the_full_length_fits_and_one_beyond_it_is_never_posted(self, adapter: Adapter) -> None:
        message, limit = await self.heard(adapter), adapter.abilities.max_chars
        await adapter.send(Reply(message, "长" * limit), "fits")
        assert await self.shown("长" * limit) == 1
        with pytest.raises(AdapterError) as refused:
            await adapter.send(Reply(message, "短" * (limit + 1)), "too long")
        assert refused.value.permanent and refused.value.outcome_known
        assert await self.shown("短") == 0

    @pytest.mark.parametrize("kind", [kind for kind in UNUSUAL if kind != "long"])
    async def test_unusual_replies_are_posted_or_refused_for_good(self, adapter: Adapter, kind: str) -> None:
        reply = Reply(await self.heard(adapter), UNUSUAL[kind])
        try:
            sent = await adapter.send(reply, "k1")
        except AdapterError as error:
            assert error.permanent and error.outcome_known
        else:
            assert sent.ids
        await adapter.send(replace(reply, text="运行 make demo。"), "k2")
        assert await self.shown("运行 make demo。") == 1

    async def test_readers_see_the_sources(self, adapter: Adapter) -> None:
        if not self.shows_citations:
            pytest.skip("this adapter hands citations on by other ways")
        citation = Citation(1, "安装指南", "docs/install.md", "运行 make demo")
        await adapter.send(Reply(await self.heard(adapter), "运行 make demo [1]。", (citation,)), "k1")
        assert await self.shown("安装指南") == 1

    async def test_markdown_is_shown_as_markdown_or_as_plain_text(self, adapter: Adapter) -> None:
        await adapter.send(Reply(await self.heard(adapter), "运行 **make demo** 即可"), "k1")
        assert await self.shown("make demo") == 1
        if not adapter.abilities.markdown:
            assert "**" not in (await self.posted())[-1].text

    @pytest.mark.parametrize("kind", ["known", "unknown", "permanent"])
    async def test_a_failed_post_says_what_is_known_about_it(self, adapter: Adapter, kind: Fault) -> None:
        reply = Reply(await self.heard(adapter), "运行 make demo。")
        if await self.fail_next(kind) is None:
            pytest.skip(f"no post of this platform can fail with an outcome that is {kind}")
        with pytest.raises(AdapterError) as failed:
            await adapter.send(reply, "k1")
        assert failed.value.outcome_known == (kind != "unknown")
        assert failed.value.permanent == (kind == "permanent")
        if kind == "known" or (kind == "unknown" and adapter.abilities.idempotent_for_s):
            await adapter.send(reply, "k1")
            assert await self.shown("运行 make demo。") == 1

    # --- streams ---

    async def test_a_stream_shows_its_final_text_once(self, adapter: Adapter) -> None:
        message = await self.heard(adapter)
        if not adapter.abilities.stream:
            with pytest.raises(AdapterError) as refused:
                async with adapter.open_stream(message, "k1"):
                    pass
            assert refused.value.permanent
            return
        async with adapter.open_stream(message, "k1") as stream:
            await stream.update("运行")
            await stream.update("运行 make")
            sent = await stream.finish(Reply(message, "运行 make demo。"))
        assert sent.ids and sent.conversation == message.conversation
        assert await self.shown("运行 make demo。") == 1
        assert all(post.finished for post in await self.posted())

    async def test_an_abandoned_stream_is_closed_and_its_error_passes(self, adapter: Adapter) -> None:
        message = await self.heard(adapter)
        if not adapter.abilities.stream:
            pytest.skip("this adapter does not stream")
        with pytest.raises(ZeroDivisionError):
            async with adapter.open_stream(message, "k1") as stream:
                await stream.update("运行")
                raise ZeroDivisionError
        assert all(post.finished for post in await self.posted())
        async with adapter.open_stream(message, "k2"):
            pass
        assert all(post.finished for post in await self.posted())
        await adapter.send(Reply(message, "运行 make demo。"), "k3")
        assert await self.shown("运行 make demo。") == 1

    async def test_a_finished_stream_counts_as_the_post_of_its_key(self, adapter: Adapter) -> None:
        message = await self.heard(adapter)
        if not (adapter.abilities.stream and adapter.abilities.idempotent_for_s):
            pytest.skip("this adapter does not stream, or does not recognise a repeated key")
        async with adapter.open_stream(message, "k1") as stream:
            sent = await stream.finish(Reply(message, "运行 make demo。"))
        assert await adapter.send(Reply(message, "运行 make demo。"), "k1") == sent
        assert await self.shown("运行 make demo。") == 1

    # --- recall, acknowledgement, attachments ---

    async def test_recall_withdraws_a_post_or_is_refused_for_good(self, adapter: Adapter) -> None:
        message = await self.heard(adapter)
        await adapter.send(Reply(message, "留下的"), "k1")
        sent = await adapter.send(Reply(message, "撤回的"), "k2")
        if adapter.abilities.recall_within_s:
            await adapter.recall(sent)
            assert await self.shown("撤回的") == 0
        else:
            with pytest.raises(AdapterError) as refused:
                await adapter.recall(sent)
            assert refused.value.permanent and refused.value.outcome_known
            assert await self.shown("撤回的") == 1
        assert await self.shown("留下的") == 1

    async def test_recalling_what_is_not_there_fails_for_good(self, adapter: Adapter) -> None:
        message = await self.heard(adapter)
        with pytest.raises(AdapterError) as refused:
            await adapter.recall(SentMessage(message.conversation, ("no such message",), datetime.now(UTC)))
        assert refused.value.permanent

    async def test_an_acknowledgement_comes_and_goes_or_is_nothing(self, adapter: Adapter) -> None:
        message = await self.heard(adapter)
        await adapter.acknowledge(message)
        assert await self.signs(message) in ((1,) if adapter.abilities.react else (0, None))
        await adapter.clear_acknowledgement(message)
        await adapter.clear_acknowledgement(message)
        assert await self.signs(message) in (0, None)
        assert await self.posted() == []

    async def test_attachments_come_whole_or_not_at_all(self, adapter: Adapter) -> None:
        attachment = await self.attachment(1_000)
        if attachment is None:
            with pytest.raises(AdapterError) as refused:
                await adapter.fetch(Attachment("file", "a.txt", "no such file"), 1_000)
        else:
            assert len(await adapter.fetch(attachment, 1_000)) == 1_000
            with pytest.raises(AdapterError) as refused:
                await adapter.fetch(attachment, 999)
        assert refused.value.permanent
