"""The files of document folders with their bytes, format and digest, those inside of archives too. It parses none.

It knows no documents; whatever is wrong with a file before it is parsed becomes its ``problem``.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.folders import is_left_out, prefixes, printable, walk
from rag.formats.archive import members
from rag.formats.base import ConversionError, Limits
from rag.formats.pairs import may_hold_pairs
from rag.formats.registry import ARCHIVES, FORMATS, Format, choose, is_read, suffix_of
from rag.formats.sniff import sniff

_NONE = FORMATS[0]


class _UnreadableError(Exception):
    """Why the bytes of a file cannot be had."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to parse, or the ``problem`` for which it cannot be. ``digest`` is of its bytes, its uri and its format.

    ``notice`` is what to tell about it all the same.
    """

    uri: str
    data: bytes = b""
    format: Format = _NONE
    digest: str = ""
    notice: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.uri.rpartition("/")[2]


def found_files(
    roots: Sequence[Path], limits: Limits, begins: Sequence[str] | None = None, own: Path | None = None
) -> Iterator[Found]:
    """Every file below ``roots`` that may be a document, in a fixed order.

    ``begins``: what the uris of each root begin with. ``own``: see `walk`.
    """
    for root, prefix in zip(roots, begins or prefixes(roots), strict=True):
        for path, uri, problem in walk(root, prefix, own=own):
            try:
                data = b"" if problem else _bytes(path, limits.file_mb)
            except _UnreadableError as error:
                problem = str(error)
            except FileNotFoundError:
                problem = "it vanished while the folder was read"
            except OSError as error:
                problem = f"it cannot be read: {error.strerror or error}"
            if problem:
                yield Found(uri, problem=problem)
            else:
                yield from _found(uri, data, limits, 0)


def is_pairs(path: Path) -> bool:
    """Whether a JSON file holds questions with answers; others are no documents."""
    try:
        return may_hold_pairs(_bytes(path, Limits().file_mb))
    except (OSError, _UnreadableError):
        return True  # its failure is told elsewhere


def kept_apart(file: Found) -> bool:
    """Whether a file is parsed in a process of its own."""
    return file.format.apart


def _found(uri: str, data: bytes, limits: Limits, depth: int) -> Iterator[Found]:
    """One file; or those in it, where it is an archive."""
    suffix = suffix_of(uri)
    if not data.strip():
        yield Found(uri, problem="empty")
    elif suffix in ARCHIVES and sniff(data) in ("zip", "broken zip"):
        yield from _unpacked(uri, data, limits, depth)
    elif suffix != ".json" or may_hold_pairs(data):
        try:
            chosen, notice = choose(uri, data)
        except ConversionError as error:
            yield Found(uri, problem=str(error))
            return
        yield Found(uri, data, chosen, _digest(uri, data, chosen, limits), notice)


def _unpacked(uri: str, data: bytes, limits: Limits, depth: int) -> Iterator[Found]:
    if depth >= limits.depth:
        yield Found(uri, problem=f"archives in archives are read {limits.depth} deep; unpack it")
        return
    try:
        for member in members(data, limits):
            inner = f"{uri}/{printable(member.name)}" if member.name else uri
            if member.problem:
                yield Found(inner, problem=member.problem)
            elif not is_left_out(member.name) and is_read(suffix_of(member.name)):
                yield from _found(inner, member.data, limits, depth + 1)
    except ConversionError as error:
        yield Found(uri, problem=str(error))


def _digest(uri: str, data: bytes, chosen: Format, limits: Limits) -> str:
    """Changes when the file would be read in another way: other bytes, another converter, other limits of it."""
    bounds = f"{limits.pages}/{limits.ocr_pages}/{limits.cells}/{limits.seconds:g}" if chosen.apart else ""
    head = f"{chosen.id}\0{bounds}\0{uri}\0".encode("utf-8", "surrogateescape")
    return hashlib.sha256(head + data).hexdigest()[:32]


def _bytes(path: Path, max_file_mb: float) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise _UnreadableError("not a regular file")
    limit = int(max_file_mb * 1e6)
    with path.open("rb") as file:
        data = file.read(limit + 1)  # no more, even if it grew since
    if len(data) > limit:
        size = max(status.st_size, len(data)) / 1e6
        raise _UnreadableError(f"{size:.1f} MB, over the limit of {max_file_mb:g} MB (max_file_mb in [knowledge])")
    return data
