"""The gate itself: decides from a question and its evidence, with reasons. Knows neither training nor platforms."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag.base import Evidence, FloatArray, GateDecision, Language, Question, Reason, Term
from rag.gate.calibration import Calibration
from rag.gate.columns import DENSE, columns, is_name
from rag.gate.context import objection, standalone_text
from rag.gate.examples import LabelledExample
from rag.gate.learnt import Learnt, is_neural
from rag.gate.measured import Examples
from rag.gate.model import Parts
from rag.gate.prior import Prior
from rag.gate.stores import ExampleStores, store_columns
from rag.gate.wording import UInt64Array, canonical, hashes, ngrams
from rag.protocols import Embedder

OBJECTION = -12.0  # log-odds of a message that is none of the bot's business
MENTION_SHARE = 0.5  # of the messages that address the bot, about so many want an answer from the knowledge base
MENTION_THRESHOLD = 0.5
SAME = 0.9  # cosine from which a mention says what a bad example says: greetings and thanks
_MORE = 2  # characters by which it may be longer: the cosine hardly counts words such as "how" and "is"
FEEDBACK = 10.0  # the score of a message that is a good example itself
_NEAR = 0.6  # cosine from which an example speaks of another message
_CALLED = 3.0  # log-odds of the two
ALIKE = 0.4  # cosine from which an example is worth naming
_NAME_SHARE = 0.5  # of the idf of a mention: from here on a known name carries it
_FEW = 3  # terms; Chinese words are names only where little else is said
_TIE = 0.05  # nearness by which an earlier example has to be nearer than a later one to count


@dataclass(frozen=True, slots=True)
class _Told:
    """An example of the group's own that speaks of a message; ``nearness``: 0 hardly, 1 it is the same message."""

    example: LabelledExample
    similarity: float
    nearness: float

    def moves(self, score: float) -> float:
        """By how much it moves a score, never away from its label."""
        target = max(FEEDBACK, score) if self.example.good else min(-FEEDBACK, score)
        return self.nearness**2 * (target - score)


