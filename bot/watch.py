"""Tells which knowledge bases had a file saved, added or removed in their document folders.

It reads no document and builds nothing. One thread listens to the system's notices, or looks itself where those are
not to be had; bursts are told once, and what no document can come from is not told.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import threading
import time
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from loguru import logger

from rag.folders import TOOL_FOLDERS
from rag.formats.registry import is_read, suffix_of
from rag.ignore import IGNORE_FILE

QUIET_S = 0.25  # a burst has ended when nothing came for so long
BURST_S = 2.0  # one that does not end is told after so long, and then again
LOOK_S = 1.0  # between looks at the folders themselves, which may be deleted, made again or replaced
_LOOK_SHARE = 20  # looking takes at most one part in so many of the time

_Identity = tuple[int, int] | None
_TEMPORARY_ENDS = ("~", ".swp", ".swx", ".swo", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".bak")
_TEMPORARY_STARTS = (".", "~$", "#")


class DocumentWatch:
    """``roots`` are the folders of each base. ``poll``: look instead of listening, for network file systems."""

    def __init__(
        self, roots: Mapping[str, Sequence[Path]], *, poll: bool = False, ignored: Sequence[Path] = ()
    ) -> None:
        """``ignored``: folders below the roots that are no documents, the data folder for instance."""
        self._roots = {base: [Path(os.path.abspath(root)) for root in paths] for base, paths in roots.items()}  # noqa: PTH100 - links stay
        self._ignored = [f"{Path(os.path.abspath(path))}{os.sep}" for path in ignored]  # noqa: PTH100
        self._poll = poll
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._noted = asyncio.Event()

    async def changes(self) -> AsyncGenerator[frozenset[str], None]:
        """The bases that changed, at first all of them: nobody knows what happened before. Until it is closed."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._run, args=(loop,), name="watch", daemon=True)
        thread.start()
        try:
            while True:
                await self._noted.wait()
                self._noted.clear()
                with self._lock:
                    changed = frozenset(self._changed)
                    self._changed.clear()
                if changed:
                    yield changed
        finally:
            self._stop.set()
            await asyncio.to_thread(thread.join)

    def again(self, base: str) -> None:
        """Tell this base once more; to be called on the event loop."""
        with self._lock:
            self._changed.add(base)
        self._noted.set()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread: the boundary round whatever the system's notices come up with."""
        if not self._poll:
            try:
                self._listen(loop)
            except OSError as error:  # the system's limit on watched folders, mostly
                logger.warning("document folders cannot be listened to ({}); they are looked at instead", error)
            except Exception:
                logger.exception("listening to document folders failed; they are looked at instead")
        while not self._stop.is_set():
            try:
                self._look(loop)
            except Exception:
                logger.exception("looking at document folders failed")
                self._stop.wait(LOOK_S)

    def _tell(self, loop: asyncio.AbstractEventLoop, bases: Iterable[str]) -> None:
        with self._lock:
            self._changed |= set(bases)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._noted.set)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        from watchfiles import Change, watch

        known: dict[Path, _Identity] = {}
        while not self._stop.is_set():
            now = self._identities()
            pending = self._of(root for root, identity in now.items() if identity != known.get(root, (0, 0)))
            known, there = now, [root for root, identity in now.items() if identity is not None]
            if not there:
                self._tell(loop, pending)
                self._stop.wait(LOOK_S)
                continue
            for changes in watch(
                *there,
                watch_filter=None,
                stop_event=self._stop,
                yield_on_timeout=True,
                ignore_permission_denied=True,
                raise_interrupt=False,
                force_polling=False,
                debounce=int(BURST_S * 1000),
                step=int(QUIET_S * 1000),
                rust_timeout=int(LOOK_S * 1000),
            ):
                # What changed before the system listened is found by a build that begins after that.
                pending |= self.concerned(path for _, path in changes)
                if pending:
                    self._tell(loop, pending)
                pending = set()
                # A folder that is made again at once may have the number of the one before.
                lost = {path for change, path in changes if change == Change.deleted} & set(map(str, there))
                known.update({root: (0, 0) for root in there if str(root) in lost})
                if self._identities() != known:
                    break

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        seen: dict[Path, int] | None = None
        pause_s = 0.0
        while not self._stop.wait(pause_s):
            started = time.monotonic()
            now = self._fingerprints()
            took_s = time.monotonic() - started
            before, seen = seen, now
            changed = self._of(root for root in now if before is None or before.get(root) != now[root])
            if changed and before is not None:
                seen = self._settled(now, started)
                changed |= self._of(root for root in seen if before.get(root) != seen[root])
            if changed:
                self._tell(loop, changed)
            pause_s = max(LOOK_S, _LOOK_SHARE * took_s)

    def _settled(self, now: dict[Path, int], started: float) -> dict[Path, int]:
        """The fingerprints once they stay the same, or after as long as a burst may take."""
        while time.monotonic() - started < BURST_S and not self._stop.wait(QUIET_S):
            before, now = now, self._fingerprints()
            if before == now:
                break
        return now

    def _all_roots(self) -> list[Path]:
        return list(dict.fromkeys(root for roots in self._roots.values() for root in roots))

    def _identities(self) -> dict[Path, _Identity]:
        return {root: _identity(root) for root in self._all_roots()}

    def _fingerprints(self) -> dict[Path, int]:
        return {root: _fingerprint(root, self._ignored) for root in self._all_roots()}

    def _of(self, roots: Iterable[Path]) -> set[str]:
        changed = set(roots)
        return {base for base, paths in self._roots.items() if not changed.isdisjoint(paths)}

    def concerned(self, paths: Iterable[str]) -> set[str]:
        """The bases that may look different after a change of these paths."""
        left, found = dict(self._roots), set[str]()
        for path in paths:
            for base in [base for base, roots in left.items() if any(self._may_matter(path, root) for root in roots)]:
                found.add(base)
                del left[base]
            if not left:
                break
        return found

    def _may_matter(self, path: str, root: Path) -> bool:
        if path == str(root):
            return True
        below = f"{root}{os.sep}"
        ignored = tuple(folder for folder in self._ignored if folder.startswith(below))
        if not path.startswith(below) or path.startswith(ignored):
            return False
        if path == f"{below}{IGNORE_FILE}":
            return True
        parts = Path(path[len(below) :]).parts
        if not TOOL_FOLDERS.isdisjoint(parts):
            return False
        if is_read(suffix_of(Path(path).name)):
            return not _is_temporary(parts[-1])
        try:
            return stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - there may be very many
        except OSError:  # gone: it may have been a folder
            return not _is_temporary(parts[-1])


