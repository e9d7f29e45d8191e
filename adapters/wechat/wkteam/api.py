"""The calls of wkteam's HTTP API that the adapter needs. Knows no message and decides nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.base import AdapterError

DONE = "1000"
MAX_ANSWER_BYTES = 4 * 1024 * 1024
PASSING = ("频繁", "离线", "掉线", "未登录", "登录失效", "繁忙", "offline", "busy", "frequent")
"""Words of a refusal that may be gone when the call is made again."""


class RefusedError(AdapterError):
    """wkteam answered that it did not do it."""

    def __init__(self, path: str, code: str, text: str) -> None:
        super().__init__(f"wkteam refuses {path}: {code} {text}", permanent=not any(word in text for word in PASSING))


class UnauthorizedError(AdapterError):
    """The token of the account does not hold any more."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A login that waits for somebody to scan its QR code."""

    wid: str
    qr_url: str


class WkteamApi:
    """``authorization`` and ``wid`` are what the login has given; every other call needs them."""

    def __init__(self, base_url: str, *, timeout_s: float) -> None:
        self.base_url = base_url.rstrip("/")
        self.authorization = ""
        self.wid = ""
        self._timeout_s = timeout_s

    async def sign_in(self, account: str, password: str) -> None:
        """Get the token of the wkteam account."""
        data = await self.call("/member/login", {"account": account, "password": password})
        token = data.get("Authorization") if isinstance(data, Mapping) else None
        if not token:
            raise AdapterError("wkteam answered a login without a token", permanent=True)
        self.authorization = str(token)

    async def online(self, timeout_s: float = 0.0) -> dict[str, str]:
        """The WeChat accounts that are logged in: wxid -> wId."""
        data = await self.call("/queryLoginWx", {}, timeout_s=timeout_s)
        rows = data if isinstance(data, list) else []
        return {str(row["wcId"]): str(row["wId"]) for row in rows if isinstance(row, Mapping) and row.get("wcId")}

    async def start_scan(self, wcid: str, proxy: int) -> Scan:
        """Ask for a QR code."""
        data = await self.call("/iPadLogin", {"wcId": wcid, "proxy": proxy})
        if not isinstance(data, Mapping) or not data.get("wId"):
            raise AdapterError("wkteam gave no QR code")
        return Scan(str(data["wId"]), str(data.get("qrCodeUrl") or ""))

    async def scanned(self, wid: str, timeout_s: float) -> Mapping[str, Any] | None:
        """Who has scanned the code, with ``wcId`` and ``nickName``; None: nobody yet."""
        try:
            data = await self.call("/getIPadLoginInfo", {"wId": wid}, timeout_s=timeout_s)
        except RefusedError:
            return None
        return data if isinstance(data, Mapping) and data.get("wcId") else None

    async def set_callback(self, url: str) -> None:
        """Have messages posted to ``url``."""
        await self.call("/setHttpCallbackUrl", {"httpUrl": url, "type": 2})

    async def send_text(self, chat: str, content: str, at: str = "") -> Mapping[str, Any]:
        """Post a text; what came of it has ``msgId``, ``newMsgId`` and ``createTime``."""
        body = {"wId": self.wid, "wcId": chat, "content": content, **({"at": at} if at else {})}
        data = await self.call("/sendText", body)
        return data if isinstance(data, Mapping) else {}

    async def revoke(self, chat: str, sent: Mapping[str, Any]) -> None:
        """Take a message of ours back."""
        await self.call("/revokeMsg", {**sent, "wId": self.wid, "wcId": chat})

    async def image_url(self, message_id: str, content: str) -> str:
        """Where the image of a message can be downloaded."""
        body = {"wId": self.wid, "content": content, "msgId": message_id, "type": 0}
        data = await self.call("/getMsgImg", body)
        return str(data.get("url") or "") if isinstance(data, Mapping) else ""

    async def members(self, chat: str) -> dict[str, str]:
        """The names in a group by wxid; the name that somebody chose for the group goes before."""
        data = await self.call("/getChatRoomMember", {"wId": self.wid, "chatRoomId": chat})
        rows = data if isinstance(data, list) else []
        return {
            str(row["userName"]): str(row.get("displayName") or row.get("nickName") or "")
            for row in rows
            if isinstance(row, Mapping) and row.get("userName")
        }

    async def call(self, path: str, body: Mapping[str, Any], *, timeout_s: float = 0.0) -> Any:
        """Make one call; the ``data`` of its answer.

        Raises:
            RefusedError, UnauthorizedError: it was not done.
            AdapterError: no connection (known), or no usable answer (unknown).
        """
        status, text = await self._post(path, body, timeout_s or self._timeout_s)
        if status in (401, 403):
            raise UnauthorizedError(f"wkteam does not accept the token of the account (status {status})")
        try:
            answer = json.loads(text)
            code, message = str(answer["code"]), str(answer.get("message") or answer.get("msg") or "")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AdapterError(f"wkteam answered {path} with status {status}", outcome_known=False) from error
        if code != DONE:
            raise RefusedError(path, code, message)
        return answer.get("data")

    async def _post(self, path: str, body: Mapping[str, Any], timeout_s: float) -> tuple[int, str]:
        import aiohttp

        headers = {"Authorization": self.authorization} if self.authorization else {}
        try:
            async with (
                asyncio.timeout(timeout_s),
                aiohttp.ClientSession() as session,
                session.post(self.base_url + path, json=dict(body), headers=headers) as answer,
            ):
                return answer.status, (await answer.content.read(MAX_ANSWER_BYTES)).decode("utf-8", "replace")
        except aiohttp.ClientConnectorError as error:
            raise AdapterError(f"no connection to wkteam: {error}") from error
        except TimeoutError as error:
            raise AdapterError(f"wkteam did not answer {path} in time", outcome_known=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise AdapterError(f"the connection to wkteam broke during {path}: {error}", outcome_known=False) from error
