"""Cuts an answer in Markdown into the pieces that are verified one by one, and puts what is kept together again.

A piece is a sentence with the marks behind it, a list item's first sentence with its bullet, a table row, a heading, or
a code block. It knows no passage and no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["sentence", "heading", "row", "code"]
MARK = re.compile(r"[\[【［]\s*\^?\s*(\d{1,3}(?:\s*[,，、;；]\s*\^?\d{1,3})*)\s*[\]】］](?!\()")
_MARKS = rf"(?:\s*{MARK.pattern})*"
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_BULLET = re.compile(r"\s*(?:[-*•+]\s+|\d{1,2}(?:[.)]\s+|[、．]\s*)|[（(]\d{1,2}[)）]\s*|>\s*)?")
_END = re.compile(
    r"(?:[。！？!?]+[」』”’\"'）)】》*]*"
    r"|(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bDr)(?<!\bMr)(?<!\bNo)(?<!\betc)\.[\"')\]*]*(?=\s+[^\sa-z]|\s*$|\s*[\[【]))"
    + _MARKS
)


@dataclass(frozen=True, slots=True)
class Piece:
    """``lead`` stands before it (line breaks, spaces, bullet), ``text`` is without marks; ``marks`` are its numbers.

    ``parts`` are the stretches that end in marks, each with them: what every mark was set behind; ``written`` is the
    text as it came, with them.
    """

    kind: Kind
    lead: str
    text: str
    marks: tuple[int, ...] = ()
    parts: tuple[tuple[str, tuple[int, ...]], ...] = ()
    written: str = ""


def cut(text: str) -> list[Piece]:
    """The pieces of an answer, in order."""
    pieces: list[Piece] = []
    breaks, fence, block = "", "", [""]
    for line in text.strip().splitlines():
        opening = _FENCE.match(line)
        if fence:
            block.append(line)
            if opening and opening.group(1)[:3] == fence:
                pieces.append(Piece("code", breaks, "\n".join(block)))
                fence, breaks = "", "\n"
        elif opening:
            fence, block = opening.group(1)[:3], [line]
        elif not line.strip():
            breaks += "\n"
        else:
            found = list(_line(line))
            pieces += [replace(found[0], lead=breaks + found[0].lead), *found[1:]] if found else []
            breaks = "\n"
    if fence:
        pieces.append(Piece("code", breaks, "\n".join([*block, fence])))
    return pieces


def join(pieces: Sequence[Piece]) -> str:
    """The text of the pieces with their marks; numbered items are counted anew."""
    parts, number = [], 0
    for piece in pieces:
        lead = piece.lead
        if match := re.search(r"(\d{1,2})([.)]\s+|[、．]\s*)$", lead):
            number += 1
            lead = lead[: match.start()] + (f"{number}{match.group(2)}")
        parts.append(lead + _marked(piece))
    return "".join(parts).strip()


def _marked(piece: Piece) -> str:
    if not piece.marks:
        return piece.text
    if piece.kind == "sentence" and piece.written and set(piece.marks) <= {n for _, own in piece.parts for n in own}:
        return MARK.sub(
            lambda match: "".join(f"[{n}]" for n in _numbers(match.group()) if n in piece.marks), piece.written
        )
    marks = "".join(f"[{n}]" for n in piece.marks)
    if piece.kind == "code":
        return f"{piece.text}\n{marks}"
    if piece.kind == "row":
        return piece.text
    end = re.search(r"[。！？!?.]*[」』”’\"'）)】》*]*$", piece.text)
    at = end.start() if end else len(piece.text)
    return f"{piece.text[:at].rstrip()} {marks}{piece.text[at:]}"


def _line(line: str) -> Iterator[Piece]:
    if line.lstrip().startswith("#"):
        yield Piece("heading", "", MARK.sub("", line).rstrip())
        return
    if line.lstrip().startswith("|"):
        yield Piece("row", "", MARK.sub("", line), _numbers(line))
        return
    bullet = _BULLET.match(line)
    start = bullet.end() if bullet else 0
    lead, position = line[:start], start
    for match in _END.finditer(line, start):
        if line[position : match.end()].count("`") % 2:
            continue  # inside code
        yield _sentence(lead, line[position : match.end()])
        position, lead = match.end(), ""
    if line[position:].strip():
        yield _sentence(lead, line[position:])


def _sentence(lead: str, text: str) -> Piece:
    parts, position = [], 0
    for match in re.finditer(rf"(?:{MARK.pattern}\s*)+", text):
        if text[: match.start()].count("`") % 2 == 0:
            parts.append((text[position : match.start()], _numbers(match.group())))
            position = match.end()
    bare = "".join(part for part, _ in parts) + text[position:]
    bare = re.sub(r"\s+([。，；！？,.;!?])", r"\1", bare)
    space = " " if bare[:1].isspace() and not lead else ""
    marks = tuple(dict.fromkeys(n for _, numbers in parts for n in numbers))
    return Piece("sentence", lead + space, bare.strip(), marks, tuple(parts), text.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(n) for match in MARK.finditer(text) for n in re.findall(r"\d+", match.group(1))))
