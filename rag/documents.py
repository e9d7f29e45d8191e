"""Reads the files of document folders, each into a `Document` or a `Failure` with its reason.

Files whose bytes are known are not parsed again; complex formats are parsed in processes of their own. It knows nothing
of passages or indexes. One bad file never stops the others.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from rag.base import KnowledgeError
from rag.files import Found, found_files, is_pairs, kept_apart
from rag.folders import TOOL_FOLDERS, check_root, walk
from rag.formats.archive import names_in
from rag.formats.base import ConversionError, Converted, Defined, Limits, Place
from rag.formats.pool import WorkerPool
from rag.formats.registry import ARCHIVES, is_read, suffix_of
from rag.formats.text import HEAD_CHARS, decode

__all__ = [
    "TOOL_FOLDERS",
    "Document",
    "Failure",
    "Unchanged",
    "decode",
    "plain_heading",
    "read_changed",
    "read_documents",
    "unsupported",
]

_MARKDOWN = (".md", ".markdown")
_SHOWN = 5  # failures told where nothing could be read
_MAX_WAITING = 256  # items kept back behind a file that is still being parsed
_MAX_WAITING_BYTES = 64_000_000
_HEADING = re.compile(
    r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$|^([^\s#>|`\-*+<][^\n|]{0,118})\n(?:={3,}|-{3,})[ \t]*$", re.M
)
_FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.M | re.S)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_MARKUP = re.compile(r"<[^>]*>|[`*]|\{#[^}]*\}")


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text. ``uri`` is its path below its folder, with ``/``; ``digest`` changes when its bytes or uri do.

    ``places`` say where in the file its stretches stand; ``converted``: the text is Markdown made from another format.
    ``definitions`` are those of source code.
    """

    uri: str
    title: str
    text: str
    digest: str
    places: tuple[Place, ...] = ()
    converted: bool = False
    definitions: tuple[Defined, ...] = ()

    @property
    def is_markdown(self) -> bool:
        """Whether ``#`` and fences mean structure in it."""
        return self.converted or self.uri.lower().endswith(_MARKDOWN)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file or folder that could not be read, and why; ``partial``: its document is kept as far as it was read.

    ``digest`` is that of the bytes which the reason lies in, empty where it lies elsewhere.
    """

    uri: str
    reason: str
    partial: bool = False
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A document whose bytes are those of the known one."""

    uri: str
    digest: str


Item = Document | Failure | Unchanged


def read_documents(roots: Sequence[Path], max_file_mb: float = 20) -> Iterator[Document | Failure]:
    """Read every file below ``roots`` that is of a supported format, in a fixed order.

    Raises:
        KnowledgeError: a root is missing or unreadable, or there is no document at all.
    """
    for item in read_changed(roots, Limits(file_mb=max_file_mb)):
        if not isinstance(item, Unchanged):
            yield item


def read_changed(
    roots: Sequence[Path],
    limits: Limits,
    known: Mapping[str, str] | None = None,
    failed: Mapping[str, Failure] | None = None,
    *,
    prefixes: Sequence[str] | None = None,
    own: Path | None = None,
) -> Iterator[Item]:
    """Read what is not known: ``known`` gives the digests of documents, ``failed`` files that failed, by uri.

    ``prefixes`` is what the uris of each root begin with; by default nothing for a single root, else its name.
    ``own`` is a folder (resolved) below which nothing is read.

    A document that is kept in part is followed by a `Failure` that says so. Items come in the order of the files.

    Raises:
        KnowledgeError: a root is missing or unreadable, or there is no document at all.
    """
    if not roots:
        raise KnowledgeError("no documents folder is given: name one, or set documents in [knowledge] of config.ini")
    for root in roots:
        check_root(root)
    read, unread = 0, list[Failure]()
    files = found_files(roots, limits, prefixes, own)
    with WorkerPool(limits) as pool:
        for item in _in_order(_begun(files, limits, known or {}, failed or {}, pool)):
            if not isinstance(item, Failure):
                read += 1
            elif not item.partial:
                unread.append(item)
            yield item
    if not read:
        names = ", ".join(str(root) for root in roots)
        told = "; ".join(f"{failure.uri}: {failure.reason}" for failure in unread[:_SHOWN])
        why = f"{len(unread)} could not be read: {told}" if unread else "none is of a format that is read"
        raise KnowledgeError(f"no documents in {names} ({why}): put documents there, or name another folder")


