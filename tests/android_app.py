"""A stand-in for HuixiangDou's Android app: posts what is said in the open chat, polls, and shows what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from loopback import Loopback

GROUP = "技术交流群"


@dataclass
class Post:
    """Something that the app handed in, and the status it was answered with."""

    body: dict[str, Any]
    status: int = 0


class AndroidApp(Loopback):
    """``endpoint`` gives the URL that the user has typed in; it may change when the bot starts again."""

    def __init__(self, endpoint: Callable[[], str]) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.posts: list[Post] = []
        self.shown: list[tuple[str, str]] = []
        self.entries: list[dict[str, Any]] = []
        self.images: dict[str, bytes] = {}
        self._outgoing: asyncio.Queue[Post]

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/image/{name}", self._image)]

    async def start(self) -> None:
        self._outgoing = asyncio.Queue()
        self._posting = asyncio.ensure_future(self._post_all())

    async def stop(self) -> None:
        self._posting.cancel()
        await asyncio.wait([self._posting])

    async def see(self, text: str, *, person: str = "爱丽丝", group: str = GROUP, kind: str = "text") -> Post:
        """Something new stands in the open chat."""
        return await self.act(lambda: self._queue(Post(body_of(text, person, group, kind))))

    async def redeliver(self) -> None:
        """Post again what was not taken."""
        await self.until(lambda: all(post.status for post in self.posts))
        await self.act(lambda: [self._outgoing.put_nowait(post) for post in self.posts if post.status != 200])

    async def poll(self, group: str = GROUP) -> list[dict[str, Any]]:
        """Ask for answers; those with code 0 are shown in the chat, as the app does with its debug mode off."""
        status, answer = await self.do(self._send(body_of("", "爱丽丝", group, "poll")))
        assert status == 200 and set(answer) == {"msg", "msgCode", "data"}, answer
        for entry in answer["data"]:
            if entry["rsp"]["code"] == 0:
                self.shown.append((entry["req"]["groupname"], entry["rsp"]["text"]))
        self.entries += answer["data"]
        return list(answer["data"])

    @property
    def unacknowledged(self) -> int:
        return sum(post.status != 200 for post in self.posts)

    def _queue(self, post: Post) -> Post:
        self.posts.append(post)
        self._outgoing.put_nowait(post)
        return post

    async def _post_all(self) -> None:
        while True:
            post = await self._outgoing.get()
            try:
                post.status, _ = await self._send(post.body)
            except aiohttp.ClientError:
                post.status = -1
            self.changed()

    async def _send(self, body: dict[str, Any]) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as session, session.post(self.endpoint(), json=body) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None

    async def _image(self, request: web.Request) -> web.Response:
        return web.Response(body=self.images[request.match_info["name"]])


def body_of(text: str, person: str, group: str, kind: str) -> dict[str, Any]:
    """What the app posts; its ``query_id`` is the name of the group."""
    return {"query_id": group, "groupname": group, "username": person, "query": {"type": kind, "content": text}}
