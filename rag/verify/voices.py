"""Whether the same one does it to the same other in a claim and its evidence, in the active and in the passive.

"B was acquired by A" is "A acquired B"; "A lost to B" is "B beat A". It knows only verbs of its lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag.verify.english.forms import form
from rag.verify.sides import left, right, words_of
from rag.verify.text import Span, Token
from rag.verify.verbs import AUXILIARIES, grouped, verb_forms
from rag.verify.verbs_zh import done_to, grouped_zh

Verdict = Literal["", "same", "other side", "turned"]
_BE = frozenset(("is", "are", "was", "were", "be", "been", "being", "am", "get", "gets", "got"))
_PASSIVE_ZH = re.compile(r"(?:被|由(?![于此])|遭到?|受到?|为(?=[^,.;]{2,12}所))")
_OBJECT_ZH = re.compile(r"(?:[把将向给对跟与和从](?!应|于|来|此|而|外|内))")
_BY = re.compile(r"\bby\b", re.IGNORECASE)
_STOP_EN = re.compile(
    r"\b(?:and|but|who|which|that|when|while|where|because|if|after|before|although|since|so|whose)\b", re.I
)
_RELATION_EN = re.compile(
    r"(?P<a>[^,.;:()]{2,60}?) (?:is|was|are|were|became|remained) (?:a |an |the |one of the )?(?:\w+ ){0,2}?"
    r"(?P<n>[a-z]+) (?:of|to|for) (?P<p>[^,.;:()]{2,60})"
)
_RELATION_ZH = re.compile(
    r"(?P<a>[^,.;:]{2,14}?)(?:是|为|乃)(?P<p>[^,.;:]{2,14}?)的(?P<n>弟子|学生|老师|师父|徒弟|父亲|母亲|儿子|女儿|妻子|丈夫|哥哥|弟弟"
    r"|姐姐|妹妹|部下|上司|下属|子公司|母公司|供应商|客户|前身|后身|叔叔|侄子|祖父|孙子|岳父|女婿|同学|门生|继任者|前任|主人|仆人|分支|上级|下级)"
)


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does what to whom, by the words that tell the two apart."""

    doer: frozenset[str]
    verb: str
    other: frozenset[str]
    text: str


def acted(claim: Span, sentences: Sequence[Span]) -> tuple[Verdict, str]:
    """Whether the claim's doers are those of its evidence, and the words of one that is not.

    ``other side``: told by the verb of the other one. Nothing where no verb of the claim is one of the evidence.
    """
    said = deeds(claim)
    if not said:
        return "", ""
    known = [deed for sentence in sentences for deed in deeds(sentence)]
    judged: Verdict = ""
    for mine in said:
        verdicts = {_relation(mine, theirs) for theirs in known} - {""}
        if verdicts == {"turned"}:
            return "turned", mine.text
        if "other side" in verdicts:
            judged = "other side"
    return judged, ""


def _relation(mine: Deed, theirs: Deed) -> Verdict:
    group, side = _group(mine.verb)
    other, their_side = _group(theirs.verb)
    if group != other:
        return ""
    converse = side != their_side
    turned = _same(mine.doer, theirs.other) and _same(mine.other, theirs.doer)
    straight = _same(mine.doer, theirs.doer) and _same(mine.other, theirs.other)
    if turned == straight:
        return ""
    if converse:
        return "other side" if turned else "turned"
    return "turned" if turned and not mine.doer & theirs.doer else "same" if straight else ""


def _group(verb: str) -> tuple[str, int]:
    return grouped().get(verb) or grouped_zh().get(verb) or (verb, 1)


def _same(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether two parts name the same: half of what the shorter one has."""
    return bool(common := some & others) and len(common) * 2 >= min(len(some), len(others))


@lru_cache(maxsize=1024)
def deeds(span: Span) -> tuple[Deed, ...]:
    """Who does what to whom in a sentence, as far as it can be told."""
    han = sum(token.kind == "han" for token in span.tokens) * 2 >= len(span.tokens)
    rows = _chinese(span.text) if han else _english(span)
    made = ((words_of(doer), verb, words_of(other)) for doer, verb, other in rows)
    return tuple(Deed(a - b, verb, b - a, verb) for a, verb, b in made if a - b and b - a)


def _chinese(text: str) -> Iterator[tuple[str, str, str]]:
    for match in _RELATION_ZH.finditer(text):
        yield match.group("a"), match.group("n"), match.group("p")
    for match in done_to().finditer(text):
        before, after = left(text, match.start())[-24:], right(text, match.end())[:20]
        if passive := _PASSIVE_ZH.search(before, 1):
            yield before[passive.end() :].removesuffix("所"), match.group(), before[: passive.start()]
        elif given := _OBJECT_ZH.search(before, 1):
            yield before[: given.start()], match.group(), before[given.end() :]
        elif before and after:
            yield before, match.group(), after


def _english(span: Span) -> Iterator[tuple[str, str, str]]:
    for match in _RELATION_EN.finditer(span.text):
        noun = match.group("n")
        yield match.group("a"), verb_forms().get(form(noun), noun), match.group("p")
    for i, token in enumerate(span.tokens):
        verb = verb_forms().get(token.raw.lower(), verb_forms().get(token.text, ""))
        if (
            not i
            or not verb
            or token.kind != "word"
            or not {token.raw.lower(), *_following(span, i)}.isdisjoint(AUXILIARIES)
        ):
            continue
        at, end = token.start - span.start, token.end - span.start
        before = _STOP_EN.split(left(span.text, at))[-1]
        after = _STOP_EN.split(right(span.text, end))[0]
        if _is_passive(span.tokens, i):
            if by := _BY.search(after):
                yield after[by.end() :], verb, before
        elif before and after:
            yield before, verb, after


def _following(span: Span, at: int) -> set[str]:
    """The word behind a token; a verb before an auxiliary is a noun."""
    return {token.raw.lower() for token in span.tokens[at + 1 : at + 2]}


def _is_passive(tokens: Sequence[Token], at: int) -> bool:
    """Whether a form of "be" stands a little before a word that is a participle."""
    near = [token.raw.lower() for token in tokens[max(at - 3, 0) : at]]
    return any(word in _BE for word in near) and not tokens[at].raw.lower().endswith("ing")
