"""Marked terms by which identifiers are found: those that stand out in a passage, and those with one part left out.

They are counted beside the plain terms and only rank passages (see `rag.retriever`): they change neither a passage's
length nor the BM25 sums that the gate reads. It knows no corpus; `tokens.TOKENIZER_ID` changes with it.

Leaving out a part at both ends is the idea of symmetric deletion for spelling (Garbe 2012, SymSpell), on words in place
of letters: ``replay_buffer`` and ``buffer_put`` both lead to ``replay_buffer.put``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from rag.base import Passage, detect_language
from rag.blocks import blocks
from rag.tokens import classify, name_parts, runs, split_path, tokenize

SHOWN = "\u0001"  # a name in code, in a heading or in the document's path
PARTIAL = "\u0002"  # a name with one part left out; where that leaves a single word, of shown names only
_MAY_SHOW = re.compile(r"^ {0,3}#|```|~~~|^ {0,3}(?:={3,}|-{3,})[ \t]*$", re.MULTILINE)
_MOST_PARTS = 8
_MOST_CHARS = 60


def passage_names(passage: Passage) -> list[str]:
    """The marked terms of a passage; a shown name as often as it occurs, the others once for each different name."""
    shown = [passage.uri, *dict.fromkeys((passage.source, *passage.headings))]
    if _MAY_SHOW.search(passage.text) or passage.position:
        for block in blocks(passage.text, continues=passage.position > 0):
            if block.kind in ("code", "heading"):
                shown.append(passage.text[block.start : block.end])
    terms: list[str] = []
    known: set[str] = set()
    for run in runs("\n".join(shown)):
        whole, partial, _ = _terms(run)
        terms.extend(whole)
        if run not in known:
            known.add(run)
            terms.extend(partial)
    for run in dict.fromkeys(runs(passage.text)):
        terms.extend(_terms(run)[2])
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


@lru_cache(maxsize=1 << 17)
def _terms(run: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Of a run: the terms where it is shown, those with a part left out, and of these the ones of several words."""
    if not run.isascii() and classify(run) == "han":
        return (), (), ()
    partial = tuple(dict.fromkeys(term for name in (run, *split_path(run)) for term in _partial(name)))
    return tuple(SHOWN + term for term in tokenize(run)), partial, tuple(term for term in partial if "_" in term)


def _partial(name: str) -> tuple[str, ...]:
    if len(name) > _MOST_CHARS:
        return ()
    parts = name_parts(name)
    if not 2 <= len(parts) <= _MOST_PARTS:
        return ()
    return tuple(f"{PARTIAL}{'_'.join(parts[:i] + parts[i + 1 :])}" for i in range(len(parts)))
