"""Whole conversations in both languages through the real bot: an answer and why, no answer and why."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import group
import pytest
from llm_server import LLMServer

FOLDER = Path(__file__).parent / "data" / "conversations" / "whole"
CONVERSATIONS = sorted(FOLDER.glob("*.json"))


def turns_of(path: Path) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    assert [bool(turn.get("why")) for turn in turns] == [False, True, False, True]
    return turns


async def told(chat: group.Group, turns: list[dict[str, Any]]) -> AsyncIterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each turn with its decision; the admin asks /why about what was said before."""
    last: dict[str, Any] = {}
    for turn in turns:
        if turn.get("why"):
            yield turn, await chat.say("/why", sender=group.ADMIN, quote=last["message"])
        else:
            last = await chat.say(turn["say"], mentions_bot=True)
            yield turn, last


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
async def test_quoting_answers_with_its_source_or_says_that_there_is_none_and_why(path: Path, tmp_path: Path) -> None:
    async with group.open_group(tmp_path) as chat:
        async for turn, decision in told(chat, turns_of(path)):
            assert decision["outcome"] == turn.get("outcome", "command")
            assert len(decision["replies"]) == 1
            assert [words for words in turn["replies"] if words not in decision["replies"][0]] == []
            assert [source["uri"] for source in decision["citations"]] == ([turn["cited"]] if "cited" in turn else [])


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
async def test_what_a_model_makes_up_is_seen_by_nobody_but_the_admin_who_asks_why(path: Path, tmp_path: Path) -> None:
    turns = turns_of(path)
    written = {turn["say"]: turn["written"] for turn in turns if "say" in turn}
    async with LLMServer().run() as server:
        server.script = lambda body: next(
            text for asked, text in written.items() if asked in body["messages"][-1]["content"]
        )
        model = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted", "llm.structured=no")
        async with group.open_group(tmp_path, *model, "llm.understand_timeout_s=0") as chat:
            async for turn, decision in told(chat, turns):
                assert decision["outcome"] == turn.get("outcome", "command")
                reply = decision["replies"][0]
                expected = turn.get("checked", turn.get("kept", turn["replies"]))
                assert [words for words in expected if words not in reply] == []
                assert [words for words in turn.get("gone", ()) if words in reply] == []
    assert server.requests
