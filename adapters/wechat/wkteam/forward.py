"""Shows what is said in one of several groups in the others, at the speed of a person. Decides nothing else.

A message is forwarded once: only when it was new to the core, and not when the same person said the same in another of
the groups a moment ago. What is forwarded comes back as the bot's own and stops there.
"""

from __future__ import annotations

from asyncio import Queue, QueueFull
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from loguru import logger

from adapters.base import AdapterError, Message
from adapters.clock import Clock
from adapters.wechat.mentions import shown_name
from adapters.wechat.plain import visible

MARK = "[转发]"
MAX_WAITING = 500
MAX_CHARS = 1_000
SAME_WITHIN_S = 60.0
MAX_REMEMBERED = 2_000

Send = Callable[[str, str], Awaitable[None]]
"""Posts a text into a group once its turn has come; raises `AdapterError`."""


class Forwarder:
    """``groups`` are the ids of the groups that see each other's messages."""

    def __init__(self, groups: Sequence[str], send: Send, counters: Counter[str], clock: Clock) -> None:
        self._groups = tuple(dict.fromkeys(groups))
        self._send = send
        self._counters = counters
        self._clock = clock
        self._waiting: Queue[tuple[str, str]] = Queue(MAX_WAITING)
        self._said: OrderedDict[tuple[str, str], tuple[str, float]] = OrderedDict()

    def offer(self, message: Message) -> None:
        """Take a new message; it is posted by `run`."""
        text = shown(message)
        if message.conversation.chat not in self._groups or not text or self._repeats(message):
            return
        for group in self._groups:
            if group == message.conversation.chat:
                continue
            try:
                self._waiting.put_nowait((group, text))
            except QueueFull:
                self._counters["not forwarded"] += 1

    async def run(self) -> None:
        """Post what waits, until cancelled. What is refused is not posted again: an old message helps nobody."""
        while True:
            group, text = await self._waiting.get()
            try:
                await self._post(group, text)
            except AdapterError as error:
                self._counters["not forwarded"] += 1
                logger.warning("wkteam: a message was not forwarded: {}", error)
            else:
                self._counters["forwarded"] += 1

    async def _post(self, group: str, text: str) -> None:
        while True:
            try:
                await self._send(group, text)
                return
            except AdapterError as error:
                if not error.outcome_known or error.retry_after_s is None:
                    raise
                await self._clock.sleep(error.retry_after_s)

    def _repeats(self, message: Message) -> bool:
        """Whether the same person has just said the same in another group. Of two images nobody knows."""
        if any(attachment.kind != "link" for attachment in message.attachments):
            return False
        key, now = (message.sender.id, message.text), self._clock.monotonic()
        place, before = self._said.get(key, ("", float("-inf")))
        repeats = place != message.conversation.chat and now - before < SAME_WITHIN_S
        if not repeats:
            self._said[key] = (message.conversation.chat, now)
            self._said.move_to_end(key)
        while len(self._said) > MAX_REMEMBERED:
            self._said.popitem(last=False)
        return repeats


def shown(message: Message) -> str:
    """A message as the other groups see it; empty where there is nothing to show them."""
    text = visible(message.text).strip()
    if text.lstrip("\u200b\u200c\u200d\u2060 \n\t").startswith(("/", MARK)):
        return ""  # a command to the bot, or forwarded by another one
    if message.quote is not None and message.quote.text:
        said = " ".join(visible(message.quote.text).split())
        text = f"「{said[:60]}{'…' if len(said) > 60 else ''}」\n{text}"
    for attachment in message.attachments:
        text = f"{text}\n{attachment.ref if attachment.kind == 'link' else '[图片]'}".strip()
    if not text:
        return ""
    name = shown_name(message.sender.name) or "群友"
    whole = f"{MARK} {name}：{text}"
    return whole if len(whole) <= MAX_CHARS else whole[: MAX_CHARS - 1] + "…"
