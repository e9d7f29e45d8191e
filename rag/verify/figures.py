"""Whether the numbers, names and places of a claim stand where it says. Knows no polarity and no threshold of cover."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.verify.called import stands_as
from rag.verify.english.names import known_otherwise
from rag.verify.instances import case_of
from rag.verify.kinds import KINDS
from rag.verify.numerals import normalise
from rag.verify.quantities import other_unit, quantity, same_quantity
from rag.verify.reckoned import reckoned
from rag.verify.synonyms import said_otherwise
from rag.verify.text import Span, Token

WINDOW = 6  # tokens on each side of a number that tell its slot
MARGIN = 2.0  # how much better another number has to fit into the slot
_TITLE = re.compile(r"《([^《》]{1,40})》")
_HYPHENATED = re.compile(r"(?<![\w-])[A-Za-z]\w*(?:-\w+)+(?:\.\w+)*", re.ASCII)  # setup-x64.exe is one
_DATE_UNITS = frozenset("年月天周岁")
_MEMBERS = re.compile("|".join(sorted((word for kind in KINDS for word in kind), key=len, reverse=True)), re.IGNORECASE)


def missing_name(claim: Span, raw: str, texts: Sequence[str]) -> str:
    """A name, title, place or the like that stands in none of the (normalised) texts; or nothing."""
    joined = "\n".join(texts).lower()
    bare = re.sub(r"[\s·•]", "", joined)
    for match in _TITLE.finditer(claim.text):
        if re.sub(r"[\s·•]", "", match.group(1).lower()) not in bare:
            return match.group()
    units = {
        behind.start
        for token, behind in pairwise(claim.tokens)
        if token.kind == "number" and quantity(token, claim) is not None
    }
    for token in claim.tokens:
        named = token.kind == "name" or (token.start not in units and _is_proper(claim, token))
        known = not named or occurs(token.raw, joined) or _otherwise(token, claim, joined)
        if not (known or known_otherwise(claim, token.start, texts)):
            return token.raw
    for match in _MEMBERS.finditer(claim.text):
        known = match.group().lower() in joined or stands_as(match.group(), joined)
        if not (known or _inside_word(claim.text, match) or known_otherwise(claim, claim.start + match.start(), texts)):
            return match.group()
    for name in exact_words(raw):
        if not occurs(name, joined) and not occurs(normalise(name), joined):  # zero-copy, of which a number was made
            return name
    return ""


def _otherwise(token: Token, claim: Span, joined: str) -> bool:
    """Whether the texts have a name in other words: Monday for 周一, 显存 for GPU 内存."""
    start, end = token.start - claim.start, token.end - claim.start
    return stands_as(token.raw, joined) or said_otherwise(claim.text.lower(), start, end, joined)


def exact_words(raw: str) -> Iterator[str]:
    """Hyphenated words that have to stand as they are: amid Han text or in code, where they are names."""
    han = re.search(r"[\u4e00-\u9fff]", raw) is not None
    for match in _HYPHENATED.finditer(raw):
        if han or _in_code(raw, match.start()):
            yield match.group()


def occurs(name: str, text: str) -> bool:
    """Whether a name stands in a lower-case text as a whole, or as a whole part of a path."""
    name = name.lower().removeprefix("./") or name
    forms = [name, name.removesuffix("s")] if len(name) > 3 and name.isalnum() else [name]
    if re.fullmatch(r"v\d.*", name):
        forms.append(name[1:])
    after = r"(?![A-Za-z0-9_]|[.\-][A-Za-z0-9_])"
    return any(form in text and re.search(_before(form) + re.escape(form) + after, text) for form in forms)


def _before(form: str) -> str:
    """What may not stand before a name; a unit may stand behind its number."""
    if form.isalpha():
        return r"(?<![A-Za-z_\-])"
    return r"(?<![A-Za-z0-9_\-])" if form[0].isalnum() or form[0] == "-" else ""


def misplaced_number(claim: Span, evidence: Sequence[Span], cited: Sequence[Span] = ()) -> str:
    """A number that the evidence does not have, or has in another place than the claim; or nothing.

    It may be a case of a rule of the evidence, or of all that is ``cited``.
    """
    tokens = claim.tokens
    for i, token in enumerate(tokens):
        if token.kind != "number":
            continue
        slots = [(other.tokens, j) for other in evidence for j, t in enumerate(other.tokens) if t.kind == "number"]
        same = [(there, j) for there, j in slots if there[j].text == token.text]
        own = [_fit(tokens, i, there, j) for there, j in same if not _other_date(unit_of(tokens, i), unit_of(there, j))]
        rivals = [
            _fit(tokens, i, there, j)
            for there, j in slots
            if there[j].text != token.text and unit_of(there, j) == unit_of(tokens, i)
        ]
        if not own and token.text == "1" and not rivals:
            continue  # one hour, where the evidence says every hour or an hour
        if not own and any(equal for other in evidence for _, equal in same_quantity(token, claim, other)):
            continue  # two weeks for 14 days
        if not own and (reckoned(token, claim, evidence) or case_of(token, claim, cited or evidence)):
            continue  # forty-odd for 41.5, 80 pounds for "over 50"
        if own and all(other_unit(token, claim, other) for other in evidence if token.text in other.numbers):
            return token.raw
        if not own or (max(rivals, default=0.0) >= max(own) + MARGIN and not _at_home(token, claim, evidence)):
            return token.raw
    return ""


def _at_home(number: Token, claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether the number's clause has more in common with a clause that has the number than with any that has not."""
    clause = next(clause for clause in claim.clauses if clause.start <= number.start < clause.end)
    words = {token.text: token.weight for token in clause.tokens if token.kind != "number"}
    best = {True: 0.0, False: 0.0}
    for sentence in evidence:
        for other in sentence.clauses:
            has = number.text in other.numbers
            shared = sum(words[text] for text in {token.text for token in other.tokens} & words.keys())
            best[has] = max(best[has], shared)
    return best[True] > best[False]


