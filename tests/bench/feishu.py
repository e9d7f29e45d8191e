"""Measures Feishu's long connection with the whole bot: 300 messages at once, and how soon each is acknowledged.

The bot is a process of its own; the stand-in for the platform runs in this one and takes the times, so what it needs
itself to send and to read is in them. Usage: ``python tests/bench/feishu.py``
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from feishu_platform import Chat, FeishuPlatform
from feishu_platform_bot import QUESTIONS, bot_process
from loguru import logger

COUNT, ROUNDS, GROUPS = 300, 10, 10


async def burst(platform: FeishuPlatform, mentions: int, within_s: float) -> tuple[list[float], float]:
    """Milliseconds until each was acknowledged, and seconds until all were; the first ``mentions`` want a reply."""
    before, shown = len(platform.link.deliveries), len(platform.shown())
    async with nullcontext() if within_s else platform.held():
        started = time.perf_counter()
        for n in range(COUNT):
            await asyncio.sleep(max(0.0, started + within_s * n / COUNT - time.perf_counter()) if within_s else 0)
            text = QUESTIONS[n % len(QUESTIONS)] if n < mentions else f"闲聊 {n}"
            await platform.say(text, mention=n < mentions, chat=f"oc_{n % GROUPS}", sender=f"ou_{n}")
        started = started if within_s else time.perf_counter()
    await platform.until(lambda: not platform.unacknowledged, 60)
    seconds = time.perf_counter() - started
    await platform.until(lambda: len(platform.shown()) == shown + mentions, 60)
    deliveries = platform.link.deliveries[before:]
    assert all(delivery.codes == [200] for delivery in deliveries), "some were delivered more than once"
    return [delivery.latency_s * 1000 for delivery in deliveries], seconds


async def measure(platform: FeishuPlatform, title: str, mentions: int = 0, within_s: float = 0.0) -> None:
    """Print the figures of some bursts, after one to warm up."""
    await burst(platform, mentions, within_s)
    latencies, times = [], []
    for _ in range(ROUNDS):
        await asyncio.sleep(0.5)  # the bot is done with the last one
        found, seconds = await burst(platform, mentions, within_s)
        latencies.append(found)
        times.append(seconds)
    p50, p99 = np.percentile(np.concatenate(latencies), [50, 99])
    middle = np.median([np.percentile(found, 99) for found in latencies])
    rate = COUNT / float(np.median(times))
    print(f"{title}: ack p50 {p50:.0f} ms, p99 {p99:.0f} ms (median round {middle:.0f} ms), {rate:.0f} messages/s")


async def main() -> None:
    """Print the figures."""
    logger.remove()
    with tempfile.TemporaryDirectory() as work:
        async with FeishuPlatform() as platform, bot_process(Path(work), platform):
            platform.world.chats |= {f"oc_{n}": Chat(f"oc_{n}") for n in range(GROUPS)}
            platform.link.redeliver_after_s = (15.0,)
            await measure(platform, f"{COUNT} messages at once, none to answer")
            await measure(platform, f"{COUNT} messages at once, 30 to answer", 30)
            await measure(platform, f"{COUNT} messages within a second, none to answer", 0, 1.0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
