"""`qunda gate review`: what is odd among the examples that a group learns from."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from command_line import prepare, qunda
from test_labelling import built

from bot.cli.parser import run
from bot.config import load
from bot.store import Store


def test_gate_review_names_contradictions_and_doubles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = built(tmp_path)
    (tmp_path / "good.json").write_text(json.dumps(["如何修改端口", "如何修改端口？", "中午吃什么呢"]), "utf-8")
    (tmp_path / "bad.json").write_text(json.dumps(["中午吃什么呢"]), "utf-8")
    capsys.readouterr()
    assert run([*arguments, "gate", "review", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {finding["kind"] for finding in found} >= {"contradiction", "duplicate"}
    assert run([*arguments, "gate", "review"]) == 0
    shown = capsys.readouterr().out
    assert "中午吃什么呢" in shown and "bad_questions" in shown


def test_gate_review_looks_at_what_a_group_learns_from(tmp_path: Path) -> None:
    settings = load(prepare(tmp_path), environ={})
    other = tmp_path / "other"
    other.mkdir()
    (other / "faq.md").write_text("# 打印机\n\n打印机卡纸时打开后盖。", "utf-8")
    (tmp_path / "chat.labelled.jsonl").write_text(
        '{"text": "打印机卡纸怎么办", "answer": true}\n{"text": "打印机卡纸怎么办", "answer": false}\n', "utf-8"
    )
    lists = "\n".join(f"{kind}_questions = chat.labelled.jsonl" for kind in ("good", "bad"))
    with settings.path.open("a", encoding="utf-8") as file:
        file.write(f"[knowledge:printers]\ndocuments = other\n{lists}\n[group:fake:g1]\nknowledge = printers\n")

    async def teach() -> None:
        store = Store.open(settings.data / "qunda.db")
        await store.examples.add("fake", "今晚谁去打球", "good", "fake:root")
        await store.examples.add("*", "今晚谁去打球！", "bad", "fake:root")
        await store.examples.add("fake:g2", "\x1b[31m换墨盒", "bad", "fake:root")
        await store.close()

    asyncio.run(teach())
    assert qunda("build", "--base", "printers", cwd=tmp_path).status == 0
    done = qunda("gate", "review", "--group", "fake:g1", "--json", cwd=tmp_path)
    pairs = [{e["text"] for e in row["examples"]} for row in json.loads(done.out) if row["kind"] == "contradiction"]
    assert {"打印机卡纸怎么办"} in pairs and {"今晚谁去打球", "今晚谁去打球！"} in pairs
    assert "fake:g1 has no examples of its own" in done.err
    assert "fake:g1" not in qunda("gate", "review", "--group", "fake:g2", cwd=tmp_path).err