def _fit(mine: Sequence[Token], i: int, theirs: Sequence[Token], j: int) -> float:
    """How much of what stands around number i stands around number j as well, the nearer the more."""
    score = 0.0
    for step in (-1, 1):
        near = [token.text for token in _around(theirs, j, step)]
        for distance, token in enumerate(_around(mine, i, step)):
            if token.text in near:
                score += token.weight * (1.0 if distance < 3 else 0.5)
    return score


def _around(tokens: Sequence[Token], at: int, step: int) -> list[Token]:
    """The tokens beside one, up to the next number and the window's end."""
    found: list[Token] = []
    position = at + step
    while 0 <= position < len(tokens) and len(found) < WINDOW and tokens[position].kind != "number":
        found.append(tokens[position])
        position += step
    return found


def unit_of(tokens: Sequence[Token], at: int) -> str:
    """What stands right behind a number."""
    if tokens[at].text.endswith("%"):
        return "%"
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return after.text if after is not None and after.start - tokens[at].end <= 1 else ""


def _other_date(one: str, other: str) -> bool:
    """Whether two numbers are parts of dates, or times, of two kinds: 3年 and 3日."""
    one, other = one.replace("日", "天"), other.replace("日", "天")
    return one != other and one in _DATE_UNITS and other in _DATE_UNITS


def _is_proper(claim: Span, token: Token) -> bool:
    """A capitalised word inside a sentence."""
    if token.kind != "word" or not token.raw[:1].isupper() or not token.raw.isascii():
        return False
    if len(token.raw) > 1 and token.raw.isupper():
        return True
    before = claim.text[: token.start - claim.start].rstrip()
    return len(token.raw) > 2 and bool(before) and before[-1] not in ".。:：!?！？(（\"“'*-•>"


def _inside_word(text: str, match: re.Match[str]) -> bool:
    """A Latin member that is part of a longer word."""
    if not match.group().isascii():
        return False
    return text[match.end() : match.end() + 1].isalpha() or text[max(match.start() - 1, 0) : match.start()].isalpha()


def _in_code(raw: str, at: int) -> bool:
    return raw[:at].count("`") % 2 == 1
