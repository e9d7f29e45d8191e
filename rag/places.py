"""How a citation names where in its file a passage stands: a page, a slide, a sheet. It knows no search."""

from __future__ import annotations

import re

from rag.base import Language, Passage, Source, detect_language

_NAMED: tuple[tuple[re.Pattern[str], dict[Language, str]], ...] = (
    (re.compile(r"page=(\d+)"), {"zh": "第 {} 页", "en": "page {}"}),
    (re.compile(r"slide=(\d+)"), {"zh": "第 {} 张幻灯片", "en": "slide {}"}),
    (re.compile(r"sheet=(.+)"), {"zh": "工作表 {}", "en": "sheet {}"}),
    (re.compile(r"cell=(\d+)"), {"zh": "第 {} 个单元", "en": "cell {}"}),
    (re.compile(r"L(\d+)"), {"zh": "第 {} 行", "en": "line {}"}),
)
_WEB = ("http://", "https://")
_BLOB = "/blob/"  # of a file on GitHub, GitLab and Gitee


def cited(n: int, passage: Passage, quote: str) -> Source:
    """The source of an answer: its title with the page, and an address that leads there."""
    title, language = passage.source, detect_language(passage.source + passage.text)
    for pattern, words in _NAMED:
        if match := pattern.fullmatch(passage.place):
            title = f"{title} {words[language].format(match[1])}"
    return Source(n, title, cited_uri(passage), quote, passage.id)


def cited_uri(passage: Passage) -> str:
    """The address of a passage: pages and the like always, anchors where the page at the address has them.

    A path of a folder is what a document is known by, and nobody can follow its anchors. A page that was fetched has
    anchors of its own, which its text does not tell; those of a repository's page follow from the headings.
    """
    address = passage.link or passage.uri
    is_named = any(pattern.fullmatch(passage.place) for pattern, _ in _NAMED)
    has_anchors = _BLOB in address if passage.link else address.startswith(_WEB)
    if not passage.place or "#" in address or not (is_named or has_anchors):
        return address
    return f"{address}#{passage.place.replace(' ', '%20')}"
