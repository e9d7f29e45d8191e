"""Judges one sentence against the passages that it cites, in a millisecond or so, from words alone.

A sentence is supported when its passages cover enough of it and nothing in it is changed: its numbers and names stand
there in the same place, and it says yes and no where they do. It knows no answer and no marks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rag.base import detect_language
from rag.verify.across import turned_across
from rag.verify.alignment import ground, whole
from rag.verify.before import of_the_others, stands_before
from rag.verify.bounds import crossed
from rag.verify.denials import denied
from rag.verify.figures import misplaced_number, missing_name
from rag.verify.instances import rules, told_beyond
from rag.verify.invented import invented
from rag.verify.lexicon import NEGATION
from rag.verify.lost import lost_amount
from rag.verify.parallels import moved
from rag.verify.polarity import contradiction
from rag.verify.rates import other_rate
from rag.verify.relations import exchanged, misrelated
from rag.verify.rephrase import as_written
from rag.verify.reworded import reworded
from rag.verify.scope import widened
from rag.verify.signs import other_sign
from rag.verify.strength import overstated
from rag.verify.text import Span, Text, bare, read
from rag.verify.topic import cover_with_topic
from rag.verify.unsaid import torn_off, unsaid

MIN_COVER = 0.6
# Of Chinese sentences, whose words the thesaurus knows and where `invented` finds what is made up: of 140 faithful ones
# that people wrote .89 pass both, and .18 of 22 inventions. Cover of .6 without either let .70 and .41 pass.
MIN_COVER_HAN = 0.55
LONG_HAN = 8.0  # weight; a shorter sentence has little to lack
# Of a sentence in Latin script: between the two are 1% of 93 faithful English ones, 7% of 82 false ones, and of 175
# beside the one of 123 passages about something else that covers them best 7%.
MIN_COVER_LATIN = 0.67
# Where a model is asked, and from where on it is believed. Measured with MiniLM (docs/answers.md): of 254 sentences
# beside passages that do not bear them out none reached .8, and of 55 faithful paraphrases one was below .2.
DOUBTFUL = (MIN_COVER / 2, 0.8)  # of cover
SAVES, REFUSES = 0.8, 0.02
_JOINS_BEFORE = re.compile(r"[^\x00-\x7f]$|\n\s*\S*$|\b(?:and|but|so|then|while|whereas|which means)$", re.IGNORECASE)
_JOINS_BEHIND = re.compile(r"[^\x00-\x7f]|(?:and|but|so|then|while|whereas)\b", re.IGNORECASE)
Fault = Literal[
    "",
    "mark",
    "cover",
    "number",
    "name",
    "swap",
    "negation",
    "opposite",
    "limit",
    "universal",
    "bound",
    "entailment",
    "detail",
    "condition",
    "strength",
    "wider",
]


@dataclass(frozen=True, slots=True)
class Support:
    """Whether a sentence is supported: ``reason`` is empty, or says what is wrong, with ``detail`` the words at fault.

    ``cover`` is the share of the sentence that the passages have; ``checked`` is False across languages, where only
    numbers and names are compared.
    """

    reason: Fault = ""
    detail: str = ""
    cover: float = 1.0
    checked: bool = True

    @property
    def supported(self) -> bool:
        """Whether nothing is wrong."""
        return not self.reason


class Entailment(Protocol):
    """A model that says how far evidence bears out a sentence; see `rag.verify.entailment`."""

    def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        """From 0, unrelated, to 1, the same; of several pieces of evidence the best counts. None: it cannot tell."""
        ...


def check_sentence(sentence: str, passages: Sequence[str], entailment: Entailment | None = None) -> Support:
    """Judge a sentence (without its marks) against the texts that it cites."""
    texts = [read(passage) for passage in passages]
    claim_text = read(as_written(read(sentence).norm, [text.norm for text in texts]))
    if not claim_text.sentences:
        return Support()
    sentences = [span for text in texts for span in text.sentences]
    norms = [text.norm for text in texts]
    sign = other_sign(claim_text.norm, norms)
    if not sign and any(_stands_in(claim_text, text) for text in texts):
        torn = torn_off(claim_text.sentences, sentences)
        return Support("condition", torn) if torn else Support()
    claim = whole(claim_text.sentences, claim_text.norm)
    if name := missing_name(claim, sentence, norms):
        return Support("name", name)
    if amount := sign or lost_amount(claim_text.norm, norms) or other_rate(claim_text, texts):
        return Support("number", amount)
    if _across(claim, texts):
        return _between_languages(claim_text, sentences, norms, entailment, passages)
    support = _by_words(claim_text.sentences, sentences, norms)
    doubted = support.supported or support.reason == "cover"
    if entailment is None or not doubted or not DOUBTFUL[0] <= support.cover < DOUBTFUL[1]:
        return support
    best = [span.text for part in claim_text.sentences for span in ground(part, sentences).sentences]
    score = entailment.entails(sentence, [" ".join(dict.fromkeys(best)), *passages])
    if support.supported:
        return Support("entailment", "", support.cover) if score is not None and score < REFUSES else support
    if score is None or score < SAVES:
        return support
    return _by_words(claim_text.sentences, sentences, norms, DOUBTFUL[0])  # all else still counts


def _by_words(
    claim: Sequence[Span], sentences: Sequence[Span], norms: Sequence[str], min_cover: float | None = None
) -> Support:
    """Each part of a sentence has to be supported; the first fault counts."""
    covers = []
    for part in claim:
        support = _part_by_words(part, sentences, "\n".join(norms), min_cover)
        if not support.supported:
            return support
        covers.append(support.cover)
    return Support("", "", min(covers))


def _part_by_words(part: Span, sentences: Sequence[Span], passage: str, min_cover: float | None) -> Support:
    found = ground(part, sentences)
    least = _least(part) if min_cover is None else min_cover
    if found.cover < least and cover_with_topic(part, found, sentences) < least:
        return Support("cover", "", found.cover)
    if min_cover is None and (words := invented(part, sentences)):
        return Support("cover", words, found.cover)
    number = misplaced_number(part, found.sentences, sentences)
    if number and not (_clauses_stand(part, sentences) or stands_before(part, found.sentences, sentences)):
        return Support("number", number, found.cover)
    if number := moved(part, found.sentences, sentences) or of_the_others(part, sentences):
        return Support("number", number, found.cover)
    words, other_side = misrelated(part, found.sentences, sentences, passage)
    told = reworded(part, found.sentences)
    if words := words or (
        exchanged(told, found.sentences[:1], passage) if told and not NEGATION.search(told.text) else ""
    ):
        return Support("swap", words, found.cover)
    beyond = told_beyond(part, sentences)
    turned = contradiction(part, [*found.sentences, *rules(part, found.sentences, sentences)])
    if turned and not beyond and not (turned == "opposite" and other_side):
        return Support(turned, "", found.cover)  # type: ignore[arg-type]
    if crossed(part, found.sentences):
        return Support("bound", "", found.cover)
    if not beyond and denied(part, found.sentences):
        return Support("negation", "", found.cover)
    if overstated(part, found.sentences):
        return Support("strength", "", found.cover)
    if widened(part, found.sentences, sentences):
        return Support("wider", "", found.cover)
    fault, words = unsaid(part, found.sentences, sentences)
    if fault:
        return Support(fault, words, found.cover)
    return Support("", "", found.cover)


def _least(part: Span) -> float:
    if not any(token.kind == "han" for token in part.tokens):
        return MIN_COVER_LATIN
    long = sum(token.weight for token in part.tokens) >= LONG_HAN
    return MIN_COVER_HAN if long and detect_language(part.text) == "zh" else MIN_COVER


def _clauses_stand(part: Span, sentences: Sequence[Span]) -> bool:
    """Whether each clause with a number rests on sentences of its own, as in a summary of several."""
    if len(part.clauses) < 2:
        return False
    for clause in part.clauses:
        found = ground(clause, sentences)
        if clause.numbers and (found.cover < _least(clause) or misplaced_number(clause, found.sentences)):
            return False
    return True


def _between_languages(
    claim: Text, sentences: Sequence[Span], norms: Sequence[str], entailment: Entailment | None, passages: Sequence[str]
) -> Support:
    """By what of the passages is in the claim's language, else by figures and names, else by a model alone."""
    language = detect_language(claim.norm)
    same = [span for span in sentences if detect_language(span.text) == language]
    if same and (support := _by_words(claim.sentences, same, norms)).supported:
        return support
    whole_claim = whole(claim.sentences, claim.norm)
    support = _by_figures(whole_claim, sentences)
    if support.supported and (turned := turned_across(whole_claim, sentences)):
        return Support(turned, "", 0.0, checked=False)
    if support.reason != "cover" or entailment is None:
        return support
    score = entailment.entails(claim.norm, passages)
    return Support("", "", 0.0, checked=False) if score is not None and score >= SAVES else support


