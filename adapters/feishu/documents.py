"""Lists and reads the documents of a Feishu wiki, folder or address as Markdown. Knows no knowledge base.

Reference: https://open.feishu.cn/document/server-docs/docs/docs-overview
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapters.base import AdapterError
from adapters.clock import Clock, RealClock
from adapters.feishu.blocks import table_lines, to_markdown, unread_in
from adapters.feishu.buckets import Buckets
from adapters.feishu.client import Call, Client
from adapters.feishu.errors import SCOPE_MISSING, ApiError
from adapters.feishu.settings import FeishuSettings

PER_S, PER_MIN = 4.0, 90.0  # documents allow 5 a second, wikis 100 a minute
MAX_WAIT_S = 300.0
ATTEMPTS = 5
MAX_PAGES = 1_000
MAX_ROWS = 5_000  # of one sheet
FORBIDDEN = frozenset({1770032, 131006, 1061004, 1062501, 91403, 1310213, 95008})
GONE = frozenset({1770002, 1770003, 131005, 1061003, 1061007, 91402, 1310214, 91404, 95006})
SCOPES = {
    "wiki": "wiki:wiki:readonly",
    "docx": "docx:document:readonly",
    "sheet": "sheets:spreadsheet:readonly",
    "folder": "drive:drive:readonly",
}

Scope = Literal["wiki", "docx", "folder"]
Fault = Literal["gone", "forbidden", "failed"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A document that is there; ``version`` changes whenever its content does."""

    token: str
    kind: Literal["docx", "sheet"]
    title: str
    version: str
    url: str


@dataclass(slots=True)
class Listing:
    """What a place holds; ``skipped`` counts what is of a kind that is not read, ``failed`` holds (what, reason)."""

    documents: list[Listed] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)


