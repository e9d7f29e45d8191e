"""What ``qunda doctor`` checks of the WeChat routes: that each configured one can be reached and is logged in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from adapters.base import AdapterError
from bot.cli.findings import Finding
from bot.cli.wechat_routes import android_settings, wecom_settings, wkteam_settings
from bot.config import Settings

MIN_TOKEN_CHARS = 16
RISK = "an unofficial route: use an account that you can afford to lose (docs/wechat.md)"


def examine_wechat(settings: Settings) -> Iterator[Finding]:
    """The findings on every route that is configured; none where none is."""
    if settings.wechaty.endpoint or settings.wechaty.token.get_secret_value():
        yield from _wechaty(settings)
    if settings.wecom.bot_id or settings.wecom.secret.get_secret_value():
        yield _wecom(settings)
    if settings.wkteam.account:
        yield from _wkteam(settings)
    if settings.android.token.get_secret_value():
        yield from _android(settings)


def _wechaty(settings: Settings) -> Iterator[Finding]:
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


def _wecom(settings: Settings) -> Finding:
    from adapters.wechat.wecom.check import check_gateway

    section = settings.wecom
    for key in ("bot_id", "secret"):
        value = section.bot_id if key == "bot_id" else section.secret.get_secret_value()
        if not value:
            fix = f"set [wecom] {key}: the bot's page in WeCom shows it under API mode, long connection"
            return Finding("error", "wecom", f"no {key}", fix)
    try:
        detail = asyncio.run(check_gateway(wecom_settings(settings)))
    except AdapterError as error:
        fix = "this machine has to reach it over the internet; leave [wecom] url out unless you have a proxy for it"
        return Finding("error", "wecom", str(error), fix)
    return Finding("ok", "wecom", detail)


def _wkteam(settings: Settings) -> Iterator[Finding]:
    from adapters.wechat.wkteam.check import check_account

    section = settings.wkteam
    values = {"password": section.password.get_secret_value(), "base_url": section.base_url}
    values["callback_url"] = section.callback_url
    for key, value in values.items():
        if not value:
            yield Finding("error", "wkteam", f"no {key}", f"set [wkteam] {key}: docs/wechat.md says what belongs there")
            return
    yield from _addresses(section.base_url, section.callback_url)
    try:
        logged_in, detail = asyncio.run(check_account(wkteam_settings(settings)))
    except AdapterError as error:
        fix = "check [wkteam] base_url, account and password, and that the subscription has not run out"
        yield Finding("error", "wkteam", str(error), fix)
    else:
        fix = "" if logged_in else "qunda run shows a QR code to scan with the phone of the account"
        yield Finding("ok" if logged_in else "warning", "wkteam", detail, fix)
    if len(section.forward) == 1:
        yield Finding("warning", "wkteam forward", "one group alone has no other to forward to", "name two or more")
    yield Finding("warning", "wkteam risk", RISK)


def _addresses(base_url: str, callback_url: str) -> Iterator[Finding]:
    for key, url in (("base_url", base_url), ("callback_url", callback_url)):
        if not url.startswith(("http://", "https://")):
            yield Finding("error", "wkteam", f"{key} = {url} is no address", "write http:// or https:// before it")
    local = any(host in callback_url for host in ("127.0.0.1", "localhost", "0.0.0.0"))
    if local:
        fix = "wkteam calls it over the internet: a public address of this machine, or of a proxy before it"
        yield Finding("warning", "wkteam", f"callback_url = {callback_url} is this machine only", fix)


def _android(settings: Settings) -> Iterator[Finding]:
    chosen = android_settings(settings)
    if len(chosen.token) < MIN_TOKEN_CHARS:
        fix = "python -c 'import secrets; print(secrets.token_urlsafe(24))' makes one"
        yield Finding("warning", "android", f"the token has fewer than {MIN_TOKEN_CHARS} characters", fix)
    where = f"http://<this machine>:{chosen.port}/?token=<[android] token>"
    yield Finding("ok", "android", f"the app's URL is {where}")
    yield Finding("warning", "android risk", RISK)
