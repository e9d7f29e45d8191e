"""How long readers wait: the first words and the whole of each answer are timed, stored and told."""

from __future__ import annotations

from pathlib import Path

from fakes import FakeClock
from group import ADMIN, make_settings, open_group
from llm_server import LLMServer

from adapters.base import Abilities
from bot.timing import Stopwatch


async def test_first_words_are_timed_from_the_turn_of_the_message() -> None:
    clock, shown = FakeClock(), []

    async def show(text: str) -> None:
        shown.append(text)

    watch = Stopwatch(clock)
    noted = watch.noting(show)
    clock.advance(0.8)
    await noted("发送")
    clock.advance(2.4)
    await noted("发送 /reload")
    assert watch.read() == {"first_s": 0.8, "whole_s": 3.2}
    assert shown == ["发送", "发送 /reload"]


async def test_an_answer_that_comes_whole_has_its_first_words_then() -> None:
    clock = FakeClock()
    watch = Stopwatch(clock)
    clock.advance(1.5)
    assert watch.read() == {"first_s": 1.5, "whole_s": 1.5}


async def test_a_streamed_answer_tells_its_times_to_why_and_status(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        chosen = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted")
        settings = make_settings(tmp_path, *chosen)
        abilities = Abilities(stream=True, max_chars=4000)
        async with open_group(tmp_path, settings=settings, abilities=abilities) as group:

            def script(body: dict[str, object]) -> str:
                group.clock.advance(2)  # the model thinks
                return "运行 `pip install zephyrlink` 即可安装 [1]。"

            server.script = script
            done = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
            why = await group.say("/why", sender=ADMIN)
            status = await group.say("/status", sender=ADMIN)
            stored = await group.store.messages.get("fake", done["message"].id)
    assert stored and stored.outcome
    times = stored.outcome.timing
    assert 2 <= times["first_s"] <= times["whole_s"]
    assert f"{times['first_s']:.1f} 秒出首字" in why["replies"][0]
    assert f"中位 {times['first_s']:.1f} 秒" in status["replies"][0]


async def test_silence_and_abstentions_have_no_times(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        said = [await group.say("早上好"), await group.say("火星上有什么", mentions_bot=True)]
        stored = [await group.store.messages.get("fake", done["message"].id) for done in said]
        status = await group.say("/status", sender=ADMIN)
    assert [one.outcome.timing for one in stored if one and one.outcome] == [{}, {}]
    assert "首字" not in status["replies"][0]
