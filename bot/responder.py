"""From a question to an outcome: search, gate, answer. Knows no platform, no queue and no store.

Both the assistant in a group and ``qunda ask`` in a terminal go through it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from bot.engine import Engine, Judgement
from bot.engine.base import WebNote
from bot.engine.support import is_declined, lifted
from bot.outcome import Outcome, Stage
from bot.safety.lists import Filter
from bot.safety.screen import Objection, Screen
from bot.texts import Language, say
from bot.understanding import Understanding
from bot.verdict import abstained_because, verdict_of
from bot.web import WebSearch
from rag.base import Abstention, Answer, Evidence, GeneratorError, Question, detect_language
from rag.followup import needs_context
from rag.gate import explain, standalone_text
from rag.markup import CODE
from rag.protocols import Answerer

Show = Callable[[str], Awaitable[None]]
SHOWN_REASONS = 4
SHOWN_CHARS = 40
_LACKING = ("refused", "unsupported", "empty")  # reasons of an abstention for want of passages
MIN_FOREIGN = 12  # words or Han characters; less is a name or a command
_LATIN, _HAN = re.compile(r"[A-Za-z]{2,}"), re.compile("[\u3400-\u9fff]")


class Responder:
    """Judges and answers questions with what their group knows."""

    def __init__(
        self,
        engine: Engine,
        answerer: Answerer,
        understanding: Understanding | None = None,
        web: WebSearch | None = None,
    ) -> None:
        self._web = web
        self._engine = engine
        self._answerer = answerer
        self._understanding = understanding

    async def judge(
        self, place: str, question: Question, *, alone: bool = False, screen: Screen | None = None
    ) -> Judgement:
        """Search and decide, off the event loop.

        With a language model, a follow-up that is to be answered is made to stand alone and judged so, and where the
        passages do not support an answer, it is searched once more for the model's keywords. An overheard message costs
        no call before the gate has let it through. ``alone``: with what is here, asking neither a model nor the web; so
        is a question that ``screen`` refuses.

        Raises:
            NoKnowledgeError: there is no knowledge.
            RagError: it cannot be searched.
        """
        judgement = None if question.mentioned else await self._engine.judge(place, question)
        if not alone and (judgement is None or judgement.decision.answer):
            question = replace(question, rewritten=await self._rewritten(question, screen))
        if judgement is None or question.rewritten:
            judgement = await self._engine.judge(place, question)
        judgement = replace(judgement, understood=question.rewritten)
        if alone:
            return judgement
        web = self._web if self._web is not None and self._web.may(place, question.mentioned) else None
        note = None if web is None else WebNote()
        if judgement.supported or not _wanted(question, judgement):
            return replace(judgement, web=note)
        if (web is not None or self._understanding is not None) and await _refused(question, screen):
            return judgement
        judgement = replace(await self._with_keywords(place, question, judgement), web=note)
        return judgement if web is None or judgement.supported else await self._on_the_web(web, question, judgement)

    async def _rewritten(self, question: Question, screen: Screen | None) -> str:
        if self._understanding is None or question.quote_only or not needs_context(question):
            return ""
        return "" if await _refused(question, screen) else await self._understanding.rewritten(question)

    @staticmethod
    async def _on_the_web(web: WebSearch, question: Question, judgement: Judgement) -> Judgement:
        """The judgement with what the web has, where that supports an answer."""
        found = await web.find(question)
        if found is None or found.evidence is None:
            return replace(judgement, web=WebNote(searched=found is not None))
        decision = lifted(question, judgement.decision, found.support, 0.0)
        note = WebNote(True, found.pages)
        changed = Judgement(found.evidence, decision, found.support, web=note)
        return replace(changed, understood=judgement.understood, facts=judgement.facts)

    async def _with_keywords(self, place: str, question: Question, judgement: Judgement) -> Judgement:
        """The judgement of a second search, where the first found too little for what the gate let through."""
        if self._understanding is None or question.quote_only:
            return judgement
        keywords = await self._understanding.keywords(question)
        if not keywords:
            return judgement
        again = await self._engine.judge(place, replace(question, keywords=keywords))
        return replace(again, understood=judgement.understood) if again.supported else judgement

    async def answer(
        self, question: Question, judgement: Judgement, show: Show | None = None, screen: Screen | None = None
    ) -> Outcome:
        """Write the answer that the gate allowed; ``show`` gets the growing text, ``screen`` may hold back either.

        The outcome is ``answered``, ``abstained`` or ``failed``; its ``answer`` is the text for the reader or None.
        """
        question = replace(question, rewritten=judgement.understood)
        screen = screen or Screen(Filter(()), masks=False)
        if judgement.supported and (refused := await screen.refusal(question)):
            return withheld(question, judgement, refused)
        showing = screen.showing(show)
        try:
            final = await self._write(question, judgement.evidence, showing) if judgement.supported else None
            if _may_look_further(final, judgement) and self._web is not None:
                judgement = await self._on_the_web(self._web, question, judgement)
                if judgement.web and judgement.web.pages:
                    final = await self._write(question, judgement.evidence, showing)
        except GeneratorError as error:
            stage: Stage = "timeout" if error.kind == "timeout" else "generate"
            return outcome(question, judgement, "failed", stage=stage, detail=f"{error.kind}: {error}")
        if final is None or isinstance(final, Abstention):
            reason = say(abstained_because(final), question.language)
            done = outcome(question, judgement, "abstained", extra=(reason,))
        else:
            final = screen.masked(final)
            if objection := await screen.objection(final):
                return withheld(question, judgement, objection)
            done = outcome(question, judgement, "answered", answer=_told(question, judgement, final))
        return screen.cleared(replace(done, verdict=verdict_of(final)))

    async def _write(self, question: Question, evidence: Evidence, show: Show | None) -> Answer | Abstention | None:
        final: Answer | Abstention | None = None
        async with aclosing(self._answerer.answer(question, evidence)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                if isinstance(piece, str):
                    if show is not None:
                        await show(piece)
                else:
                    final = piece
        return final


async def _refused(question: Question, screen: Screen | None) -> bool:
    return screen is not None and await screen.refusal(question) is not None


def _wanted(question: Question, judgement: Judgement) -> bool:
    """Whether the asker wants an answer, supported or not."""
    return judgement.decision.answer or (question.mentioned and not is_declined(judgement.decision))


def _may_look_further(final: Answer | Abstention | None, judgement: Judgement) -> bool:
    """Whether the passages, which seemed to do, did not, and the web may be asked and was not."""
    lacking = final is None or (isinstance(final, Abstention) and final.reason in _LACKING)
    return lacking and judgement.supported and judgement.web is not None and not judgement.web.searched


def _told(question: Question, judgement: Judgement, answer: Answer) -> Answer:
    """The answer as readers get it: what is from the web, or in another language, is said to be."""
    answer = with_language_note(question, answer)
    if judgement.web is None or not judgement.web.pages:
        return answer
    named = [
        replace(source, title=say("web_source", question.language, title=source.title)) for source in answer.citations
    ]
    return replace(answer, text=f"{say('from_web', question.language)}\n\n{answer.text}", citations=tuple(named))


def with_language_note(question: Question, answer: Answer) -> Answer:
    """The answer, with a line before it where its prose is in another language than the question: nothing that quotes
    can translate, and a model may answer in the language of its passages."""
    prose = CODE.sub(" ", answer.text)
    said = detect_language(prose)
    foreign = len(_LATIN.findall(prose)) if said == "en" else len(_HAN.findall(prose))
    if said == question.language or foreign < MIN_FOREIGN or detect_language(question.text) == said:
        return answer
    return replace(answer, text=f"{say('other_language', question.language)}\n\n{answer.text}")


def withheld(question: Question, judgement: Judgement, objection: Objection) -> Outcome:
    """The outcome of an answer that is not given, whatever the documents hold."""
    done = outcome(question, judgement, "abstained")
    reasons = (objection.reason(question.language),)  # the gate's quote examples, which may say what is held back
    return replace(done, reasons=reasons, verdict=objection.verdict)


def outcome(
    question: Question,
    judgement: Judgement | None,
    kind: str,
    *,
    stage: Stage = "",
    detail: str = "",
    answer: Answer | None = None,
    extra: Sequence[str] = (),
) -> Outcome:
    """An outcome with the decision's figures and its reasons in the asker's language."""
    decision = judgement.decision if judgement else None
    reasons = explain(decision, question.language, SHOWN_REASONS) if decision else []
    if judgement and judgement.understood:
        reasons.append(say("reason_understood", question.language, text=_short(judgement.understood)))
    elif decision and not question.picture_text and (earlier := _continued(question)):
        reasons.append(say("reason_continues", question.language, earlier=earlier))
    if judgement and judgement.web and judgement.web.searched:
        pages = judgement.web.pages
        key = "reason_web" if pages else "reason_web_none"
        reasons.append(say(key, question.language, pages=" ".join(pages[:SHOWN_REASONS])))
    if question.quote_only:
        reasons.append(say("reason_budget", question.language))
    if question.picture_text:
        reasons.append(say("reason_picture", question.language, text=_short(" ".join(question.picture_text.split()))))
    return Outcome(
        kind=kind,  # type: ignore[arg-type]
        stage=stage,
        detail=detail,
        probability=decision.probability if decision else None,
        threshold=decision.threshold if decision else None,
        reasons=(*extra, *reasons),
        answer=answer.text if answer else None,
        citations=tuple(
            {"n": source.n, "source": source.title, "uri": source.uri, "text": source.quote}
            for source in answer.citations
        )
        if answer
        else (),
    )


def _continued(question: Question) -> str:
    """What a follow-up was judged together with."""
    own, judged = question.text.strip(), standalone_text(question)
    return _short(" ".join(judged[: max(len(judged) - len(own), 0)].split()))


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


def is_greeting(judgement: Judgement) -> bool:
    """Whether a mention only says hello or thanks."""
    return any(reason.name == "greeting" for reason in judgement.decision.reasons)


def declined(question: Question, judgement: Judgement) -> str:
    """What whoever mentioned the bot reads where the gate said no."""
    if is_greeting(judgement):
        return say("greeting", question.language)
    return not_covered(question.language, judgement.evidence)


def not_covered(language: Language, evidence: Evidence | None) -> str:
    """The honest line for a mention without an answer, with the nearest documents."""
    line = say("not_covered", language)
    titles = list(dict.fromkeys(hit.passage.source for hit in evidence.hits[:3])) if evidence else []
    if not titles:
        return line
    joiner = "、" if language == "zh" else ", "
    return f"{line}\n{say('nearest', language, titles=joiner.join(titles))}"
