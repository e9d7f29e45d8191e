"""The WeChat adapters that config.ini enables. Only here are its sections turned into the adapters' own settings."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from adapters.base import Adapter
from bot.config import ConfigError, Mode, Settings
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
    """One adapter for each enabled route.

    Raises:
        ConfigError: one of them is only half set up.
    """
    enabled = enabled_routes(settings)
    adapters: list[Adapter] = []
    if "wechaty" in enabled:
        adapters.append(_wechaty(settings.wechaty, settings))
    if "wecom" in enabled:
        from adapters.wechat.wecom import WecomAdapter

        if not settings.wecom.secret.get_secret_value():
            raise ConfigError("[wecom] bot_id is set, secret is not; put it into QUNDA_WECOM_SECRET")
        adapters.append(WecomAdapter(wecom_settings(settings)))
    if "wkteam" in enabled:
        from adapters.wechat.wkteam import WkteamAdapter

        for _, what, fix in wkteam_gaps(settings):
            raise ConfigError(f"[wkteam] {what}: {fix}")
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


def wkteam_gaps(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """What ``[wkteam]`` needs before anything can be tried: the key, what is wrong with it, and what to do."""
    section = settings.wkteam
    values = {
        "account": section.account,
        "password": section.password.get_secret_value(),
        "base_url": section.base_url,
        "callback_url": section.callback_url,
    }
    for key, value in values.items():
        if not value:
            where = ", best as QUNDA_WKTEAM_PASSWORD" if key == "password" else ""
            yield key, f"no {key}", f"set [wkteam] {key}{where}: docs/wechat.md says what belongs there"
        elif key.endswith("_url") and not value.startswith(("http://", "https://")):
            yield key, f"{key} = {value} is no address", "write http:// or https:// before it"
    secret = section.callback_secret.get_secret_value()
    if secret and not re.fullmatch(r"[A-Za-z0-9_.~-]+", secret):
        fix = "use letters, digits, - and _ only, or leave it out: then it is random"
        yield "callback_secret", "callback_secret has signs that no path can carry", fix


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
