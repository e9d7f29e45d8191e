"""Tells a question that wants the bot's or an admin's own secret from one on how secrets are set. Knows no document."""

from __future__ import annotations

import re

_WHOSE = r"(?:管理员|群主|机器人|群答|你们?|运维)"
_WHAT = r"(?:token|api[_ -]?key|app[_ -]?secret|secret|password|密钥|口令|密码|令牌)"
_ASKED = re.compile(
    rf"{_WHOSE}\s*的?\s*(?:[\w-]{{1,12}}\s*的?\s*)?{_WHAT}\s*(?:是什么|是多少|是啥|是几|发|给|告诉|念|贴)"
    rf"|(?:给我|告诉我|发我|说说|把|泄露)[^。？?\n]{{0,6}}{_WHOSE}\s*的?\s*(?:[\w-]{{1,12}}\s*的?\s*)?{_WHAT}"
    rf"|\bwhat(?:'s| is| are)\s+(?:the\s+(?:admin|owner|bot)(?:'?s|’s)|your)\s+(?:\w+\s+)?{_WHAT}s?\b"
    rf"|\b(?:give|tell|send|show|reveal|leak)\s+(?:me|us)?\s*(?:the\s+(?:admin|owner|bot)(?:'?s|’s)|your)\s+(?:\w+\s+)?{_WHAT}s?\b",
    re.IGNORECASE,
)


def asks_for_secret(text: str) -> bool:
    """Whether somebody wants to be told such a secret: no document answers that, whatever words it shares."""
    return _ASKED.search(text) is not None
