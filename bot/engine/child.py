"""The computing process itself: reads requests, computes on two threads, answers. It ends when its input does.

It knows its parent by two pipes alone. Signals that ask for an end are the parent's business.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from queue import SimpleQueue
from typing import Any, BinaryIO

from loguru import logger

from bot import log
from bot.config import ConfigError, Settings
from bot.engine.base import EngineError
from bot.engine.core import Core
from bot.engine.process import TRAINS
from bot.engine.wire import frame, pipes, read_frame, survives
from rag.base import RagError

END_S = 3.0
SWITCH_INTERVAL_S = 0.0005  # a judgement waits so long for a training's thread, at most

_Work = tuple[int, str, tuple[Any, ...]]


class _Child:
    def __init__(self, settings: Settings, answers: BinaryIO) -> None:
        self._settings = settings
        self._answers = answers
        self._writing, self._making = threading.Lock(), threading.Lock()
        self._core: Core | None = None
        self._waiting: set[int] = set()
        self._at = threading.local()

    def serve(self, requests: BinaryIO) -> None:
        """Until the parent closes its end or dies."""
        queues: tuple[SimpleQueue[_Work | None], ...] = (SimpleQueue(), SimpleQueue())
        threads = [threading.Thread(target=self._work, args=(queue,), daemon=True) for queue in queues]
        for thread in threads:
            thread.start()
        try:
            while True:
                number, kind, arguments = read_frame(requests)
                if kind == "cancel":
                    self._waiting.discard(number)
                else:
                    self._waiting.add(number)
                    queues[kind == TRAINS].put((number, kind, arguments))
        except EOFError:
            pass
        self._waiting.clear()
        if self._core is not None:
            self._core.close()
        for queue, thread in zip(queues, threads, strict=True):
            queue.put(None)
            thread.join(END_S)

    def send(self, number: int, what: str, content: Any) -> None:
        """Answer; where nobody listens any more, the end of the input says the rest."""
        data = frame((number, what, content))
        with self._writing:
            try:
                self._answers.write(data)
                self._answers.flush()
            except OSError:
                return

    def send_log(self, level: str, name: str, function: str, line: int, text: str) -> None:
        """Hand a line of the log to the parent, as part of the request that this thread is at."""
        self.send(getattr(self._at, "number", 0), "log", (level, name, function, line, text))

    def _work(self, queue: SimpleQueue[_Work | None]) -> None:
        while (work := queue.get()) is not None:
            number, kind, arguments = work
            if number not in self._waiting:
                self.send(number, "dropped", None)
                continue
            self._waiting.discard(number)
            self._at.number = number
            self.send(number, *self._answer(kind, arguments))

    def _answer(self, kind: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
        """The boundary round one request: whatever breaks in it is its answer."""
        try:
            with self._making:
                core = self._core = self._core or Core(self._settings)
            return "done", getattr(core, kind)(*arguments)
        except (RagError, ConfigError, OSError) as error:
            fault: Exception = error
        except Exception as error:
            logger.exception("computing failed")
            fault = error
        return "failed", fault if survives(fault) else EngineError(f"{type(fault).__name__}: {fault}")


def main() -> None:
    """Serve the parent at the other end of stdin and stdout."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with pipes() as (requests, answers):
        try:
            settings = read_frame(requests)
        except EOFError:
            return
        child = _Child(settings, answers)
        log.forward(child.send_log, settings.bot.log_level)
        child.serve(requests)
        os._exit(0)  # a thread that did not end in time would hold up the interpreter's own end
