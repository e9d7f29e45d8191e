"""Marked terms by which identifiers are found: those that stand out in a passage, and those with one part left out.

They are counted beside the plain terms and only rank passages (see `rag.retriever`): they change neither a passage's
length nor the BM25 sums that the gate reads. It knows no corpus; `tokens.TOKENIZER_ID` changes with it.

Leaving out a part at both ends is the idea of symmetric deletion for spelling (Garbe 2012, SymSpell), on words in place
of letters: ``replay_buffer`` and ``buffer_put`` both lead to ``replay_buffer.put``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from rag.base import Passage, detect_language
from rag.blocks import blocks
from rag.tokens import classify, name_parts, runs, split_path, tokenize

SHOWN = "\u0001"  # a name in code, in a heading or in the document's path
PARTIAL = "\u0002"  # a name with one part left out; where that leaves a single word, of shown names only
_MOST_PARTS = 8
_MOST_CHARS = 60


def passage_names(passage: Passage) -> list[str]:
    """The marked terms of a passage; a shown name as often as it occurs, the others once for each different name."""
    above = "\n".join(dict.fromkeys((passage.source, *passage.headings)))
    outstanding = [above]
    for block in blocks(passage.text, continues=passage.position > 0):
        if block.kind in ("code", "heading"):
            outstanding.append(passage.text[block.start : block.end])
    shown = "\n".join(outstanding)
    terms = [SHOWN + term for term in tokenize(f"{passage.uri}\n{shown}") if classify(term) != "han"]
    terms.extend(term for name in _names(passage.text) for term in _partial(name) if "_" in term)
    terms.extend(term for name in _names(shown) for term in _partial(name))
    return terms


def asked_names(text: str, terms: Iterable[str]) -> list[str]:
    """The marked terms to look for, of a question and its plain terms.

    A single Latin word is a name in a Chinese question; in an English one it is a word like all others.
    """
    kinds = ("latin", "identifier") if detect_language(text) == "zh" else ("identifier",)
    wanted = [SHOWN + term for term in dict.fromkeys(terms) if classify(term) in kinds]
    for run in dict.fromkeys(runs(text)):
        kind, parts = classify(run.lower()), name_parts(run)
        if len(run) > 1 and (kind in kinds or (kind == "latin" and len(parts) > 1)):
            wanted.append(PARTIAL + "_".join(parts))
    return list(dict.fromkeys(wanted))


def _names(text: str) -> Iterator[str]:
    """The different names of several parts in ``text``, those within a path too."""
    found: dict[str, str] = {}
    for run in runs(text):
        if len(run) <= 2 * _MOST_CHARS:
            for name in (run, *split_path(run)):
                found.setdefault(name.lower(), name)
    yield from found.values()


@lru_cache(maxsize=65536)
def _partial(name: str) -> tuple[str, ...]:
    parts = name_parts(name)
    if not 2 <= len(parts) <= _MOST_PARTS or len(name) > _MOST_CHARS:
        return ()
    return tuple({f"{PARTIAL}{'_'.join(parts[:i] + parts[i + 1 :])}": None for i in range(len(parts))})
