"""`qunda models pull` against a hub on this machine: whole, cut off half-way, unknown, and out of reach."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from command_line import qunda

SHA = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = (2).to_bytes(8, "little") + b"{}" + bytes(200_000)
FILES = {"config.json": b"{}", "tokenizer.json": b"{ }", "model.safetensors": WEIGHTS, "modeling_own.py": b"code"}


class Hub:
    """Serves one model as a hub does; ``cut`` breaks the first transfer of the weights off."""

    def __init__(self) -> None:
        self.cut = False
        self.ranges: list[str] = []
        self.taken: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.answer(with_body=False)

            def do_GET(self) -> None:
                self.answer(with_body=True)

            def answer(self, with_body: bool) -> None:
                path = self.path.partition("?")[0]
                if path == "/":
                    self.reply(200, b"", {}, with_body)
                elif path.startswith("/api/models/own/model/tree"):
                    tree = [{"type": "file", "path": n, "size": len(c), "oid": SHA} for n, c in FILES.items()]
                    self.reply(200, json.dumps(tree).encode(), {"Content-Type": "application/json"}, with_body)
                elif path.startswith("/api/models/own/model"):
                    names = [{"rfilename": name} for name in FILES]
                    about = {"id": "own/model", "sha": SHA, "siblings": names, "private": False, "tags": []}
                    self.reply(200, json.dumps(about).encode(), {"Content-Type": "application/json"}, with_body)
                elif path.startswith("/own/model/resolve/") and (name := path.rpartition("/")[2]) in FILES:
                    self.file(name, with_body)
                else:
                    self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)

            def file(self, name: str, with_body: bool) -> None:
                content, wanted = FILES[name], self.headers.get("Range", "")
                headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": SHA}
                if with_body:
                    hub.taken.append(name)
                if wanted.startswith("bytes=") and with_body:
                    hub.ranges.append(wanted)
                    start = int(wanted.removeprefix("bytes=").partition("-")[0])
                    headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
                    self.reply(206, content[start:], headers, with_body)
                elif hub.cut and with_body and name.endswith(".safetensors"):
                    hub.cut = False
                    self.reply(200, content, headers, with_body, sent=100_000)
                else:
                    self.reply(200, content, headers, with_body)

            def reply(
                self, status: int, content: bytes, headers: dict[str, str], with_body: bool, sent: int = -1
            ) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if with_body:
                    self.wfile.write(content if sent < 0 else content[:sent])
                self.close_connection = sent >= 0

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    thread = threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hub
    hub.server.shutdown()
    thread.join()
    hub.server.server_close()


def variables(hub: Hub, tmp_path: Path) -> dict[str, str]:
    off = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1"}
    return {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub"), **off}


def test_a_model_is_downloaded_once_and_without_code(hub: Hub, tmp_path: Path) -> None:
    env = variables(hub, tmp_path)
    chosen = ("models", "pull", "--set", "embedder.model=own/model")
    done = qunda(*chosen, cwd=tmp_path, env=env)
    assert done.status == 0, done.err
    folder = Path(done.out.rpartition("  in ")[2].strip())
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(hub.taken) == ["config.json", "model.safetensors", "tokenizer.json"]
    again = qunda(*chosen, cwd=tmp_path, env=env)
    assert (again.status, len(hub.taken)) == (0, 3)


def test_a_transfer_that_breaks_off_is_taken_up_again(hub: Hub, tmp_path: Path) -> None:
    hub.cut = True
    done = qunda("models", "pull", "own/model", cwd=tmp_path, env=variables(hub, tmp_path))
    assert done.status == 0, done.err
    assert (Path(done.out.rpartition("  in ")[2].strip()) / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(hub.taken) == ["config.json", "model.safetensors", "model.safetensors", "tokenizer.json"]


def test_an_unknown_model_and_a_hub_out_of_reach_are_named_with_the_fix(hub: Hub, tmp_path: Path) -> None:
    env = variables(hub, tmp_path)
    unknown = qunda("models", "pull", "own/other", cwd=tmp_path, env=env)
    assert unknown.status == 1 and "no model own/other" in unknown.err
    dead = qunda("models", "pull", "own/model", cwd=tmp_path, env={**env, "HF_ENDPOINT": "http://127.0.0.1:9"})
    assert dead.status == 1 and "out of reach" in dead.err and "source = modelscope" in dead.err
    offline = qunda("models", "pull", "own/model", cwd=tmp_path, env={**env, "HF_HUB_OFFLINE": "1"})
    assert offline.status == 1 and "HF_HUB_OFFLINE" in offline.err
    nothing = qunda("models", "pull", cwd=tmp_path, env=env)
    assert nothing.status == 0 and "names no model" in nothing.out
