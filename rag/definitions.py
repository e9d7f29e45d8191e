"""The names that the sources of a knowledge version define: how they are stored with it, and found by their spelling.

A line of JSON for each document, written once and read by memory map; a table of names is made when the first one is
asked for. It knows no question.
"""

from __future__ import annotations

import json
import mmap
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.documents import Document
from rag.formats.base import Defined

_SEPARATOR = re.compile(r"\.|::|#|->|/")


class DefinitionIndex:
    """The definitions of one version. Immutable and thread-safe; versions of before there were any have none."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size if path.exists() else 0
        self._bytes: mmap.mmap | bytes = b""
        if size:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __bool__(self) -> bool:
        return bool(len(self._bytes))

    def line(self, uri: str) -> bytes:
        """What is stored of one document, for a version that takes it over."""
        return self._lines.get(uri, b"")

    def find(self, name: str) -> list[tuple[str, Defined]]:
        """The definitions whose own name is spelt like ``name``, but for case and underscores: uri and definition."""
        return [(uri, Defined(*row)) for uri, row in self._names.get(squashed(name), ())]

    def count(self, name: str) -> int:
        """How many definitions have a name that is `squashed` to this."""
        return len(self._names.get(name, ()))

    @cached_property
    def _lines(self) -> Mapping[str, bytes]:
        return {json.loads(line)[0]: line for line in self._bytes[:].splitlines(keepends=True)}

    @cached_property
    def _names(self) -> Mapping[str, list[tuple[str, list[Any]]]]:
        names: dict[str, list[tuple[str, list[Any]]]] = defaultdict(list)
        for line in self._bytes[:].splitlines():
            uri, rows = json.loads(line)
            for row in rows:
                names[squashed(row[0].rpartition(".")[2])].append((uri, row))
        return dict(names)


def stored(document: Document) -> bytes:
    """The line of a document; nothing where it defines nothing."""
    if not document.definitions:
        return b""
    rows = [[one.name, one.kind, one.line, one.start, one.end, one.minor] for one in document.definitions]
    return json.dumps([document.uri, rows], ensure_ascii=False).encode() + b"\n"


def squashed(name: str) -> str:
    """One spelling for ``read_file``, ``readFile`` and ``_ReadFile``."""
    return name.lower().replace("_", "") or name


def parts_of(name: str) -> list[str]:
    """The parts of a qualified name, in whatever way they are put together."""
    parts = [part for part in _SEPARATOR.split(name) if part]
    return parts[1:] if len(parts) > 1 and parts[0] in ("self", "this", "cls") else parts
