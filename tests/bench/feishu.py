"""Measures Feishu's long connection with the whole bot: 300 messages at once, how soon each is acknowledged.

The stand-in for the platform runs in the same process, so its work counts too. Usage: ``python tests/bench/feishu.py``
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from feishu_platform import Chat, FeishuPlatform
from feishu_platform_bot import QUESTIONS, Bot, open_bot
from loguru import logger

COUNT, ROUNDS, GROUPS, MENTION_EVERY = 300, 5, 10, 10


async def burst(bot: Bot, platform: FeishuPlatform, mention_every: int) -> tuple[np.ndarray, float, float]:
    """Latency of each acknowledgement in ms, seconds until all were acknowledged, seconds until all had an outcome."""
    before = len(platform.link.deliveries)
    started = time.perf_counter()
    entries = await asyncio.gather(
        *(
            platform.say(
                QUESTIONS[n % len(QUESTIONS)] if mention_every and n % mention_every == 0 else f"闲聊 {n}",
                mention=bool(mention_every) and n % mention_every == 0,
                chat=f"oc_{n % GROUPS}",
                sender=f"ou_{n}",
            )
            for n in range(COUNT)
        )
    )
    await platform.until(lambda: not platform.unacknowledged, 60)
    acked_s = time.perf_counter() - started
    await bot.ended(*entries)
    done_s = time.perf_counter() - started
    deliveries = platform.link.deliveries[before:]
    assert all(delivery.codes == [200] for delivery in deliveries), "some were delivered more than once"
    return np.array([delivery.latency_s * 1000 for delivery in deliveries]), acked_s, done_s


async def main() -> None:
    """Print the figures."""
    logger.remove()
    with tempfile.TemporaryDirectory() as work:
        async with FeishuPlatform() as platform, open_bot(Path(work), platform) as bot:
            platform.world.chats |= {f"oc_{n}": Chat(f"oc_{n}") for n in range(GROUPS)}
            platform.link.redeliver_after_s = (15.0,)
            for title, every in (("no mention", 0), ("a mention in ten", MENTION_EVERY)):
                await burst(bot, platform, every)
                rounds = [await burst(bot, platform, every) for _ in range(ROUNDS)]
                latency = np.concatenate([found[0] for found in rounds])
                p50, p99 = np.percentile(latency, [50, 99])
                acked, done = (COUNT / float(np.median([found[n] for found in rounds])) for n in (1, 2))
                print(
                    f"{COUNT} messages at once, {title}: ack p50 {p50:.0f} ms, p99 {p99:.0f} ms, {acked:.0f}/s; ",
                    end="",
                )
                print(f"with an outcome {done:.0f}/s", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
