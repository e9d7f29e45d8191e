"""The reaction that says that a question was seen. Knows no queue."""

from __future__ import annotations

from collections import OrderedDict

from adapters.base import AdapterError
from adapters.feishu.api import FeishuApi
from adapters.feishu.errors import ApiError

SEEN = "OnIt"
REACTION_GONE = 231007
MAX_SIGNS = 5_000


class Signs:
    """Remembers its reactions by message; what it does not remember it looks up."""

    def __init__(self, api: FeishuApi) -> None:
        self._api = api
        self._ids: OrderedDict[str, str] = OrderedDict()

    async def put(self, message_id: str) -> None:
        """React to a message, once."""
        if message_id in self._ids:
            return
        self._ids[message_id] = ""  # the answer may be lost although the reaction is there
        while len(self._ids) > MAX_SIGNS:
            self._ids.popitem(last=False)
        self._ids[message_id] = await self._api.react(message_id, SEEN)

    async def take(self, message_id: str, *, of_earlier_run: bool = False) -> None:
        """Take the reaction off again, if there is one."""
        if message_id not in self._ids and not of_earlier_run:
            return
        reaction = self._ids.get(message_id, "")
        reactions = [reaction] if reaction else await self._api.reactions(message_id, SEEN)
        for found in reactions:
            try:
                await self._api.unreact(message_id, found)
            except ApiError as error:
                if error.code != REACTION_GONE:
                    raise
        self._ids.pop(message_id, None)

    async def take_quietly(self, message_id: str) -> None:
        """A sign that a run left behind which ended before it could take it off."""
        try:
            await self.take(message_id, of_earlier_run=True)
        except AdapterError:
            return
