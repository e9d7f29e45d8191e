"""Whether WeCom's gateway can be reached. It does not subscribe: that would throw out the bot that runs."""

from __future__ import annotations

import asyncio

from adapters.base import AdapterError
from adapters.wechat.wecom.settings import WecomSettings


async def check_gateway(settings: WecomSettings) -> str:
    """What was found, as a sentence.

    Raises:
        AdapterError: it cannot be reached.
    """
    import aiohttp

    try:
        async with (
            asyncio.timeout(settings.timings.connect_timeout_s * 2),
            aiohttp.ClientSession() as session,
            session.ws_connect(settings.url),
        ):
            return f"{settings.url} can be reached; whether the secret is right shows when the bot runs"
    except TimeoutError as error:
        raise AdapterError(f"{settings.url} does not answer in time") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise AdapterError(f"{settings.url} cannot be reached: {error}") from error
