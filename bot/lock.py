"""One running bot per data folder. Knows nothing of what is in the folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DataLockError(Exception):
    """Another process runs on this data folder, or the folder cannot be written."""


@contextmanager
def lock_data(data: Path) -> Iterator[None]:
    """Hold the folder for this process. The system lets go of it when the process ends, however that happens.

    Raises:
        DataLockError: it is held; the message names the process.
    """
    file = data / "qunda.lock"
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise DataLockError(f"{file} cannot be written: {error.strerror}; check the rights of {data}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            raise DataLockError(
                f"the data folder {data} is in use by process {pid}; stop that one, or give this one its own --data"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)  # the file stays: removing it would let two processes lock two different files
