"""Opens knowledge and gate for commands that do not serve: `ask` and `eval`. What groups taught is left out."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cli.progress import warn
from bot.config import Settings
from bot.engine import Facts
from bot.faults import Watch, WatchedReranker
from bot.models import embedder_id, make_embedder, make_reranker
from bot.texts import fault_text
from bot.views import ViewMaker
from rag.base import NoKnowledgeError
from rag.knowledge import Version, open_current

_NO_VERSION = "the knowledge base 'default' has no usable version: run `qunda build`"


def open_bases(settings: Settings) -> tuple[ViewMaker, Mapping[str, Version]]:
    """The maker of views and the current versions.

    Raises:
        NoKnowledgeError: there is none.
    """
    reranker = make_reranker(settings)
    watched = None if reranker is None else WatchedReranker(reranker, Watch("reranker"))
    maker = ViewMaker(settings, make_embedder(settings), reranker=watched)
    bases = maker.open_bases()
    if not bases:
        raise NoKnowledgeError(maker.warnings[0])
    return maker, bases


def check_knowledge(settings: Settings) -> None:
    """Whether at least one base can be used.

    Raises:
        KnowledgeError: none can.
    """
    embedder, problems = embedder_id(settings), []
    for base in settings.knowledge:
        try:
            open_current(settings.data / "knowledge", base, embedder)
        except NoKnowledgeError as error:
            problems.append(error)
        else:
            return
    raise problems[0]


def check_facts(facts: Facts) -> None:
    """Tell of what is not as it should be.

    Raises:
        NoKnowledgeError: there is no usable knowledge version.
    """
    if not any(seen.versions for seen in facts.places.values()):
        raise NoKnowledgeError(facts.warnings[0] if facts.warnings else _NO_VERSION)
    for warning in (*facts.warnings, *(fault_text(fault, "en") for fault in facts.faults)):
        warn(warning)


def show_warnings(maker: ViewMaker) -> None:
    """What is not as it should be but does not stop the command; to be called when the view is made."""
    for warning in dict.fromkeys(maker.warnings):
        warn(warning)
