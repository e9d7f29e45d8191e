"""Cuts a long reply into parts that a platform accepts, and names them. Knows no platform and sends nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace

from adapters.base import Message, Reply

_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)(.*)$")


def reply_key(message: Message, part: int, edition: int = 0) -> str:
    """The key of one part: the same for every attempt, 40 characters. ``edition`` counts withdrawn live replies."""
    name = "\x1f".join((message.conversation.platform, message.id, str(part), str(edition)))
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def split_reply(reply: Reply, max_chars: int) -> list[Reply]:
    """The reply in parts of at most ``max_chars`` characters of text, in order.

    It is cut between paragraphs, else between lines, else between sentences or words; a code block that must be cut is
    closed and opened again. A citation goes with each part that shows its ``[n]``, or with the last one.
    """
    if len(reply.text) <= max_chars:
        return [reply]
    texts = list(_pack(reply.text, max_chars))
    shown = [{c.n for c in reply.citations if f"[{c.n}]" in text} for text in texts]
    nowhere = {c.n for c in reply.citations} - set().union(*shown)
    shown[-1] |= nowhere
    last = len(texts) - 1
    return [
        replace(
            reply,
            text=text,
            citations=tuple(c for c in reply.citations if c.n in shown[i]),
            mention=reply.mention and i == 0,
            confidence=reply.confidence if i == last else None,
        )
        for i, text in enumerate(texts)
    ]


def _pack(text: str, max_chars: int) -> Iterator[str]:
    """Fill parts with as many whole paragraphs as fit."""
    part = ""
    for block in _blocks(text):
        joined = f"{part}\n\n{block}" if part else block
        if len(joined) <= max_chars:
            part = joined
            continue
        if part:
            yield part
        *full, part = _cut_block(block, max_chars)
        yield from full
    if part:
        yield part


def _blocks(text: str) -> list[str]:
    """Paragraphs; a fenced code block counts as one, blank lines included."""
    blocks: list[list[str]] = [[]]
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if not fence and not line.strip():
            blocks.append([])
            continue
        if found and not fence:
            blocks.append([])
            fence = found[1]
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
            blocks[-1].append(line)
            blocks.append([])
            continue
        blocks[-1].append(line)
    return ["\n".join(block) for block in blocks if block]


def _cut_block(block: str, max_chars: int) -> list[str]:
    """One paragraph or code block in pieces that fit, the last of which may still take more."""
    if len(block) <= max_chars:
        return [block]
    lines = block.split("\n")
    fence = _FENCE.match(lines[0])
    opening, closing = (lines[0], fence[1]) if fence else ("", "")
    frame = len(opening) + len(closing) + 2
    if not fence or frame + 10 > max_chars:
        return _fill(lines, max_chars)
    body = lines[1:-1] if lines[-1].strip() == closing else lines[1:]
    return [f"{opening}\n{piece}\n{closing}" for piece in _fill(body, max_chars - frame, code=True)]


def _fill(lines: list[str], max_chars: int, *, code: bool = False) -> list[str]:
    pieces: list[str] = []
    piece: str | None = None
    for line in lines:
        for bit in _cut_line(line, max_chars, code=code):
            joined = bit if piece is None else f"{piece}\n{bit}"
            if len(joined) <= max_chars:
                piece = joined
                continue
            if piece:
                pieces.append(piece)
            piece = bit
    return [*pieces, piece] if piece else pieces or [""]


def _cut_line(line: str, max_chars: int, *, code: bool) -> Iterator[str]:
    """A line in bits that fit: behind the last sentence end or space of its second half, else anywhere."""
    while len(line) > max_chars:
        at = max_chars
        ends = [] if code else [m.end() for m in re.finditer(r"[。！？；!?;]|[.,，、]?\s", line[:max_chars])]
        if ends and ends[-1] > max_chars // 2:
            at = ends[-1]
        yield line[:at].rstrip() if not code else line[:at]
        line = line[at:] if code else line[at:].lstrip()
    yield line
