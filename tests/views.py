"""Opens the view of a group that has nothing of its own, for tests and benchmarks that need no engine."""

from __future__ import annotations

from bot.cli.offline import open_bases
from bot.config import Settings
from bot.teachings import Teachings
from rag.snapshot import View


def open_view(settings: Settings, place: str = "") -> View:
    """The view; built knowledge has to be there."""
    maker, bases = open_bases(settings)
    view = maker.view(place, bases, Teachings())
    assert view is not None
    return view
