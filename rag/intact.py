"""Whether a version's files are as they were written, and the lock that keeps it from being pruned while it is open.

It knows names, sizes and checksums, not what the files mean.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMAT = 2
MANIFEST = "manifest.json"
_SAMPLE_BYTES = 4 << 20  # a larger file is checked at both ends only: opening stays fast at any size


class DamagedError(Exception):
    """Why a version cannot be used, to be read behind its name."""

    def __str__(self) -> str:
        return f"is damaged ({super().__str__()})"


class OtherFormatError(DamagedError):
    """It was written by another release."""

    def __str__(self) -> str:
        return f"is of another release ({Exception.__str__(self)})"


def verified(path: Path) -> Any:
    """The manifest of a version as JSON data.

    Raises:
        DamagedError: it, or one of the files that it names, is not as it was written.
    """
    try:
        text = (path / MANIFEST).read_text("utf-8")
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise OtherFormatError(f"it has format {data['format']}, this program reads {FORMAT}")
        body = {key: value for key, value in data.items() if key != "checksum"}
        if data["checksum"] != manifest_checksum(body):
            raise DamagedError(f"{MANIFEST} is not as it was written")
        for name, expected in data["files"].items():
            if list(checksum(path / name)) != expected:
                raise DamagedError(f"{name} is not as it was written")
        return data
    except FileNotFoundError as error:
        raise DamagedError(f"{Path(error.filename).name} is missing") from error
    except OSError as error:
        raise DamagedError(f"it cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(f"{MANIFEST} is not as it was written") from error


def checksum(path: Path) -> tuple[int, int]:
    """A file's size and a CRC-32 of its content, of both ends only where it is large."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _SAMPLE_BYTES:
            return size, zlib.crc32(file.read())
        crc = zlib.crc32(file.read(_SAMPLE_BYTES // 2))
        file.seek(-(_SAMPLE_BYTES // 2), 2)
        return size, zlib.crc32(file.read(), crc)


def manifest_checksum(body: Mapping[str, Any]) -> int:
    """The CRC-32 of a manifest without its own checksum."""
    return zlib.crc32(json.dumps(body, sort_keys=True).encode())


def hold(path: Path) -> int:
    """A descriptor of a version's folder, locked against being pruned; not where the file system has no locks."""
    handle = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DamagedError("it is being removed") from error
    except BaseException:
        os.close(handle)
        raise
    return handle
