"""``qunda eval-answers``: measures answers on questions with what should be said, the way a group would get them."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.cli.lines import read_objects
from bot.cli.offline import check_facts
from bot.cli.progress import progress, warn
from bot.config import ConfigError, Settings
from bot.engine import open_engine
from bot.faults import Watch
from bot.models import make_embedder, open_answerer, understanding_of
from bot.outcome import Outcome
from bot.responder import Responder, outcome
from bot.teachings import Teachings
from rag.answer_eval import Expected, Given, summarise
from rag.base import NoKnowledgeError, Question, RagError, detect_language
from rag.knowledge import open_current
from rag.retrieval_eval import matching

_SHAPE = '{"question": "...", "answer": "..." or ["..."] or null, "sources": ["install.md"]}'


@dataclass(frozen=True, slots=True)
class Item:
    """A line of FILE; no ``answers``: the documents do not say. ``sources`` is None where the line has none."""

    line: int
    text: str
    answers: tuple[str, ...]
    sources: tuple[str, ...] | None = None


def eval_answers(settings: Settings, options: argparse.Namespace) -> int:
    """Ask every question of FILE and count."""
    items = read_items(options.file)
    bot = settings.bot.model_copy(update={"computing": "thread"})
    settings = settings.model_copy(update={"bot": bot, "groups": {}})  # asked in no group
    sources = _resolved(items, _documents(settings))
    asked = asyncio.run(_ask(settings, items, mentioned=not options.passive))
    failed = [(item, done) for item, (done, _) in zip(items, asked, strict=True) if done.kind == "failed"]
    pairs = [
        (Expected(item.answers, wanted), Given(done.answer, tuple(c["uri"] for c in done.citations), ms))
        for item, wanted, (done, ms) in zip(items, sources, asked, strict=True)
        if done.kind != "failed"
    ]
    report = {**summarise(pairs), "failed": len(failed)}
    if options.json:
        print(json.dumps(_rounded(report), ensure_ascii=False))
    else:
        _print(report, settings.llm.backend, mentioned=not options.passive)
    if failed:
        item, done = failed[0]
        warn(f"{len(failed)} questions failed and are not counted, the first one in line {item.line}: {done.detail}")
    return 1 if failed else 0


def read_items(path: Path) -> list[Item]:
    """The lines of FILE.

    Raises:
        ConfigError: it cannot be read, a line is wrong, or there is none.
    """
    items = [_item(path, number, line) for number, line in read_objects(path)]
    if not items:
        raise ConfigError(f"{path} is empty: lines of {_SHAPE} are needed")
    return items


def _item(path: Path, number: int, line: Mapping[str, Any]) -> Item:
    text, sources = line.get("question"), line.get("sources")
    if not isinstance(text, str) or not text.strip() or "answer" not in line:
        raise ConfigError(f"{path}, line {number}: {_SHAPE} is needed")
    answers = [] if line["answer"] is None else [line["answer"]] if isinstance(line["answer"], str) else line["answer"]
    if not isinstance(answers, list) or not all(isinstance(answer, str) and answer.strip() for answer in answers):
        raise ConfigError(f"{path}, line {number}: answer must be a text, a list of texts, or null where there is none")
    names = [sources] if isinstance(sources, str) else sources
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) and name for name in names)):
        raise ConfigError(f"{path}, line {number}: sources must be a list of document uris or file names")
    return Item(number, text, tuple(answers), None if names is None else tuple(dict.fromkeys(names)))


def _documents(settings: Settings) -> Collection[str]:
    """The uris of every base that can be read; that none can is told by the engine, in its own words."""
    embedder, found = make_embedder(settings).id, set[str]()
    for base in settings.knowledge:
        try:
            found |= set(open_current(settings.data / "knowledge", base, embedder).manifest.documents)
        except NoKnowledgeError:
            continue
    return found


def _resolved(items: Sequence[Item], documents: Collection[str]) -> list[tuple[frozenset[str], ...] | None]:
    """The documents behind each source. One that the knowledge does not have stays: it counts as not cited."""
    resolved, missing = [], []
    for item in items:
        names = item.sources
        resolved.append(None if names is None else tuple(matching(name, documents) for name in names))
        missing += [(item.line, name) for name in names or () if not matching(name, documents)]
    if missing:
        line, name = missing[0]
        warn(
            f"{len(missing)} sources are not in the knowledge and count as not cited, "
            f"the first one in line {line}: {name}"
        )
    return resolved


async def _ask(settings: Settings, items: Sequence[Item], *, mentioned: bool) -> list[tuple[Outcome, float]]:
    """The outcome of every question with the milliseconds from question to finished answer, one after another."""
    asked: list[tuple[Outcome, float]] = []
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_engine(settings))
        opened = open_answerer(settings, engine.quote, Watch("llm"), engine.entails)
        answerer = await stack.enter_async_context(opened)
        responder = Responder(engine, answerer, understanding_of(settings, answerer))
        await engine.remake(Teachings(), reopen=True)
        check_facts(engine.facts)
        with progress() as step:
            for item in items:
                step("asking", len(asked), len(items))
                begun = time.perf_counter()
                done = await _respond(responder, Question(item.text, detect_language(item.text), mentioned))
                asked.append((done, (time.perf_counter() - begun) * 1000))
    return asked


async def _respond(responder: Responder, question: Question) -> Outcome:
    try:
        judgement = await responder.judge("", question)
    except RagError as error:
        return Outcome("failed", "retrieve", str(error))
    if not judgement.decision.answer:
        return outcome(question, judgement, "abstained" if question.mentioned else "silent")
    return await responder.answer(question, judgement)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 6) if isinstance(value, float) else value


def _print(report: Mapping[str, Any], backend: str, *, mentioned: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"{report['n']} questions, {'mentions' if mentioned else 'overheard'}, answered by {backend}")
    table = Table("measure", "value")
    shares = {
        "answered": report["answered"],
        "correct (the answer contains what was expected)": report["correct"],
        "exactly what was expected": report["exact"],
        "abstained although there is an answer": report["false_abstention"],
        "abstention precision": report["abstention"]["precision"],
        "abstention recall": report["abstention"]["recall"],
        "citation precision": report["citation"]["precision"],
        "citation recall": report["citation"]["recall"],
    }
    for name, value in shares.items():
        table.add_row(name, _shown(value, ".3f"))
    table.add_row("length of an answer, characters", _shown(report["mean_chars"], ".0f"))
    table.add_row("latency p95, ms", _shown(report["p95_ms"], ".1f"))
    console.print(table)


def _shown(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
