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
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import KnowledgeError
from rag.knowledge import (
    CURRENT,
    MANIFEST,
    PASSAGES,
    VOCABULARY,
    Manifest,
    checksum,
    manifest_checksum,
    read_current,
    version_names,
)

_LOCK = ".lock"
_UNFINISHED = ".new-"


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
) -> Path:
    """Write a version and make it current; call it under `build_lock`.

    ``passages`` are lines as `rag.knowledge.Version.line` gives them, ``arrays`` go to ``<name>.npy``.

    Raises:
        KnowledgeError: it could not be written (disk full, for instance); nothing of it is left.
    """
    folder = root / manifest.base
    unfinished = folder / f"{_UNFINISHED}{manifest.version}"
    final = folder / manifest.version
    try:
        unfinished.mkdir()
        _write_files(unfinished, passages, terms, arrays)
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


def prune(root: Path, base: str, keep: int) -> list[str]:
    """Remove the oldest versions beyond ``keep``, never the current one; returns their names."""
    current = read_current(root, base)
    others = [name for name in version_names(root, base) if name != current]
    removed = others[: max(0, len(others) - max(0, keep - 1))]
    for name in removed:
        shutil.rmtree(root / base / name, ignore_errors=True)
    return removed


def _write_files(
    folder: Path, passages: Iterable[bytes], terms: Iterable[str], arrays: Mapping[str, NDArray[Any]]
) -> None:
    ends = [0]
    with (folder / PASSAGES).open("wb") as file:
        for line in passages:
            file.write(line)
            ends.append(ends[-1] + len(line))
        _sync(file)
    with (folder / VOCABULARY).open("w", encoding="utf-8", newline="\n") as text:
        text.writelines(f"{term}\n" for term in terms)
        _sync(text)
    for name, array in {**arrays, "passages_offsets": np.array(ends, np.int64)}.items():
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
