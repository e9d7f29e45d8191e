"""The packages that the tests run with fit together, and so do the judgements of `resolved` on a resolver's answer."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from typing import Any

import pytest
from resolved import conflicts

ENVIRONMENT = {"python_version": "3.11", "sys_platform": "linux"}


def test_pip_finds_no_conflict_with_cpu_and_wechat() -> None:
    assert metadata.version("faiss-cpu") and metadata.version("wechaty"), "make test installs both"
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "No broken requirements found."), done.stdout + done.stderr


def package(name: str, version: str, *requires: str, extras: tuple[str, ...] = ()) -> dict[str, Any]:
    about = {"name": name, "version": version, "requires_dist": list(requires)}
    return {"metadata": about, "requested_extras": list(extras)}


def report(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"install": list(packages), "environment": ENVIRONMENT}


def test_an_answer_that_fits_has_no_conflict() -> None:
    ours = package("qunda", "1", "torch>=2.6; extra == 'gpu'", "tool>=9; extra == 'dev'", extras=("gpu",))
    torch = package("Torch", "2.13.0+cpu", "numpy", "winreg; sys_platform == 'win32'", "fast[turbo]")
    fast = package("fast", "1", "engine>=2; extra == 'turbo'", "brake; extra == 'safe'")
    answer = report(ours, torch, fast, package("numpy", "2"), package("engine", "2.1rc1"))
    assert list(conflicts(answer, ["torch", "numpy"])) == []


@pytest.mark.parametrize(
    ("packages", "wanted", "says"),
    [
        ([package("a", "1", "b<2"), package("b", "2")], [], "a needs b<2, not 2"),
        ([package("a", "1", "b")], [], "a needs b, which is not in the answer"),
        ([package("a", "1", "b; extra == 'x'", extras=("x",))], [], 'a needs b; extra == "x", which is not'),
        ([package("a", "1", "b[x]"), package("b", "1", "c; extra == 'x'")], [], "b needs c"),
        ([package("faiss_cpu", "1"), package("faiss-gpu", "1")], [], "exclude each other"),
        ([package("a", "1")], ["faiss-gpu"], "faiss-gpu is not in the answer"),
    ],
)
def test_a_conflict_is_named(packages: list[dict[str, Any]], wanted: list[str], says: str) -> None:
    [found] = conflicts(report(*packages), wanted)
    assert says in found
