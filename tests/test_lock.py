"""One running bot per data folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.lock import DataLockError, lock_data

HOLD = """
import sys
from pathlib import Path
from bot.lock import lock_data
with lock_data(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_bot_on_the_folder_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    with lock_data(tmp_path), pytest.raises(DataLockError, match=f"process {os.getpid()}"), lock_data(tmp_path):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with lock_data(tmp_path / "new" / "data"):
            pass


def test_a_process_that_is_killed_lets_go(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(DataLockError, match=f"process {process.pid}"), lock_data(tmp_path):
            pass
        process.kill()
        process.wait()
    with lock_data(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataLockError, match="cannot be written"), lock_data(tmp_path / "file"):
        pass
