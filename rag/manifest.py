"""What a knowledge version says of itself: its documents, what made it, and what could not be read. Knows no files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rag.documents import Failure
from rag.intact import FORMAT

_NESTED = ("documents", "failed", "partial", "links")


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document of a version: its digest, title, and which passages are its own (``first`` and how many).

    ``pairs``: some of them are curated pairs of question and answer. ``masked``: how many secrets were masked in it.
    """

    digest: str
    title: str
    first: int
    passages: int
    pairs: bool = False
    masked: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version was made of and with. ``partial``: documents in it, and what of each could not be read.

    ``links`` holds the address that readers find a document at, by its uri or by the beginning of uris, up to a slash.
    """

    base: str
    version: str
    created: str
    embedder: str
    dim: int
    tokenizer: str
    splitter: str
    passages: int
    documents: Mapping[str, DocumentEntry]
    failed: tuple[Failure, ...] = ()
    partial: tuple[Failure, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; `from_dict` reads it back."""
        documents = {
            uri: [d.digest, d.title, d.first, d.passages, d.pairs, d.masked] for uri, d in self.documents.items()
        }
        return {
            **{name: getattr(self, name) for name in self.__slots__ if name not in _NESTED},
            "format": FORMAT,
            "documents": documents,
            "failed": [[failure.uri, failure.reason, failure.digest] for failure in self.failed],
            "partial": [[notice.uri, notice.reason] for notice in self.partial],
            "links": dict(self.links),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """Read what `as_dict` wrote."""
        fields = {name: data[name] for name in cls.__slots__ if name not in _NESTED}
        documents = {uri: DocumentEntry(*entry) for uri, entry in data["documents"].items()}
        failed = tuple(Failure(uri, reason, digest=digest) for uri, reason, digest in data["failed"])
        partial = tuple(Failure(uri, reason, partial=True) for uri, reason in data["partial"])
        return cls(**fields, documents=documents, failed=failed, partial=partial, links=data["links"])


def compare(
    entries: Mapping[str, DocumentEntry], known: Mapping[str, DocumentEntry]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The uris of documents that were added, changed and removed since ``known``."""
    added = tuple(uri for uri in entries if uri not in known)
    changed = tuple(uri for uri, entry in entries.items() if uri in known and known[uri].digest != entry.digest)
    return added, changed, tuple(uri for uri in known if uri not in entries)
