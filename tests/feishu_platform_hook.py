"""Webhook requests as Feishu makes them: signed, encrypted where a key is set. Knows no delivery policy."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from feishu_platform_world import World


@dataclass
class Hook:
    """Where events are posted to. ``requests`` are all that were made, as (headers, body)."""

    url: str
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def post(self, payload: dict[str, Any], world: World) -> int:
        """Post one event; the status, 0 when nobody answered within the platform's 3 seconds."""
        body = sealed(payload, world.encrypt_key)
        headers = signed(body, world.encrypt_key, int(world.now()))
        self.requests.append((headers, body))
        timeout = aiohttp.ClientTimeout(total=3)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self.url, data=body, headers=headers) as answer,
            ):
                return answer.status
        except (TimeoutError, aiohttp.ClientError):
            return 0


def sealed(payload: dict[str, Any], key: str) -> bytes:
    """The body: AES-256-CBC with the hashed key, the vector in front; plain where there is no key."""
    plain = json.dumps(payload, ensure_ascii=False).encode()
    if not key:
        return plain
    from Crypto.Cipher import AES

    pad = 16 - len(plain) % 16
    vector = os.urandom(16)
    cipher = AES.new(hashlib.sha256(key.encode()).digest(), AES.MODE_CBC, vector)
    secret = vector + cipher.encrypt(plain + bytes([pad]) * pad)
    return json.dumps({"encrypt": base64.b64encode(secret).decode()}).encode()


def signed(body: bytes, key: str, timestamp: int, nonce: str = "nonce") -> dict[str, str]:
    """The headers that prove where a request comes from; only with a key."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if key:
        signature = hashlib.sha256(f"{timestamp}{nonce}{key}".encode() + body).hexdigest()
        proof = {"Timestamp": str(timestamp), "Nonce": nonce}
        headers |= {f"X-Lark-Request-{name}": value for name, value in proof.items()}
        headers["X-Lark-Signature"] = signature
    return headers
