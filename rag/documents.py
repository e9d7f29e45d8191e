"""Reads the files of document folders, each into a `Document` or a `Failure` with its reason.

It knows nothing of passages or indexes. One bad file never stops the others.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.base import KnowledgeError
from rag.ignore import ignored, read_rules

SUFFIXES = frozenset({".md", ".markdown", ".txt"})
_MARKDOWN = (".md", ".markdown")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HEADING = re.compile(
    r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$|^([^\s#>|`\-*+<][^\n|]{0,118})\n(?:={3,}|-{3,})[ \t]*$", re.M
)
_FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.M | re.S)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_MARKUP = re.compile(r"<[^>]*>|[`*]|\{#[^}]*\}")
_HEAD_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text. ``uri`` is its path below its folder, with ``/``; ``digest`` changes when its bytes or uri do."""

    uri: str
    title: str
    text: str
    digest: str

    @property
    def is_markdown(self) -> bool:
        """Whether ``#`` and fences mean structure in it."""
        return self.uri.lower().endswith(_MARKDOWN)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file or folder that could not be read, and why."""

    uri: str
    reason: str


# Written by programs for programs; what people wrote there, if anything, is a copy.
_VERSION_CONTROL = (".git", ".hg", ".svn", ".bzr")
_EDITORS = (".idea", ".vscode", ".vs", ".obsidian", ".trash", ".Trash", "__MACOSX")
_PYTHON = (".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox", ".ipynb_checkpoints")
_CACHES = (".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules")
TOOL_FOLDERS = frozenset((*_VERSION_CONTROL, *_EDITORS, *_PYTHON, *_CACHES))


class _UnreadableError(Exception):
    """Why one file yields no document."""


def read_documents(
    roots: Sequence[Path], max_file_mb: float = 20, prefixes: Sequence[str] | None = None
) -> Iterator[Document | Failure]:
    """Read every md and txt file below ``roots`` in a fixed order.

    Hidden files and the folders of tools (`TOOL_FOLDERS`) are left out; other hidden folders, ``.github`` for
    instance, hold documents like any other. ``prefixes`` is what the uris of each root begin with; by default nothing
    for a single root, else its name.

    Raises:
        KnowledgeError: a root is missing or unreadable, or there is no document at all.
    """
    if not roots:
        raise KnowledgeError("no documents folder is given: name one, or set documents in [knowledge] of config.ini")
    for root in roots:
        _check_root(root)
    found, failed = 0, 0
    for root, prefix in zip(roots, prefixes or folder_prefixes(roots), strict=True):
        for path, uri, problem in _walk(root, prefix):
            item = Failure(uri, problem) if problem else _read(path, uri, max_file_mb)
            found, failed = found + isinstance(item, Document), failed + isinstance(item, Failure)
            yield item
    if not found:
        names = ", ".join(str(root) for root in roots)
        why = f"{failed} could not be read" if failed else f"none ends in {', '.join(sorted(SUFFIXES))}"
        raise KnowledgeError(f"no documents in {names} ({why}): put md or txt files there, or name another folder")


def unsupported(roots: Sequence[Path]) -> Counter[str]:
    """How many files below ``roots`` are of a type that is not read, by suffix; hidden ones do not count."""
    skipped: Counter[str] = Counter()
    for root in roots:
        for _ in _walk(root, "", skipped):
            pass
    return skipped


def decode(data: bytes) -> str:
    """Text from bytes: UTF-8, UTF-16 or UTF-32 by its mark, else GB18030; line ends become ``\\n``.

    Raises:
        ValueError: the bytes are no text in any of these.
    """
    text = _decode(data)
    if len(_CONTROL.findall(text[:_HEAD_CHARS])) > min(len(text), _HEAD_CHARS) / 100:
        raise ValueError("binary, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise ValueError(f"undecodable: it is marked as {encoding} but is not ({error.reason})") from error
    if b"\0" in data[:8192]:
        raise ValueError("binary, not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_gb18030(data)


def _decode_gb18030(data: bytes) -> str:
    """GB18030 takes almost any bytes; what comes out counts as text only when its characters are common ones."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise ValueError("undecodable: neither UTF-8, UTF-16 nor GB18030; save it as UTF-8") from error
    foreign = "".join(char for char in text[:_HEAD_CHARS] if not char.isascii())
    common = len(foreign.encode("gb2312", "ignore")) / 2
    if common < 0.7 * len(foreign):
        raise ValueError("undecodable: neither UTF-8, UTF-16 nor GB18030; save it as UTF-8")
    return text