class FeishuDocuments:
    """The documents that one app may read. ``site`` is the organisation's host, for links."""

    def __init__(self, settings: FeishuSettings, *, site: str = "", clock: Clock | None = None) -> None:
        buckets = Buckets(clock or RealClock(), max_wait_s=MAX_WAIT_S, per_s=PER_S, per_min=PER_MIN)
        self._client = Client(settings, buckets)
        self._clock = clock or RealClock()
        self._site = site or settings.domain.partition("://")[2].removeprefix("open.")

    async def close(self) -> None:
        """Let the threads go."""
        await self._client.close()

    async def listing(self, scope: Scope, token: str, limit: int) -> Listing:
        """What is at a place and below it, ``limit`` documents at most.

        Raises:
            AdapterError: the place itself cannot be read.
        """
        listing = Listing()
        if scope == "docx":
            await self._add_document(listing, token)
        elif scope == "wiki":
            await self._add_wiki(listing, token, limit)
        else:
            await self._add_folder(listing, token, limit)
        return listing

    async def markdown(self, document: Listed) -> tuple[str, tuple[str, ...]]:
        """A document's text, and what of it could not be read (images, for instance).

        Raises:
            AdapterError: it cannot be read; `fault_of` says why.
        """
        if document.kind == "sheet":
            return await self._sheets(document), ()
        path = {"document_id": document.token}
        uri = "/open-apis/docx/v1/documents/:document_id/blocks"
        call = Call(f"read {document.title!r}", "GET", uri, path, {"document_revision_id": "-1"})
        blocks = [block async for block in self._pages(call, 500)]
        return to_markdown(document.title, blocks), unread_in(blocks)

    # --- finding documents ---

    async def _add_document(self, listing: Listing, token: str) -> None:
        uri = "/open-apis/docx/v1/documents/:document_id"
        data = await self._get(Call("look at the document", "GET", uri, {"document_id": token}))
        found = data.get("document") or {}
        title, version = str(found.get("title") or token), str(found.get("revision_id") or "")
        listing.documents.append(Listed(token, "docx", title, version, f"https://{self._site}/docx/{token}"))

    async def _add_wiki(self, listing: Listing, token: str, limit: int) -> None:
        """A space (its id is a number) or a node, with all that is below."""
        if token.isdecimal():
            pending = [(token, "")]
        else:
            uri, query = "/open-apis/wiki/v2/spaces/get_node", {"token": token}
            node = (await self._get(Call("look at the wiki", "GET", uri, None, query))).get("node") or {}
            self._add_node(listing, node)
            pending = [(str(node.get("space_id") or ""), str(node.get("node_token") or token))]
        seen: set[str] = set()
        while pending and len(listing.documents) < limit:
            space, parent = pending.pop(0)
            try:
                async for node in self._nodes(space, parent):
                    name = str(node.get("node_token") or "")
                    if name in seen or len(listing.documents) >= limit:
                        continue
                    seen.add(name)
                    self._add_node(listing, node)
                    if node.get("has_child"):
                        pending.append((space, name))
            except AdapterError as error:
                if not seen and not listing.documents:
                    raise
                listing.failed.append((f"what is below {parent}", explain(error, "wiki")))

    def _nodes(self, space: str, parent: str) -> AsyncIterator[Mapping[str, Any]]:
        below = {"parent_node_token": parent} if parent else {}
        uri = "/open-apis/wiki/v2/spaces/:space_id/nodes"
        return self._pages(Call("list the wiki", "GET", uri, {"space_id": space}, below), 50)

    def _add_node(self, listing: Listing, node: Mapping[str, Any]) -> None:
        token, name = str(node.get("obj_token") or ""), str(node.get("node_token") or "")
        url = str(node.get("url") or f"https://{self._site}/wiki/{name}")
        self._add(listing, str(node.get("obj_type") or ""), token, node.get("title"), node.get("obj_edit_time"), url)

    async def _add_folder(self, listing: Listing, token: str, limit: int) -> None:
        pending, seen = [token], {token}
        while pending and len(listing.documents) < limit:
            folder = pending.pop(0)
            call = Call("list the folder", "GET", "/open-apis/drive/v1/files", None, {"folder_token": folder})
            try:
                async for file in self._pages(call, 200, "files"):
                    kind, name, url = self._target(file)
                    if name in seen or len(listing.documents) >= limit:
                        continue
                    seen.add(name)
                    if kind == "folder":
                        pending.append(name)
                    else:
                        self._add(listing, kind, name, file.get("name"), file.get("modified_time"), url)
            except AdapterError as error:
                if folder == token:
                    raise
                listing.failed.append((f"the folder {folder}", explain(error, "folder")))

    def _target(self, file: Mapping[str, Any]) -> tuple[str, str, str]:
        """Kind, token and address of a file; a shortcut counts as what it leads to."""
        kind, token, url = str(file.get("type") or ""), str(file.get("token") or ""), str(file.get("url") or "")
        if kind == "shortcut":
            info = file.get("shortcut_info") or {}
            kind, token, url = str(info.get("target_type") or ""), str(info.get("target_token") or ""), ""
        place = "sheets" if kind == "sheet" else kind
        return kind, token, url or f"https://{self._site}/{place}/{token}"

    def _add(self, listing: Listing, kind: str, token: str, title: Any, version: Any, url: str) -> None:
        if any(known.token == token for known in listing.documents):  # a shortcut to what is there anyway
            return
        if token and kind in ("docx", "sheet"):
            shown = str(title or "").strip() or token
            listing.documents.append(
                Listed(token, "docx" if kind == "docx" else "sheet", shown, str(version or ""), url)
            )
        elif kind:
            listing.skipped[kind] += 1

    # --- reading ---

    async def _sheets(self, document: Listed) -> str:
        path = {"token": document.token}
        uri = "/open-apis/sheets/v3/spreadsheets/:token/sheets/query"
        data = await self._get(Call(f"read {document.title!r}", "GET", uri, path))
        parts = [f"# {' '.join(document.title.split())}"]
        for sheet in data.get("sheets") or ():
            if sheet.get("hidden") or sheet.get("resource_type", "sheet") != "sheet":
                continue
            rows = await self._rows(document, str(sheet.get("sheet_id") or ""))
            if rows:
                parts += [f"## {' '.join(str(sheet.get('title') or '').split())}", table_lines(rows)]
        return "\n\n".join(parts) + "\n"

    async def _rows(self, document: Listed, sheet: str) -> list[list[str]]:
        uri = "/open-apis/sheets/v2/spreadsheets/:token/values/:range"
        shape = {"valueRenderOption": "ToString", "dateTimeRenderOption": "FormattedString"}
        path = {"token": document.token, "range": sheet}
        data = await self._get(Call(f"read {document.title!r}", "GET", uri, path, shape))
        rows = [list(map(_cell, row)) for row in (data.get("valueRange") or {}).get("values") or ()]
        return [row for row in rows if any(row)][:MAX_ROWS]

    async def _pages(self, call: Call, size: int, items: str = "items") -> AsyncIterator[Mapping[str, Any]]:
        token = ""
        for _ in range(MAX_PAGES):
            more = {"page_token": token} if token else {}
            queries = {**(call.queries or {}), "page_size": str(size), **more}
            data = await self._get(Call(call.what, call.method, call.uri, call.paths, queries))
            for item in data.get(items) or ():
                yield item
            token = str(data.get("page_token") or data.get("next_page_token") or "")
            if not data.get("has_more") or not token:
                return

    async def _get(self, call: Call) -> Mapping[str, Any]:
        """Make a call; where it would be refused for its pace, or broke, it is made again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return dict((await self._client.json(call)).get("data") or {})
            except AdapterError as error:
                again = error.retry_after_s is not None or not error.outcome_known
                if error.permanent or not again or attempt == ATTEMPTS:
                    raise
                await self._clock.sleep(min(error.retry_after_s or 1.0, MAX_WAIT_S))
        raise AssertionError("unreachable")


def fault_of(error: AdapterError) -> Fault:
    """What an error means for the document: gone, not shared with the app, or worth another try."""
    code = error.code if isinstance(error, ApiError) else 0
    return "gone" if code in GONE else "forbidden" if code in FORBIDDEN else "failed"


def explain(error: AdapterError, kind: str) -> str:
    """An error with what to do about it."""
    code = error.code if isinstance(error, ApiError) else 0
    if code in SCOPE_MISSING:
        return f"{error}; add {SCOPES.get(kind, SCOPES['docx'])} under 'Permissions & Scopes' and publish the app"
    if code in FORBIDDEN:
        share = "make the app a member of the wiki space" if kind == "wiki" else "share it with the app"
        return f"the app may not read it (code {code}): {share} (… > More > Add document app)"
    return f"it is gone (code {code})" if code in GONE else str(error)


def _cell(value: Any) -> str:
    """A cell's text; links and mentions come as lists of segments."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(map(_cell, value))
    if isinstance(value, dict):
        return str(value.get("text") or value.get("link") or "")
    return str(value).strip()
