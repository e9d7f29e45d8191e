"""The supervisor: adapters die alone and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from fakes import FakeClock, RecordingAdapter, make_message

from adapters.base import AdapterError, Deliver, Event, Health
from bot.supervisor import Supervisor

Run = Callable[[], Awaitable[None]]


@dataclass
class Scripted(RecordingAdapter):
    """Each run does the next thing of a script."""

    script: list[BaseException | Run | None] = field(default_factory=list)
    runs: int = 0

    async def run(self, deliver: Deliver) -> None:
        step = self.script[self.runs]
        self.runs += 1
        if isinstance(step, BaseException):
            raise step
        if step is not None:
            await step()


class Talking(Scripted):
    def health(self) -> Health:
        return Health("down", "logged out", {"reconnects": 2})


async def deliver(event: Event) -> bool:
    return True


async def test_an_adapter_that_dies_is_started_again_after_growing_pauses() -> None:
    clock = FakeClock()
    adapter = Scripted(script=[OSError("gone"), RuntimeError("bug"), ValueError("x"), None])
    supervisor = Supervisor([adapter], deliver, clock, base_s=1, cap_s=3)
    await supervisor.run()
    assert adapter.runs == 4
    first, second, third = clock.sleeps
    assert 0.5 <= first <= 1 <= second <= 2
    assert 1.5 <= third <= 3
    health = supervisor.health()["fake"]
    assert (health.state, health.counters["restarts"]) == ("stopped", 3)


async def test_a_healthy_while_resets_the_pause() -> None:
    clock = FakeClock()

    async def live_long_and_die() -> None:
        clock.advance(100)
        raise OSError("cut")

    errors: list[BaseException | Run | None] = [OSError("a"), OSError("b"), OSError("c"), live_long_and_die, None]
    await Supervisor([Scripted(script=errors)], deliver, clock, base_s=1, cap_s=60, healthy_after_s=60).run()
    assert clock.sleeps[2] >= 2
    assert clock.sleeps[3] <= 1


async def test_one_that_keeps_dying_leaves_the_others_up() -> None:
    died_often, checked, alive = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def end() -> None:
        died_often.set()

    async def wait_for_the_other() -> None:
        await checked.wait()
        alive.set()

    dying = Scripted(name="dying", script=[*[OSError("cut")] * 5, end])
    steady = Scripted(name="steady", script=[wait_for_the_other])
    supervisor = Supervisor([dying, steady], deliver, FakeClock())
    task = asyncio.ensure_future(supervisor.run())
    await died_often.wait()
    assert (supervisor.health()["steady"].state, steady.runs) == ("up", 1)
    checked.set()
    await task
    assert alive.is_set()


async def test_an_error_that_no_repetition_can_mend_stops_that_adapter_and_says_why() -> None:
    adapter = Scripted(script=[AdapterError("the app secret is wrong", permanent=True)])
    supervisor = Supervisor([adapter], deliver, FakeClock())
    await supervisor.run()
    assert adapter.runs == 1
    health = supervisor.health()["fake"]
    assert health.state == "down"
    assert "the app secret is wrong" in health.detail


async def test_a_library_that_cancels_itself_is_a_death_and_not_the_end() -> None:
    adapter = Scripted(script=[asyncio.CancelledError(), None])
    await Supervisor([adapter], deliver, FakeClock()).run()
    assert adapter.runs == 2


async def test_cancelling_passes_to_every_adapter() -> None:
    began = asyncio.Barrier(4)

    async def for_ever() -> None:
        await began.wait()
        await asyncio.Event().wait()

    adapters = [Scripted(name=str(n), script=[for_ever]) for n in range(3)]
    task = asyncio.ensure_future(Supervisor(adapters, deliver, FakeClock()).run())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_adapter_that_knows_its_health_is_asked_while_it_runs() -> None:
    seen: list[Health] = []

    async def look() -> None:
        seen.append(supervisor.health()["fake"])

    supervisor = Supervisor([Talking(script=[look])], deliver, FakeClock())
    await supervisor.run()
    assert seen == [Health("down", "logged out", {"reconnects": 2})]
    assert supervisor.health()["fake"].state == "stopped"


async def test_what_an_adapter_receives_reaches_deliver() -> None:
    got: list[Event] = []

    async def note(event: Event) -> bool:
        got.append(event)
        return True

    message = make_message()
    await Supervisor([RecordingAdapter(events=[message])], note, FakeClock()).run()
    assert got == [message]