def _by_figures(claim: Span, sentences: Sequence[Span]) -> Support:
    """Every number has to stand there, and something has to: a number, a name, a word that both languages write alike.

    Nothing else is compared, so a sentence without any of that is not borne out by anything.
    """
    there = {term for span in sentences for term in span.terms}
    lost = next((token.raw for token in claim.tokens if token.kind == "number" and token.text not in there), "")
    if lost:
        return Support("number", lost, 0.0, checked=False)
    held = any(token.kind != "han" and token.weight >= 2 and token.text in there for token in claim.tokens)
    return Support("" if held else "cover", "", 0.0, checked=False)


def _stands_in(claim: Text, text: Text) -> bool:
    """Whether the sentence is a clause, or several, of the text as it stands, with no word of it before or behind."""
    words = bare(claim.norm)
    if f"|{words}|" not in text.bare:
        return False
    pattern = r"[\W_]+".join(re.escape(word) for word in words.split("|"))
    return any(_apart(match) for match in re.finditer(rf"(?<![^\W_]){pattern}(?![^\W_])", text.norm, re.IGNORECASE))


def _apart(match: re.Match[str]) -> bool:
    """Whether marks or words that join clauses stand before and behind it."""
    before, behind = match.string[: match.start()].rstrip(), match.string[match.end() :].lstrip()
    return not (before[-1:].isalnum() and not _JOINS_BEFORE.search(before)) and not (
        behind[:1].isalnum() and not _JOINS_BEHIND.match(behind) and behind != match.string[match.end() :]
    )


def _across(claim: Span, texts: Sequence[Text]) -> bool:
    language = detect_language(claim.text)
    return bool(texts) and all(detect_language(re.sub(r"[^\w\s]|\d", " ", text.norm)) != language for text in texts)
