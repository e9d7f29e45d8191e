"""Builds knowledge bases in a child process at low priority, so that the bot goes on answering meanwhile."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from bot.config import ConfigError, KnowledgeSettings, Settings
from bot.models import make_embedder
from rag.base import KnowledgeError, is_base_name
from rag.build import Progress, build

NICENESS = 10


@dataclass(frozen=True, slots=True)
class BaseBuild:
    """What the build of one base did; plain data, so that it can cross processes. ``failed`` holds (uri, reason)."""

    base: str
    version: str
    added: int
    changed: int
    removed: int
    unchanged_build: bool
    failed: tuple[tuple[str, str], ...]
    documents: int
    passages: int
    seconds: float
    rebuilt: str = ""
    warnings: tuple[str, ...] = ()


def build_base(settings: Settings, base: str, progress: Callable[[Progress], None] | None = None) -> BaseBuild:
    """Build one base in this process.

    Raises:
        KnowledgeError: nothing could be built; the current version stays.
    """
    section = settings.knowledge[base]
    if not section.documents:
        place = "knowledge" if base == "default" else f"knowledge:{base}"
        raise KnowledgeError(
            f"[{place}] documents is empty: name the folder of your documents there, or on the command line"
        )
    report = build(
        [settings.resolve(folder) for folder in section.documents],
        settings.data / "knowledge",
        make_embedder(settings),
        base=base,
        passage_chars=section.passage_chars,
        max_file_mb=section.max_file_mb,
        keep_versions=section.keep_versions,
        progress=progress,
    )
    return BaseBuild(
        base,
        report.version,
        len(report.added),
        len(report.changed),
        len(report.removed),
        not report.is_new,
        tuple((failure.uri, failure.reason) for failure in report.failed),
        len(report.added) + len(report.changed) + report.unchanged,
        report.passages,
        report.seconds,
        report.rebuilt,
        report.warnings,
    )


async def build_bases(settings: Settings) -> list[BaseBuild]:
    """Build every base that has documents, one after the other, in one child process.

    Raises:
        KnowledgeError: a base could not be built, or the child died.
    """
    names = [name for name, section in settings.knowledge.items() if section.documents] or ["default"]
    context = multiprocessing.get_context("spawn")
    loop = asyncio.get_running_loop()
    pool = ProcessPoolExecutor(1, context, initializer=os.nice, initargs=(NICENESS,))
    try:
        return [await loop.run_in_executor(pool, build_base, settings, name) for name in names]
    except BrokenProcessPool as error:
        raise KnowledgeError(
            "the build process was killed (out of memory?); the current version stays in use"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def with_documents(settings: Settings, base: str, folders: tuple[str, ...]) -> Settings:
    """Settings in which ``base`` is built from ``folders`` instead of what config.ini names.

    Raises:
        ConfigError: ``base`` is no name for a base.
    """
    if not is_base_name(base):
        raise ConfigError(f"--base {base!r} is no name for a knowledge base: use letters, digits, - and _")
    section = settings.knowledge.get(base, KnowledgeSettings()).model_copy(update={"documents": folders})
    return settings.model_copy(update={"knowledge": {**settings.knowledge, base: section}})
