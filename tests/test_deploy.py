"""The files of deploy/: that they parse, agree with each other, and name only what exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continuation lines joined."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines() if line.strip()]


def arguments(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def copied() -> list[str]:
    """What the image takes from the project."""
    return [source for rest in arguments("COPY") if "--from" not in rest for source in rest.split()[:-1]]


def compose() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return data


def unit() -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / "qunda.service").read_text("utf-8"))
    return parser


def test_the_dockerfile_knows_only_real_instructions_and_two_stages() -> None:
    known = {
        "FROM",
        "RUN",
        "COPY",
        "ENV",
        "USER",
        "WORKDIR",
        "VOLUME",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    }
    assert {name for name, _ in instructions()} <= known
    assert [rest.split()[0] for rest in arguments("FROM")] == ["python:3.11-slim"] * 2


def test_what_the_image_copies_exists_and_is_let_through_by_the_ignore_file() -> None:
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    allowed = {line[1:] for line in ignore if line.startswith("!")}
    assert copied()
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert allowed == set(copied())


def test_the_image_gets_every_package_of_the_project() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = re.search(r"^packages = (\[.*?\])", project, re.MULTILINE | re.DOTALL)
    assert packages
    tops = {name.split(".")[0] for name in re.findall(r'"([\w.]+)"', packages[1])}
    assert tops <= set(copied())


def test_the_image_runs_as_an_ordinary_user_who_owns_the_data() -> None:
    assert arguments("USER") == ["qunda"]
    assert arguments("VOLUME") == ["/data"]
    assert any("-o qunda" in rest and "/data" in rest for rest in arguments("RUN"))
    order = [name for name, _ in instructions()]
    assert order.index("USER") > max(index for index, name in enumerate(order) if name in {"COPY", "RUN"})


def test_the_health_check_asks_the_same_config_and_data_as_the_bot() -> None:
    entry = json.loads(arguments("ENTRYPOINT")[0])
    health = json.loads(arguments("HEALTHCHECK")[0].split("CMD", 1)[1])
    assert health == [*entry, "doctor", "--quiet"]
    assert json.loads(arguments("CMD")[0]) == ["run"]


def test_compose_builds_this_dockerfile_and_mounts_what_the_image_reads() -> None:
    service = compose()["services"]["qunda"]
    context = (DEPLOY / service["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / service["build"]["dockerfile"]).is_file()
    mounts = {}
    for volume in service["volumes"]:
        source, target = re.fullmatch(r"(.+?):(/\w[\w./]*)(?::ro)?", volume).groups()  # type: ignore[union-attr]
        mounts[target] = re.sub(r"\$\{\w+:-(.*)\}", r"\1", source)
    entry = json.loads(arguments("ENTRYPOINT")[0])
    assert set(mounts) == {entry[2], entry[4], entry[6].partition("=")[2]}
    assert mounts["/data"] in compose()["volumes"]
    assert [source for target, source in mounts.items() if target != "/data" and not (DEPLOY / source).exists()] == []


def test_compose_limits_memory_restarts_and_leaves_time_to_stop() -> None:
    service = compose()["services"]["qunda"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["restart"] == "unless-stopped"
    assert int(service["stop_grace_period"].removesuffix("s")) >= 30
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    writable = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert writable == ["data:/data"]


def test_the_unit_is_hardened_restarts_on_failure_and_leaves_time_to_stop() -> None:
    service = unit()["Service"]
    assert service["User"] not in {"", "root"}
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "2"
    assert int(service["TimeoutStopSec"]) >= 30
    assert f"/var/lib/{service['StateDirectory']}" in service["ExecStart"].split()
    assert service["ExecStart"].split()[-1] == "run"


def verify(folder: Path, text: str) -> str:
    """What systemd-analyze says of a unit, with a program that exists here; its status is 0 even for unknown keys."""
    program = shutil.which("true") or "/bin/true"
    path = folder / "qunda.service"
    path.write_text(text.replace("/opt/qunda/bin/qunda", program), "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "qunda.service").read_text("utf-8")
    assert "qunda.service" not in verify(tmp_path, text)
    assert "Unknown key" in verify(tmp_path, text.replace("ProtectClock", "ProtectClok"))


def test_the_deployment_page_names_the_paths_that_the_files_use() -> None:
    page = (DEPLOY / "README.md").read_text("utf-8")
    service = unit()["Service"]
    for path in ("/config/config.ini", "/knowledge", f"/var/lib/{service['StateDirectory']}", "/etc/qunda/qunda.env"):
        assert path in page
    assert service["ExecStart"].removesuffix(" run") in page
