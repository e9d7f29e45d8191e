"""``qunda doctor``: checks the set-up and says what to do about each finding."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from bot import VERSION
from bot.cli.doctor_feishu import examine_feishu
from bot.cli.doctor_models import examine_models
from bot.cli.doctor_safety import examine_safety
from bot.cli.doctor_sources import examine_sources
from bot.cli.doctor_web import examine_web
from bot.cli.doctor_wechat import examine_wechat
from bot.cli.findings import Finding, examine_examples, print_findings
from bot.cli.wechat_routes import enabled_routes
from bot.config import ConfigError, Settings, unknown_variables
from bot.models import embedder_id, open_generator
from bot.sources.refresh import split_entries
from bot.store import Store, StoreError
from rag.base import GeneratorError, KnowledgeError, ModelError, NoKnowledgeError, Prompt
from rag.knowledge import open_current, version_names

FAISS_CPU, FAISS_GPU = "faiss-cpu", "faiss-gpu"
LOW_SPACE = 100_000_000  # bytes


def doctor(settings: Settings, options: argparse.Namespace) -> int:
    """Print the findings; status 1 when one is an error."""
    findings = list(examine(settings))
    shown = [finding for finding in findings if not (options.quiet and finding.state == "ok")]
    if options.json:
        print(json.dumps([asdict(finding) for finding in shown], ensure_ascii=False))
    else:
        print_findings(shown)
    return 1 if any(finding.state == "error" for finding in findings) else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything that can be checked without serving."""
    yield _python()
    yield Finding("ok", "config", str(settings.path) if settings.path else "no config.ini: the defaults are in use")
    yield from _environment(os.environ)
    yield faiss_finding(installed_faiss())
    yield _data(settings)
    yield space_finding(shutil.disk_usage(_nearest(settings.data)).free, settings.data)
    for base in settings.knowledge:
        yield from _documents(settings, base)
        yield from _knowledge(settings, base)
        yield from examine_examples(settings, base)
    yield from examine_safety(settings)
    models = list(examine_models(settings))
    yield from models
    yield _model(settings, [finding for finding in models if finding.subject == "llm" and finding.state == "error"])
    yield from examine_web(settings)
    yield from _adapters(settings)


def _adapters(settings: Settings) -> Iterator[Finding]:
    if settings.feishu.app_id:
        yield from examine_feishu(settings)
    yield from examine_wechat(settings)
    if not settings.feishu.app_id and not enabled_routes(settings):
        fix = "set [feishu] app_id (docs/feishu.md) or a WeChat route (docs/wechat.md); else: qunda demo, ask or replay"
        yield Finding("warning", "adapters", "none is enabled", fix)


def _python() -> Finding:
    version = platform.python_version()
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        return Finding("error", "python", version, "use Python 3.11 or 3.12")
    return Finding("ok", "python", f"{version}, qunda {VERSION}")


def _environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name, hint in unknown_variables(environ):
        yield Finding("warning", "environment", f"{name} is no setting and has no effect", hint)


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
    file = settings.data / "qunda.db"
    if not file.exists() and _writable(_nearest(settings.data)):
        return Finding("ok", "data", f"{settings.data}: no messages yet")
    try:
        detail = asyncio.run(_try_store(settings))
    except StoreError as error:
        return Finding("error", "data", str(error), "until then no message is accepted; --data names another folder")
    return Finding("ok", "data", f"{settings.data}: {detail}")


def space_finding(free: int, data: Path) -> Finding:
    """Whether there is room for what comes in: without any, no message is stored."""
    if free < LOW_SPACE:
        fix = "free some space there, or name another folder with --data"
        return Finding("warning", "space", f"{free / 1e6:,.0f} MB left for {data}", fix)
    return Finding("ok", "space", f"{free / 1e9:,.1f} GB left for {data}")


def _nearest(folder: Path) -> Path:
    """The folder, or the one above that it would be made in."""
    return next((place for place in (folder, *folder.parents) if place.exists()), folder)


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


async def _try_store(settings: Settings) -> str:
    """Open it as `run` does: a file that cannot be written fails here."""
    store = Store.open(settings.data / "qunda.db")
    try:
        unfinished = await store.messages.unfinished()
        unknown = (await store.replies.counts()).get("unknown", 0)
        return f"{unfinished} messages waiting, {unknown} replies with an unknown outcome"
    finally:
        await store.close()


def _knowledge(settings: Settings, base: str) -> Iterator[Finding]:
    subject, root = f"knowledge {base}", settings.data / "knowledge"
    rebuild = "qunda build" + ("" if base == "default" else f" --base {base}")
    try:
        version = open_current(root, base, embedder_id(settings))
    except NoKnowledgeError as error:
        some = version_names(root, base)
        yield Finding("error", subject, str(error) if some else f"none in {root / base} yet", rebuild)
        return
    except (KnowledgeError, ConfigError) as error:
        yield Finding("error", subject, str(error), rebuild)
        return
    size = f"version {version.path.name}, {len(version.manifest.documents):,} documents, {len(version):,} passages"
    yield Finding("ok", subject, size)
    for warning in version.warnings:
        yield Finding("warning", subject, warning, rebuild)
    if version.manifest.failed:
        failed = f"{len(version.manifest.failed)} files could not be read"
        yield Finding("warning", subject, failed, "qunda knowledge lists them with the reasons")


def _documents(settings: Settings, base: str) -> Iterator[Finding]:
    section = "knowledge" if base == "default" else f"knowledge:{base}"
    local, remote = split_entries(settings, base)
    yield from examine_sources(settings, base, remote)
    for folder in (Path(entry.path) for entry in local):
        if not folder.exists():
            fix = f"create it, or correct documents in [{section}]"
            yield Finding("error", f"documents {base}", f"there is no folder {folder}", fix)
        elif not os.access(folder, os.R_OK | (os.X_OK if folder.is_dir() else 0)):
            yield Finding("error", f"documents {base}", f"{folder} cannot be read", "mend its permissions")


def _model(settings: Settings, broken: Sequence[Finding]) -> Finding:
    if broken:  # as its own finding says
        return Finding("warning", "answers", "quoted from the documents, as long as [llm] model does not work")
    try:
        return Finding("ok", "answers", asyncio.run(_try_answers(settings)))
    except (GeneratorError, ModelError) as error:
        return Finding("error", "answers", str(error), "correct [llm] in config.ini")


async def _try_answers(settings: Settings) -> str:
    """One short request, so that a wrong key or address shows now and not in front of a group."""
    if settings.llm.backend == "extractive":
        return "extractive: sentences of the documents, no language model"
    async with await open_generator(settings, alone=True) as generator:
        prompt = Prompt("Answer with one word.", (("user", "ping"),))
        async with aclosing(cast(Any, generator.stream(prompt))) as pieces:
            async for _ in pieces:
                break
        return f"{generator.model} at {generator.base_url} answers"
