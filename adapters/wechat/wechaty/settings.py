"""The values that the Wechaty adapter is built from. Knows no config file."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.wechat.pacing import Pace


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take and how often they are looked at, in seconds. Tests compress outages with them.

    ``connect_timeout_s`` bounds the first sign of life and ``start_timeout_s`` the start of the gateway's puppet. The
    gateway is asked for its version every ``probe_every_s``; no answer within ``probe_timeout_s`` means it is gone.
    A new attempt waits ``reconnect_base_s``, doubling to ``reconnect_cap_s``. ``name_timeout_s`` bounds the look at a
    name or topic, which is remembered for ``names_fresh_s``. Storing is tried again after ``store_retry_s``, doubling
    to twenty times that.
    """

    call_timeout_s: float = 10.0
    connect_timeout_s: float = 5.0
    start_timeout_s: float = 20.0
    probe_every_s: float = 5.0
    probe_timeout_s: float = 5.0
    reconnect_base_s: float = 0.5
    reconnect_cap_s: float = 4.0
    name_timeout_s: float = 2.0
    names_fresh_s: float = 3_600.0
    store_retry_s: float = 0.5


@dataclass(frozen=True, slots=True)
class WechatySettings:
    """One gateway, ``endpoint`` as ``host:port``. ``rooms``: ids or topics of the only groups to read (none: all).

    ``direct``: whether direct messages are read too. ``tls`` speaks TLS, ``ca_file`` trusts a certificate of its own,
    and ``tls_name`` is the name in the certificate where it is not the host's.
    """

    endpoint: str
    token: str
    rooms: tuple[str, ...] = ()
    direct: bool = False
    tls: bool = False
    ca_file: str = ""
    tls_name: str = ""
    pace: Pace = field(default_factory=Pace)
    timings: Timings = field(default_factory=Timings)
