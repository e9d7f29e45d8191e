"""Views on a data folder: gates that are kept for the next start, and settings that change in between."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_library import opened, prepared, teach
from views import open_view

from bot.gates import SPARE_GATES
from rag.base import Question
from rag.snapshot import View


def decide(view: View, text: str) -> float:
    return view.gate.decide(Question(text), view.search(text)).probability


async def test_gates_that_nobody_uses_are_cleared_away(tmp_path: Path) -> None:
    settings = prepared(tmp_path)
    for number in range(2 * SPARE_GATES):
        (settings.data / "gates" / f"old{number}").mkdir()
        os.utime(settings.data / "gates" / f"old{number}", (number, number))
    async with opened(settings) as held:
        await teach(held, "fake:g1", "哈哈哈笑死", "bad")
        await held.library.examples_changed("fake:g1")
        left = {folder.name for folder in (settings.data / "gates").iterdir()}
    assert {f"old{number}" for number in range(2 * SPARE_GATES)} & left == {
        f"old{number}" for number in range(SPARE_GATES, 2 * SPARE_GATES)
    }
    assert len(left) == SPARE_GATES + 2, "the gates in use stay"


def test_the_expected_share_counts_although_the_gate_was_kept_before_it_changed(tmp_path: Path) -> None:
    text = "Zephyrlink 怎么安装？"
    usual = open_view(prepared(tmp_path / "a"))
    busy = open_view(prepared(tmp_path / "b", "gate.expected_share=0.5"))
    assert decide(busy, text) > decide(usual, text)
    assert busy.gate.threshold > usual.gate.threshold


@pytest.mark.parametrize("unwanted", [5.0, 50.0])
def test_the_dial_counts_although_the_gate_was_kept_before_it_changed(tmp_path: Path, unwanted: float) -> None:
    view = open_view(prepared(tmp_path, f"gate.unwanted_per_1000={unwanted}"))
    assert view.gate.dial == unwanted