@dataclass(frozen=True, eq=False)
class RelevanceGate:
    """Implements `rag.protocols.Gate`. Immutable and thread-safe.

    ``calibrated`` is False while there are too few labels: then the prior's calibration is used. The first
    ``trained_on`` examples (-1: all) trained the model; all but the shipped ones also act on messages near them, at
    once.
    """

    prior: Prior
    learnt: Learnt | None
    stores: ExampleStores
    embedder: Embedder
    calibration: Calibration
    calibrated: bool
    dial: float = 20.0
    expected_share: float = 0.1
    trained_on: int = field(default=-1)

    @property
    def examples_used(self) -> int:
        """How many examples the gate knows, the shipped ones aside."""
        return sum(example.source != "default" for example in self.stores.examples)

    def with_dial(self, unwanted_per_1000: float) -> RelevanceGate:
        """The same gate with another threshold."""
        return replace(self, dial=unwanted_per_1000)

    def with_examples(self, added: Sequence[LabelledExample]) -> RelevanceGate:
        """The same gate that knows more examples at once; the model itself learns from them at the next training."""
        vectors = self.embedder.embed([example.text for example in added])
        trained = len(self.stores.examples) if self.trained_on < 0 else self.trained_on
        return replace(self, stores=self.stores.extended(added, vectors), trained_on=trained)

    def without_examples(self, gone: Sequence[LabelledExample]) -> RelevanceGate:
        """The same gate without some examples in its stores, each once; the model forgets them at the next training."""
        left, kept = Counter(gone), list[int]()
        for number in reversed(range(len(self.stores.examples))):
            example = self.stores.examples[number]
            if left[example]:
                left[example] -= 1
            else:
                kept.insert(0, number)
        stores = ExampleStores(tuple(self.stores.examples[number] for number in kept), self.stores.vectors[kept])
        return replace(self, stores=stores, trained_on=sum(number < self._trained for number in kept))

    def note(self, language: Language) -> str:
        """A sentence for admins on what the decisions rest on."""
        from rag.gate.reasons import describe_gate

        return describe_gate(self, language)

    def decide(self, question: Question, evidence: Evidence) -> GateDecision:
        """Decide: the passive rule, or the mention rule where the bot was addressed."""
        text = standalone_text(question)
        similarities = self._similarities(text, evidence)
        score, reasons = self._score(text, evidence, similarities)
        reason = objection(question)
        if reason:
            reasons.append(Reason(reason, OBJECTION))
            score = min(score, 0.0) + OBJECTION
        share = MENTION_SHARE if question.mentioned else self.expected_share
        if question.mentioned:
            called = self._called(canonical(text), evidence.terms, similarities)
            reasons += called
            score += sum(reason.contribution for reason in called)
        probability = _sigmoid(self.calibration.log_odds(score, share))
        threshold = MENTION_THRESHOLD if question.mentioned else self.threshold
        reasons.sort(key=lambda item: -abs(item.contribution))
        return GateDecision(probability >= threshold, probability, threshold, tuple(reasons))

    @cached_property
    def threshold(self) -> float:
        """The probability from which on an unaddressed message is answered."""
        return _sigmoid(self.calibration.log_odds(self.calibration.threshold(self.dial), self.expected_share))

    def score(self, question: Question, evidence: Evidence) -> float:
        """The raw score of a message without its context, in log-odds before calibration."""
        text = standalone_text(question)
        return self._score(text, evidence, self._similarities(text, evidence))[0]

    def scores(self, examples: Examples) -> NDArray[np.float64]:
        """The raw scores of many examples that are numbers already, shape (n,)."""
        if self.learnt is None:
            return self.prior.logit(examples.base).astype(np.float64)
        trained = ExampleStores(self.stores.examples[: self._trained], self.stores.vectors[: self._trained])
        return self.learnt.scores(examples, self.prior, trained, is_neural(self.embedder))

    def _score(self, text: str, evidence: Evidence, similarities: FloatArray) -> tuple[float, list[Reason]]:
        base, form = self._columns(text, evidence), canonical(text)
        form_share = 1.0 if self.learnt is None else self.learnt.fade
        prior = float(self.prior.logit(base[None], form_share)[0])
        total, parts, strongest = prior, Parts(0.0, 0.0, 0.0, 0.0, prior), ""
        if self.learnt is not None:
            features = hashes(form)
            known, added = self.learnt.model.wording.added(features)
            near = store_columns(similarities[None, : self._trained], self.stores.good[: self._trained])[0]
            vector = evidence.vector if is_neural(self.embedder) else None
            if self._blind(evidence):
                near, vector = self.learnt.mean_near, self.learnt.model.centre
            total, parts = self.learnt.score(float(added.sum()), evidence, base, near, vector, prior)
            strongest = _strongest(form, features, known, added, parts.wording)
        reasons = self._reasons(strongest, evidence, base, parts)
        alike, told = parts.near, self._told(form, similarities)
        if told is not None:
            moved = told.moves(total)
            total += moved
            if told.example.source == "file":
                alike += moved
            else:
                reasons.append(Reason("feedback", moved, told.similarity, told.example.text))
        if (sure := _known(evidence)) and not (told is not None and told.nearness == 1 and not told.example.good):
            reasons.append(Reason(sure[0], max(FEEDBACK - total, 0.0), 1.0, sure[1]))
            total = max(total, FEEDBACK)
        return total, [*reasons, self._alike(similarities, alike)] if len(similarities) else reasons

    def _similarities(self, text: str, evidence: Evidence) -> FloatArray:
        if self._blind(evidence):
            form = canonical(text)
            return np.array([canonical(example.text) == form for example in self.stores.examples], np.float32)
        vector = evidence.vector if evidence.vector is not None else self.embedder.embed([text])[0]
        return self.stores.similarities(vector)

    def _blind(self, evidence: Evidence) -> bool:
        """Whether the encoder failed over this message: it is not asked again, and what it would have said counts as
        for the mean example, which speaks for neither side. Only a stored example of the same words is recognised."""
        return evidence.vector is None and is_neural(self.embedder)

    def _columns(self, text: str, evidence: Evidence) -> FloatArray:
        base = columns(text, evidence)
        if self._blind(evidence):
            base[DENSE] = self.prior.mean[DENSE] if self.learnt is None else self.learnt.mean_cosine
        return base

    @property
    def _trained(self) -> int:
        return len(self.stores.examples) if self.trained_on < 0 else self.trained_on

    def _told(self, form: str, similarities: FloatArray) -> _Told | None:
        """The group's own example that speaks of this very message, or most nearly."""
        best: _Told | None = None
        for number in np.flatnonzero(similarities > _NEAR).tolist():
            example, similarity = self.stores.examples[number], float(similarities[number])
            if example.source != "default":
                same = canonical(example.text) == form
                told = _Told(example, similarity, 1.0 if same else max(similarity - _NEAR, 0.0) / (1 - _NEAR))
                if best is None or told.nearness >= best.nearness - _TIE:  # the later of two equal ones
                    best = told
        return best

    def _called(self, form: str, terms: Sequence[Term], similarities: FloatArray) -> list[Reason]:
        """What counts in a mention alone: a known name carries it, a greeting is no question."""
        bad = self.stores.nearest(similarities, False)
        if bad is not None and bad[1] >= SAME and len(form) <= len(canonical(bad[0].text)) + _MORE:
            return [Reason("greeting", -_CALLED, bad[1], bad[0].text)]
        chatter = self.learnt.vocabulary.counts if self.learnt is not None else {}
        named = _known_name(terms, chatter)
        return [Reason("asked_by_name", _CALLED, named.idf, named.text)] if named else []

    def _alike(self, similarities: FloatArray, moved: float) -> Reason:
        """What the stores add, with the nearest example of the side that they take, where one is near."""
        good = moved >= 0
        nearest = self.stores.nearest(similarities, good)
        if nearest is not None and nearest[1] >= ALIKE:
            return Reason("like_good" if good else "like_bad", moved, nearest[1], nearest[0].text)
        return Reason("unlike", moved)

    def _reasons(self, strongest: str, evidence: Evidence, base: FloatArray, parts: Parts) -> list[Reason]:
        """What makes up the score, but for the stores and what is the same for every message."""
        asks = self.prior.form_logit(base)
        if self.learnt is not None:
            asks *= self.learnt.fade * self.learnt.model.prior_slope
        knowledge = parts.numbers + parts.prior - asks
        rarest = max((t for t in evidence.terms if t.df and is_name(t)), key=lambda t: t.idf, default=None)
        known = Reason("known_name", knowledge, rarest.idf, rarest.text) if rarest else None
        reasons = [known or Reason("no_known_name", knowledge), Reason("form", asks)]
        if self.learnt is not None:
            reasons.append(Reason("wording", parts.wording, detail=strongest))
            if parts.vectors:
                reasons.append(Reason("meaning", parts.vectors))
            if parts.reranks:
                reasons.append(Reason("reranker", parts.reranks))
        return reasons


