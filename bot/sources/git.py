"""Fetches git repositories with the git program: one commit deep, no hooks, no submodules, no questions asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from bot.sources.base import Fetched, Limits, Shelf, SourceError, now_text, size_of
from bot.sources.entries import GitEntry, TrackedEntry, public_url, web_address

LOOK_S = 0.5  # how often the size of what comes in is looked at
_OPTIONS = {
    "core.hooksPath": os.devnull,
    "core.symlinks": "false",  # a link of a repository could lead to any file of this machine
    "core.fsmonitor": "false",
    "core.logAllRefUpdates": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "protocol.ext.allow": "never",
    "advice.detachedHead": "false",
    "gc.auto": "0",
    "filter.lfs.required": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
}
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GCM_INTERACTIVE": "never",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C",
}
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=15"
_LOCAL = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")  # of a hook that we may run under


async def fetch_repository(entry: GitEntry, shelf: Shelf, limits: Limits) -> Fetched:
    """Bring the checkout to the newest commit of the branch, however its history was rewritten.

    Raises:
        SourceError: it cannot be had; the last checkout stays as it was.
    """
    async with _time_limit(limits.source_timeout_s):
        await _make_ready(shelf.folder)
        before = shelf.read().get("commit", "")
        ref = entry.ref or "HEAD"
        pull = ("fetch", "-q", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", entry.url, ref)
        await _bounded(shelf.folder, limits, *pull)
        commit = (await run_git("rev-parse", "FETCH_HEAD", folder=shelf.folder)).strip()
        await _check_size(shelf.folder, commit, entry, limits)
        await run_git("checkout", "-q", "--force", "--detach", commit, folder=shelf.folder)
        await run_git("clean", "-ffdxq", folder=shelf.folder)
        if before and commit != before:
            await run_git("gc", "--quiet", "--prune=now", folder=shelf.folder)  # else each pull would add to the disk
    shelf.write({"commit": commit, "fetched_at": now_text()})
    return checked_out(entry, shelf, "" if commit == before else f"{before[:10] or 'nothing'} → {commit[:10]}")


async def _make_ready(folder: Path) -> None:
    """A repository to fetch into; one that is damaged is made anew."""
    if _has_repository(folder):
        try:
            await run_git("rev-parse", "--git-dir", folder=folder)
            return
        except SourceError:
            await asyncio.to_thread(shutil.rmtree, folder / ".git")
    await run_git("init", "-q", "--template=", folder=folder)


def _has_repository(folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / ".git").is_dir()


def checked_out(entry: GitEntry, shelf: Shelf, change: str = "") -> Fetched:
    """What the checkout holds as it is.

    Raises:
        SourceError: nothing was checked out yet.
    """
    commit = shelf.read().get("commit", "")
    root = shelf.folder / entry.folder
    if not commit:
        raise SourceError("it was never fetched")
    if not root.is_dir():
        raise SourceError(f"it has no folder {entry.folder!r} at {entry.ref or 'its default branch'}")
    site = web_address(entry)
    below = f"{entry.folder}/" if entry.folder else ""
    links = {"": f"{site[0]}/{site[1]}/{commit}/{below}"} if site else {}
    return Fetched(root, links, detail=f"commit {commit[:10]}{f' ({change})' if change else ''}")


async def mirror_tracked(entry: TrackedEntry, shelf: Shelf, limits: Limits) -> Fetched:
    """Copy the files that git tracks, as they are in the work tree, and only those that changed.

    Raises:
        SourceError: it is no folder of a work tree, or it is too large.
    """
    top = _existing(entry.path)
    listed = await run_git("ls-files", "-z", "--cached", folder=top)
    names = sorted({name for name in listed.split("\0") if name})
    copied = await asyncio.to_thread(_mirror, top, names, shelf.folder, limits)
    shelf.write({"fetched_at": now_text(), "documents": copied})
    return Fetched(shelf.folder, documents=copied, detail=f"{copied} tracked files")


def _existing(path: str) -> Path:
    if not Path(path).is_dir():
        raise SourceError(f"there is no folder {path}")
    return Path(path)


def _mirror(top: Path, names: list[str], folder: Path, limits: Limits) -> int:
    real, wanted, total = top.resolve(), set[Path](), 0
    for name in names:
        source, target = top / name, folder / name
        try:
            status = source.stat()
            if not source.is_file() or not source.resolve().is_relative_to(real):
                continue
        except OSError:  # tracked, but removed from the work tree
            continue
        total += status.st_size
        if total > limits.source_bytes:
            raise SourceError(_too_large(limits))
        wanted.add(target)
        known = target.stat() if target.is_file() else None
        if known is None or (known.st_size, known.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    folder.mkdir(parents=True, exist_ok=True)
    for parent, folders, files in os.walk(folder, topdown=False):
        for path in (Path(parent) / file for file in files):
            if path not in wanted:
                path.unlink()
        for path in (Path(parent) / name for name in folders):
            with contextlib.suppress(OSError):  # not empty
                path.rmdir()
    return len(wanted)


async def run_git(*arguments: str, folder: Path) -> str:
    """What git prints.

    Raises:
        SourceError: it is not installed, or refuses; its last lines say why.
    """
    if shutil.which("git") is None:
        raise SourceError("git is not installed: install it with the system's package manager")
    options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
    process = await asyncio.create_subprocess_exec(
        "git",
        *options,
        *arguments,
        cwd=folder,
        env=_environment(os.environ, folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with the helpers that it started
            await process.wait()
    if process.returncode:
        raise SourceError(_reason(err.decode("utf-8", "replace")))
    return out.decode("utf-8", "surrogateescape")


def _environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if name not in _LOCAL}
    # Named, since git would go on to a work tree around the folder where its own repository is damaged.
    place = folder / ".git"
    own = {"GIT_DIR": str(place), "GIT_WORK_TREE": str(folder)} if place.is_dir() else {}
    return {"GIT_SSH_COMMAND": _SSH, **kept, **_ENVIRONMENT, **own}


def _reason(text: str) -> str:
    """The lines of git that say what is wrong, without secrets of addresses."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    chosen = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))] or lines
    said = " ".join(public_url(word.strip("'")) if "://" in word else word for word in " ".join(chosen[-3:]).split())
    return f"git says: {said[:300] or 'nothing'}"


