"""Searches a few pages of the web as if they were a knowledge base of their own. Knows no network.

They are built, searched and forgotten: the same passages, terms and scores as everywhere, so the same checks apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.base import Evidence, Hit
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.retriever import HybridRetriever
from rag.surroundings import surrounded

MAX_PAGE_CHARS = 60_000


@dataclass(frozen=True, slots=True)
class WebPage:
    """The main text of a page, with its title and address."""

    title: str
    url: str
    markdown: str


def search_pages(pages: Sequence[WebPage], text: str, top_k: int = 6) -> Evidence:
    """The best passages of ``pages``, whose sources are the pages' titles and whose uris their addresses.

    Takes some hundredths of a second; call it off the event loop.
    """
    by_name = {f"{number}.md": page for number, page in enumerate(pages)}
    embedder = LexicalEmbedder()
    with TemporaryDirectory(prefix="qunda-web-") as folder:
        documents, root = Path(folder, "pages"), Path(folder, "knowledge")
        documents.mkdir()
        for name, page in by_name.items():
            (documents / name).write_text(page.markdown[:MAX_PAGE_CHARS], "utf-8", errors="replace")
        build([documents], root, embedder)
        version = open_current(root, "default")
        evidence = HybridRetriever([version], embedder).search(text, top_k)
        evidence = surrounded(evidence, {"default": version})
    hits = [_from_page(hit, by_name) for hit in evidence.hits]
    return replace(evidence, hits=tuple(hits))


def _from_page(hit: Hit, by_name: dict[str, WebPage]) -> Hit:
    page = by_name[hit.passage.uri]
    here = partial(replace, source=page.title, uri=page.url, link=page.url)
    return replace(hit, passage=here(hit.passage), around=tuple(map(here, hit.around)), copies=())