def _strongest(form: str, features: UInt64Array, known: UInt64Array, added: FloatArray, wording: float) -> str:
    """The n-gram that speaks most for the side that the wording takes; nothing where none does."""
    weights = dict(zip(known.tolist(), added.tolist(), strict=True))
    pieces = {
        piece.strip(): weights.get(number, 0.0)
        for piece, number in zip(ngrams(form), features.tolist(), strict=True)
        if len(piece.strip()) > 1
    }
    sign = math.copysign(1, wording)
    strongest = max(pieces, key=lambda piece: sign * pieces[piece], default="")
    if sign * pieces.get(strongest, 0.0) <= 0:
        return ""
    around = re.search(rf"[a-z0-9_]*{re.escape(strongest)}[a-z0-9_]*", form) if strongest.isascii() else None
    return around[0] if around else strongest  # the word, where it is a scrap of one


def _known_name(terms: Sequence[Term], chatter: Mapping[str, int]) -> Term | None:
    """The name that a short mention consists of, where the knowledge base has it and ``chatter`` does not."""
    said = [term for term in terms if term.kind != "han" or len(term.text) == 2]
    names = [term for term in said if term.df and is_name(term)]
    if len(said) <= _FEW:
        names += [term for term in said if term.df and term.kind == "han" and not chatter.get(term.text)]
    if not names or sum(term.idf for term in names) < _NAME_SHARE * sum(term.idf for term in said):
        return None
    return max(names, key=lambda term: term.idf)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-min(max(x, -60.0), 60.0)))


def _known(evidence: Evidence) -> tuple[str, str] | None:
    """What has an answer of its own, whatever else is found: the reason's name and what it refers to."""
    if evidence.curated is not None:
        return "curated", evidence.curated.question
    return ("defined", evidence.definitions[0].name) if evidence.definitions else None
