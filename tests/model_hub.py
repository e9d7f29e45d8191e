"""A hub of models on this machine, with a storage of its own for large files, and the faults that such have."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SHA = "0123456789abcdef0123456789abcdef01234567"
LARGE = "model.safetensors"
WEIGHTS = (2).to_bytes(8, "little") + b"{}" + bytes(range(250)) * 800
FILES = {"config.json": b"{}", "tokenizer.json": b"{ }", LARGE: WEIGHTS, "modeling_own.py": b"code"}


class Hub:
    """Serves own/model; its weights come from the storage, and most faults are the storage's."""

    def __init__(self) -> None:
        self.cuts: list[int] = []  # the next transfers of the weights end after so many bytes of their own
        self.hangs_after: int | None = None
        self.changed = False  # a proxy in between changes a byte
        self.ignores_ranges = False
        self.refuses = 0  # with this status
        self.silent_at = ""  # a path that is never answered
        self.ranges: list[str] = []
        self.taken: list[str] = []
        self.keys: dict[str, set[str]] = {"hub": set(), "storage": set()}
        self.released = threading.Event()
        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), self.handler(place)) for place in ("hub", "storage")]
        self.url, self.storage = (f"http://127.0.0.1:{server.server_port}" for server in self.servers)

    def handler(self, place: str) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.answer(with_body=False)

            def do_GET(self) -> None:
                self.answer(with_body=True)

            def answer(self, with_body: bool) -> None:
                path = self.path.partition("?")[0]
                hub.keys[place].add(self.headers.get("Authorization", ""))
                if hub.silent_at and path.startswith(hub.silent_at) and (hub.silent_at != "/" or path == "/"):
                    hub.released.wait(30)
                elif place == "storage":
                    hub.send_weights(self)
                else:
                    hub.send(self, path, with_body)

            def reply(self, status: int, content: bytes, headers: dict[str, str], with_body: bool = True) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if with_body:
                    self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def send(self, to: Any, path: str, with_body: bool) -> None:
        name = path.rpartition("/")[2]
        if path == "/":
            to.reply(200, b"", {}, with_body)
        elif path.startswith("/api/models/own/model"):
            tree = path.startswith("/api/models/own/model/tree")
            to.reply(200, json.dumps(self.tree() if tree else self.about()).encode(), {}, with_body)
        elif path.startswith("/own/model/resolve/") and name == LARGE:
            where = {"Location": f"{self.storage}/{name}", "X-Linked-Size": str(len(WEIGHTS))}
            hashed = {"X-Linked-Etag": f'"{hashlib.sha256(WEIGHTS).hexdigest()}"', "X-Repo-Commit": SHA}
            to.reply(302, b"", {**where, **hashed}, with_body)
        elif path.startswith("/own/model/resolve/") and name in FILES:
            if with_body:
                self.taken.append(name)
            etag = hashlib.sha1(FILES[name]).hexdigest()
            to.reply(200, FILES[name], {"ETag": f'"{etag}"', "X-Repo-Commit": SHA}, with_body)
        else:
            to.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)

    def send_weights(self, to: Any) -> None:
        self.taken.append(LARGE)
        wanted, content = to.headers.get("Range", ""), WEIGHTS
        if wanted:
            self.ranges.append(wanted)
        if self.refuses:
            to.reply(self.refuses, b"", {})
            return
        if self.changed:
            content = content[:-1] + b"x"
        start = 0 if self.ignores_ranges or not wanted else int(wanted.removeprefix("bytes=").partition("-")[0])
        status, headers = (206 if start else 200), {"Content-Length": str(len(content) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        end = start + self.cuts.pop(0) if self.cuts else self.hangs_after or len(content)
        to.reply(status, content[start:end], headers)
        if self.hangs_after:
            self.released.wait(30)
        to.close_connection = True

    def about(self) -> dict[str, Any]:
        lfs = {"size": len(WEIGHTS), "sha256": hashlib.sha256(WEIGHTS).hexdigest(), "pointerSize": 134}
        files = [
            {"rfilename": name, "size": len(content), **({"lfs": lfs} if name == LARGE else {})}
            for name, content in FILES.items()
        ]
        return {"id": "own/model", "sha": SHA, "siblings": files, "private": False, "tags": []}

    def tree(self) -> list[dict[str, Any]]:
        return [{"type": "file", "path": name, "size": len(content), "oid": SHA} for name, content in FILES.items()]


@contextmanager
def serving_hub() -> Iterator[Hub]:
    """A hub for the length of the block."""
    hub = Hub()
    threads = [threading.Thread(target=s.serve_forever, kwargs={"poll_interval": 0.01}) for s in hub.servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        hub.released.set()
        for server, thread in zip(hub.servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
