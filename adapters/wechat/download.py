"""Downloads a file behind an address that a platform gave, with limits. Knows no platform."""

from __future__ import annotations

import asyncio

from adapters.base import AdapterError


async def download(url: str, max_bytes: int, timeout_s: float) -> bytes:
    """The bytes at ``url``.

    Raises:
        AdapterError: no http address, more than ``max_bytes``, refused, or not there in time.
    """
    import aiohttp

    if not url.startswith(("http://", "https://")):
        raise AdapterError("the file has no http address", permanent=True)
    try:
        async with asyncio.timeout(timeout_s), aiohttp.ClientSession() as session, session.get(url) as answer:
            if answer.status != 200:
                raise AdapterError(f"the file is not there: status {answer.status}", permanent=answer.status < 500)
            content = b""
            async for piece in answer.content.iter_chunked(64 * 1024):
                content += piece
                if len(content) > max_bytes:
                    raise AdapterError(f"the file has more than {max_bytes} bytes", permanent=True)
            return content
    except TimeoutError as error:
        raise AdapterError(f"the file did not come within {timeout_s:g} s") from error
    except (aiohttp.ClientError, OSError) as error:
        raise AdapterError(f"the file did not come: {error}") from error
