"""Archives: unpacks their members within limits, and refuses what expands beyond them. It reads no document."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.formats.base import ConversionError, Limits

_SMALL = 2_000_000  # bytes up to which any ratio will do
# What libraries raise on damaged office files, beside errors of their own.
OFFICE_ERRORS = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, SyntaxError, OSError, EOFError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, struct.error),
)
_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive, or in place of its bytes the reason why it cannot be read."""

    name: str
    data: bytes = b""
    problem: str = ""


def members(data: bytes, limits: Limits) -> Iterator[Member]:
    """The files of an archive in the order of their names; whatever is over a limit is named with its reason.

    Raises:
        ConversionError: it is no readable archive, or a bomb.
    """
    with _opened(data) as archive:
        infos = sorted((info for info in archive.infolist() if not info.is_dir()), key=_name)
        over = infos[limits.members :]
        unpacked = 0
        for info in infos[: limits.members]:
            member = _member(archive, info, limits)
            unpacked += len(member.data)
            if unpacked > limits.expanded_mb * 1e6:
                raise ConversionError(_too_large(limits))
            yield member
        if over:
            yield Member("", problem=f"{len(over):,} more files were left out: the limit is {limits.members:,}")


def check_expansion(data: bytes, limits: Limits) -> None:
    """Refuse an office file that unpacks beyond the limits.

    Raises:
        ConversionError: it does, or it is damaged.
    """
    with _opened(data) as archive:
        infos = archive.infolist()
        for info in infos:
            if _is_bomb(info, limits):
                raise ConversionError(_bomb(info))
        if sum(info.file_size for info in infos) > limits.expanded_mb * 1e6:
            raise ConversionError(_too_large(limits))


def _opened(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _ERRORS as error:
        raise ConversionError("truncated or damaged: no readable archive; copy it again") from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> Member:
    name = _name(info)
    if info.flag_bits & 1:
        return Member(name, problem="password-protected: unpack it and put its files there")
    if _is_bomb(info, limits):
        return Member(name, problem=_bomb(info))
    limit = int(limits.file_mb * 1e6)
    try:
        with archive.open(info) as file:
            data = file.read(limit + 1)  # no more, whatever its header says
    except RuntimeError as error:  # an unknown method of compression is a subclass of it
        return Member(name, problem=f"it cannot be unpacked: {error}")
    except _ERRORS:
        return Member(name, problem="damaged within the archive; make the archive again")
    if len(data) > limit:
        size = max(info.file_size, len(data)) / 1e6
        return Member(
            name, problem=f"{size:.1f} MB, over the limit of {limits.file_mb:g} MB (max_file_mb in [knowledge])"
        )
    return Member(name, data)


def _is_bomb(info: zipfile.ZipInfo, limits: Limits) -> bool:
    return info.file_size > max(_SMALL, limits.ratio * max(info.compress_size, 1))


def _bomb(info: zipfile.ZipInfo) -> str:
    ratio = info.file_size / max(info.compress_size, 1)
    return f"it would unpack to {info.file_size / 1e6:,.0f} MB, {ratio:,.0f} times its size: taken for a zip bomb"


def _too_large(limits: Limits) -> str:
    return f"it unpacks to more than {limits.expanded_mb:g} MB in all; unpack it and leave out what is not needed"


def _name(info: zipfile.ZipInfo) -> str:
    """A member's path below the archive; names that are not UTF-8 are mostly GB18030, and none leads out of it."""
    name = info.filename
    if not info.flag_bits & 0x800:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))


def names_in(path: Path) -> list[str]:
    """The names of the files in an archive, none where it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [_name(info) for info in archive.infolist() if not info.is_dir()]
    except _ERRORS:
        return []
