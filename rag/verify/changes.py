"""Aligns a claim with a sentence of its evidence, token by token, and gives what differs. Knows no verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from rag.verify.text import Span, Token

LONGEST = 14  # tokens of a part that may have been changed
LIKENESS = 0.5  # the share of a claim that is the same, in the same order, where it is read as a variant
LONG_CLAUSE = 6  # tokens; a shorter one may be an item of a list
CONTEXT = 2  # tokens that have to be the same beside it


@dataclass(frozen=True, slots=True)
class Change:
    """A part of the evidence (``old``) in whose place the claim has another (``new``); either may be empty.

    ``before`` and ``after`` are the tokens beside it that are the same, at most two on each side. ``framed`` says that
    it stands between parts that are the same, or at an edge of the clause in both; ``crosses`` that the evidence's
    part ends a clause and the claim's does not, goes beyond one, or that one is a clause of its own; ``clause`` that
    whole clauses were left out.
    """

    old: tuple[Token, ...]
    new: tuple[Token, ...]
    before: tuple[Token, ...]
    after: tuple[Token, ...]
    framed: bool
    crosses: bool = False
    clause: bool = False

    @property
    def old_text(self) -> str:
        """The replaced words."""
        return joined(self.old)

    @property
    def new_text(self) -> str:
        """The words in their place."""
        return joined(self.new)


def joined(tokens: Sequence[Token]) -> str:
    """Their texts without anything between."""
    return "".join(token.text for token in tokens)


def changes(claim: Span, sentence: Span) -> tuple[Change, ...]:
    """What differs, in order; a lone token that is the same between two differences counts as one of them.

    Nothing where the claim is no variant of the sentence at all, but tells it in words or an order of its own.
    """
    if likeness(claim, sentence) < LIKENESS:
        return ()
    return tuple(_between(claim, sentence, _blocks(claim, sentence)))


def likeness(claim: Span, sentence: Span) -> float:
    """The share of a claim that the sentence has in the same order."""
    same = sum(token.weight for _, b, size in _blocks(claim, sentence) for token in claim.tokens[b : b + size])
    return same / (sum(token.weight for token in claim.tokens) or 1.0)


@lru_cache(maxsize=512)
def _blocks(claim: Span, sentence: Span) -> list[tuple[int, int, int]]:
    """What is the same in the same order: places in the sentence and in the claim, and sizes."""
    old, new = sentence.tokens, claim.tokens
    matcher = SequenceMatcher(None, [token.text for token in old], [token.text for token in new], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    kept = [
        block
        for n, block in enumerate(blocks)
        if block.size > 1
        or new[block.b].weight >= 2
        or (block.a + block.b == 0 or (block.a + 1 == len(old) and block.b + 1 == len(new)))
        or _touches(blocks, n)
    ]
    return [(block.a, block.b, block.size) for block in kept]


def _touches(blocks: Sequence[object], n: int) -> bool:
    """Whether a lone block has a neighbour right beside it on one side (an insertion or deletion of one piece)."""
    a, b = blocks[n].a, blocks[n].b  # type: ignore[attr-defined]
    left = n > 0 and (
        blocks[n - 1].a + blocks[n - 1].size == a or blocks[n - 1].b + blocks[n - 1].size == b  # type: ignore[attr-defined]
    )
    right = n + 1 < len(blocks) and (blocks[n + 1].a == a + 1 or blocks[n + 1].b == b + 1)  # type: ignore[attr-defined]
    return left and right


def _between(claim: Span, sentence: Span, blocks: Sequence[tuple[int, int, int]]) -> Iterator[Change]:
    old, new = sentence.tokens, claim.tokens
    a = b = size_before = 0
    for next_a, next_b, size in [*blocks, (len(old), len(new), 0)]:
        if (next_a > a or next_b > b) and max(next_a - a, next_b - b) <= LONGEST:
            stop = _clause_end(sentence, old, a, next_a) if _closes(claim, new, next_b) and next_b > b else next_a
            if stop < next_a:  # the claim ends here, and the evidence goes on with another clause
                yield Change(old[a:stop], new[b:next_b], old[max(a - min(size_before, 2), 0) : a], (), size_before > 1)
                a, b, size_before = next_a + size, next_b + size, size
                continue
            part, other = old[a:next_a], new[b:next_b]
            begins = size_before >= CONTEXT or (
                _opens(sentence, old, a - size_before) and _opens(claim, new, b - size_before)
            )
            ends = size >= CONTEXT or (_closes(sentence, old, next_a + size) and _closes(claim, new, next_b + size))
            framed = begins and ends and size_before + size >= CONTEXT
            before = old[max(a - min(size_before, 2), 0) : a]
            old_clause = _opens(sentence, old, a) and _closes(sentence, old, next_a)
            new_clause = _opens(claim, new, b) and _closes(claim, new, next_b)
            crosses = (
                _closes(sentence, old, next_a) != _closes(claim, new, next_b)
                or any(_opens(sentence, old, at) for at in range(a + 1, next_a))
                or (old_clause and len(part) >= LONG_CLAUSE)
                or (new_clause and len(other) >= LONG_CLAUSE)
            )
            left = not other and old_clause
            yield Change(part, other, before, old[next_a : next_a + min(size, 2)], framed, crosses, left)
        a, b, size_before = next_a + size, next_b + size, size


def _clause_end(span: Span, tokens: Sequence[Token], start: int, stop: int) -> int:
    """Where the clause of token ``start`` ends, at the latest at ``stop``."""
    return next((at for at in range(start + 1, stop) if _opens(span, tokens, at)), stop)


def _opens(span: Span, tokens: Sequence[Token], at: int) -> bool:
    """Whether a clause begins at token ``at``."""
    return at == 0 or (
        at < len(tokens)
        and any(clause.start <= tokens[at].start and tokens[at - 1].start < clause.start for clause in span.clauses)
    )


def _closes(span: Span, tokens: Sequence[Token], at: int) -> bool:
    """Whether a clause ends before token ``at``."""
    return at == len(tokens) or _opens(span, tokens, at)
