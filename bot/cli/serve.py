"""``qunda run``: serve the adapters that config.ini enables."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from adapters.base import Adapter
from bot.app import App
from bot.cli.signals import stop_on_signals
from bot.config import ConfigError, Settings


def enabled_adapters(settings: Settings) -> Sequence[Adapter]:
    """The adapters that the settings enable."""
    return ()


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Serve until stopped.

    Raises:
        ConfigError: no adapter is enabled.
    """
    adapters = enabled_adapters(settings)
    if not adapters:
        raise ConfigError(
            "no adapter is enabled: the Feishu and WeChat adapters come with later releases; "
            "try `qunda demo`, `qunda ask` or `qunda replay`"
        )
    return asyncio.run(_serve(settings, adapters))


async def _serve(settings: Settings, adapters: Sequence[Adapter]) -> int:
    app = App(settings, adapters)
    with stop_on_signals(app.stop):
        await app.run()
    return 0
