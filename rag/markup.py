"""Turns Markdown as documents have it into Markdown as a chat shows it, without images, tags, directives and targets.

It knows no passage and no question. Code spans are left as they are.
"""

from __future__ import annotations

import html
import re

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)  # blocks, and what stands in ticks within a line
_CODE_SPAN = re.compile(r"(`+[^`\n]+`+)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_WHOLE_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_VISIBLE = re.compile(r"[^\n]")
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|body|br|center|code|col|colgroup|dd|del|details|div|dl|dt|em|figcaption|figure|font"
    r"|h[1-6]|head|hr|html|i|iframe|img|input|ins|kbd|li|link|mark|nobr|object|ol|p|picture|pre|s|samp|section|small"
    r"|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|video)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_OPEN_TAG = re.compile(r"</?(?:a|img|div|p|source|video|iframe)\s[^<>]*\Z", re.IGNORECASE)  # its end was cut off
_IMAGE = re.compile(r"!\[[^\]]*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])")
_LINK = re.compile(r"(?<!!)\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:?")
_REFERENCE = re.compile(r"^\s*\[[^\]]+\]:\s+\S+.*$", re.MULTILINE)
_ROLE = re.compile(r"\{[\w:+.-]+\}(?=`|\Z)")
_DIRECTIVE = re.compile(r"^\s*(?:[`~:]{3,}\s*(?:\{[^}]*\}.*)?|:[\w-]+:\s.*)$", re.MULTILINE)
_MARKED_UP = re.compile(r"[<>\[\]!&{}`:~\n\u00a0]|  | [,.;:!?，。；：！？、]")
_NEWLINES = re.compile(r"[^\S\n]*\n[^\S\n]*")
_BLANK_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[ \t\u00a0]{2,}")
_SPACE_BEFORE_STOP = re.compile(r" +(?=[,.;:!?，。；：！？、](?:\s|\Z))")
_HTTP = re.compile(r"https?://\S+")


def without_comments(text: str, *, in_place: bool = False) -> str:
    """``text`` without comments, which no reader of a page sees; ``in_place``: spaces stand where they stood."""
    if "<!--" not in text:
        return text
    return _WHOLE_COMMENT.sub(lambda match: _VISIBLE.sub(" ", match.group()) if in_place else "", text)


def shown(text: str) -> str:
    """``text`` without code blocks and tables as a chat can show it; empty where nothing of it can be shown."""
    if not _MARKED_UP.search(text):
        return text.strip()
    text = _REFERENCE.sub("", _DIRECTIVE.sub("", _COMMENT.sub("", text)))
    parts = _CODE_SPAN.split(text)
    for i in range(0, len(parts), 2):
        parts[i] = _prose(parts[i], before_code=i + 1 < len(parts))
    joined = _LINK.sub(r"\1", "".join(parts))  # again: the text of a link may hold code
    return _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", _NEWLINES.sub("\n", joined))).strip()


def _prose(text: str, *, before_code: bool) -> str:
    if text.isalnum():
        return text
    text = _ROLE.sub("", text) if before_code else text
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    text = _OPEN_TAG.sub("", _TAG.sub(" " if "<br" in text else "", _FOOTNOTE.sub("", text)))
    text = html.unescape(text) if "&" in text else text
    return _SPACE_BEFORE_STOP.sub("", text.replace("\u00a0", " "))


def says_something(text: str) -> bool:
    """Whether anything but links, images, addresses and tags stands in ``text``: badges and menus do not."""
    if not _MARKED_UP.search(text):
        return any(character.isalnum() for character in text)
    bare = _HTTP.sub("", _LINK.sub("", _IMAGE.sub("", _TAG.sub("", _COMMENT.sub("", text)))))
    return any(character.isalnum() for character in _DIRECTIVE.sub("", _REFERENCE.sub("", bare)))
