"""``qunda models pull``: downloads the models that config.ini names, or the one named on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Literal

from bot.cli.progress import downloading
from bot.config import Settings
from bot.models import LEXICAL, need_torch

Source = Literal["huggingface", "modelscope"]


def models_pull(settings: Settings, options: argparse.Namespace) -> int:
    """Download each model, one after the other; what is here already is only checked."""
    named = dict(_named(settings))
    wanted = [
        (name, options.source or named.get(name, settings.embedder.source)) for name in options.models or list(named)
    ]
    if not wanted:
        print("config.ini names no model of a hub: set [embedder], [reranker] or [llm] model, or name one here")
        return 0
    need_torch("embedder", wanted[0][0])
    from rag.neural.pull import pull

    for name, source in wanted:
        print(f"{name} ({source}) ...", flush=True)
        with downloading() as step:
            folder = pull(name, source, step=step)
        print(f"  in {folder}")
    return 0


def _named(settings: Settings) -> Iterator[tuple[str, Source]]:
    """The models that are no folder on this machine and run on it."""
    for section in (settings.embedder, settings.reranker):
        local = not section.base_url and section.model not in ("", LEXICAL)
        if local and not settings.resolve(section.model).is_dir():
            yield section.model, section.source
    if settings.llm.backend == "transformers" and not settings.resolve(settings.llm.model).is_dir():
        yield settings.llm.model, settings.llm.source
