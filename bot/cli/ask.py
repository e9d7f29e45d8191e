"""``qunda ask``: the decision and the answer for one question, or for a list of them."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bot.app import decision_of
from bot.cli.offline import check_facts
from bot.cli.progress import warn
from bot.cli.screen import one_line, shown
from bot.clock import SystemClock
from bot.config import ConfigError, Settings
from bot.engine import open_engine
from bot.faults import Watch
from bot.models import open_answerer, understanding_of
from bot.outcome import Outcome
from bot.responder import Responder, declined, not_covered, outcome
from bot.safety.screen import Screen, held_back, open_safety
from bot.teachings import Teachings
from bot.texts import fault_text, outcome_word, say
from bot.web import open_web
from rag.base import Language, Question, detect_language

QUESTION_KEYS = ("text", "query", "question")


def ask(settings: Settings, options: argparse.Namespace) -> int:
    """Answer TEXT, or every question of ``--sample``."""
    if (options.text is None) == (options.sample is None):
        raise ConfigError('give one question, or a list of them: qunda ask "TEXT", or qunda ask --sample FILE.json')
    texts = [options.text] if options.sample is None else read_sample(options.sample)
    return asyncio.run(_ask(settings, texts, options))


def read_sample(path: Path) -> list[str]:
    """A JSON list of questions, as HuixiangDou's test_queries.json; objects that hold one do as well (`QUESTION_KEYS`).

    Raises:
        ConfigError: the file is missing or of another shape.
    """
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f'{path} is not JSON ({error}); a list of questions is needed: ["...", "..."]') from error
    if not isinstance(data, list) or not data:
        raise ConfigError(f'{path} must be a JSON list of questions: ["...", "..."]')
    return [_text_of(item, path, number) for number, item in enumerate(data, 1)]


def _text_of(item: Any, path: Path, number: int) -> str:
    candidates = [item] if isinstance(item, str) else []
    if isinstance(item, dict):
        candidates = [item[key] for key in QUESTION_KEYS if isinstance(item.get(key), str)]
    if not candidates:
        keys = " or ".join(QUESTION_KEYS)
        raise ConfigError(f"{path}: entry {number} is no question: a string is needed, or an object with {keys}")
    return str(candidates[0])


async def _ask(settings: Settings, texts: list[str], options: argparse.Namespace) -> int:
    bot = settings.bot.model_copy(update={"computing": "thread"})
    settings = settings.model_copy(update={"bot": bot, "groups": {}})  # asked in no group
    decisions = []
    async with AsyncExitStack() as stack:
        screen = (await stack.enter_async_context(open_safety(settings))).screen("")
        engine = await stack.enter_async_context(open_engine(settings))
        watch = Watch("llm")
        answerer = await stack.enter_async_context(open_answerer(settings, engine.quote, watch, engine.entails))
        web = open_web(settings, SystemClock())
        responder = Responder(engine, answerer, understanding_of(settings, answerer), web)
        if watch.fault is not None:
            warn(fault_text(watch.fault, "en"))
        await engine.remake(Teachings(), reopen=True)
        check_facts(engine.facts)
        for text in texts:
            others = not options.mention and text.lstrip().startswith("@")  # as in a group
            question = Question(text, detect_language(text), options.mention, addressed_to_others=others)
            done, reply = await _respond(responder, question, screen)
            decisions.append({"text": text, **decision_of(done)})
            if not options.json:
                _print(text, done, reply, question, many=len(texts) > 1)
    if options.json:
        shown: Any = decisions if options.sample else {k: v for k, v in decisions[0].items() if k != "text"}
        print(json.dumps(shown, ensure_ascii=False))
    failed = any(str(decision["outcome"]).startswith("failed") for decision in decisions)
    return 1 if failed else 0


async def _respond(responder: Responder, question: Question, screen: Screen) -> tuple[Outcome, str | None]:
    """The outcome, and what the group would read."""
    if not question.text.strip():  # a group's empty message is not judged either
        return Outcome("silent", reasons=(say("reason_empty", question.language),)), None
    if objection := screen.asked(question):
        return held_back(objection, question), say("withheld", question.language) if question.mentioned else None
    judgement = await responder.judge("", question, screen=screen)
    if not judgement.decision.answer:
        if question.mentioned:
            return outcome(question, judgement, "abstained"), _allowed(declined(question, judgement), question, screen)
        return outcome(question, judgement, "silent"), None
    done = await responder.answer(question, judgement, screen=screen)
    if done.verdict.get("how") == "withheld" and question.mentioned:
        return done, say("withheld", question.language)
    if done.kind == "abstained" and question.mentioned:
        return done, _allowed(not_covered(question.language, judgement.evidence), question, screen)
    return done, done.answer


def _allowed(line: str, question: Question, screen: Screen) -> str:
    """A line with the nearest documents, or without them where a title is not to be told."""
    return line if screen.allows(line) else say("not_covered", question.language)


def _print(text: str, done: Outcome, reply: str | None, question: Question, *, many: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    language = question.language
    mark = "[red]✗[/]" if done.kind == "failed" else "[green]✓[/]" if done.kind == "answered" else "[dim]–[/]"
    console.print(f"{mark} {shown(text)}")
    verdict = [_verdict(done, language)] if many else []
    verdict.append(outcome_word(done.name, language))
    if done.probability is not None and done.threshold is not None:
        score = {"probability": f"{done.probability:.2f}", "threshold": f"{done.threshold:.2f}"}
        verdict.append(say("why_score", language, **score))
    console.print(f"  [dim]{shown(' · '.join(verdict))}[/]")
    for reason in done.reasons:
        console.print(f"  [dim]· {shown(reason)}[/]")
    if done.kind == "failed":
        console.print(f"  [red]{shown(done.detail)}[/]")
    if reply and not (many and done.kind == "abstained"):
        console.print()
        for line in reply.splitlines():
            console.print(f"  {shown(line)}")
        for citation in done.citations:
            console.print(
                f"  [cyan]\\[{citation['n']}][/] {shown(citation['source'])} [dim]{one_line(citation['uri'])}[/]"
            )
    if many or reply:
        console.print()


def _verdict(done: Outcome, language: Language) -> str:
    """What the gate said, in the words of HuixiangDou's users; what became of it stands behind."""
    accepted = done.probability is not None and done.threshold is not None and done.probability >= done.threshold
    if language == "zh":
        return "接受" if accepted else "拒绝"
    return "accepted" if accepted else "refused"
