"""The part of ``qunda doctor`` about the web search: whether it could be used. Asks no host."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from bot.cli.findings import Finding
from bot.config import Settings


def examine_web(settings: Settings) -> Iterator[Finding]:
    """What ``[web]`` lacks; nothing where it is off."""
    web = settings.web
    if web.search == "off":
        return
    if web.search == "ddgs" and find_spec("ddgs") is None:
        yield Finding("error", "web", "[web] search = ddgs needs the package ddgs", "pip install 'qunda[web]'")
        return
    if web.search == "serper" and not web.api_key.get_secret_value():
        yield Finding("error", "web", "[web] search = serper needs a key", "set QUNDA_WEB_API_KEY (serper.dev)")
        return
    domains = ", ".join(web.allowed_domains) or "any domain"
    yield Finding("ok", "web", f"{web.search}, pages of {domains}, at most {web.max_per_day} searches a day")
