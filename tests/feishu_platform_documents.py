"""Wikis, folders, documents and sheets of the stand-in for Feishu, in the shapes that the real one answers with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from feishu_platform_world import RefusedError, World

Answer = dict[str, Any]


@dataclass
class Doc:
    """A document (``blocks``) or a sheet (``sheets``: rows by title); who edits it raises its revision."""

    token: str
    title: str
    blocks: list[Answer] = field(default_factory=list)
    sheets: dict[str, list[list[Any]]] = field(default_factory=dict)
    kind: str = "docx"
    revision: int = 1
    edited_at: int = 1_700_000_000
    shared: bool = True

    def edit(self, blocks: list[Answer]) -> None:
        self.blocks = blocks
        self.revision += 1
        self.edited_at += 60


@dataclass
class Library:
    """Documents by token; wiki nodes as (space, parent, node token, document); files of folders."""

    docs: dict[str, Doc] = field(default_factory=dict)
    nodes: list[tuple[str, str, str, str]] = field(default_factory=list)
    folders: dict[str, list[Answer]] = field(default_factory=dict)
    closed_spaces: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=lambda: {"wiki", "docx", "drive", "sheets"})

    def add(self, doc: Doc, *, space: str = "", parent: str = "", folder: str = "") -> Doc:
        """Put a document into a wiki or a folder."""
        self.docs[doc.token] = doc
        if space:
            self.nodes.append((space, parent, f"wik{doc.token}", doc.token))
        if folder:
            file = {"token": doc.token, "name": doc.title, "type": doc.kind, "parent_token": folder}
            file |= {"url": f"https://acme.feishu.cn/{doc.kind}/{doc.token}", "owner_id": "ou_owner"}
            self.folders.setdefault(folder, []).append(file)
        return doc

    def remove(self, token: str) -> None:
        del self.docs[token]
        self.nodes = [node for node in self.nodes if node[3] != token]
        for name in self.folders:
            self.folders[name] = [file for file in self.folders[name] if file["token"] != token]


def text_block(name: str, kind: int, text: str, *, of: str = "", children: list[str] | None = None) -> Answer:
    """A block with text, as the API lists it."""
    names = {2: "text", 12: "bullet", 13: "ordered", 14: "code", 15: "quote", 17: "todo"}
    names |= {n: f"heading{n - 2}" for n in range(3, 12)}
    plain = {"bold": False, "inline_code": False, "italic": False, "strikethrough": False, "underline": False}
    run = {"content": text, "text_element_style": plain}
    body = {"elements": [{"text_run": run}], "style": {"align": 1, "folded": False}}
    return {"block_id": name, "block_type": kind, "parent_id": of, names[kind]: body, "children": children or []}


def document_of(token: str, title: str, *blocks: Answer) -> Doc:
    """A document with these blocks below its page block."""
    top = [block["block_id"] for block in blocks if not block["parent_id"]]
    elements = [{"text_run": {"content": title, "text_element_style": {}}}]
    page = {"block_id": token, "block_type": 1, "page": {"elements": elements}, "parent_id": "", "children": top}
    return Doc(token, title, [page, *blocks])


class DocumentsApi:
    """Handlers, path by path. Knows the rules of documents alone."""

    def __init__(self, world: World) -> None:
        self.library = Library()
        world.library = self.library

    def table(self) -> list[tuple[str, str, Callable[[web.Request, Answer], Answer]]]:
        """The paths, as the SDK writes them."""
        docx, sheets = "/open-apis/docx/v1/documents/{id}", "/open-apis/sheets"
        return [
            ("GET", "/open-apis/wiki/v2/spaces/get_node", self._node),
            ("GET", "/open-apis/wiki/v2/spaces/{space}/nodes", self._nodes),
            ("GET", docx, self._document),
            ("GET", f"{docx}/blocks", self._blocks),
            ("GET", "/open-apis/drive/v1/files", self._files),
            ("GET", f"{sheets}/v3/spreadsheets/{{id}}/sheets/query", self._sheets),
            ("GET", f"{sheets}/v2/spreadsheets/{{id}}/values/{{range}}", self._values),
        ]

    def _allowed(self, what: str, scopes: str) -> None:
        if what not in self.library.granted:
            said = f"Access denied. One of the following scopes is required: [{scopes}]."
            raise RefusedError(99991672, said)

    def _doc(self, token: str, missing: int, forbidden: int) -> Doc:
        doc = self.library.docs.get(token)
        if doc is None:
            raise RefusedError(missing, "not found", 404)
        if not doc.shared:
            raise RefusedError(forbidden, "forBidden", 403)
        return doc

    def _shown(self, node: tuple[str, str, str, str]) -> Answer:
        space, parent, name, token = node
        doc = self.library.docs[token]
        below = any(other[1] == name for other in self.library.nodes)
        times = {"obj_create_time": "1", "obj_edit_time": str(doc.edited_at), "node_create_time": "1"}
        head = {"space_id": space, "node_token": name, "obj_token": token, "obj_type": doc.kind, "title": doc.title}
        return {**head, **times, "parent_node_token": parent, "node_type": "origin", "has_child": below}

    def _node(self, request: web.Request, body: Answer) -> Answer:
        self._allowed("wiki", "wiki:wiki, wiki:wiki:readonly")
        node = next((node for node in self.library.nodes if node[2] == request.query["token"]), None)
        if node is None:
            raise RefusedError(131005, "not found: document is not in wiki", 400)
        if node[0] in self.library.closed_spaces:
            raise RefusedError(131006, "permission denied: wiki space permission denied", 400)
        return {"code": 0, "msg": "success", "data": {"node": self._shown(node)}}

    def _nodes(self, request: web.Request, body: Answer) -> Answer:
        self._allowed("wiki", "wiki:wiki, wiki:wiki:readonly")
        space, parent = request.match_info["space"], request.query.get("parent_node_token", "")
        if space in self.library.closed_spaces:
            raise RefusedError(131006, "permission denied: wiki space permission denied", 400)
        found = [self._shown(node) for node in self.library.nodes if node[:2] == (space, parent)]
        return _page(found, request, 50)

    def _document(self, request: web.Request, body: Answer) -> Answer:
        self._allowed("docx", "docx:document, docx:document:readonly")
        doc = self._doc(request.match_info["id"], 1770002, 1770032)
        document = {"document_id": doc.token, "revision_id": doc.revision, "title": doc.title}
        return {"code": 0, "msg": "success", "data": {"document": document}}

    def _blocks(self, request: web.Request, body: Answer) -> Answer:
        self._allowed("docx", "docx:document, docx:document:readonly")
        return _page(self._doc(request.match_info["id"], 1770002, 1770032).blocks, request, 500)

    def _files(self, request: web.Request, body: Answer) -> Answer:
        self._allowed("drive", "drive:drive, drive:drive:readonly")
        files = self.library.folders.get(request.query["folder_token"])
        if files is None:
            raise RefusedError(1061004, "forbidden.", 403)
        shown = []
        for file in files:
            doc = self.library.docs.get(file["token"])
            shown.append({**file, "created_time": "1", "modified_time": str(doc.edited_at if doc else 1)})
        return _page(shown, request, 200, "files", "next_page_token")

    def _sheets(self, request: web.Request, body: Answer) -> Answer:
        self._allowed("sheets", "sheets:spreadsheet, sheets:spreadsheet:readonly")
        doc = self._doc(request.match_info["id"], 1310214, 1310213)
        sheets = [
            {"sheet_id": f"s{n}", "title": title, "index": n, "hidden": title == "hidden", "resource_type": "sheet"}
            for n, title in enumerate(doc.sheets)
        ]
        return {"code": 0, "msg": "success", "data": {"sheets": sheets}}

    def _values(self, request: web.Request, body: Answer) -> Answer:
        doc = self._doc(request.match_info["id"], 91402, 91403)
        rows = list(doc.sheets.values())[int(request.match_info["range"][1:])]
        value = {"majorDimension": "ROWS", "range": request.match_info["range"], "revision": 1, "values": rows}
        return {"code": 0, "msg": "success", "data": {"valueRange": value}}


def _page(
    items: list[Answer], request: web.Request, most: int, name: str = "items", token: str = "page_token"
) -> Answer:
    size, start = int(request.query.get("page_size") or 20), int(request.query.get("page_token") or 0)
    if size > most:
        raise RefusedError(99992402, f"field validation failed: page_size: the max value is {most}")
    rest = start + size < len(items)
    page = {name: items[start : start + size], "has_more": rest}
    return {"code": 0, "msg": "success", "data": {**page, token: str(start + size)} if rest else page}
