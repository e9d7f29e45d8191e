"""The pages of one site that are kept: their files, their state, which are the same under two addresses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from yarl import URL

from bot.sources.base import Shelf, now_text
from bot.sources.fetcher import Reply

Item = dict[str, Any]  # file, url (to show), etag, modified, links, digest


class Holdings:
    """What the last fetch left (``old``) and what this one has (``items``), by the address asked for."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.old: dict[str, Item] = shelf.read().get("items", {})
        self.items: dict[str, Item] = {}
        self.changed = 0
        self._digests: dict[str, str] = {}

    def known(self, key: str) -> Item | None:
        """What is there of an address, its file as it was written; a fetch that was killed may have left another."""
        old = self.old.get(key)
        try:
            whole = old is not None and _digest((self._shelf.folder / old["file"]).read_bytes()) == old["digest"]
        except OSError:
            return None
        return old if whole else None

    def take(self, key: str, item: Item) -> None:
        """Keep a page as it is."""
        self.items[key] = item
        self._digests.setdefault(item["digest"], key)

    def put(self, key: str, data: bytes, suffix: str, shown: str, links: Sequence[str], reply: Reply) -> None:
        """Keep a page that came; it is written only where it differs from the last one."""
        digest = _digest(data)
        if self._digests.setdefault(digest, key) != key:  # the same page under another address
            return
        named = self.old.get(key, {}).get("file", "")
        name = named if named.endswith(suffix) and named else self._name(shown, suffix)
        old = self.known(key)
        if old is None or old["digest"] != digest or old["file"] != name:
            self._shelf.save(name, data)
            self.changed += 1
        etag, modified = reply.headers.get("ETag", ""), reply.headers.get("Last-Modified", "")
        head = {"file": name, "url": shown, "etag": etag, "modified": modified}
        self.items[key] = {**head, "links": list(links), "digest": digest}

    def close(self) -> dict[str, str]:
        """Store the state and remove every other file; the addresses by file."""
        self._shelf.folder.mkdir(parents=True, exist_ok=True)
        self._shelf.write({"items": self.items, "fetched_at": now_text()})
        links = {item["file"]: item["url"] for item in self.items.values()}
        self._shelf.keep_only(set(links))
        return links

    def _name(self, shown: str, suffix: str) -> str:
        """A file name that tells the page, and is no other's."""
        url = URL(shown)
        path = re.sub(r"\.(html?|php|md|txt|pdf)$", "", unquote(url.raw_path, errors="replace").strip("/"))
        query = f"-{url.query_string}" if url.query_string else ""
        stem = re.sub(r"[^\w.-]+", "-", path + query).strip("-.")[:60] or "index"
        taken = {item["file"].lower() for items in (self.old, self.items) for item in items.values()}
        if f"{stem}{suffix}".lower() not in taken:
            return f"{stem}{suffix}"
        return f"{stem}-{hashlib.sha256(shown.encode()).hexdigest()[:8]}{suffix}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def conditions(old: Item | None) -> dict[str, str]:
    """The headers that ask for a page only where it has changed."""
    if old is None:
        return {}
    named = {"If-None-Match": old.get("etag", ""), "If-Modified-Since": old.get("modified", "")}
    return {name: value for name, value in named.items() if value and "\n" not in value and "\r" not in value}
