"""Frames on the private pipe between the bot and its computing process: a length and a pickled value.

The one place that pickles. Both ends are processes of ours, started from one another, and nothing else can reach the
pipe; no file and no platform's bytes are ever unpickled.
"""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

_LENGTH = struct.Struct("!I")


def frame(value: Any) -> bytes:
    """A value as it goes over the pipe."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def read_frame(source: BinaryIO) -> Any:
    """The next value of a blocking source.

    Raises:
        EOFError: the other side is gone.
    """
    body = _read(source, *_LENGTH.unpack(_read(source, _LENGTH.size)))
    return pickle.loads(body)


@contextmanager
def pipes() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """A child's ends: what the parent sends, and where answers go; nothing else reads or writes there any more."""
    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb") as answers:
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a descriptor is wanted
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)  # what a library prints must not get between the frames
        yield requests, answers


def survives(value: Any) -> bool:
    """Whether a value comes out of the pipe as it went in; foreign exceptions may not."""
    try:
        return isinstance(pickle.loads(pickle.dumps(value)), type(value))
    except Exception:  # whatever a foreign class raises when it is taken apart or put together
        return False


def _read(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise EOFError
    return data


class Frames:
    """Puts frames together from the pieces in which they arrive."""

    def __init__(self) -> None:
        self._left = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """The values that are complete now."""
        self._left += data
        while len(self._left) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._left)[0]
            if len(self._left) < end:
                return
            body = bytes(self._left[_LENGTH.size : end])
            del self._left[:end]
            yield pickle.loads(body)
