"""Commands that teach the gate of a group: /good, /bad, /dial. Each is stored with who did it, and can be undone."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.commands import Call, Command
from bot.gather import judged_as
from bot.outbox import Outbox
from bot.store import Store
from bot.store.groups import Example

UNDO = ("undo", "撤销", "撤消")
EVERYWHERE = ("all", "所有", "全部")
DEFAULT = ("default", "默认", "reset")
MAX_EXAMPLE_CHARS = 2_000
_ID = re.compile(r"[#＃]?([0-9]{1,15})")
_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")


class Gates(Protocol):
    """What teaching changes: the library's gates."""

    async def example_added(self, example: Example) -> None:
        """Make the example count from the next message on."""
        ...

    async def examples_changed(self, scope: str) -> None:
        """An example of ``scope`` was undone: make the gates forget it."""
        ...

    async def set_dial(self, group: str, unwanted_per_1000: float | None) -> None:
        """Set a group's dial; None: back to the configured one."""
        ...

    def dial(self, group: str) -> float:
        """The dial in use."""
        ...

    def gate_note(self, group: str, language: Literal["zh", "en"]) -> str:
        """What the gate of the group rests on, in words."""
        ...


@dataclass(slots=True)
class Teacher:
    """Carries out the teaching commands."""

    store: Store
    outbox: Outbox
    gates: Gates

    def commands(self) -> list[Command]:
        """The commands of this module."""
        return [
            Command(
                "/good",
                ("/好", "/该答"),
                (
                    "引用一条消息：这类该回答（undo 撤销，all 全部群）",
                    "quote a message: answer such (undo, all)",
                ),
                self.good,
            ),
            Command(
                "/bad",
                ("/坏", "/别答"),
                ("引用一条消息：这类别回答（undo 撤销，all 全部群）", "quote a message: leave such alone (undo, all)"),
                self.bad,
            ),
            Command(
                "/dial",
                ("/旋钮",),
                ("多安静：每千条最多几条不该回的", "how quiet: unwanted replies per 1,000"),
                self.dial,
            ),
        ]

    async def good(self, call: Call) -> str:
        """``/good``, ``/good all``, ``/good undo``, ``/good undo all``, ``/good undo #3``."""
        return await self._teach(call, "good")

    async def bad(self, call: Call) -> str:
        """As `good`."""
        return await self._teach(call, "bad")

    async def _teach(self, call: Call, label: Literal["good", "bad"]) -> str:
        word, _, rest = call.arguments.partition(" ")
        if word.lower() in UNDO:
            return await self._undo(call, label, rest.strip().lower())
        everywhere = word.lower() in EVERYWHERE
        scope = "*" if everywhere else call.group
        text, source = await self._target(call, rest if everywhere else call.arguments)
        text = text.strip()[:MAX_EXAMPLE_CHARS]
        if text.startswith(("/", "／")):
            return call.say("quote_command")
        if not text:
            return call.say("quote_empty" if call.message.quote else "quote_needed", command=call.name)
        if not any(character.isalnum() for character in text):
            return call.say("example_wordless")
        same = [known for known in await self.store.examples.active(scope) if known.text == text]
        for known in same:
            if known.label == label and known.id == same[-1].id:
                return call.say("example_known", id=known.id)
        example = await self.store.examples.add(scope, text, label, call.by, source)
        await self.store.audit.append(call.by, f"example {label}", call.group, f"#{example.id} {scope}")
        await self.gates.example_added(example)
        where = "all" if everywhere else "here"
        line = call.say(f"{label}_added_{where}", command=call.name, id=example.id)
        opposite = next((known for known in reversed(same) if known.label != label), None)
        return line + call.say("example_opposite", id=opposite.id) if opposite else line

    async def _target(self, call: Call, arguments: str) -> tuple[str, str]:
        """The text to learn, and its id: the quoted message, the question behind a quoted answer, or the arguments."""
        quote = call.message.quote
        if quote is None:
            return arguments, call.message.id
        platform = call.message.conversation.platform
        answered = await self.store.messages.for_sent(platform, quote.id)
        judged = answered or await judged_as(self.store, platform, quote.id)
        return (judged.message.text, judged.message.id) if judged else (quote.text, quote.id)

    async def _undo(self, call: Call, label: Literal["good", "bad"], which: str) -> str:
        digits = _ID.fullmatch(which)
        if which and which not in EVERYWHERE and not digits:
            return call.say("undo_wrong", command=call.name)
        example = await self._undoable(call, label, which in EVERYWHERE, int(digits[1]) if digits else None)
        if example is None or not await self.store.examples.undo(example.id, call.by):
            return call.say("example_none")
        await self.store.audit.append(call.by, "example undone", call.group, f"#{example.id} {example.scope}")
        await self.gates.examples_changed(example.scope)
        return call.say("example_undone", id=example.id, text=" ".join(example.text.split()))

    async def _undoable(
        self, call: Call, label: Literal["good", "bad"], everywhere: bool, number: int | None
    ) -> Example | None:
        """The example of this number, the one made from the quoted message, else the latest one with this label."""
        examples = await self.store.examples.active(call.group, "*")
        if number is not None:
            return next((e for e in examples if e.id == number), None)
        examples = [e for e in examples if e.label == label]
        if call.message.quote:
            text, source = await self._target(call, "")
            examples = [e for e in examples if e.source == source or e.text == text.strip()]
        else:
            examples = [e for e in examples if e.scope == ("*" if everywhere else call.group)]
        return max(examples, key=lambda e: e.id, default=None)

    async def dial(self, call: Call) -> str:
        """``/dial``, ``/dial 10``, ``/dial default``."""
        word = unicodedata.normalize("NFKC", call.arguments).strip().lower()
        note = self.gates.gate_note(call.group, call.language)
        if not word:
            return call.say("dial_show", dial=f"{self.gates.dial(call.group):g}", note=note)
        value = None if word in DEFAULT else _number(word)
        if value is None and word not in DEFAULT:
            return call.say("dial_wrong")
        await self.gates.set_dial(call.group, value)
        await self.store.audit.append(call.by, "dial", call.group, word)
        note = self.gates.gate_note(call.group, call.language)
        return call.say("dial_set", dial=f"{self.gates.dial(call.group):g}", note=note)


def _number(word: str) -> float | None:
    value = float(word) if _NUMBER.fullmatch(word) else 0.0
    return value if 0 < value <= 900 else None
