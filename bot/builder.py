"""Builds knowledge bases in a child process at low priority, so that the bot goes on answering meanwhile."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from loguru import logger

from bot.config import ConfigError, KnowledgeSettings, Settings
from bot.models import make_embedder
from rag.base import KnowledgeError, RagError, is_base_name
from rag.build import Progress, build
from rag.documents import unsupported

NICENESS = 10


@dataclass(frozen=True, slots=True)
class BaseBuild:
    """What the build of one base did; plain data, so that it can cross processes. ``failed`` holds (uri, reason);
    so does ``partial`` for documents that were read in part or with a reservation.

    ``skipped`` holds (suffix, count) of the files whose type is not read, the most frequent first. ``error`` says why
    nothing was built; the version before stays, and everything else here is empty then.
    """

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
    skipped: tuple[tuple[str, int], ...] = ()
    error: str = ""
    partial: tuple[tuple[str, str], ...] = ()


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
    folders = [settings.resolve(folder) for folder in section.documents]
    report = build(
        folders,
        settings.data / "knowledge",
        make_embedder(settings),
        base=base,
        passage_chars=section.passage_chars,
        limits=section.limits,
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
        tuple(unsupported(folders).most_common()),
        partial=tuple((notice.uri, notice.reason) for notice in report.partial),
    )


async def build_bases(settings: Settings) -> list[BaseBuild]:
    """Build every base that has documents, one after the other. One that fails stops no other and has its ``error``.

    Raises:
        KnowledgeError: no base could be built.
    """
    names = [name for name, section in settings.knowledge.items() if section.documents] or ["default"]
    reports = [await _build_apart(settings, name) for name in names]
    if all(report.error for report in reports):
        errors = [report.error if len(reports) == 1 else f"[{report.base}] {report.error}" for report in reports]
        raise KnowledgeError("; ".join(errors))
    return reports


async def _build_apart(settings: Settings, base: str) -> BaseBuild:
    """Build one base in a child process of its own: one that is killed takes no other base with it."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, context, initializer=os.nice, initargs=(NICENESS,))
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, build_base, settings, base)
    except BrokenProcessPool:
        reason = "the build process was killed (out of memory?); the current version stays in use"
    except (RagError, ConfigError, OSError) as error:
        reason = str(error)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    logger.error("the knowledge base {} was not built: {}", base, reason)
    return BaseBuild(base, "", 0, 0, 0, False, (), 0, 0, 0.0, error=reason)


def with_documents(settings: Settings, base: str, folders: tuple[str, ...]) -> Settings:
    """Settings in which ``base`` is built from ``folders`` instead of what config.ini names.

    Raises:
        ConfigError: ``base`` is no name for a base.
    """
    if not is_base_name(base):
        raise ConfigError(f"--base {base!r} is no name for a knowledge base: use letters, digits, - and _")
    section = settings.knowledge.get(base, KnowledgeSettings()).model_copy(update={"documents": folders})
    return settings.model_copy(update={"knowledge": {**settings.knowledge, base: section}})
