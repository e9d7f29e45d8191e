"""Fetches pictures and files of WeCom messages: they lie encrypted behind an address that holds for five minutes."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from adapters.base import AdapterError, Attachment
from adapters.wechat.download import download

PADDING = 32


async def fetch_media(attachment: Attachment, max_bytes: int, timeout_s: float) -> bytes:
    """The content of a picture or file.

    Raises:
        AdapterError: it is gone, too large or cannot be decrypted.
    """
    try:
        ref: dict[str, Any] = json.loads(attachment.ref)
        url, key = str(ref["url"]), str(ref["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise AdapterError(f"{attachment.ref!r} is no file of WeCom", permanent=True) from error
    content = await download(url, max_bytes + PADDING, timeout_s)
    if key:
        content = await asyncio.to_thread(decrypted, content, key)
    if len(content) > max_bytes:
        raise AdapterError(f"the file has more than {max_bytes} bytes", permanent=True)
    return content


def decrypted(content: bytes, key: str) -> bytes:
    """AES-256-CBC, its vector the start of the key, padded to 32 bytes.

    Raises:
        AdapterError: this is not what was encrypted with the key.
    """
    from Crypto.Cipher import AES

    try:
        secret = base64.b64decode(key + "=" * (-len(key) % 4))
        plain = AES.new(secret, AES.MODE_CBC, secret[:16]).decrypt(content)
    except ValueError as error:
        raise AdapterError(f"the file cannot be decrypted: {error}", permanent=True) from error
    padding = plain[-1] if plain else 0
    if not 1 <= padding <= PADDING or plain[-padding:] != bytes([padding]) * padding:
        raise AdapterError("the file cannot be decrypted: wrong key or a broken download", permanent=True)
    return plain[:-padding]
