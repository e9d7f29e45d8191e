"""What ``qunda doctor`` finds in ``[safety]``: entries of each word list, and whether the endpoint answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.cli.findings import Finding
from bot.config import ConfigError, Settings
from bot.safety.lists import named_lists, read_list
from bot.safety.moderation import Moderator

_PROBE = "qunda"


def examine_safety(settings: Settings) -> Iterator[Finding]:
    """One finding for each list, and one for the endpoint; none where nothing is set."""
    for name in named_lists(settings):
        try:
            found = read_list(settings.resolve(name))
        except ConfigError as error:
            yield Finding("error", "word list", str(error))
            continue
        if found:
            yield Finding("ok", "word list", f"{len(found):,} entries in {found.path}")
        else:
            yield Finding("warning", "word list", f"{found.path} has no entry", "write one word a line")
    if settings.safety.moderation_url:
        yield asyncio.run(_endpoint(settings))


async def _endpoint(settings: Settings) -> Finding:
    moderator = Moderator(settings.safety)
    try:
        flagged = await moderator.flags(_PROBE)
    finally:
        await moderator.aclose()
    fault = moderator.watch.fault
    if flagged is None:
        return Finding("error", "moderation", fault.detail if fault else "it could not be asked")
    return Finding("ok", "moderation", f"{settings.safety.moderation_url} answers")
