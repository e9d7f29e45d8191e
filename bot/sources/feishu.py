"""Fetches Feishu documents through the Feishu adapter's side: the one place of the sources that names an adapter."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from bot.config import ConfigError, Settings
from bot.sources.base import Fetched, Limits, Note, Shelf, SourceError, now_text
from bot.sources.entries import FeishuEntry

if TYPE_CHECKING:
    from adapters.feishu.documents import FeishuDocuments, Listed, Listing

Item = dict[str, Any]  # file, url, version, kind


async def fetch_documents(settings: Settings, entry: FeishuEntry, shelf: Shelf, limits: Limits, note: Note) -> Fetched:
    """Fetch the documents that are new or were edited.

    Raises:
        SourceError: the place cannot be read, or no app is set up; the last copy stays.
    """
    from adapters.base import AdapterError
    from adapters.feishu.documents import FeishuDocuments, explain
    from bot.cli.serve import feishu_settings

    if not settings.feishu.app_id:
        raise SourceError("documents of Feishu need an app: set [feishu] app_id (docs/feishu.md)")
    try:
        documents = FeishuDocuments(feishu_settings(settings), site=entry.host)
    except ConfigError as error:
        raise SourceError(str(error)) from error
    try:
        async with asyncio.timeout(limits.source_timeout_s):
            listing = await documents.listing(entry.scope, entry.token, limits.max_pages)
            return await _Fetch(documents, listing, shelf, limits, note).run()
    except AdapterError as error:
        raise SourceError(explain(error, entry.scope)) from error
    except TimeoutError as error:
        raise SourceError(f"Feishu did not deliver everything within {limits.source_timeout_s:g} s") from error
    finally:
        await documents.close()


class _Fetch:
    """One fetch of one place."""

    def __init__(self, documents: FeishuDocuments, listing: Listing, shelf: Shelf, limits: Limits, note: Note) -> None:
        self._documents, self._listing, self._shelf, self._limits, self._note = documents, listing, shelf, limits, note
        self._old: dict[str, Item] = shelf.read().get("items", {})
        self._items: dict[str, Item] = {}
        self._failed = list(listing.failed)
        self._unread: set[str] = set()
        self._size = self._changed = 0

    async def run(self) -> Fetched:
        """Read what changed, remove what is gone."""
        listed = self._listing.documents
        for n, document in enumerate(listed):
            self._note(n, len(listed))
            await self._one(document)
        if self._listing.failed:  # what could not be listed is not known to be gone
            self._items = {**self._old, **self._items}
        self._shelf.folder.mkdir(parents=True, exist_ok=True)
        self._shelf.write({"items": self._items, "fetched_at": now_text()})
        links = {item["file"]: item["url"] for item in self._items.values()}
        self._shelf.keep_only(set(links))
        detail = f"{len(links)} documents, {self._changed} new or changed"
        return Fetched(self._shelf.folder, links, len(links), detail, self._notes(), self._failed)

    def _notes(self) -> list[str]:
        skipped = [f"{count} {kind}" for kind, count in sorted(self._listing.skipped.items())]
        notes = [f"not read, since only documents and sheets are: {', '.join(skipped)}"] if skipped else []
        if self._unread:
            notes.append(f"what documents hold beside text is not read: {', '.join(sorted(self._unread))}")
        if len(self._listing.documents) >= self._limits.max_pages:
            notes.append(f"stopped at {self._limits.max_pages} documents (max_source_pages in [knowledge])")
        return notes

    async def _one(self, document: Listed) -> None:
        from adapters.base import AdapterError
        from adapters.feishu.documents import explain, fault_of

        old = self._old.get(document.token)
        name = _file_name(document)
        if old is not None and old["version"] == document.version and old["file"] == name and self._has(name):
            self._items[document.token] = {**old, "url": document.url}
            return
        try:
            text, unread = await self._documents.markdown(document)
        except AdapterError as error:
            self._failed.append((f"{document.title} ({document.url})", explain(error, document.kind)))
            if old is not None and fault_of(error) == "failed":
                self._items[document.token] = old
            return
        self._unread.update(unread)
        data = text.encode("utf-8", "replace")
        self._size += len(data)
        if len(data) > self._limits.file_bytes or self._size > self._limits.source_bytes:
            self._failed.append((document.title, "it is too large (max_file_mb and max_source_mb in [knowledge])"))
            return
        self._shelf.save(name, data)
        self._changed += 1
        self._items[document.token] = {"file": name, "url": document.url, "version": document.version}

    def _has(self, name: str) -> bool:
        return (self._shelf.folder / name).is_file()


def _file_name(document: Listed) -> str:
    """The title, and the end of the token: titles may repeat, and say what the document is about."""
    title = re.sub(r"[^\w.-]+", "-", document.title).strip("-.")[:60]
    return f"{title or 'document'}-{document.token[-6:]}.md"
