"""Whether wkteam accepts the account and WeChat is logged in there. It changes nothing and keeps nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

from adapters.base import AdapterError
from adapters.clock import RealClock
from adapters.wechat.outages import Outages
from adapters.wechat.wkteam.account import Account
from adapters.wechat.wkteam.api import UnauthorizedError, WkteamApi
from adapters.wechat.wkteam.settings import WkteamSettings


async def check_account(settings: WkteamSettings) -> tuple[bool, str]:
    """Whether WeChat is logged in, and what was found as a sentence.

    Raises:
        AdapterError: wkteam cannot be reached or does not accept the account.
    """
    api = WkteamApi(settings.base_url, timeout_s=settings.timings.call_timeout_s)
    own = await asyncio.to_thread(lambda: Account(settings, api, Outages(""), Counter(), RealClock()).own)
    try:
        online = await api.online() if api.authorization else None
    except UnauthorizedError:
        online = None  # the kept token does not hold any more
    if online is None:
        await api.sign_in(settings.account, settings.password)
        online = await api.online()
    if own.id in online or (not own.id and len(online) == 1):
        return True, f"{own.id or next(iter(online))} is logged in at {api.base_url}"
    if not own.id and len(online) > 1:
        raise AdapterError(f"several accounts are logged in ({', '.join(online)}): set [wkteam] wcid", permanent=True)
    return False, f"{own.id or 'no WeChat account'} is not logged in at {api.base_url}"