def _check_root(root: Path) -> None:
    try:
        if root.is_dir():
            os.scandir(root).close()
        elif not root.exists():
            raise KnowledgeError(f"there is no documents folder {root}: create it or name another one")
    except OSError as error:
        raise KnowledgeError(
            f"the documents folder {root} cannot be read ({error.strerror}): mend its permissions"
        ) from error


def folder_prefixes(roots: Sequence[Path]) -> list[str]:
    """Nothing for a single root, else each root's name, made unique."""
    if len(roots) == 1:
        return [""]
    prefixes: list[str] = []
    for root in roots:
        name, n = root.resolve().name or "root", 1
        while f"{name}{f'-{n}' if n > 1 else ''}/" in prefixes:
            n += 1
        prefixes.append(f"{name}{f'-{n}' if n > 1 else ''}/")
    return prefixes


def _walk(root: Path, prefix: str, skipped: Counter[str] | None = None) -> Iterator[tuple[Path, str, str]]:
    """Every candidate file as (path, uri, problem), the problem empty where the file can be tried.

    ``skipped`` counts the others by suffix.
    """
    if not root.is_dir():
        yield root, prefix + _printable(root.name), ""
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
            uri, problem = below + _printable(path.name), _link_problem(path, ancestors)
            if rules and ignored(path.relative_to(root).as_posix(), path.is_dir(), rules):
                continue
            if problem:
                yield path, uri, problem
            elif path.is_dir():
                real = path.resolve()
                if not path.is_symlink() or not real.is_relative_to(top):  # a link to within is read at its own place
                    folders.append((path, f"{uri}/", ancestors | {real}))
            elif path.name.startswith("."):
                continue
            elif path.suffix.lower() in SUFFIXES:
                yield path, uri, ""
            elif skipped is not None:
                skipped[_printable(path.suffix.lower())] += 1
        pending.extend(reversed(folders))


def _link_problem(path: Path, ancestors: frozenset[Path]) -> str:
    if not path.is_symlink():
        return ""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop, before Python 3.13
        looped = isinstance(error, RuntimeError) or error.errno == errno.ELOOP
        return "symlink loop: it points to itself" if looped else "the link points to nothing"
    return "symlink loop: it points to a folder that it lies in" if target in ancestors else ""


def _printable(name: str) -> str:
    """A file name as text: bytes that are not UTF-8 become ``\\xNN``, so that it can be stored and shown."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _read(path: Path, uri: str, max_file_mb: float) -> Document | Failure:
    try:
        data = _bytes(path, max_file_mb)
        text = decode(data)
    except _UnreadableError as error:
        return Failure(uri, str(error))
    except FileNotFoundError:
        return Failure(uri, "it vanished while the folder was read")
    except OSError as error:
        return Failure(uri, f"it cannot be read: {error.strerror or error}")
    except ValueError as error:
        return Failure(uri, str(error))
    if not text.strip():
        return Failure(uri, "empty")
    digest = hashlib.sha256(uri.encode() + b"\0" + data).hexdigest()[:32]
    return Document(uri, _title(uri, text), text, digest)


def _bytes(path: Path, max_file_mb: float) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise _UnreadableError("not a regular file")
    limit = int(max_file_mb * 1e6)
    with path.open("rb") as file:
        data = file.read(limit + 1)  # no more, even if it grew since
    if len(data) > limit:
        size = max(status.st_size, len(data)) / 1e6
        raise _UnreadableError(f"{size:.1f} MB, over the limit of {max_file_mb:g} MB (max_file_mb in [knowledge])")
    return data


def _title(uri: str, text: str) -> str:
    """The first heading of a Markdown file, else the file's name."""
    name = uri.rpartition("/")[2]
    if not name.lower().endswith(_MARKDOWN):
        return name
    match = _HEADING.search(_FENCED.sub("", text[:_HEAD_CHARS]))
    heading = plain_heading(match.group(1) or match.group(2)) if match else ""
    return heading or name


def plain_heading(heading: str) -> str:
    """A heading without its mark-up: links keep their text, images, anchors, code ticks and emphasis go."""
    bare = _IMAGE.sub("", heading[:600])  # the patterns take quadratic time on long nonsense
    bare = _LINK.sub(r"\1", bare)
    return " ".join(_MARKUP.sub("", bare).split())[:200]
