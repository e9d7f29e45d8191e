"""Writes a knowledge version beside the others and makes it current: locked, fsynced, atomic.

It knows no documents and no model. Whatever fails, the version that was current stays so.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import KnowledgeError
from rag.intact import MANIFEST, checksum, manifest_checksum
from rag.knowledge import CURRENT, DEFINITIONS, PASSAGES, VOCABULARY, read_current, version_names
from rag.manifest import Manifest

_LOCK = ".lock"
_UNFINISHED = ".new-"
_BUFFER_BYTES = 1 << 20
_LINE_END = ord("\n")


@contextlib.contextmanager
def build_lock(root: Path, base: str) -> Iterator[None]:
    """Hold the right to build a base; it ends with the process at the latest. Clears what a killed build left behind.

    Raises:
        KnowledgeError: another build holds it (the error names its pid), or the folder cannot be written.
    """
    folder = root / base
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((folder / _LOCK).open("a+"))
        except OSError as error:
            raise KnowledgeError(
                f"{folder} cannot be written ({error.strerror}): mend its permissions or use another --data"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise KnowledgeError(
                f"another build of the knowledge base {base!r} is running (pid {holder}): wait for it or stop it"
            ) from error
        with contextlib.suppress(OSError):  # the pid is for people only, and a full disk is told where it matters
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        for left in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def publish(
    root: Path,
    manifest: Manifest,
    passages: Iterable[bytes],
    terms: Iterable[str],
    arrays: Mapping[str, NDArray[Any]],
    definitions: Iterable[bytes] = (),
) -> Path:
    """Write a version and make it current; call it under `build_lock`.

    ``passages`` are whole lines as `rag.knowledge.Version.lines` gives them, ``arrays`` go to ``<name>.npy``,
    ``definitions`` are lines of `rag.definitions`.

    Raises:
        KnowledgeError: it could not be written (disk full, for instance); nothing of it is left.
    """
    folder = root / manifest.base
    unfinished = folder / f"{_UNFINISHED}{manifest.version}"
    final = folder / manifest.version
    try:
        unfinished.mkdir()
        _write_files(unfinished, passages, terms, arrays)
        with (unfinished / DEFINITIONS).open("wb", _BUFFER_BYTES) as file:
            file.writelines(definitions)
            _sync(file)
        _write_manifest(unfinished, manifest)
        _sync_folder(unfinished)
        unfinished.rename(final)
        _sync_folder(folder)
        _point_to(folder, manifest.version)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if read_current(root, manifest.base) != manifest.version:
            shutil.rmtree(final, ignore_errors=True)
        raise KnowledgeError(
            f"the new version of the knowledge base {manifest.base!r} could not be written to {folder} "
            f"({error.strerror or error}): the old one stays in use; make room there and build again"
        ) from error
    except BaseException:  # cancelled, or a bug: leave nothing half-written either way
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return final


def new_version_name(root: Path, base: str, now: datetime) -> str:
    """Time first: names sort by age. A number keeps builds of one second, or of a clock set back, in order."""
    stamp, newest = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S"), max(version_names(root, base), default="")
    stamp, n = max(stamp, newest.rpartition("-")[0]), 0
    while f"{stamp}-{n:04d}" <= newest:
        n += 1
    return f"{stamp}-{n:04d}"


def prune(root: Path, base: str, keep: int) -> list[str]:
    """Remove the oldest versions beyond ``keep``; returns their names.

    Never the current one, and none that anybody has open: those go with a later build.
    """
    current = read_current(root, base)
    others = [name for name in version_names(root, base) if name != current]
    surplus = others[: max(0, len(others) - max(0, keep - 1))]
    return [name for name in surplus if _remove(root / base / name)]


def _remove(version: Path) -> bool:
    """Delete a version, unless a `rag.knowledge.Version` holds it."""
    try:
        handle = os.open(version, os.O_RDONLY)
    except OSError:  # gone already
        return False
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        shutil.rmtree(version, ignore_errors=True)
    finally:
        os.close(handle)
    return True


def _write_files(
    folder: Path, passages: Iterable[bytes], terms: Iterable[str], arrays: Mapping[str, NDArray[Any]]
) -> None:
    written, ends = 0, [np.zeros(1, np.int64)]
    with (folder / PASSAGES).open("wb", _BUFFER_BYTES) as file:
        for lines in passages:
            file.write(lines)
            if lines:  # a document may have no passage
                ends.append(np.flatnonzero(np.frombuffer(lines, np.uint8) == _LINE_END) + written + 1)
            written += len(lines)
        _sync(file)
    with (folder / VOCABULARY).open("w", encoding="utf-8", newline="\n") as text:
        text.writelines(f"{term}\n" for term in terms)
        _sync(text)
    for name, array in {**arrays, "passages_offsets": np.concatenate(ends)}.items():
        with (folder / f"{name}.npy").open("wb") as file:
            # Not np.save: on a full disk it raises an error without its number.
            array = np.ascontiguousarray(array)
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
            file.write(array.data if array.size else b"")
            _sync(file)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    names = sorted(path.name for path in folder.iterdir())
    body = json.loads(json.dumps({**manifest.as_dict(), "files": {name: checksum(folder / name) for name in names}}))
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump({**body, "checksum": manifest_checksum(body)}, file, ensure_ascii=False)
        _sync(file)


def _point_to(folder: Path, version: str) -> None:
    beside = folder / f".{CURRENT}"
    with beside.open("w", encoding="utf-8") as file:
        file.write(f"{version}\n")
        _sync(file)
    beside.replace(folder / CURRENT)
    _sync_folder(folder)


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
