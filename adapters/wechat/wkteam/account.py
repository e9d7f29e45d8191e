"""Keeps a WeChat account logged in behind wkteam: token, login state, QR code, callback address. Knows no message.

The login outlives a restart in a small file, since every new one has to be scanned by hand.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from loguru import logger

from adapters.base import AdapterError
from adapters.clock import Clock
from adapters.wechat.outages import Outages
from adapters.wechat.wkteam.api import RefusedError, Scan, UnauthorizedError, WkteamApi
from adapters.wechat.wkteam.messages import Own
from adapters.wechat.wkteam.settings import WkteamSettings


class Account:
    """``own`` is who the bot is, as far as that is known."""

    def __init__(
        self, settings: WkteamSettings, api: WkteamApi, outages: Outages, counters: Counter[str], clock: Clock
    ) -> None:
        self._settings = settings
        self._api = api
        self._outages = outages
        self._counters = counters
        self._clock = clock
        self._look = asyncio.Event()
        self._registered = False
        self._wcid, self._nick = settings.wcid, ""
        self._load()

    @property
    def own(self) -> Own:
        """The bot's wxid and names."""
        return Own(self._wcid, tuple(name for name in (self._nick, *self._settings.names) if name))

    def look(self) -> None:
        """Something says that the login is gone: look at it now."""
        self._look.set()

    async def keep(self, callback_url: str) -> None:
        """Stay logged in and reachable until cancelled.

        Raises:
            AdapterError: permanent; only other settings can help.
        """
        timings, failures = self._settings.timings, 0
        self._registered = False
        while True:
            try:
                await self._check(callback_url)
                failures, pause_s = 0, timings.check_every_s
            except AdapterError as error:
                if error.permanent:
                    self._outages.down(str(error))
                    raise
                failures += 1
                pause_s = min(timings.retry_cap_s, timings.retry_base_s * 2.0 ** min(failures - 1, 10))
                pause_s *= random.uniform(0.5, 1.0)
                self._lost(str(error))
            await self._rest(pause_s)

    async def _check(self, callback_url: str) -> None:
        try:
            if not self._api.authorization:
                await self._sign_in()
            wid = self._ours(await self._api.online(self._settings.timings.check_timeout_s))
        except UnauthorizedError:
            self._api.authorization = ""
            raise
        if not wid:
            wid = await self._scan()
        self._outages.seen()
        if self._registered and self._outages.is_up and wid == self._api.wid:
            return
        self._api.wid = wid
        self._save()
        await self._register(callback_url)
        self._registered = True
        self._counters["logins"] += 1
        self._outages.up()
        logger.info("wkteam: {} is logged in, messages come to this machine", self._wcid)

    async def _sign_in(self) -> None:
        try:
            await self._api.sign_in(self._settings.account, self._settings.password)
        except (RefusedError, UnauthorizedError) as error:
            if isinstance(error, RefusedError) and not error.permanent:
                raise
            raise AdapterError(f"{error}; check [wkteam] account and password", permanent=True) from error

    async def _register(self, callback_url: str) -> None:
        try:
            await self._api.set_callback(callback_url)
        except RefusedError as error:
            if not error.permanent:
                raise
            text = f"{error}; [wkteam] callback_url must be an address of this machine that wkteam can reach"
            raise AdapterError(text, permanent=True) from error

    def _ours(self, online: Mapping[str, str]) -> str:
        """The wId of our account among those logged in; empty: it is not."""
        if not self._wcid and len(online) > 1:
            raise AdapterError(
                f"several accounts are logged in ({', '.join(online)}): set [wkteam] wcid", permanent=True
            )
        if not self._wcid and online:
            self._wcid = next(iter(online))
        return online.get(self._wcid, "")

    async def _scan(self) -> str:
        """Have the QR code scanned by a person; the wId of the new login."""
        timings = self._settings.timings
        scan = await self._api.start_scan(self._wcid, self._settings.proxy)
        self._remind(scan)
        until = self._clock.monotonic() + timings.scan_for_s
        while self._clock.monotonic() < until:
            info = await self._api.scanned(scan.wid, timings.scan_for_s)
            if info is not None:
                return self._logged_in(scan, info)
            await self._clock.sleep(timings.scan_every_s)
        raise AdapterError("nobody scanned the QR code in time; a new one follows")

    def _logged_in(self, scan: Scan, info: Mapping[str, Any]) -> str:
        wcid = str(info["wcId"])
        if self._settings.wcid and wcid != self._settings.wcid:
            text = (
                f"{wcid} was logged in, but [wkteam] wcid is {self._settings.wcid}: scan with that account or change it"
            )
            raise AdapterError(text, permanent=True)
        self._wcid, self._nick = wcid, str(info.get("nickName") or "")
        return scan.wid

    def _remind(self, scan: Scan) -> None:
        self._counters["scans asked for"] += 1
        what = f"WeChat is logged out: open {scan.qr_url} and scan the code with the account's phone"
        self._outages.down(what, unseen=True)
        logger.warning("wkteam: {} (a new account has to be scanned once more after 24 hours)", what)

    def _lost(self, why: str) -> None:
        if self._outages.is_up:
            logger.warning("wkteam: {}", why)
        self._outages.down(why, unseen=True)

    async def _rest(self, seconds: float) -> None:
        """Wait, but not when somebody asks to look."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._look.wait()
        self._look.clear()

    def _load(self) -> None:
        file = self._settings.state
        if file is None or not file.is_file():
            return
        try:
            kept = json.loads(file.read_text("utf-8"))
            if kept["base_url"] != self._api.base_url or kept["account"] != self._settings.account:
                return
            self._api.authorization = str(kept["authorization"])
            self._wcid = self._settings.wcid or str(kept["wcid"])
            self._nick = str(kept["nick"]) if self._wcid == kept["wcid"] else ""
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("the kept login {} cannot be read, so a new one is made: {!r}", file, error)

    def _save(self) -> None:
        file = self._settings.state
        if file is None:
            return
        kept = {
            "base_url": self._api.base_url,
            "account": self._settings.account,
            "authorization": self._api.authorization,
            "wcid": self._wcid,
            "nick": self._nick,
        }
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f"{file.name}.new")
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                json.dump(kept, out, ensure_ascii=False)
            beside.replace(file)
        except OSError as error:
            logger.warning("the login is not kept in {}, so it is lost at the next start: {}", file, error)
