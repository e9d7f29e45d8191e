"""The only place that sets log sinks: loguru to stderr (and a file), the standard library's logging routed in."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from loguru import Message, Record

FORMAT = (
    "<green>{time:YYYY-MM-DD HH:mm:ss.SSS}</green> <level>{level: <7}</level> {extra[where]}"
    "<cyan>{name}</cyan>: <level>{message}</level>"
)
QUIET = ("asyncio", "httpx", "httpcore", "openai", "bm25s", "Lark", "urllib3")


class _ToLoguru(logging.Handler):
    """Hands records of the standard library's loggers to loguru, with the caller's place."""

    def emit(self, record: logging.LogRecord) -> None:
        frame: FrameType | None = sys._getframe(1)
        depth = 1
        while frame and frame.f_code.co_filename == logging.__file__:
            frame, depth = frame.f_back, depth + 1
        logger.opt(depth=depth, exception=record.exc_info).log(record.levelname, record.getMessage())


def set_up(level: str = "INFO", file: Path | None = None) -> None:
    """Log at ``level`` to stderr and, when given, to ``file`` (10 MB each, 5 kept).

    ``diagnose`` is off: it would print the values of variables, and with them secrets and members' messages.
    """
    logger.remove()
    logger.configure(extra={"where": ""}, patcher=_place)
    logger.add(sys.stderr, level=level, format=FORMAT, diagnose=False, backtrace=False)
    if file:
        logger.add(file, level=level, format=FORMAT, diagnose=False, rotation="10 MB", retention=5, enqueue=True)
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.INFO, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def forward(send: Callable[[str, str, str, int, str], None], level: str) -> None:
    """Log at ``level`` to ``send``: level, name, function, line and text with its traceback, for another process."""

    def sink(message: Message) -> None:
        record = message.record
        send(record["level"].name, record["name"] or "", record["function"], record["line"], str(message).rstrip())

    logger.remove()
    logger.add(sink, level=level, format="{message}", diagnose=False, backtrace=False)
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.INFO, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def relay(level: str, name: str, function: str, line: int, text: str) -> None:
    """Log what another process said, see `forward`, as if it had been said here."""

    def place(record: Record) -> None:
        record["name"], record["function"], record["line"] = name, function, line

    logger.patch(place).log(level, "{}", text)


def _place(record: object) -> None:
    """``conversation`` and ``message`` of `logger.contextualize`, shown in front of the text."""
    extra: dict[str, object] = record["extra"]  # type: ignore[index]
    parts = [str(extra[key]) for key in ("conversation", "message") if key in extra]
    extra["where"] = f"[{' '.join(parts)}] " if parts else ""
