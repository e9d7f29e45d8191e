"""Whether a claim tells of a thing what holds for another: the passage mentions it later, and as an exception.

"Books may be taken home. Comics are for reading in the library only" does not say that comics may be taken home. A
thing that is mentioned for the first time in a later sentence, which limits, denies or puts off something, is not among
those that an earlier sentence speaks of. It knows no list of things.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.alignment import credits
from rag.verify.colourless import colours
from rag.verify.text import Span, Token

EARLIER = 0.5  # of the rest of the claim has to stand in the earlier sentence
LATER = 0.45  # at most, in the one that sets the thing apart
SUMMED = 0.34  # of a clause of the claim that tells what the later one says
PART = 0.75  # of the rest: a thing that is more is what the claim is about, and the later sentence says that
SMALLEST = 2.0  # weight of a thing: a word, or two Han characters
_SET_APART = re.compile(
    r"仅|只|除|不|未(?!来)|无(?!论)|非|没有|禁|勿|须|需|另|单独|暂|才|方可|限|例外|但|一律"
    r"|\b(?:only|not|no|never|cannot|except\w*|exclud\w*|separate\w*|extra|instead|unless|without|require[sd]?"
    r"|needs?|must|ha(?:s|ve) to|neither|nor|unavailable|planned|later|yet|however|but|subject to|rather|own)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
# A claim that says so itself tells the exception.
_TELLS_IT = re.compile(
    r"仅|只(?![需要])|除|不(?!管|论)|未|无(?!论)|非|没|禁|勿|另|但|而"
    r"|\b(?:only|not|no|never|cannot|except\w*|exclud\w*|separate\w*|unless|without|neither|nor|but|whereas|while"
    r"|however|unlike|although|though)\b|n['’]t\b",
    re.IGNORECASE,
)
_LIKEWISE = re.compile(
    r"也|亦|同样|同理|相同|一样|均|都|\b(?:also|too|likewise|same|as well|both|similarly|and so)\b", re.IGNORECASE
)

_POINTS = re.compile(
    r"[这该此那上][一个些种项条类述]?$|\b(?:this|that|these|those|such|it|they|its|their)\s+$", re.IGNORECASE
)


def told_of_an_exception(claim: Span, sentences: Sequence[Span]) -> str:
    """What the passage sets apart in a later sentence than the one that the claim takes the rest from; or nothing."""
    if len(sentences) < 2 or _TELLS_IT.search(claim.text):
        return ""
    rows = [credits(claim, sentence) for sentence in sentences]
    tokens, colour = claim.tokens, colours(claim)
    apart = [n for n, span in enumerate(sentences) if _SET_APART.search(span.text) and not _LIKEWISE.search(span.text)]
    apart = [n for n in apart if any(share == 1.0 for share in rows[n])]
    for at, row in enumerate(rows[:-1]):
        seen = [max(column) for column in zip(*rows[: at + 1], strict=True)]
        if not any(row):
            continue  # the rest of the claim would have to stand there
        for later in apart:
            if later <= at:
                continue
            other = sentences[later]
            thing = [i for i, share in enumerate(rows[later]) if share == 1.0 and not seen[i] and tokens[i].weight >= 1]
            if sum(colour[i] for i in thing if tokens[i].kind != "number") < SMALLEST:
                continue
            rest = [i for i in range(len(tokens)) if i not in thing and tokens[i].weight >= 1]
            weight = sum(tokens[i].weight for i in rest)
            if sum(tokens[i].weight for i in thing) > PART * weight or any(
                r[i] for n, r in enumerate(rows) for i in thing if n != later
            ):
                continue
            here, there = (sum(tokens[i].weight * r[i] for i in rest) for r in (row, rows[later]))
            if here < EARLIER * weight or there > LATER * weight:
                continue
            if not _summed_up(claim, rows[later], {tokens[i].start for i in thing}) and not _pointed_at(
                other, [tokens[i] for i in thing]
            ):
                return "".join(tokens[i].raw if tokens[i].kind == "han" else f" {tokens[i].raw}" for i in thing).strip()
    return ""


def _summed_up(claim: Span, row: Sequence[float], thing: set[int]) -> bool:
    """Whether the clauses of the claim with the thing tell what the later sentence says."""
    spread = sum(any(token.start in thing for token in clause.tokens) for clause in claim.clauses)
    if spread > 1:
        return True
    share = {token.start: credit for token, credit in zip(claim.tokens, row, strict=True)}
    for clause in claim.clauses if len(claim.clauses) > 1 else ():
        own = sum(token.weight for token in clause.tokens if token.start in thing)
        rest = [token for token in clause.tokens if token.start not in thing]
        weight = sum(token.weight for token in rest)
        has = sum(token.weight * share[token.start] for token in rest)
        if own and (own >= weight or has >= SUMMED * weight):
            return True
    return False


def _pointed_at(sentence: Span, thing: Sequence[Token]) -> bool:
    """Whether the sentence takes up with the thing what was said before: "this command"."""
    first = next((token for token in sentence.tokens if token.text == thing[0].text), None)
    return first is not None and _POINTS.search(sentence.text[: first.start - sentence.start]) is not None
