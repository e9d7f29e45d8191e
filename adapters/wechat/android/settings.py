"""The values that the Android route is built from. Knows no config file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AndroidSettings:
    """``token`` is what the app's URL has to carry; ``names`` are how members mention the bot by hand.
    ``groups`` limits what is read, by name (empty: all); ``direct``: whether single chats are read too.

    An answer that the app did not fetch within ``keep_s`` is dropped, and the same words of the same person within
    ``repeat_within_s`` are the same message. ``report_silence`` also hands out what was not answered, with a code.
    """

    token: str
    host: str = "0.0.0.0"
    port: int = 8096
    names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    direct: bool = False
    keep_s: float = 600.0
    repeat_within_s: float = 60.0
    report_silence: bool = True
