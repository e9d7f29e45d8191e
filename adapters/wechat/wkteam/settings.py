"""The values that the wkteam adapter is built from. Knows no config file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from adapters.wechat.pacing import Pace


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take and how often they happen, in seconds. Tests compress outages with them.

    ``call_timeout_s`` bounds one call of the API and ``check_timeout_s`` a look at the login: together with
    ``retry_cap_s`` it is how long the end of an outage may go unnoticed. The look comes every ``check_every_s``,
    often enough that no outage of 10 s goes unnoticed, since its messages may be lost; while
    something is wrong, after ``retry_base_s`` doubling to ``retry_cap_s``. A QR code holds for ``scan_for_s`` and is
    looked at every ``scan_every_s``; one question whether it was scanned may take as long.
    """

    call_timeout_s: float = 10.0
    check_timeout_s: float = 5.0
    check_every_s: float = 8.0
    retry_base_s: float = 0.5
    retry_cap_s: float = 4.0
    scan_every_s: float = 3.0
    scan_for_s: float = 200.0
    fetch_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class WkteamSettings:
    """One WeChat account behind wkteam.

    ``base_url`` is wkteam's API and ``callback_url`` where wkteam reaches this machine, both origins. ``secret`` is the
    last part of the callback's path; empty: a new random one at every start. ``names`` are how members mention the bot
    by hand. ``groups`` limits what is read (empty: all), and what is said in one of ``forward`` is shown in the others.
    ``state`` is the file that keeps the login over a restart.
    """

    base_url: str
    account: str
    password: str
    callback_url: str
    wcid: str = ""
    proxy: int = 0
    secret: str = ""
    host: str = "0.0.0.0"
    port: int = 8095
    names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    direct: bool = False
    state: Path | None = None
    pace: Pace = field(default_factory=Pace)
    timings: Timings = field(default_factory=Timings)
