"""Finds the files of document folders in a fixed order, with what is wrong with a path. It reads no file.

Hidden files and the folders of tools (`TOOL_FOLDERS`) are left out; other hidden folders, ``.github`` for instance,
hold documents like any other. So is what a root's ``.qundaignore`` names.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.base import KnowledgeError
from rag.formats.registry import is_read, suffix_of
from rag.ignore import ignored, read_rules

# Written by programs for programs; what people wrote there, if anything, is a copy.
_VERSION_CONTROL = (".git", ".hg", ".svn", ".bzr")
_EDITORS = (".idea", ".vscode", ".vs", ".obsidian", ".trash", ".Trash", "__MACOSX")
_PYTHON = (".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox", ".ipynb_checkpoints")
_CACHES = (".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules")
TOOL_FOLDERS = frozenset((*_VERSION_CONTROL, *_EDITORS, *_PYTHON, *_CACHES))


def check_root(root: Path) -> None:
    """Refuse a folder that is missing or closed.

    Raises:
        KnowledgeError: it is; the message names the fix.
    """
    try:
        if root.is_dir():
            os.scandir(root).close()
        elif not root.exists():
            raise KnowledgeError(f"there is no documents folder {root}: create it or name another one")
    except OSError as error:
        raise KnowledgeError(
            f"the documents folder {root} cannot be read ({error.strerror}): mend its permissions"
        ) from error


def prefixes(roots: Sequence[Path]) -> list[str]:
    """Nothing for a single root, else each root's name, made unique."""
    if len(roots) == 1:
        return [""]
    found: list[str] = []
    for root in roots:
        name, n = root.resolve().name or "root", 1
        while f"{name}{f'-{n}' if n > 1 else ''}/" in found:
            n += 1
        found.append(f"{name}{f'-{n}' if n > 1 else ''}/")
    return found


def walk(
    root: Path, prefix: str, skipped: Counter[str] | None = None, own: Path | None = None
) -> Iterator[tuple[Path, str, str]]:
    """Every candidate file as (path, uri, problem), the problem empty where the file can be tried.

    ``skipped`` counts the others by suffix. ``own`` is the folder where knowledge itself is kept (resolved): what lies
    there belongs to other bases, or to none.
    """
    if not root.is_dir():
        yield root, prefix + printable(root.name), ""
        return
    top, rules = root.resolve(), read_rules(root)
    pending: list[tuple[Path, str, frozenset[Path]]] = [(root, prefix, frozenset({top}))]
    while pending:
        folder, below, ancestors = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield folder, below.rstrip("/"), f"the folder cannot be read: {error.strerror}"
            continue
        folders: list[tuple[Path, str, frozenset[Path]]] = []
        for path in (Path(entry.path) for entry in entries if entry.name not in TOOL_FOLDERS):
            uri, problem = below + printable(path.name), _link_problem(path, ancestors)
            if rules and ignored(path.relative_to(root).as_posix(), path.is_dir(), rules):
                continue
            if problem:
                yield path, uri, problem
            elif path.is_dir():
                real = path.resolve()
                if real == own:
                    continue
                if not path.is_symlink() or not real.is_relative_to(top):  # a link to within is read at its own place
                    folders.append((path, f"{uri}/", ancestors | {real}))
            elif path.name.startswith((".", "~$")):  # hidden, or the lock of an office program
                continue
            elif is_read(suffix_of(path.name)):
                yield path, uri, ""
            elif skipped is not None:
                skipped[printable(path.suffix.lower())] += 1
        pending.extend(reversed(folders))


def is_left_out(name: str) -> bool:
    """Whether a path within an archive is hidden or lies in a folder of tools."""
    parts = name.split("/")
    return parts[-1].startswith(".") or any(part in TOOL_FOLDERS for part in parts[:-1])


def printable(name: str) -> str:
    """A file name as text: bytes that are not UTF-8 become ``\\xNN``, so that it can be stored and shown."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _link_problem(path: Path, ancestors: frozenset[Path]) -> str:
    if not path.is_symlink():
        return ""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
        looped = isinstance(error, RuntimeError) or error.errno == errno.ELOOP
        return "symlink loop: it points to itself" if looped else "the link points to nothing"
    return "symlink loop: it points to a folder that it lies in" if target in ancestors else ""
