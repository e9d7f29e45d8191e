"""Topics of rooms and names of members, asked for once and remembered. For display; they identify nobody."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from adapters.base import AdapterError
from adapters.clock import Clock
from adapters.wechat.wechaty.session import Session

KEPT = 20_000
DIRTY, ROOM_JOIN, ROOM_LEAVE, ROOM_TOPIC = 27, 19, 20, 21
Key = tuple[str, str]  # (room, contact), with "" for no room and for the room itself


class NameBook:
    """A name that cannot be read in time is empty and asked for again later."""

    def __init__(self, session: Session, clock: Clock, *, fresh_s: float, timeout_s: float) -> None:
        self._session, self._clock = session, clock
        self._fresh_s, self._timeout_s = fresh_s, timeout_s
        self._known: OrderedDict[Key, tuple[float, tuple[str, ...]]] = OrderedDict()

    async def topic(self, room: str) -> str:
        """What the room is called."""
        names = await self._names((room, ""), lambda puppet: puppet.room_payload(room), ("topic",))
        return names[0] if names else ""

    async def name(self, room: str, contact: str) -> str:
        """How a member is called in the room, or a contact outside of one."""
        return next(iter(await self.all_names(room, contact)), "")

    async def names(self, room: str, contacts: Iterable[str]) -> dict[str, str]:
        """`name` of several."""
        return {contact: await self.name(room, contact) for contact in dict.fromkeys(contacts) if contact}

    async def all_names(self, room: str, contact: str) -> tuple[str, ...]:
        """The name in the room and the general one, where they differ."""
        if not room:
            return await self._names(("", contact), lambda puppet: puppet.contact_payload(contact), ("name",))
        return await self._names(
            (room, contact), lambda puppet: puppet.room_member_payload(room, contact), ("room_alias", "name")
        )

    def heard(self, kind: int, data: dict[str, Any]) -> None:
        """An event that may have changed names."""
        room = str(data.get("roomId") or "")
        if kind == ROOM_TOPIC:
            self._known.pop((room, ""), None)
        elif kind in (ROOM_JOIN, ROOM_LEAVE):
            self._forget(lambda key: key[0] == room and key[1] != "")
        elif kind == DIRTY:
            changed = str(data.get("payloadId") or "")
            self._forget(lambda key: bool(changed) and changed in key)

    async def _names(
        self, key: Key, ask: Callable[[Any], Coroutine[Any, Any, Any]], fields: tuple[str, ...]
    ) -> tuple[str, ...]:
        now = self._clock.monotonic()
        known = self._known.get(key)
        if known and now - known[0] < self._fresh_s:
            return known[1]
        try:
            payload = await self._session.call(ask, self._timeout_s)
        except AdapterError:
            return known[1] if known else ()
        names = tuple(dict.fromkeys(filter(None, (str(getattr(payload, field, "") or "") for field in fields))))
        self._known[key] = (now, names)
        self._known.move_to_end(key)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return names

    def _forget(self, concerned: Callable[[Key], bool]) -> None:
        for key in [key for key in self._known if concerned(key)]:
            del self._known[key]
