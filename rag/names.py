"""Marked terms by which identifiers are found: those that stand out in a passage, and those with one part left out.

They are counted beside the plain terms and only rank passages (see `rag.retriever`): they change neither a passage's
length nor the BM25 sums that the gate reads. It knows no corpus; `tokens.TOKENIZER_ID` changes with it.

Leaving out a part at both ends is the idea of symmetric deletion for spelling (Garbe 2012, SymSpell), on words in place
of letters: ``replay_buffer`` and ``buffer_put`` both lead to ``replay_buffer.put``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from rag.base import Passage, detect_language
from rag.blocks import blocks
from rag.tokens import classify, name_parts, runs, split_path, tokenize

SHOWN = "\u0001"  # a name in code, in a heading or in the document's path
PARTIAL = "\u0002"  # a name with one part left out; where that leaves a single word, of shown names only
PAIR = "\u0003"  # a shown name of two parts, by which the names that lead to a single word are told apart
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
    pairs: dict[str, None] = {}
    for run in runs("\n".join(shown)):
        found = _terms(run)
        terms.extend(found.shown)
        if run not in known:
            known.add(run)
            terms.extend(found.partial)
            pairs.update(dict.fromkeys(found.pairs))
    for run in dict.fromkeys(runs(passage.text)):
        terms.extend(_terms(run).several)
    return [*terms, *pairs]


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


class _Terms(NamedTuple):
    """Of a run: the terms where it is shown, those with a part left out, of these the ones of several words; pairs."""

    shown: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()


@lru_cache(maxsize=1 << 17)
def _terms(run: str) -> _Terms:
    if not run.isascii() and classify(run) == "han":
        return _Terms()
    names = dict.fromkeys((run, *split_path(run)))
    partial = tuple(dict.fromkeys(term for name in names for term in _partial(name)))
    pairs = [name_parts(name) for name in names if len(name) <= _MOST_CHARS]
    return _Terms(
        tuple(SHOWN + term for term in tokenize(run)),
        partial,
        tuple(term for term in partial if "_" in term),
        tuple(PAIR + "_".join(parts) for parts in pairs if len(parts) == 2),
    )


def pairs_by_part(ids: Mapping[str, int]) -> dict[str, list[int]]:
    """For every part of the shown names of two parts, the numbers of their terms, from the numbers of all terms."""
    found: dict[str, list[int]] = {}
    for term, number in ids.items():
        if term.startswith(PAIR):
            for part in dict.fromkeys(term.removeprefix(PAIR).split("_")):
                found.setdefault(part, []).append(number)
    return found


def _partial(name: str) -> tuple[str, ...]:
    if len(name) > _MOST_CHARS:
        return ()
    parts = name_parts(name)
    if not 2 <= len(parts) <= _MOST_PARTS:
        return ()
    return tuple(f"{PARTIAL}{'_'.join(parts[:i] + parts[i + 1 :])}" for i in range(len(parts)))
