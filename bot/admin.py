"""Commands that look after the bot: /status, /reload, /why, /recall, /pause, /resume, /whoami."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, Protocol, TypeVar

from adapters.base import AdapterError, Health, Message, Reply
from bot import VERSION
from bot.clock import Clock
from bot.commands import Call, Command, Commands
from bot.feedback import teach
from bot.figures import Figures
from bot.gather import judged_as
from bot.outbox import Outbox, SentReply
from bot.store import Example, Store
from bot.store.messages import StoredMessage
from bot.texts import outcome_word
from bot.verdict import verdict_lines

RELOAD_WAIT_S = 3.0
SHOWN_CHARS = 60


class Knowledge(Protocol):
    """What these commands need of the library."""

    reloading: bool

    async def reload(self, language: Literal["zh", "en"], group: str = "") -> str:
        """Build what changed, swap it in, and say what happened. Never raises; a failure keeps the old version."""
        ...

    def status_lines(self, group: str, language: Literal["zh", "en"]) -> list[str]:
        """A line for each base that the group sees, and one on its gate."""
        ...

    def paused(self, group: str) -> bool:
        """Whether the group is paused."""
        ...

    async def set_paused(self, group: str, paused: bool) -> None:
        """Pause a group or let it go on."""
        ...


T = TypeVar("T")


class Later(Protocol):
    """Runs work past the end of the message; None where it failed, which is logged."""

    def __call__(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        """Start it."""
        ...


@dataclass(slots=True)
class Admin:
    """Carries out these commands; ``later`` runs work past the end of the message in the app's task group."""

    store: Store
    outbox: Outbox
    knowledge: Knowledge
    commands_table: Commands
    clock: Clock
    figures: Figures
    health: Callable[[], Mapping[str, Health]]
    later: Later
    example_added: Callable[[Example], Awaitable[None]]
    started: float = field(default=0.0)

    def __post_init__(self) -> None:
        self.started = self.clock.monotonic()

    def commands(self) -> list[Command]:
        """The commands of this module."""
        return [
            Command("/help", ("/帮助",), ("列出命令", "list the commands"), self._help, anyone=True),
            Command("/whoami", ("/我是谁",), ("看自己的号", "show your own id"), self.whoami, anyone=True),
            Command("/status", ("/状态",), ("看运行情况", "how things are"), self.status),
            Command("/reload", ("/重载",), ("重建知识库，不停机", "rebuild the knowledge while running"), self.reload),
            Command("/why", ("/为什么",), ("解释引用的或上一次判断", "explain the quoted or last decision"), self.why),
            Command(
                "/recall",
                ("/撤回",),
                ("撤回引用的或上一条回答", "withdraw the quoted or last answer"),
                self.recall,
                may=self.asked,
            ),
            Command("/pause", ("/暂停",), ("本群先别说话", "stay silent in this group"), self.pause),
            Command("/resume", ("/恢复",), ("继续", "go on"), self.resume),
        ]

    async def _help(self, call: Call) -> str:
        return self.commands_table.help(call)

    async def whoami(self, call: Call) -> str:
        """The caller's own id and the group's."""
        return call.say("whoami", key=call.by, group=call.group)

    async def status(self, call: Call) -> str:
        """Version, adapters, knowledge, gate, counts of the last day, and what is wrong."""
        uptime = timedelta(seconds=round(self.clock.monotonic() - self.started))
        lines = [call.say("status_title", version=VERSION, uptime=uptime)]
        for name, health in self.health().items():
            lines.append(call.say("status_adapter", name=name, state=health.state, detail=_behind(health.detail)))
        lines += self.knowledge.status_lines(call.group, call.language)
        lines += await self._traffic(call)
        lines += await self.figures.lines(call.group, call.language)
        store = self.store.health()
        lines.append(call.say("status_store", state=store.state, detail=_behind(store.detail)))
        if self.knowledge.paused(call.group):
            lines.append(call.say("status_paused"))
        return "\n".join([lines[0], *(f"- {line}" for line in lines[1:])])

    async def _traffic(self, call: Call) -> list[str]:
        counts = await self.store.messages.counts(self.clock.now() - timedelta(hours=24))
        words = [f"{outcome_word(name, call.language)} {n}" for name, n in sorted(counts.items(), key=lambda c: -c[1])]
        joiner = "，" if call.language == "zh" else ", "
        lines = [call.say("status_counts", counts=joiner.join(words) or call.say("status_none"))]
        if waiting := await self.store.messages.unfinished() - 1:  # this message itself is one
            lines.append(call.say("status_queue", unfinished=waiting))
        if unknown := (await self.store.replies.counts()).get("unknown", 0):
            lines.append(call.say("status_unknown", n=unknown))
        return lines

    async def reload(self, call: Call) -> str:
        """Report at once when it is quick; else say that it runs, and report in a second message."""
        if self.knowledge.reloading:
            return call.say("reload_running")
        await self.store.audit.append(call.by, "reload", call.group)
        task = self.later(self.knowledge.reload(call.language, call.group))
        try:
            done = await asyncio.wait_for(asyncio.shield(task), RELOAD_WAIT_S)
            return done or call.say("failed:internal")
        except TimeoutError:
            self.later(self._report(call.message, task))
            return call.say("reload_started")

    async def _report(self, message: Message, task: Awaitable[str | None]) -> None:
        if text := await task:
            await self.outbox.notify(message, Reply(message, text, mention=True))

    async def why(self, call: Call) -> str:
        """The decision on the quoted message, on the question behind a quoted answer, or the group's last one."""
        stored = await self._judged(call)
        if stored is None or stored.outcome is None or stored.message.conversation.group != call.group:
            return call.say("quote_unknown" if call.message.quote else "nothing_decided")
        outcome = stored.outcome
        text = " ".join(stored.message.text.split())
        text = text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
        if outcome.verdict.get("what") == "question":
            text = call.say("why_withheld")
        lines = [call.say("why_head", text=text, outcome=outcome_word(outcome.name, call.language))]
        if outcome.probability is not None and outcome.threshold is not None:
            score = {"probability": f"{outcome.probability:.2f}", "threshold": f"{outcome.threshold:.2f}"}
            lines.append("- " + call.say("why_score", **score))
        lines += [f"- {reason}" for reason in outcome.reasons]
        lines += [f"- [{c['n']}] {c['source']} ({c['uri']})" for c in outcome.citations]
        lines += [f"- {line}" for line in verdict_lines(outcome.verdict, call.language)]
        if outcome.timing:
            seconds = {"first": f"{outcome.timing['first_s']:.1f}", "whole": f"{outcome.timing['whole_s']:.1f}"}
            lines.append("- " + call.say("why_timing", **seconds))
        if outcome.detail and outcome.kind in ("failed", "limited"):
            lines.append(f"- {outcome.detail}")
        return "\n".join(lines)

    async def _judged(self, call: Call) -> StoredMessage | None:
        quote = call.message.quote
        if quote is None:
            return await self.store.messages.last_decision(call.group)
        platform = call.message.conversation.platform
        answered = await self.store.messages.for_sent(platform, quote.id)
        return answered or await judged_as(self.store, platform, quote.id)

    async def recall(self, call: Call) -> str:
        """Withdraw the quoted answer, the answer to the quoted question, or the last answer; of this group only."""
        sent = await self._withdrawable(call.message)
        if sent is None or sent.message.conversation.group != call.group:
            return call.say("recall_nothing")
        try:
            await self.outbox.recall(sent)
        except AdapterError as error:
            return call.say("recall_failed", error=error)
        await self.store.audit.append(call.by, "recall", call.group, sent.message.id)
        await self.store.feedback.add(sent.message.conversation.platform, sent.message.id, call.by, "recalled")
        judged = await self.store.messages.get(sent.message.conversation.platform, sent.message.id)
        if judged is None or judged.outcome is None or judged.outcome.kind != "answered":
            return call.say("recalled")
        await teach(self.store, self.example_added, sent.message, "bad", call.by, sent.message.id)
        return call.say("recalled_learned")

    async def asked(self, message: Message) -> bool:
        """Whether the answer that /recall would withdraw was given to the sender."""
        sent = await self._withdrawable(message)
        return sent is not None and sent.message.sender.key == message.sender.key

    async def _withdrawable(self, message: Message) -> SentReply | None:
        quote = message.quote
        if quote is None:
            return await self.outbox.last_sent(message.conversation.group)
        platform = message.conversation.platform
        return await self.outbox.sent_by_id(platform, quote.id) or await self.outbox.sent_for(platform, quote.id)

    async def pause(self, call: Call) -> str:
        """Commands only, in this group, until /resume; also across restarts."""
        await self.knowledge.set_paused(call.group, True)
        await self.store.audit.append(call.by, "pause", call.group)
        return call.say("paused")

    async def resume(self, call: Call) -> str:
        """The end of /pause."""
        await self.knowledge.set_paused(call.group, False)
        await self.store.audit.append(call.by, "resume", call.group)
        return call.say("resumed")


def _behind(detail: str) -> str:
    return f" ({detail})" if detail else ""
