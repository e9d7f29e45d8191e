"""What ``qunda doctor`` checks of the WeChat routes: that each configured one can be reached and is logged in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from bot.cli.findings import Finding
from bot.config import Settings

RISK = "an unofficial route: use an account that you can afford to lose (docs/wechat.md)"


def examine_wechat(settings: Settings) -> Iterator[Finding]:
    """The findings on every route that is configured; none where none is."""
    if settings.wechaty.endpoint or settings.wechaty.token.get_secret_value():
        yield from _wechaty(settings)


def _wechaty(settings: Settings) -> Iterator[Finding]:
    from adapters.base import AdapterError
    from adapters.wechat.wechaty.check import check_gateway
    from adapters.wechat.wechaty.settings import WechatySettings

    section = settings.wechaty
    if not section.endpoint:
        fix = "set [wechaty] endpoint = host:port of your gateway; with a token alone the route stays off"
        yield Finding("error", "wechaty", "a token but no endpoint", fix)
        return
    ca_file = str(settings.resolve(section.ca_file)) if section.ca_file else ""
    if ca_file and not Path(ca_file).is_file():
        yield Finding("error", "wechaty", f"there is no file {ca_file}", "correct [wechaty] ca_file")
        return
    wechaty = WechatySettings(
        section.endpoint, section.token.get_secret_value(), tls=section.tls, ca_file=ca_file, tls_name=section.tls_name
    )
    try:
        detail = asyncio.run(check_gateway(wechaty))
    except AdapterError as error:
        fix = "start the gateway and compare [wechaty] endpoint, token and tls with it: docs/wechat.md"
        yield Finding("error", "wechaty", str(error), fix)
        return
    yield Finding("ok", "wechaty", detail)
    yield Finding("warning", "wechaty risk", RISK)
