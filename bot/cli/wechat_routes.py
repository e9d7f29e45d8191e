"""The WeChat adapters that config.ini enables. Only here are its sections turned into the adapters' own settings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from adapters.base import Adapter
from bot.config import Mode, Settings
from bot.config_wechat import WechatySection

if TYPE_CHECKING:
    from adapters.wechat.android import AndroidSettings
    from adapters.wechat.wecom import WecomSettings
    from adapters.wechat.wkteam import WkteamSettings


def enabled_routes(settings: Settings) -> list[str]:
    """The platform names of the routes whose first key is set."""
    first_keys = {
        "wechaty": settings.wechaty.endpoint,
        "wecom": settings.wecom.bot_id,
        "wkteam": settings.wkteam.account,
        "android": settings.android.token.get_secret_value(),
    }
    return [name for name, value in first_keys.items() if value]


def enabled_wechat_adapters(settings: Settings) -> list[Adapter]:
    """One adapter for each enabled route."""
    enabled = enabled_routes(settings)
    adapters: list[Adapter] = []
    if "wechaty" in enabled:
        adapters.append(_wechaty(settings.wechaty, settings))
    if "wecom" in enabled:
        from adapters.wechat.wecom import WecomAdapter

        adapters.append(WecomAdapter(wecom_settings(settings)))
    if "wkteam" in enabled:
        from adapters.wechat.wkteam import WkteamAdapter

        adapters.append(WkteamAdapter(wkteam_settings(settings)))
    if "android" in enabled:
        from adapters.wechat.android import AndroidAdapter

        adapters.append(AndroidAdapter(android_settings(settings)))
    return adapters


def wechat_modes(settings: Settings) -> dict[str, Mode]:
    """The mode of each route, which a group's own settings override."""
    return {
        "wechaty": settings.wechaty.mode,
        "wecom": settings.wecom.mode,
        "wkteam": settings.wkteam.mode,
        "android": settings.android.mode,
    }


def wecom_settings(settings: Settings) -> WecomSettings:
    """``[wecom]`` as its adapter wants it."""
    from adapters.wechat.wecom import WecomSettings

    section = settings.wecom
    return WecomSettings(section.bot_id, section.secret.get_secret_value(), name=section.name, url=section.url)


def wkteam_settings(settings: Settings) -> WkteamSettings:
    """``[wkteam]`` as its adapter wants it; the login is kept in the data folder."""
    from adapters.wechat.pacing import Pace
    from adapters.wechat.wkteam import WkteamSettings

    section = settings.wkteam
    return WkteamSettings(
        base_url=section.base_url,
        account=section.account,
        password=section.password.get_secret_value(),
        callback_url=section.callback_url,
        wcid=section.wcid,
        proxy=section.proxy,
        secret=section.callback_secret.get_secret_value(),
        host=section.host,
        port=section.port,
        names=section.names or (settings.bot.name,),
        groups=section.groups,
        forward=section.forward,
        direct=section.direct_messages,
        state=settings.data / "wkteam.json",
        pace=Pace(section.delay_s, section.group_spacing_s, section.account_spacing_s),
    )


def android_settings(settings: Settings) -> AndroidSettings:
    """``[android]`` as its adapter wants it."""
    from adapters.wechat.android import AndroidSettings

    section = settings.android
    return AndroidSettings(
        token=section.token.get_secret_value(),
        host=section.host,
        port=section.port,
        names=section.names or (settings.bot.name,),
        groups=section.groups,
        direct=section.direct_messages,
        keep_s=section.keep_s,
        report_silence=section.report_silence,
    )


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
