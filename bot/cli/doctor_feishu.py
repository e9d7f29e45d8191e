"""The part of ``qunda doctor`` about Feishu: asks the platform what the app may do, and says what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.base import AdapterError
from bot.cli.findings import Finding
from bot.cli.serve import feishu_settings
from bot.config import ConfigError, Settings
from bot.sources.entries import FeishuEntry
from bot.sources.refresh import split_entries

if TYPE_CHECKING:
    from adapters.feishu.api import FeishuApi

SUBJECT = "feishu"
PUBLISH = "then publish a new version of the app and have it approved: nothing counts before that"
SHOWN_CHATS = 5
ALL_MESSAGES = "im:message.group_msg"
FIXES = {
    11205: f"add Bot under 'Add Features', {PUBLISH}",
    99991401: "add the address of this machine under 'Security Settings > IP Whitelist' of the app, or empty that list",
}


@dataclass(frozen=True, slots=True)
class Need:
    """One ability and the permissions of which any one gives it."""

    what: str
    any_of: tuple[str, ...]
    needed: bool = True


NEEDS = (
    Need(
        "receive mentions in groups",
        ("im:message.group_at_msg:readonly", "im:message.group_at_msg.include_bot:readonly", ALL_MESSAGES),
    ),
    Need("receive direct messages", ("im:message.p2p_msg:readonly", "im:message.p2p_msg"), needed=False),
    Need("send messages", ("im:message:send_as_bot", "im:message")),
    Need("update cards and withdraw answers", ("im:message:update", "im:message", "im:message:send_as_bot")),
    Need("show answers while they are written", ("cardkit:card:write",), needed=False),
    Need("react to a mention at once", ("im:message.reactions:write_only", "im:message"), needed=False),
    Need("hear 👍 and 👎 reactions", ("im:message.reactions:read", "im:message", "im:message:readonly"), needed=False),
    Need("read quoted messages and files", ("im:message:readonly", "im:message", "im:message.history:readonly")),
    Need("know groups, owners and managers", ("im:chat:read", "im:chat:readonly", "im:chat")),
    Need("know names", ("im:chat.members:read", "im:chat:readonly", "im:chat"), needed=False),
)
DOCUMENT_NEEDS = {
    "wiki": Need("list wikis", ("wiki:wiki:readonly", "wiki:wiki"), needed=False),
    "folder": Need("list folders", ("drive:drive:readonly", "drive:drive"), needed=False),
    "docx": Need("read documents", ("docx:document:readonly", "docx:document"), needed=False),
    "sheet": Need("read sheets", ("sheets:spreadsheet:readonly", "sheets:spreadsheet"), needed=False),
}


def examine_feishu(settings: Settings) -> Sequence[Finding]:
    """What the platform says about the app that ``[feishu]`` names."""
    try:
        return asyncio.run(_examine(settings))
    except ConfigError as error:
        return [Finding("error", SUBJECT, str(error))]
    except AdapterError as error:
        usual = "" if error.permanent else "check the network, the proxy and [feishu] domain"
        return [Finding("error", SUBJECT, str(error), FIXES.get(getattr(error, "code", 0), usual))]


async def _examine(settings: Settings) -> list[Finding]:
    from adapters.feishu.api import FeishuApi
    from adapters.feishu.client import Client

    client = Client(feishu_settings(settings))
    try:
        return [finding async for finding in _ask(FeishuApi(client), settings)]
    finally:
        await client.close()


async def _ask(api: FeishuApi, settings: Settings) -> AsyncIterator[Finding]:
    bot = await api.bot()
    section = settings.feishu
    yield Finding("ok", SUBJECT, f"{section.app_id} is {bot.get('app_name')} ({bot['open_id']}), {section.transport}")
    if bot.get("activate_status", 2) != 2:
        yield Finding("warning", SUBJECT, "the bot is not in use in this organisation yet", f"enable it, {PUBLISH}")
    if section.transport == "webhook" and not section.encrypt_key.get_secret_value():
        fix = "set encrypt_key to the one under 'Events & Callbacks > Encryption Strategy' of the app"
        yield Finding("warning", SUBJECT, "events come in the clear and unsigned: the token alone guards them", fix)
    async for finding in _chats(api):
        yield finding
    needs = (*NEEDS, *_document_needs(settings))
    async for finding in _permissions(api, needs, section.mode == "passive" or _some_group_listens(settings)):
        yield finding


async def _chats(api: FeishuApi) -> AsyncIterator[Finding]:
    try:
        chats = await api.chats()
    except AdapterError as error:
        yield Finding("warning", f"{SUBJECT} groups", str(error), f"add im:chat:read, {PUBLISH}")
        return
    if not chats:
        fix = "in a group: Settings > Bots > Add Bot; it can be found once a version is published"
        yield Finding("warning", f"{SUBJECT} groups", "the bot is in no group yet", fix)
        return
    shown = ", ".join(f"{chat.get('name') or 'unnamed'} (feishu:{chat['chat_id']})" for chat in chats[:SHOWN_CHATS])
    more = f" and {len(chats) - SHOWN_CHATS} more" if len(chats) > SHOWN_CHATS else ""
    yield Finding("ok", f"{SUBJECT} groups", f"{len(chats)}: {shown}{more}")


async def _permissions(api: FeishuApi, needs: Sequence[Need], listens: bool) -> AsyncIterator[Finding]:
    subject = f"{SUBJECT} permissions"
    try:
        granted = await api.scopes()
    except AdapterError as error:
        yield Finding("warning", subject, f"they cannot be listed: {error}", "compare them with docs/feishu.md")
        return
    missing = [need for need in needs if not granted.intersection(need.any_of)]
    for need in missing:
        fix = f"add {need.any_of[0]} under 'Permissions & Scopes', {PUBLISH}"
        yield Finding("error" if need.needed else "warning", subject, f"the bot cannot {need.what}", fix)
    if not missing:
        yield Finding("ok", subject, "all that are needed")
    if ALL_MESSAGES not in granted:
        yield _only_mentions(listens)


def _only_mentions(listens: bool) -> Finding:
    """Without the sensitive permission the platform hands on mentions alone: passive groups would stay silent."""
    detail = "only mentions arrive: other messages are neither answered nor known as context"
    if listens:
        fix = f"mode = passive needs {ALL_MESSAGES} (it has to be reviewed); add it, {PUBLISH}"
        return Finding("error", f"{SUBJECT} messages", detail, fix)
    return Finding("ok", f"{SUBJECT} messages", f"{detail}; {ALL_MESSAGES} would change that")


def _document_needs(settings: Settings) -> list[Need]:
    """What the entries of ``[knowledge] documents`` need."""
    entries = [entry for base in settings.knowledge for entry in split_entries(settings, base)[1]]
    scopes = {entry.scope for entry in entries if isinstance(entry, FeishuEntry)}
    kinds = [*sorted(scopes - {"docx"}), "docx", *(["sheet"] if scopes - {"docx"} else [])] if scopes else []
    return [DOCUMENT_NEEDS[kind] for kind in kinds]


def _some_group_listens(settings: Settings) -> bool:
    return any(name.startswith("feishu:") and group.mode == "passive" for name, group in settings.groups.items())
