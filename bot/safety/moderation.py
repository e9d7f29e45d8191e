"""Asks an OpenAI-compatible ``/v1/moderations`` endpoint whether it objects to a text. Knows no word lists."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from bot.faults import Watch
from bot.sections_safety import SafetySettings
from rag.base import ModelError
from rag.remote import is_loopback

if TYPE_CHECKING:
    import aiohttp

MAX_REPLY_BYTES = 1_000_000
MAX_CHARS = 8_000  # of one input; a longer text goes as several, which overlap
MAX_INPUTS = 8
OVERLAP = 200
KEY_HINT = "[safety] moderation_api_key or QUNDA_SAFETY_MODERATION_API_KEY"


class Moderator:
    """One endpoint. After a fault it rests for a while, so that a server which hangs holds up few messages."""

    def __init__(self, section: SafetySettings, watch: Watch | None = None) -> None:
        self.watch = watch or Watch("moderation")
        self._section = section
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def flags(self, text: str) -> bool | None:
        """Whether the endpoint objects to ``text``; None where it could not be asked, which is logged and counted."""
        if self.watch.rests():
            return None
        began = time.monotonic()
        try:
            flagged = await self._ask(text)
        except ModelError as error:
            self.watch.failed(error, time.monotonic() - began)
            return None
        self.watch.worked()
        return flagged

    async def _ask(self, text: str) -> bool:
        import aiohttp

        where = f"[safety] {self._section.moderation_url}"
        body: dict[str, Any] = {"input": _inputs(text)}
        if self._section.moderation_model:
            body["model"] = self._section.moderation_model
        try:
            async with asyncio.timeout(self._section.moderation_timeout_s):
                async with self._open().post(self._section.moderation_url, json=body, allow_redirects=False) as reply:
                    if reply.status != 200:
                        raise _refused(where, reply.status)
                    content = await reply.content.read(MAX_REPLY_BYTES)
                    while more := await reply.content.read(MAX_REPLY_BYTES - len(content)):
                        content += more
        except TimeoutError:
            limit = f"{self._section.moderation_timeout_s:g} s: raise [safety] moderation_timeout_s"
            raise ModelError(f"{where} did not answer within {limit}") from None
        except aiohttp.ClientError as error:
            raise ModelError(f"{where} cannot be reached ({error}): check that it runs and moderation_url") from error
        return _flagged(where, content)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            key = self._section.moderation_api_key.get_secret_value()
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            # A proxy from the environment cannot reach this machine's own servers.
            trust_env = not is_loopback(self._section.moderation_url)
            self._session = aiohttp.ClientSession(headers=headers, trust_env=trust_env)
        return self._session


def _inputs(text: str) -> str | list[str]:
    if len(text) <= MAX_CHARS:
        return text
    starts = range(0, len(text) - OVERLAP, MAX_CHARS - OVERLAP)
    return [text[at : at + MAX_CHARS] for at in starts][:MAX_INPUTS]


def _refused(where: str, status: int) -> ModelError:
    if status in (401, 403):
        return ModelError(f"{where} refused the key ({status}): check {KEY_HINT}")
    if status == 429:
        return ModelError(f"{where} limits the rate (429): check its quota or wait")
    if status == 404:
        return ModelError(f"{where} knows no such path or model (404): check moderation_url and moderation_model")
    return ModelError(f"{where} answered {status}: look at the server's log")


def _flagged(where: str, content: bytes) -> bool:
    """The verdict in a reply: any of its results."""
    try:
        flags = [result["flagged"] for result in json.loads(content)["results"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        flags = []
    if not flags or not all(isinstance(flag, bool) for flag in flags):
        raise ModelError(f"{where} sent no moderation result: check that moderation_url ends in /v1/moderations")
    return any(flags)
