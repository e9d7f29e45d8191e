"""A real Wechaty puppet service as a process of its own: started, asked, killed, frozen. Holds no tests."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "puppet"
TOKEN = "2fdb00a5-5c31-4018-84ac-c64e5f995057"
ROOM, OTHER_ROOM = "1@chatroom", "2@chatroom"
ANN, BOB, BOT = "wxid_ann", "wxid_bob", "wxid_bot"
INSTALL = "npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --prefix tests/puppet"


def why_not() -> str:
    """What is missing to run a gateway; empty when nothing is."""
    if shutil.which("node") is None:
        return "the tests of the Wechaty route need Node.js 18 or newer: https://nodejs.org"
    if not (FOLDER / "node_modules" / "wechaty-puppet-service").is_dir():
        return f"the tests of the Wechaty route need their Node packages: {INSTALL}"
    return ""


def need_gateway() -> None:
    """Skip where Node is missing, but never in CI: there it is a failure."""
    reason = why_not()
    if reason and os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


class Gateway:
    """The process. ``port`` stays the same when it is started again."""

    def __init__(self, token: str = TOKEN, *, tls: bool = False) -> None:
        self.token, self.tls = token, tls
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it listens."""
        need_gateway()
        node = shutil.which("node") or "node"
        self._process = subprocess.Popen(
            [node, "server.mjs", str(self.port), self.token, *(["tls"] if self.tls else [])],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "WECHATY_LOG": "silent", "NODE_NO_WARNINGS": "1"},
        )
        self.port = int(self._answer()["port"])

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """One command and its answer."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        assert "error" not in answer, answer
        return answer

    def say(self, text: str, *, room: str = ROOM, sender: str = ANN, mention: bool = False, **values: Any) -> str:
        """A member of a group says something; ``room`` empty: directly to the bot. The id of the message."""
        mentions = [BOT] if mention else []
        words = f"@群答\u2005{text}" if mention else text
        answer = self.ask("say", **{"room": room, "from": sender, "text": words, "mentions": mentions, **values})
        return str(answer["id"])

    def posts(self) -> list[dict[str, Any]]:
        """What the bot has posted since the last reset or start."""
        return list(self.ask("posted")["posts"])

    def write_ca(self, folder: Path) -> Path:
        """The certificate of the authority that Wechaty's gateways have theirs from, unless they are given another."""
        source = (FOLDER / "node_modules/wechaty-puppet-service/dist/esm/src/auth/ca.js").read_text("utf-8")
        file = folder / "ca.pem"
        file.write_text(
            source[source.index("-----BEGIN CERT") : source.index("-----END CERT")] + "-----END CERTIFICATE-----\n"
        )
        return file

    def freeze(self) -> None:
        """Let it hang with its connections open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answer(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the gateway has died"
        answer: dict[str, Any] = json.loads(line)
        return answer


@functools.cache
def _shared() -> Gateway:
    gateway = Gateway()
    atexit.register(gateway.kill)
    return gateway


def fresh_gateway() -> Gateway:
    """The gateway that the tests of a process share: no posts, logged in, started again where a test has killed it."""
    gateway = _shared()
    if not gateway.alive:
        gateway.start()
    gateway.ask("reset")
    return gateway
