"""The values that the WeCom adapter is built from. Knows no config file."""

from __future__ import annotations

from dataclasses import dataclass, field

URL = "wss://openws.work.weixin.qq.com"


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take and how often they happen, in seconds. Tests compress outages with them.

    ``ping_every_s`` is what the platform asks for; a command that is not answered within ``answer_timeout_s`` has an
    unknown outcome, and a ping that is not answered means that the connection is dead. A new attempt to connect gets
    ``connect_timeout_s`` and waits ``reconnect_base_s``, doubling to ``reconnect_cap_s``. A message can be answered in
    place for ``respond_within_s``; later words are pushed. ``stream_every_s`` is the pause between two updates.
    """

    ping_every_s: float = 30.0
    answer_timeout_s: float = 10.0
    connect_timeout_s: float = 4.0
    reconnect_base_s: float = 0.5
    reconnect_cap_s: float = 4.0
    close_timeout_s: float = 1.0
    respond_within_s: float = 270.0
    stream_every_s: float = 0.5
    store_retry_s: float = 0.5
    fetch_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class WecomSettings:
    """One smart bot. ``name`` is how members mention it; empty: a group message starts with ``@`` and one word."""

    bot_id: str
    secret: str
    name: str = ""
    url: str = URL
    timings: Timings = field(default_factory=Timings)