def _is_temporary(name: str) -> bool:
    """What programs write beside a document while they save it, and hidden files, which are never read."""
    return name.startswith(_TEMPORARY_STARTS) or name.lower().endswith(_TEMPORARY_ENDS)


def _identity(root: Path) -> _Identity:
    """Which folder this is; another one of the same name, or none, has to be listened to anew."""
    try:
        status = root.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _fingerprint(root: Path, ignored: Collection[str]) -> int:
    """A number that changes when a document below ``root`` does; -1 where there is no such folder."""
    try:
        status = root.stat()
    except OSError:
        return -1
    if not stat.S_ISDIR(status.st_mode):
        return hash((status.st_ino, status.st_mtime_ns, status.st_size))
    result, pending, seen = hash(status.st_ino), [str(root)], {(status.st_dev, status.st_ino)}
    while pending:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    identity = (status.st_dev, status.st_ino)
                    if stat.S_ISDIR(status.st_mode):
                        taken_out = entry.name in TOOL_FOLDERS or f"{entry.path}{os.sep}" in ignored
                        if not taken_out and identity not in seen:
                            seen.add(identity)
                            pending.append(entry.path)
                    elif entry.path == f"{root}{os.sep}{IGNORE_FILE}" or (
                        is_read(suffix_of(entry.name)) and not _is_temporary(entry.name)
                    ):
                        result ^= hash((entry.path, status.st_mtime_ns, status.st_size, status.st_ino))
    return result
