"""Reads the text of the pictures that a message shows: fetched by its adapter, read by OCR in a process of its own.

Bounded in number, size and time. Whatever goes wrong with a picture, the message goes on without it. It knows no
question and no answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from loguru import logger

from adapters.base import Adapter, AdapterError, Attachment, Message
from rag.formats.base import ConversionError, Limits
from rag.formats.pool import WorkerPool
from rag.formats.registry import OCR_FIX, choose, has_ocr
from rag.formats.sniff import IMAGES, sniff

MAX_PICTURES = 3
MAX_BYTES = 10_000_000
TIMEOUT_S = 15.0  # for all pictures of a message, fetching included
MAX_TEXT_CHARS = 2_000
IDLE_S = 300.0  # after which the process ends that reads them
_MARKUP = re.compile(r"^(?:#{1,6} +|\\(?=[#`~|=<-]))", re.MULTILINE)

Choice = Literal["auto", "yes", "no"]


class Sent(Protocol):
    """A message as it was stored."""

    @property
    def message(self) -> Message:
        """The message."""
        ...


class Sents(Protocol):
    """Where quoted messages are looked up: ``store.messages``."""

    async def get(self, platform: str, id: str) -> Sent | None:
        """The message with this id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """The text of a message's pictures; ``shown``: there were any."""

    text: str = ""
    shown: bool = False


class PictureReader:
    """Reads pictures for messages that speak to the bot. ``choice`` is ``[bot] read_pictures``."""

    def __init__(
        self,
        choice: Choice,
        adapters: Iterable[Adapter],
        sent: Sents,
        *,
        timeout_s: float | None = None,
        idle_s: float = IDLE_S,
    ) -> None:
        self._reads = choice == "yes" or (choice == "auto" and has_ocr())
        if choice == "yes" and not has_ocr():
            logger.warning("[bot] read_pictures = yes, but pictures cannot be read: {}", OCR_FIX)
        self._adapters = {adapter.name: adapter for adapter in adapters}
        self._sent = sent
        self._timeout_s = TIMEOUT_S if timeout_s is None else timeout_s
        self._idle_s = idle_s
        self._pool: WorkerPool | None = None
        self._busy = 0
        self._letting_go: asyncio.TimerHandle | None = None

    async def read(self, message: Message) -> Seen:
        """The text of its own pictures, else of those of the message that its sender quotes of theirs."""
        pictures = _pictures(message) or await self._quoted(message)
        if not pictures or not self._reads:
            return Seen(shown=bool(pictures))
        texts: list[str] = []
        try:
            async with asyncio.timeout(self._timeout_s):
                for picture in pictures[:MAX_PICTURES]:
                    texts += await self._text(message, picture)
        except TimeoutError:
            logger.info("pictures were not read within {:g} s", self._timeout_s)
        return Seen("\n\n".join(texts)[:MAX_TEXT_CHARS].strip(), shown=True)

    async def _quoted(self, message: Message) -> list[Attachment]:
        """The pictures of a quoted message, where both are of the same person."""
        quote = message.quote
        if quote is None or not quote.id:
            return []
        sent = await self._sent.get(message.conversation.platform, quote.id)
        if sent is None or sent.message.sender.id != message.sender.id:
            return []
        return _pictures(sent.message) if sent.message.conversation.group == message.conversation.group else []

    async def _text(self, message: Message, picture: Attachment) -> list[str]:
        adapter = self._adapters.get(message.conversation.platform)
        if adapter is None:
            return []
        try:
            data = await adapter.fetch(picture, MAX_BYTES)
            if len(data) > MAX_BYTES:
                raise ConversionError(f"it has more than {MAX_BYTES:,} bytes")
            if sniff(data) not in IMAGES:
                raise ConversionError("it is no picture")
            found = await self._recognised(data)
        except (AdapterError, ConversionError, OSError, ValueError) as error:
            logger.info("a picture could not be read: {}", error)
            return []
        return [found] if found else []

    async def _recognised(self, data: bytes) -> str:
        """Its text, lines as they stand, without the marks of headings that the converter sets.

        Raises:
            ConversionError: it has none, is broken, too large or takes too long.
        """
        if self._pool is None:
            self._pool = WorkerPool(Limits(seconds=self._timeout_s, file_mb=MAX_BYTES / 1e6), size=1)
        self._stay()
        chosen, _ = choose("picture.png", data)
        self._busy += 1
        try:
            converted = await asyncio.wrap_future(self._pool.submit(chosen, "picture.png", data))
        finally:
            self._busy -= 1
            self._stay()
            if not self._busy:
                self._letting_go = asyncio.get_running_loop().call_later(self._idle_s, self._let_go)
        return _MARKUP.sub("", converted.text).strip()

    def _stay(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()
            self._letting_go = None

    def _let_go(self) -> None:
        """End the process until it is needed again; it is big."""
        pool, self._pool = self._pool, None
        if pool is not None:
            asyncio.get_running_loop().run_in_executor(None, pool.close)

    def close(self) -> None:
        """End what runs."""
        self._stay()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()


def _pictures(message: Message) -> list[Attachment]:
    return [attachment for attachment in message.attachments if attachment.kind == "image"]
