"""The values that the Feishu adapter is built from. Knows no config file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FEISHU, LARK = "https://open.feishu.cn", "https://open.larksuite.com"


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take and how often they are looked at, in seconds. Tests compress outages with them.

    ``call_timeout_s`` bounds one API call. The watchdog looks at the long connection every ``watch_every_s``; it gives
    a connection ``connect_timeout_s`` to come up and takes one for dead that was silent for ``silent_after_s``. A new
    attempt waits ``reconnect_base_s``, doubling to ``reconnect_cap_s``, and ``exceed_limit_s`` when the platform says
    that there are too many. ``stop_timeout_s`` bounds the end of the connection's thread. An event that is not stored
    within ``handle_timeout_s`` is not acknowledged. ``quote_timeout_s`` bounds the look at a quoted message,
    ``admins_fresh_s`` is how long owner and managers of a group are remembered, ``token_check_s`` how often the token
    is looked at, and ``stream_every_s`` the pause between two updates of a growing reply.
    """

    call_timeout_s: float = 10.0
    connect_timeout_s: float = 15.0
    watch_every_s: float = 1.0
    silent_after_s: float = 300.0
    reconnect_base_s: float = 1.0
    reconnect_cap_s: float = 60.0
    exceed_limit_s: float = 60.0
    stop_timeout_s: float = 5.0
    handle_timeout_s: float = 2.5
    quote_timeout_s: float = 2.0
    admins_fresh_s: float = 600.0
    token_check_s: float = 60.0
    stream_every_s: float = 0.2


@dataclass(frozen=True, slots=True)
class FeishuSettings:
    """One Feishu app. ``domain`` is an origin; ``port`` 0 lets the system choose one for the webhook."""

    app_id: str
    app_secret: str
    domain: str = FEISHU
    transport: Literal["websocket", "webhook"] = "websocket"
    encrypt_key: str = ""
    verification_token: str = ""
    mode: Literal["mention", "passive", "off"] = "mention"
    host: str = "0.0.0.0"
    port: int = 8090
    path: str = "/feishu/events"
    owners_are_admins: bool = True
    timings: Timings = field(default_factory=Timings)
