"""``qunda run``: serve the adapters that config.ini enables."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from adapters.base import Adapter
from bot.app import App
from bot.cli.signals import stop_on_signals
from bot.cli.wechat_routes import enabled_wechat_adapters, wechat_modes
from bot.config import ConfigError, Mode, Settings
from bot.sections import FEISHU_SITES

if TYPE_CHECKING:
    from adapters.feishu import FeishuSettings


def enabled_adapters(settings: Settings) -> Sequence[Adapter]:
    """The adapters that the settings enable.

    Raises:
        ConfigError: one of them is only half set up.
    """
    adapters: list[Adapter] = []
    if settings.feishu.app_id:
        from adapters.feishu import FeishuAdapter

        adapters.append(FeishuAdapter(feishu_settings(settings)))
    adapters += enabled_wechat_adapters(settings)
    return adapters


def feishu_settings(settings: Settings) -> FeishuSettings:
    """``[feishu]`` as the adapter takes it.

    Raises:
        ConfigError: a secret is missing.
    """
    from adapters.feishu import FeishuSettings

    section = settings.feishu
    if not section.app_secret.get_secret_value():
        raise ConfigError("[feishu] app_id is set, app_secret is not; put it into QUNDA_FEISHU_APP_SECRET")
    encrypt_key, token = section.encrypt_key.get_secret_value(), section.verification_token.get_secret_value()
    if section.transport == "webhook" and not (encrypt_key or token):
        raise ConfigError(
            "[feishu] transport = webhook needs encrypt_key (better) or verification_token: without them anybody could "
            "send events; both stand under 'Events & Callbacks > Encryption Strategy' of the app"
        )
    return FeishuSettings(
        app_id=section.app_id,
        app_secret=section.app_secret.get_secret_value(),
        domain=FEISHU_SITES.get(section.domain, section.domain),
        transport=section.transport,
        encrypt_key=encrypt_key,
        verification_token=token,
        mode=section.mode,
        host=section.host,
        port=section.port,
        path=section.path,
        owners_are_admins=section.owners_are_admins,
    )


def platform_modes(settings: Settings) -> Mapping[str, Mode]:
    """The mode that each platform's section sets."""
    return {"feishu": settings.feishu.mode, **wechat_modes(settings)}


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Serve until stopped.

    Raises:
        ConfigError: no adapter is enabled, or one is only half set up.
    """
    adapters = enabled_adapters(settings)
    if not adapters:
        raise ConfigError(
            "no adapter is enabled: set [feishu] app_id (docs/feishu.md) or a WeChat route (docs/wechat.md), "
            "or try `qunda demo`, `qunda ask` or `qunda replay`"
        )
    return asyncio.run(_serve(settings, adapters))


async def _serve(settings: Settings, adapters: Sequence[Adapter]) -> int:
    app = App(settings, adapters, modes=platform_modes(settings))
    with stop_on_signals(app.stop):
        await app.run()
    return 0
