"""Opens knowledge and gate for commands that do not serve: `ask` and `eval`. What groups taught is left out."""

from __future__ import annotations

from collections.abc import Mapping

from bot.config import Settings
from bot.models import make_embedder
from bot.views import Teachings, ViewMaker
from rag.base import NoKnowledgeError
from rag.knowledge import Version
from rag.snapshot import View


def open_bases(settings: Settings) -> tuple[ViewMaker, Mapping[str, Version]]:
    """The maker of views and the current versions.

    Raises:
        NoKnowledgeError: there is none.
    """
    maker = ViewMaker(settings, make_embedder(settings))
    bases = maker.open_bases()
    if not bases:
        raise NoKnowledgeError(
            maker.warnings[0] if maker.warnings else "there is no knowledge yet: run qunda build FOLDER"
        )
    return maker, bases


def open_view(settings: Settings, place: str = "") -> View:
    """The view that a group without anything of its own has.

    Raises:
        NoKnowledgeError: there is no usable knowledge version.
    """
    maker, bases = open_bases(settings)
    view = maker.view(place, bases, Teachings())
    if view is None:
        raise NoKnowledgeError("none of the bases of this group has a version yet: run qunda build")
    return view