async def _bounded(folder: Path, limits: Limits, *arguments: str) -> None:
    """Run git while looking at what it writes; it is stopped past the limit."""
    working = asyncio.ensure_future(run_git(*arguments, folder=folder))
    try:
        while not (await asyncio.wait([working], timeout=LOOK_S))[0]:
            enough = 2 * limits.source_bytes  # packed and being unpacked
            if await asyncio.to_thread(size_of, folder / ".git", enough) > enough:
                raise SourceError(_too_large(limits))
    finally:
        working.cancel()
        await asyncio.wait([working])
    working.result()


async def _check_size(folder: Path, commit: str, entry: GitEntry, limits: Limits) -> None:
    """Before anything is unpacked: a small pack can hold a huge tree."""
    where = ("--", entry.folder) if entry.folder else ()
    listed = await run_git("ls-tree", "-r", "-l", "-z", commit, *where, folder=folder)
    sizes = [line.split(maxsplit=4)[3] for line in listed.split("\0") if line]
    if sum(int(size) for size in sizes if size.isdigit()) > limits.source_bytes:
        raise SourceError(_too_large(limits))
    if entry.folder and not sizes:
        raise SourceError(f"it has no folder {entry.folder!r} at {entry.ref or 'its default branch'}")


def _too_large(limits: Limits) -> str:
    return f"it is larger than {limits.max_source_mb:g} MB (max_source_mb in [knowledge])"


@contextlib.asynccontextmanager
async def _time_limit(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise SourceError(f"git did not finish within {seconds:g} s") from error