def unsupported(roots: Sequence[Path], own: Path | None = None) -> Counter[str]:
    """How many files below ``roots`` are of a type that is not read, by suffix; hidden ones do not count."""
    skipped: Counter[str] = Counter()
    for root in roots:
        for path, _, problem in walk(root, "", skipped, own):
            suffix = suffix_of(path.name)
            if problem or not path.is_file():  # a pipe would never end
                continue
            if suffix in ARCHIVES:
                skipped.update(suffix_of(name) for name in names_in(path) if not is_read(suffix_of(name)))
            elif suffix == ".json" and not is_pairs(path):
                skipped[".json without question-answer pairs"] += 1
    return skipped


@dataclass(frozen=True, slots=True)
class _Parsing:
    """A file that is being parsed elsewhere."""

    file: Found
    result: Future[Converted]


def _begun(
    files: Iterator[Found], limits: Limits, known: Mapping[str, str], failed: Mapping[str, Failure], pool: WorkerPool
) -> Iterator[Item | _Parsing]:
    """Each file as what is known of it, as its document, or as one that is being parsed."""
    for file in files:
        before = failed.get(file.uri)
        if file.problem:
            yield Failure(file.uri, file.problem, digest=file.digest)
        elif known.get(file.uri) == file.digest:
            yield Unchanged(file.uri, file.digest)
        elif before is not None and before.digest == file.digest:
            yield before
        elif kept_apart(file):
            yield _Parsing(file, pool.submit(file.format, file.name, file.data))
        else:
            yield from _document(file, lambda file=file: file.format.convert(file.data, file.name, limits))  # type: ignore[misc]


def _in_order(items: Iterator[Item | _Parsing]) -> Iterator[Item]:
    """The items in their order; those behind a file that is being parsed wait, as many as there is room for."""
    waiting: deque[Item | _Parsing] = deque()
    size = 0
    for item in items:
        waiting.append(item)
        size += _size(item)
        while waiting and (_is_ready(waiting[0]) or len(waiting) > _MAX_WAITING or size > _MAX_WAITING_BYTES):
            first = waiting.popleft()
            size -= _size(first)
            yield from _finished(first)
    while waiting:
        yield from _finished(waiting.popleft())


def _size(item: Item | _Parsing) -> int:
    return len(item.file.data) if isinstance(item, _Parsing) else len(item.text) if isinstance(item, Document) else 0


def _is_ready(item: Item | _Parsing) -> bool:
    return not isinstance(item, _Parsing) or item.result.done()


def _finished(item: Item | _Parsing) -> Iterator[Item]:
    if isinstance(item, _Parsing):
        yield from _document(item.file, item.result.result)
    else:
        yield item


def _document(file: Found, convert: Callable[[], Converted]) -> Iterator[Document | Failure]:
    """The document, and a failure where it is kept in part; or a failure alone."""
    try:
        converted = convert()
    except ConversionError as error:
        reason = "; ".join(filter(None, (file.notice, str(error))))
        yield Failure(file.uri, reason, digest=file.digest if error.lasting else "")
        return
    notices = (*((file.notice,) if file.notice else ()), *converted.notices)
    if not converted.text.strip():
        yield Failure(file.uri, "; ".join(notices) or "empty", digest=file.digest)
        return
    made = file.format.name not in ("md", "txt")
    title = converted.title or _title(file.uri, converted.text)
    yield Document(file.uri, title, converted.text, file.digest, converted.places, made, converted.definitions)
    if notices:
        yield Failure(file.uri, "; ".join(notices), partial=True)


def _title(uri: str, text: str) -> str:
    """The first heading of a Markdown file, else the file's name."""
    name = uri.rpartition("/")[2]
    if not name.lower().endswith(_MARKDOWN):
        return name
    match = _HEADING.search(_FENCED.sub("", text[:HEAD_CHARS]))
    heading = plain_heading(match.group(1) or match.group(2)) if match else ""
    return heading or name


def plain_heading(heading: str) -> str:
    """A heading without its mark-up: links keep their text, images, anchors, code ticks and emphasis go."""
    bare = _IMAGE.sub("", heading[:600])  # the patterns take quadratic time on long nonsense
    bare = _LINK.sub(r"\1", bare)
    return " ".join(_MARKUP.sub("", bare).split())[:200]
