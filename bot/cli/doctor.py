"""``qunda doctor``: checks the set-up and says what to do about each finding."""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any, Literal, cast

from bot import VERSION
from bot.config import ConfigError, Settings
from bot.models import make_embedder, make_generator, open_answerer
from bot.store import Store, StoreError
from rag.base import GeneratorError, KnowledgeError, Prompt, RagError
from rag.gate import read_examples
from rag.knowledge import open_current

FAISS_CPU, FAISS_GPU = "faiss-cpu", "faiss-gpu"
MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "error": "[red]✗[/]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked; ``fix`` says what to do, empty where nothing is."""

    state: Literal["ok", "warning", "error"]
    subject: str
    detail: str
    fix: str = ""


def doctor(settings: Settings, options: argparse.Namespace) -> int:
    """Print the findings; status 1 when one is an error."""
    findings = list(examine(settings))
    shown = [f for f in findings if f.state == "error"] if options.quiet else findings
    if options.json:
        print(json.dumps([asdict(finding) for finding in shown], ensure_ascii=False))
    else:
        _print(shown)
    return 1 if any(finding.state == "error" for finding in findings) else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything that can be checked without serving."""
    yield _python()
    yield Finding("ok", "config", str(settings.path) if settings.path else "no config.ini: the defaults are in use")
    yield faiss_finding(installed_faiss())
    yield _data(settings)
    yield from _knowledge(settings)
    yield from _model(settings)
    yield Finding(
        "warning", "adapters", "none is enabled", "Feishu and WeChat come with later releases; try qunda demo"
    )


def _python() -> Finding:
    version = platform.python_version()
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        return Finding("error", "python", version, "use Python 3.11 or 3.12")
    return Finding("ok", "python", f"{version}, qunda {VERSION}")


def installed_faiss() -> list[str]:
    """The distributions installed here that bring the module faiss."""
    found = []
    for name in (FAISS_CPU, FAISS_GPU):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(name)
    return found


def faiss_finding(installed: list[str]) -> Finding:
    """Both at once overwrite each other's files: which one is imported is chance."""
    if len(installed) > 1:
        fix = (
            f"pip uninstall -y {FAISS_CPU} {FAISS_GPU} && pip install 'qunda[cpu]'   "
            f"(with a GPU: pip uninstall -y {FAISS_CPU} {FAISS_GPU} && pip install 'qunda[gpu]')"
        )
        return Finding("error", "faiss", f"{FAISS_CPU} and {FAISS_GPU} are both installed and break each other", fix)
    if not installed:
        return Finding("warning", "faiss", "not installed: numpy searches instead", "pip install 'qunda[cpu]'")
    return Finding("ok", "faiss", f"{installed[0]} {metadata.version(installed[0])}")


def _data(settings: Settings) -> Finding:
    try:
        detail = asyncio.run(_try_store(settings))
    except StoreError as error:
        return Finding("error", "data", f"{settings.data}: {error}", "see the message; --data names another folder")
    return Finding("ok", "data", f"{settings.data}: {detail}")


async def _try_store(settings: Settings) -> str:
    """Open it as `run` does: a file that cannot be written fails here."""
    store = Store.open(settings.data / "qunda.db")
    try:
        unfinished = await store.messages.unfinished()
        unknown = (await store.replies.counts()).get("unknown", 0)
        return f"{unfinished} messages waiting, {unknown} replies with an unknown outcome"
    finally:
        await store.close()


def _knowledge(settings: Settings) -> Iterator[Finding]:
    for base, section in settings.knowledge.items():
        yield from _documents(settings, base)
        try:
            version = open_current(settings.data / "knowledge", base, make_embedder(settings).id)
        except (KnowledgeError, ConfigError) as error:
            yield Finding("error", f"knowledge {base}", str(error), f"qunda build --base {base}")
            continue
        size = f"version {version.path.name}, {len(version.manifest.documents):,} documents, {len(version):,} passages"
        yield Finding("ok", f"knowledge {base}", size)
        for warning in version.warnings:
            yield Finding("warning", f"knowledge {base}", warning, f"qunda build --base {base}")
        if version.manifest.failed:
            failed = f"{len(version.manifest.failed)} files could not be read"
            yield Finding("warning", f"knowledge {base}", failed, "qunda knowledge lists them with the reasons")
        for path, good in ((section.good_questions, True), (section.bad_questions, False)):
            if path:
                yield _examples(settings, path, good)


def _documents(settings: Settings, base: str) -> Iterator[Finding]:
    for folder in settings.knowledge[base].documents:
        if not settings.resolve(folder).is_dir():
            fix = f"create it, or correct documents in [knowledge{'' if base == 'default' else ':' + base}]"
            yield Finding("error", f"documents {base}", f"there is no folder {settings.resolve(folder)}", fix)


def _examples(settings: Settings, path: str, good: bool) -> Finding:
    try:
        examples = read_examples(settings.resolve(path), good)
    except RagError as error:
        return Finding("error", "examples", str(error), "a JSON list of strings is needed")
    if not examples:
        return Finding("warning", "examples", f"{path} is empty", "the packaged examples and /good, /bad still count")
    return Finding("ok", "examples", f"{path}: {len(examples)}")


def _model(settings: Settings) -> Iterator[Finding]:
    try:
        yield Finding("ok", "answers", asyncio.run(_try_answers(settings)))
    except (ConfigError, GeneratorError) as error:
        yield Finding("error", "answers", str(error), "see [llm] in config.ini")


async def _try_answers(settings: Settings) -> str:
    """One short request, so that a wrong key or address shows now and not in front of a group."""
    async with open_answerer(settings):
        if settings.llm.backend == "extractive":
            return "extractive: sentences of the documents, no language model"
    async with make_generator(settings) as generator:
        prompt = Prompt("Answer with one word.", (("user", "ping"),))
        async with aclosing(cast(Any, generator.stream(prompt))) as pieces:
            async for _ in pieces:
                break
        return f"{generator.model} at {generator.base_url} answers"


def _print(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"{MARKS[finding.state]} [bold]{escape(finding.subject)}[/]: {escape(finding.detail)}")
        if finding.fix:
            console.print(f"    → {escape(finding.fix)}")
