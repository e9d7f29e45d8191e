"""What happens to one message: command, silence, or judge and answer. The handler that the lanes call.

It translates between the two sides: a message becomes a `Question` (see `bot.questions`), sources become `Citation`s.
It knows no concrete platform and no model. Every path ends in exactly one `Outcome`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from loguru import logger

from adapters.base import Adapter, AdapterError, Citation, Message, Reply
from bot.arrivals import Arrivals
from bot.budget import PAYER, Budget
from bot.clock import Clock
from bot.config import Mode, Settings
from bot.context import Contexts
from bot.engine import Judgement
from bot.feedback import TAKEN_BACK
from bot.limits import LimitHit, Limits
from bot.live import GrowingReply
from bot.outbox import Outbox
from bot.outcome import Outcome
from bot.pictures import PictureReader, Seen
from bot.ports import CommandRunner, Pauses, ReadsQuotes
from bot.questions import make_question, text_of
from bot.responder import Responder, declined, is_greeting, not_covered, outcome
from bot.rest import Rest, RestTimes
from bot.safety.screen import Safety, Screen, held_back
from bot.texts import Language, say
from bot.timing import Stopwatch
from rag.base import NoKnowledgeError, Question, RagError, detect_language

_COMMAND = re.compile(r"[/／][a-z]+(?:\s+(?:[\d.]+|undo|all|default))*|[\W\d_]+", re.IGNORECASE)


@dataclass(slots=True)
class Assistant:
    """Handles messages; ``modes`` gives each platform's own mode, which a group's settings override."""

    settings: Settings
    pauses: Pauses
    responder: Responder
    outbox: Outbox
    contexts: Contexts
    limits: Limits
    commands: CommandRunner
    adapters: Mapping[str, Adapter]
    clock: Clock
    arrivals: Arrivals
    rest: RestTimes
    budget: Budget
    safety: Safety
    modes: Mapping[str, Mode] = field(default_factory=dict)
    pictures: PictureReader | None = None

    def may_wait(self, message: Message) -> bool:
        """Whether a message is overheard talk that the sender may go on with; what addresses the bot never waits."""
        return (
            self._mode(message) == "passive"
            and not self._speaks_to_bot(message)
            and self.may_join(message)
            and not message.attachments
            and bool(message.text.strip())
        )

    def may_join(self, message: Message) -> bool:
        """Whether a message can be one question with those before it."""
        return message.quote is None and not message.sender.is_bot and not self.commands.matches(message)

    async def handle(self, message: Message) -> Outcome:
        """One message, one outcome. Raises nothing that it expects; the lane stores what it returns."""
        group, watch = message.conversation.group, Stopwatch(self.clock)
        PAYER.set((group, message.sender.key))
        with logger.contextualize(conversation=group, message=message.id):
            language = self.language(message)
            if self.commands.matches(message):
                message = await self._with_quote(message)
                text, done = await self.commands.run(message, language)
                return await self._say(message, text, done)
            earlier = await self.contexts.before(message)
            addressed = await self._addressed(message)
            silent = self._stay_out(message, addressed, language)
            if silent is not None:
                return silent
            if (rest := self.rest.of(message, addressed)) is not None:
                return await self._rest(message, rest, language)
            message = await self._with_quote(message)
            full = self.limits.full(message)  # then nothing is spent on it: no picture, no model, no web
            seen = await self.pictures.read(message) if addressed and self.pictures and not full else Seen()
            if addressed and not (text_of(message) or seen.text):
                if message.attachments and (hit := self.limits.allow(message)) is not None:
                    return await self._limited(message, make_question(message, earlier, True, language), None, hit)
                return await self._without_words(message, seen, language)
            question = replace(
                make_question(message, earlier, addressed, language, seen.text),
                answered_by_person=not addressed and self._answered_by_person(message),
                quote_only=self.budget.exhausted(group, message.sender.key) is not None,
            )
            return await self._judge(message, question, watch, full)

    def language(self, message: Message) -> Language:
        """The language of the bot's own lines: as configured, else the asker's, else that of the talk around it.

        A command such as ``/status`` is in no language.
        """
        configured = self.settings.bot.language
        if configured != "auto":
            return configured
        quoted = message.quote.text if message.quote else ""
        for text in (message.text, quoted, *self.contexts.latest(message.conversation)):
            if words := _COMMAND.sub("", text):
                return detect_language(words)
        return "zh"

    async def overloaded(self, message: Message) -> None:
        """The one short line for a mention that found the bot overloaded."""
        done = Outcome("overloaded")
        await self._say(message, say("overloaded", self.language(message)), done)

    async def _with_quote(self, message: Message) -> Message:
        """With the text of what it quotes, where the event came without and the bot is spoken to."""
        quote = message.quote
        if quote is None or quote.text or not (self._speaks_to_bot(message) or self.commands.matches(message)):
            return message
        adapter = self.adapters.get(message.conversation.platform)
        return replace(message, quote=await adapter.quoted(message)) if isinstance(adapter, ReadsQuotes) else message

    async def _addressed(self, message: Message) -> bool:
        """Mentioned, spoken to directly, or quoting one of the bot's own replies."""
        if self._speaks_to_bot(message):
            return True
        quote = message.quote
        if quote is None or not quote.id:
            return False
        return await self.outbox.sent_by_id(message.conversation.platform, quote.id) is not None

    def _answered_by_person(self, message: Message) -> bool:
        """Looks at what has come since, and in a replay at what came within the window."""
        within_s = self.clock.age_s(message) + self.settings.gate.quiet_window_s
        return self.arrivals.answered_by_person(message, within_s)

    def _mode(self, message: Message) -> Mode:
        place = message.conversation
        return self.settings.group(place.group).mode or self.modes.get(place.platform, "passive")

    @staticmethod
    def _speaks_to_bot(message: Message) -> bool:
        return message.mentions_bot or message.conversation.kind == "direct"

    def _stay_out(self, message: Message, addressed: bool, language: Language) -> Outcome | None:
        group = message.conversation.group
        mode = self._mode(message)
        if message.sender.is_bot:
            return Outcome("silent", reasons=(say("reason_bot", language),))
        if mode == "off":
            return Outcome("silent", reasons=(say("reason_off", language),))
        if self.pauses.paused(group):
            return Outcome("silent", reasons=(say("reason_paused", language),))
        if mode == "mention" and not addressed:
            return Outcome("silent", reasons=(say("reason_mode", language),))
        if not addressed and not text_of(message):
            return Outcome("silent", reasons=(say("reason_empty", language),))
        return None

    async def _rest(self, message: Message, rest: Rest, language: Language) -> Outcome:
        """Outside the hours: a reason, and a line for who is to be told."""
        until = f"{rest.until:%m-%d %H:%M}"
        reasons = (say("reason_hours", language, until=until),)
        if not rest.tell:
            return Outcome("silent", reasons=reasons)
        return await self._say(message, say("off_hours", language, until=until), Outcome("limited", reasons=reasons))

    def _screen(self, message: Message) -> Screen:
        return self.safety.screen(message.conversation.group)

    async def _judge(self, message: Message, question: Question, watch: Stopwatch, full: bool) -> Outcome:
        screen = self._screen(message)
        if objection := screen.asked(question):
            done, line = held_back(objection, question), say("withheld", question.language)
            return await self._say(message, line, done) if question.mentioned else done
        question = screen.cleaned(question)
        try:
            judgement = await self.responder.judge(message.conversation.group, question, alone=full, screen=screen)
        except NoKnowledgeError:
            return await self._fail(message, question, Outcome("failed", "retrieve", "no knowledge"), "no_knowledge")
        except RagError as error:
            logger.error("search failed: {}", error)
            return await self._fail(message, question, Outcome("failed", "retrieve", str(error)), "failed:retrieve")
        if (judgement.decision.answer or question.mentioned) and await self._taken_back(message):
            return self._keep_silent(question, judgement)
        if not judgement.decision.answer:
            return await self._decline(message, question, judgement)
        hit = self.limits.allow(message)
        if hit is not None:
            return await self._limited(message, question, judgement, hit)
        return await self._answer(message, question, judgement, watch)

    async def _decline(self, message: Message, question: Question, judgement: Judgement) -> Outcome:
        thanked = is_greeting(judgement) and not self._speaks_to_bot(message)  # below an answer, for instance
        silent = not question.mentioned or thanked
        done = self._screen(message).cleared(outcome(question, judgement, "silent" if silent else "abstained"))
        if silent:
            return done
        if (hit := self.limits.allow(message)) is not None:  # a line is a line: nobody may call for them without end
            return await self._limited(message, question, judgement, hit)
        return await self._say(message, self._allowed(message, declined(question, judgement), question), done)

    def _allowed(self, message: Message, line: str, question: Question) -> str:
        """A line with the nearest documents, or without them where a title is not to be told."""
        return line if self._screen(message).allows(line) else say("not_covered", question.language)

    async def _without_words(self, message: Message, seen: Seen, language: Language) -> Outcome:
        """A mention that says nothing; of one with a picture in which nothing could be read, that is told."""
        if seen.shown:
            done = Outcome("abstained", reasons=(say("reason_picture_unread", language),))
            return await self._say(message, say("picture_unread", language), done)
        return await self._say(message, say("empty_mention", language), Outcome("command", detail="greeting"))

    async def _taken_back(self, message: Message) -> bool:
        """Whether its author recalled the message before it was answered."""
        noted = await self.outbox.store.feedback.of(message.conversation.platform, message.id)
        return any(kind == TAKEN_BACK for _, kind in noted)

    @staticmethod
    def _keep_silent(question: Question, judgement: Judgement) -> Outcome:
        return outcome(question, judgement, "silent", extra=(say("reason_taken_back", question.language),))

    async def _limited(
        self, message: Message, question: Question, judgement: Judgement | None, hit: LimitHit
    ) -> Outcome:
        done = outcome(question, judgement, "limited", detail=f"{hit.scope}: {hit.limit} an hour")
        if not (question.mentioned and hit.first):
            return done
        minutes = max(1, round(hit.retry_after_s / 60))
        return await self._say(message, say(f"limited_{hit.scope}", question.language, minutes=minutes), done)

    async def _answer(self, message: Message, question: Question, judgement: Judgement, watch: Stopwatch) -> Outcome:
        adapter = self.adapters[message.conversation.platform]
        await self._sign(adapter.acknowledge, message) if question.mentioned else None
        try:
            async with AsyncExitStack() as stack:
                growing = GrowingReply(self.outbox, message, stack) if adapter.abilities.stream else None
                show = watch.noting(growing.show if growing else None)
                done = await self.responder.answer(question, judgement, show, self._screen(message))
                done = replace(done, timing=watch.read()) if done.kind == "answered" else done
                if await self._taken_back(message):
                    return self._keep_silent(question, judgement)
                replies = self._replies(message, question, judgement, done)
                if not replies:
                    return done
                if growing and growing.stream:
                    final = await growing.stream.finish(replies, done)
                else:
                    final = await self.outbox.post(message, replies, done)
            if done.kind == "answered":
                await self.contexts.answered(message, done.answer or "")
            return final
        finally:
            await self._sign(adapter.clear_acknowledgement, message) if question.mentioned else None

    def _replies(self, message: Message, question: Question, judgement: Judgement, done: Outcome) -> list[Reply]:
        if done.kind == "answered":
            citations = tuple(Citation(c["n"], c["source"], c["uri"], c["text"]) for c in done.citations)
            probability = judgement.decision.probability
            return [Reply(message, done.answer or "", citations, probability, mention=True)]
        if not question.mentioned:
            return []
        if done.verdict.get("how") == "withheld":
            return [Reply(message, say("withheld", question.language), mention=True)]
        if done.kind == "abstained":
            line = self._allowed(message, not_covered(question.language, judgement.evidence), question)
            return [Reply(message, line, mention=True)]
        fault = done.detail.partition(":")[0]
        key = f"failed:{fault}" if fault in ("timeout", "auth", "rate_limit") else "failed:generate"
        return [Reply(message, say(key, question.language), mention=True)]

    async def _fail(self, message: Message, question: Question, done: Outcome, line: str) -> Outcome:
        """A mention gets one honest line; an overheard message gets silence."""
        return await self._say(message, say(line, question.language), done) if question.mentioned else done

    async def _say(self, message: Message, text: str, done: Outcome) -> Outcome:
        return await self.outbox.post(message, [Reply(message, text, mention=True)], done)

    @staticmethod
    async def _sign(call: object, message: Message) -> None:
        """An acknowledgement is a courtesy: that it fails is logged and nothing else."""
        try:
            await call(message)  # type: ignore[operator]
        except AdapterError as error:
            logger.debug("acknowledgement failed: {}", error)
