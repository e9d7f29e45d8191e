"""Fetches one file over HTTP so that nothing is fetched twice: a transfer that broke, or whose program was killed, goes
on at the byte where it ended, and what does not have the right hash is not kept. Knows no hub.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from rag.base import ModelError

Step = Callable[[str, int, int], None]

ATTEMPTS = 5  # in a row without one new byte
_CHUNK = 1 << 18
_GB = 1e9


@dataclass(frozen=True)
class RemoteFile:
    """Where a file is and what it has to be."""

    name: str
    url: str
    size: int
    sha256: str
    headers: Mapping[str, str] = field(default_factory=dict)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """A key is for the hub, not for the storage that it sends us to."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")
        return new


def fetch(
    file: RemoteFile,
    target: Path,
    step: Step,
    *,
    timeout_s: float = 30,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Download to ``target``, which appears whole or not at all; ``<target>.incomplete`` is what is there so far.

    Raises:
        ModelError: the file cannot be had, or is not what it should be; the message says how to go on.
    """
    from filelock import FileLock, Timeout

    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.incomplete")
    lock = Path(f"{part}.lock")
    try:
        with FileLock(lock, timeout=0):
            _complete(file, part, step, timeout_s, wait)
            _check(file, part)
            part.replace(target)
            lock.unlink(missing_ok=True)
    except Timeout as error:
        raise ModelError(f"another program is downloading {file.name} now: wait for it, or end it") from error


def _complete(file: RemoteFile, part: Path, step: Step, timeout_s: float, wait: Callable[[float], None]) -> None:
    failures = 0
    while (there := _size(part)) < file.size:
        _check_disk(file, part, there)
        try:
            _continue(file, part, there, step, timeout_s)
            reason = "the connection ended early"
        except urllib.error.HTTPError as error:
            if error.code == 416:  # there is more here than the file has
                part.unlink(missing_ok=True)
            elif error.code < 500 and error.code not in (408, 429):
                raise ModelError(_stopped(file, part, f"the hub refuses it with status {error.code}")) from error
            reason = f"status {error.code}"
        except (OSError, HTTPException) as error:
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
                raise ModelError(_no_room(file, part)) from error
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        failures = 0 if _size(part) > there else failures + 1
        if failures == ATTEMPTS:
            raise ModelError(_stopped(file, part, reason))
        if failures:
            wait(failures)


def _continue(file: RemoteFile, part: Path, there: int, step: Step, timeout_s: float) -> None:
    """One request for what is missing."""
    asked = {**file.headers, "User-Agent": "qunda", "Accept-Encoding": "identity"}
    if there:
        asked["Range"] = f"bytes={there}-"
    opener = urllib.request.build_opener(_Redirects)
    with opener.open(urllib.request.Request(file.url, headers=asked), timeout=timeout_s) as response:
        continues = response.status == 206 and _starts_at(response, there)
        with part.open("ab" if continues else "wb", buffering=0) as out:
            done = there if continues else 0
            while chunk := response.read1(_CHUNK):
                out.write(chunk)
                done += len(chunk)
                step(file.name, min(done, file.size), file.size)


def _starts_at(response: Any, there: int) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {there}-")


def _check(file: RemoteFile, part: Path) -> None:
    """Compare what came with what was announced; what is wrong is deleted, because no resuming can mend it."""
    digest = hashlib.sha256()
    with part.open("rb") as content:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
    if _size(part) == file.size and digest.hexdigest() == file.sha256:
        return
    part.unlink()
    raise ModelError(
        f"{file.name} arrived damaged (its hash is not the announced one) and was deleted: run the command again; if "
        "it stays so, a proxy or the mirror changes files: use another HF_ENDPOINT or source = modelscope"
    )


def _check_disk(file: RemoteFile, part: Path, there: int) -> None:
    if shutil.disk_usage(part.parent).free < file.size - there:
        raise ModelError(_no_room(file, part))


def _no_room(file: RemoteFile, part: Path) -> str:
    return (
        f"{file.name} needs {(file.size - _size(part)) / _GB:.1f} GB more and {part.parent} has no room for it: free "
        "some, or set HF_HOME to a folder on a larger disk"
    )


def _stopped(file: RemoteFile, part: Path, reason: str) -> str:
    done = f"{_size(part) / _GB:.2f} of {file.size / _GB:.2f} GB"
    return f"{file.name} was not downloaded ({reason}): run the command again, it goes on after {done}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
