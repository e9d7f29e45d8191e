"""`qunda models pull --source modelscope`: its own client against a stand-in of its hub."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from command_line import Done, qunda
from model_hub import FILES, LARGE, WEIGHTS

from rag.base import ModelError
from rag.neural.files import find

ROOT = "/api/v1/models/own/model/repo"


class ModelScope:
    """Serves own/model as ModelScope does; ``cut`` ends the first transfer of the weights early."""

    def __init__(self) -> None:
        self.cut = 0
        self.changed = False
        self.ranges: list[str] = []
        self.taken: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.reply(200, b"")

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                if asked.path == f"{ROOT}/files":
                    self.reply(
                        200, json.dumps({"Code": 200, "Success": True, "Data": {"Files": hub.listed()}}).encode()
                    )
                elif asked.path == ROOT:
                    self.send_file(parse_qs(asked.query)["FilePath"][0])
                else:
                    self.reply(404, json.dumps({"Code": 404, "Message": "not found"}).encode())

            def send_file(self, name: str) -> None:
                content, wanted = FILES[name], self.headers.get("Range", "")
                hub.taken.append(name)
                if hub.changed and name == LARGE:
                    content = content[:-1] + b"x"
                if not wanted:
                    cut, hub.cut = (hub.cut, 0) if name == LARGE else (0, hub.cut)
                    self.reply(200, content, sent=cut or len(content))
                    return
                hub.ranges.append(wanted)
                start = int(wanted.removeprefix("bytes=").partition("-")[0])
                self.reply(206, content[start:], {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"})

            def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None, sent: int = -1) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content if sent < 0 else content[:sent])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def listed(self) -> list[dict[str, Any]]:
        return [
            {"Type": "blob", "Path": name, "Size": len(content), "Sha256": hashlib.sha256(content).hexdigest()}
            for name, content in FILES.items()
        ]


@pytest.fixture
def hub() -> Iterator[ModelScope]:
    hub = ModelScope()
    thread = threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hub
    hub.server.shutdown()
    thread.join()
    hub.server.server_close()


def pull(hub: ModelScope, tmp_path: Path, model: str = "own/model") -> Done:
    env = {"MODELSCOPE_ENDPOINT": hub.url, "MODELSCOPE_CACHE": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1"}
    return qunda("models", "pull", model, "--source", "modelscope", cwd=tmp_path, env=env)


def test_a_model_is_downloaded_without_code_and_found_afterwards(
    hub: ModelScope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = pull(hub, tmp_path)
    assert done.status == 0, done.err
    folder = Path(done.out.rpartition("  in ")[2].strip())
    assert (folder / LARGE).read_bytes() == WEIGHTS
    assert sorted(hub.taken) == ["config.json", LARGE, "tokenizer.json"]
    assert f"{LARGE} 100% of 0.2 MB" in done.err and "\r" not in done.err
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "cache"))
    assert find("own/model", "modelscope") == folder
    with pytest.raises(ModelError, match="own/other is not on this machine: run `qunda models pull`"):
        find("own/other", "modelscope")


def test_a_transfer_that_breaks_off_goes_on_at_its_byte(hub: ModelScope, tmp_path: Path) -> None:
    hub.cut = 100_000
    done = pull(hub, tmp_path)
    assert done.status == 0, done.err
    assert (Path(done.out.rpartition("  in ")[2].strip()) / LARGE).read_bytes() == WEIGHTS
    assert hub.ranges == ["bytes=100000-"]


def test_an_unknown_model_is_named(hub: ModelScope, tmp_path: Path) -> None:
    unknown = pull(hub, tmp_path, "own/other")
    assert unknown.status == 1 and "no model own/other" in unknown.err


def test_a_file_that_was_changed_on_the_way_is_not_kept(hub: ModelScope, tmp_path: Path) -> None:
    hub.changed = True
    wrong = pull(hub, tmp_path)
    assert wrong.status == 1 and "was not downloaded" in wrong.err and "Hash mismatch" in wrong.err
    assert not list(tmp_path.rglob(LARGE))
