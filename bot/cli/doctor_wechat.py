"""What ``qunda doctor`` checks of the WeChat routes: that each configured one can be reached and is logged in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

from adapters.base import AdapterError
from bot.cli.findings import Finding
from bot.cli.listening import examine_ports
from bot.cli.wechat_routes import android_settings, wecom_settings, wkteam_gaps, wkteam_settings
from bot.config import Settings
from bot.config_wechat import WkteamSection
from bot.sections import Section

MIN_TOKEN_CHARS = 16
RISK = "an unofficial route: use an account that you can afford to lose (docs/wechat.md)"


def examine_wechat(settings: Settings) -> Iterator[Finding]:
    """The findings on every route that is configured; none where none is."""
    if _touched(settings.wechaty):
        yield from _wechaty(settings)
    if _touched(settings.wecom):
        yield _wecom(settings)
    if _touched(settings.wkteam):
        yield from _wkteam(settings)
    if _touched(settings.android):
        yield from _android(settings)
    yield from examine_ports(settings)


def _touched(section: Section) -> bool:
    """Whether somebody has set anything here; a mode alone, such as off, is no wish to use the route."""
    plain = type(section)()
    return any(getattr(section, key) != getattr(plain, key) for key in type(section).model_fields if key != "mode")


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
    gaps = list(wkteam_gaps(settings))
    for _, what, fix in gaps:
        yield Finding("error", "wkteam", what, fix)
    if gaps:
        return
    yield from _reachable(section.callback_url)
    try:
        logged_in, detail = asyncio.run(check_account(wkteam_settings(settings)))
    except AdapterError as error:
        fix = "check [wkteam] base_url, account and password, and that the subscription has not run out"
        yield Finding("error", "wkteam", str(error), fix)
    else:
        fix = "" if logged_in else "qunda run shows a QR code to scan with the phone of the account"
        yield Finding("ok" if logged_in else "warning", "wkteam", detail, fix)
    yield from _forwarding(section)
    yield Finding("warning", "wkteam risk", RISK)


def _reachable(callback_url: str) -> Iterator[Finding]:
    if any(host in callback_url for host in ("127.0.0.1", "localhost", "0.0.0.0", "[::1]")):
        fix = "wkteam calls it over the internet: a public address of this machine, or of a proxy before it"
        yield Finding("warning", "wkteam", f"callback_url = {callback_url} is this machine only", fix)


def _forwarding(section: WkteamSection) -> Iterator[Finding]:
    if len(set(section.forward)) == 1:
        yield Finding("warning", "wkteam forward", "one group alone has no other to forward to", "name two or more")
    unread = [group for group in section.forward if section.groups and group not in section.groups]
    if unread:
        fix = "add them to [wkteam] groups, or leave groups out"
        yield Finding("warning", "wkteam forward", f"nothing comes from {', '.join(unread)}: not read at all", fix)


def _android(settings: Settings) -> Iterator[Finding]:
    chosen = android_settings(settings)
    make = "python -c 'import secrets; print(secrets.token_urlsafe(24))' makes one"
    if not chosen.token:
        fix = f"set [android] token, best as QUNDA_ANDROID_TOKEN; without it the route stays off. {make}"
        yield Finding("error", "android", "no token", fix)
        return
    if len(chosen.token) < MIN_TOKEN_CHARS:
        yield Finding("warning", "android", f"the token has fewer than {MIN_TOKEN_CHARS} characters", make)
    if not re.fullmatch(r"[A-Za-z0-9_.~-]+", chosen.token):
        fix = f"use letters, digits, - and _ only: {make}"
        yield Finding("warning", "android", "the token has signs that an address cannot carry as they are", fix)
    where = f"http://<this machine>:{chosen.port}/?token=<[android] token>"
    yield Finding("ok", "android", f"the app's URL is {where}")
    admins = [*settings.bot.admins, *(admin for group in settings.groups.values() for admin in group.admins)]
    if any(admin.startswith("android:") for admin in admins):
        fix = "give admins on another route; the screen shows names only, and anybody can take a name"
        yield Finding("warning", "android admins", "whoever takes the name of an admin is one", fix)
    yield Finding("warning", "android risk", RISK)
