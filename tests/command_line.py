"""Runs `qunda` as a process of its own, from another working directory, as a person does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import group

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Done:
    """How a command ended. Tracebacks fail the test that sees one."""

    status: int
    out: str
    err: str


def environment(**variables: str) -> dict[str, str]:
    """Ours, without what would configure Qunda, with the project importable from anywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUNDA_")}
    path = os.pathsep.join(filter(None, (variables.pop("PYTHONPATH", ""), str(ROOT))))
    return {**kept, "COLUMNS": "200", "PYTHONPATH": path, **variables}


def start(*arguments: object, cwd: Path, env: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
    """A command that goes on running."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *map(str, arguments)],
        cwd=cwd,
        env=environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def finish(process: subprocess.Popen[str]) -> Done:
    """Wait for the end."""
    with process:
        out, err = process.communicate(timeout=100)
    assert "Traceback" not in (err or ""), err
    return Done(process.returncode, out, err)


def qunda(*arguments: object, cwd: Path, env: dict[str, str] | None = None) -> Done:
    """Run a command to its end."""
    return finish(start(*arguments, cwd=cwd, env=env))


def prepare(folder: Path) -> Path:
    """The test group's documents, examples and config.ini in ``folder``, the knowledge built; the config's path."""
    settings = group.make_settings(folder)
    shutil.copytree(group.built_data(), settings.data)
    return folder / "config.ini"
