"""Converts files in worker processes: one that hangs, crashes or eats memory is killed and replaced.

It knows no format and no folder. Results come as JSON, so that nothing that a broken worker sends is executed.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.registry import Format

_ROOT = Path(__file__).resolve().parent.parent.parent
_GRACE_S = 2.0  # beyond a file's limit: a converter that minds the time ends by itself
MODULE = "rag.formats.worker"


class WorkerPool:
    """Up to ``size`` processes, started as they are needed."""

    def __init__(self, limits: Limits, size: int | None = None, module: str = MODULE) -> None:
        self.size = size or max(1, min(4, os.cpu_count() or 1))
        self._limits = limits
        self._module = module
        self._threads = ThreadPoolExecutor(self.size, "convert")
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, chosen: Format, name: str, data: bytes) -> Future[Converted]:
        """Convert a file; the future raises ConversionError where it yields no document."""
        return self._threads.submit(self._convert, chosen, name, data)

    def close(self) -> None:
        """End all workers, whatever they are at."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker.kill()
        self._threads.shutdown(wait=True)

    def _convert(self, chosen: Format, name: str, data: bytes) -> Converted:
        worker = self._take()
        try:
            return worker.convert(chosen, name, data, self._limits)
        finally:
            self._give_back(worker)

    def _take(self) -> _Worker:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker(self._module)
        with self._lock:
            if self._closed:
                worker.kill()
            self._all.add(worker)
        return worker

    def _give_back(self, worker: _Worker) -> None:
        if worker.spent:
            worker.kill()
            with self._lock:
                self._all.discard(worker)
        else:
            self._idle.put(worker)


class _Worker:
    """One process. ``spent``: it is not to be used again."""

    def __init__(self, module: str) -> None:
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # as many workers as cores
        kept = {name: value for name, value in os.environ.items() if not name.startswith("QUNDA_")}  # no secrets
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],  # -P: nothing is imported from the folder that we stand in
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**kept, **threads, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self.spent = False
        self._late = False

    def convert(self, chosen: Format, name: str, data: bytes, limits: Limits) -> Converted:
        """Hand over one file and wait for its result.

        Raises:
            ConversionError: it yields no document, took too long, or ended the process.
        """
        head = {"format": chosen.name, "name": name, "limits": limits.as_dict(), "size": len(data)}
        timer = threading.Timer(limits.seconds + _GRACE_S, self._give_up)
        timer.start()
        try:
            answer = self._asked(json.dumps(head).encode() + b"\n" + data)
        except (OSError, ValueError) as error:
            self.spent = True
            raise ConversionError(self._death(limits)) from error
        finally:
            timer.cancel()
        self.spent = self.spent or bool(answer.get("spent"))
        if "error" in answer:
            raise ConversionError(str(answer["error"]), lasting=bool(answer.get("lasting", True)))
        return Converted.from_dict(answer)

    def kill(self) -> None:
        """End it now."""
        self.spent = True
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                _close(stream)

    def _asked(self, request: bytes) -> dict[str, object]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(request)
        stdin.flush()
        size = int(stdout.readline())  # nothing where the process died: a ValueError
        answer = json.loads(stdout.read(size))
        if not isinstance(answer, dict):
            raise ValueError("no answer")
        return answer

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def _death(self, limits: Limits) -> str:
        if self._late:
            return f"it took longer than {limits.seconds:g} s (max_file_s in [knowledge]); split or simplify it"
        status = self._process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return f"reading it crashed the reader ({how}; out of memory?): it is damaged, or too complex; save it anew"


def _close(stream: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        stream.close()
