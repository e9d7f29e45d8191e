"""Computing: knowledge, search, gate and quoting, on threads or in a process of its own. Start at `open_engine`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.config import Settings
from bot.engine.base import BaseFacts, Engine, EngineError, Facts, Judgement, PlaceFacts

__all__ = ["BaseFacts", "Engine", "EngineError", "Facts", "Judgement", "PlaceFacts", "open_engine"]


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncIterator[Engine]:
    """The engine that ``[bot] computing`` names, closed at the end."""
    engine: Engine
    if settings.bot.computing == "thread":
        from bot.engine.threads import ThreadEngine

        engine = ThreadEngine(settings)
    else:
        from bot.engine.process import ProcessEngine

        engine = ProcessEngine(settings)
    try:
        yield engine
    finally:
        await engine.close()
