"""What an adapter inherits when its platform cannot do something: refusals and no-ops. It knows no platform."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

from adapters.base import Abilities, AdapterError, Attachment, Deliver, Message, Reply, ReplyStream, SentMessage


class BaseAdapter(ABC):
    """An adapter that can only receive and send. Subclasses override what ``abilities`` claims beyond that.

    The rest behaves as `Adapter` demands: acknowledging does nothing, the others raise a permanent `AdapterError`.
    """

    name: str = ""
    abilities: Abilities = Abilities()

    @abstractmethod
    async def run(self, deliver: Deliver) -> None:
        """See `Adapter.run`."""

    @abstractmethod
    async def send(self, reply: Reply, key: str) -> SentMessage:
        """See `Adapter.send`."""

    def open_stream(self, to: Message, key: str) -> AbstractAsyncContextManager[ReplyStream]:
        """Refused: the platform shows only finished replies."""
        raise self.refusal("show a reply while it is written")

    async def acknowledge(self, to: Message) -> None:  # noqa: B027 - an empty default on purpose
        """Nothing: the platform has no sign for it."""

    async def clear_acknowledgement(self, to: Message) -> None:  # noqa: B027 - as above
        """Nothing, as `acknowledge`."""

    async def recall(self, sent: SentMessage) -> None:
        """Refused: what was posted stays."""
        raise self.refusal("withdraw a message")

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        """Refused: messages of this platform carry text only."""
        raise self.refusal("fetch attachments")

    def refusal(self, what: str) -> AdapterError:
        """The error for something that no repetition can make possible."""
        return AdapterError(f"{self.name} cannot {what}", permanent=True)

    def refuse_too_long(self, reply: Reply) -> None:
        """Raise where a part exceeds ``max_chars``; the core splits before it sends, so this is a defect upstream."""
        limit = self.abilities.max_chars
        if len(reply.text) > limit:
            message = f"{self.name} posts at most {limit} characters at once, not {len(reply.text)}: split the reply"
            raise AdapterError(message, permanent=True)
