"""Reads the files that commands take, says which line is wrong, and looks at where results are to go."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.config import ConfigError


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a file with their line numbers; blank lines are skipped.

    Raises:
        ConfigError: the file cannot be read, or a line is no JSON object.
    """
    text = read_text(path)
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _object(path, number, line)


def read_text(path: Path) -> str:
    """A whole file.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 ({error}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def check_output(option: str, path: Path, *inputs: Path | None) -> None:
    """Whether ``path`` can be written and is none of the files that are read: before any work, not after it.

    Raises:
        ConfigError: it cannot, or it is.
    """
    if path.is_dir():
        raise ConfigError(f"{option}: {path} is a folder; name a file")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{option}: there is no folder {path.absolute().parent}")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise ConfigError(f"{option}: {path} may not be written")
    if path.exists() and any(one is not None and one.exists() and path.samefile(one) for one in inputs):
        raise ConfigError(f"{option}: {path} is read as well and would be overwritten; name another file")


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}, line {number} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{path}, line {number} is not a JSON object")
    return value
