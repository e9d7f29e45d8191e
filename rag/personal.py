"""Takes what identifies members out of text that goes into a prompt: numbers, addresses and ids. Names stay.

It knows no prompt. What stands in the documents as well is the documents' own, and can be kept.
"""

from __future__ import annotations

import re

_EMAIL = re.compile(r"(?<![\w.+-])(?!git@)[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-])", re.ASCII)
_ID_CARD = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])",
    re.ASCII,
)
_MOBILE = re.compile(r"(?<![\w.+-])(?:(?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\w-]|\.\d)", re.ASCII)
_ABROAD = re.compile(r"(?<![\w.+-])\+[1-9]\d{0,2}(?:[- .]?\(?\d{2,4}\)?){2,4}(?![\w-]|\.\d)", re.ASCII)
_CARD = re.compile(r"(?<![\w.+-])[3-6]\d{3}(?:[ -]?\d{4}){2,3}(?:[ -]?\d{1,3})?(?![\w-]|\.\d)", re.ASCII)
_ACCOUNT = re.compile(
    r"(?<![\w])(?:o[unc]_[0-9a-f]{16,40}|wxid_\w{4,40}|gh_[0-9a-f]{8,20}|\d{6,20}@chatroom)(?![\w])", re.ASCII
)
_CHAT_ID = re.compile(
    r"(?:(?<![A-Za-z])QQ号?[:：是为 ]{0,3}[1-9]\d{4,11}"
    r"|(?:微信号|(?<![A-Za-z])vx)[:：是为 ]{1,3}[A-Za-z][\w-]{5,19})(?![\w-])",
    re.ASCII | re.IGNORECASE,
)
_KINDS = (
    (_EMAIL, "[email]"),
    (_CHAT_ID, "[id]"),
    (_ACCOUNT, "[id]"),
    (_ID_CARD, "[id number]"),
    (_MOBILE, "[phone]"),
    (_ABROAD, "[phone]"),
)


def without_personal(text: str, known: str = "") -> str:
    """``text`` with a mark in place of each e-mail address, phone, identity or bank card number and platform id.

    What also stands in ``known`` (the passages, which are no member's) stays.
    """
    for pattern, mark in _KINDS:
        text = pattern.sub(lambda m, mark=mark: m.group() if m.group() in known else mark, text)  # type: ignore[misc]
    return _CARD.sub(lambda m: m.group() if m.group() in known or not _is_card(m.group()) else "[card]", text)


def _is_card(number: str) -> bool:
    """Luhn's check, which nine in ten other numbers fail."""
    digits = [int(sign) for sign in number if sign.isdigit()]
    total = sum(d if n % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for n, d in enumerate(reversed(digits)))
    return 15 <= len(digits) <= 19 and total % 10 == 0
