"""The process that builds: takes a base's name, builds it, answers with what was done. It ends when its input does.

It knows its parent by two pipes alone. What it had embedded when it was ended is taken up by the next build.
"""

from __future__ import annotations

import os
import signal
import threading
from queue import SimpleQueue
from typing import BinaryIO

from loguru import logger

from bot import log
from bot.builder import build_base, not_built
from bot.config import ConfigError, Settings
from bot.engine.wire import frame, pipes, read_frame
from bot.models import make_embedder
from rag.base import RagError
from rag.protocols import Embedder

NICENESS = 10


def main() -> None:
    """Serve the parent at the other end of stdin and stdout."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    with pipes() as (requests, answers):
        try:
            settings: Settings = read_frame(requests)
        except EOFError:
            return
        lock = threading.Lock()

        def send(what: str, content: object) -> None:
            with lock:
                answers.write(frame((what, content)))
                answers.flush()

        log.forward(lambda *line: send("log", line), settings.bot.log_level)
        names: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=_read, args=(requests, names), daemon=True).start()
        embedder: Embedder | None = None  # kept: a model takes long to load
        while True:
            base = names.get()
            try:
                embedder = embedder or make_embedder(settings)
                report = build_base(settings, base, embedder=embedder)
            except (RagError, ConfigError, OSError) as error:
                report = not_built(base, str(error))
            except Exception as error:  # the boundary round one build
                logger.exception("building failed")
                report = not_built(base, f"{type(error).__name__}: {error}")
            send("done", report)


def _read(requests: BinaryIO, names: SimpleQueue[str]) -> None:
    """Until the parent closes its end or dies: then nobody wants what is being built."""
    try:
        while True:
            names.put(read_frame(requests))
    except EOFError:
        os._exit(0)
