"""The WeChat adapters that config.ini enables. Only here are its sections turned into the adapters' own settings."""

from __future__ import annotations

import sys

from adapters.base import Adapter
from bot.config import Mode, Settings
from bot.config_wechat import WechatySection


def enabled_wechat_adapters(settings: Settings) -> list[Adapter]:
    """One adapter for each route with its first key set."""
    adapters: list[Adapter] = []
    if settings.wechaty.endpoint:
        adapters.append(_wechaty(settings.wechaty, settings))
    return adapters


def wechat_modes(settings: Settings) -> dict[str, Mode]:
    """The mode of each route, which a group's own settings override."""
    return {"wechaty": settings.wechaty.mode}


def _wechaty(section: WechatySection, settings: Settings) -> Adapter:
    from adapters.wechat.pacing import Pace
    from adapters.wechat.wechaty import WechatyAdapter, WechatySettings

    wechaty = WechatySettings(
        endpoint=section.endpoint,
        token=section.token.get_secret_value(),
        rooms=section.rooms,
        direct=section.direct_messages,
        tls=section.tls,
        ca_file=str(settings.resolve(section.ca_file)) if section.ca_file else "",
        tls_name=section.tls_name,
        pace=Pace(section.delay_s, section.group_spacing_s, section.account_spacing_s),
    )
    return WechatyAdapter(wechaty, show=print_scan)


def print_scan(text: str) -> None:
    """On the terminal, past the log: it has to be seen and scanned."""
    print(f"\n{text}\n", file=sys.stderr, flush=True)
