"""The process that converts files: reads requests from its input, writes results to its output, in JSON.

``python -m rag.formats.worker``. It ends when its input ends. Its address space is bounded, so that a file which wants
more memory fails alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from typing import Any, BinaryIO

from rag.formats.base import ConversionError, Limits
from rag.formats.registry import FORMATS

_ALARM_S = 10  # later than the parent, which can say why
_BY_NAME = {one.name: one for one in FORMATS}


def main() -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    out = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)  # what a library prints must not get between the results
    os.dup2(quiet, 2)
    serve(sys.stdin.buffer, out)


def serve(requests: BinaryIO, results: BinaryIO) -> None:
    """Answer each request: a line with format, name, limits and size, then the bytes of the file."""
    while line := requests.readline():
        head = json.loads(line)
        answer = _converted(head, requests.read(head["size"]))
        signal.alarm(0)
        body = json.dumps(answer).encode()
        results.write(b"%d\n" % len(body) + body)
        results.flush()


def _converted(head: dict[str, Any], data: bytes) -> dict[str, Any]:
    limits = Limits(**head["limits"])
    _bound_memory(limits.memory_mb)
    signal.alarm(int(limits.seconds) + _ALARM_S)  # where the parent is gone, nobody else would end it
    try:
        return _BY_NAME[head["format"]].convert(data, head["name"], limits).as_dict()
    except ConversionError as error:
        return {"error": str(error), "lasting": error.lasting}
    except MemoryError:
        return {"error": f"it needs more than {limits.memory_mb:,} MB of memory; split it", "spent": True}
    except ImportError as error:
        reason = f"the package {error.name or error} is missing: pip install --upgrade qunda"
        return {"error": reason, "spent": True, "lasting": False}
    except RecursionError:
        return {"error": "it is nested too deeply"}
    except Exception as error:  # one document in a build: whatever a library makes of it stops no other
        return {"error": f"it cannot be read ({type(error).__name__}: {str(error)[:200]})", "spent": True}


def _bound_memory(memory_mb: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    main()
