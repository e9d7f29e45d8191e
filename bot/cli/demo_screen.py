"""How the demo looks: the sample chat, each message with its decision, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from adapters.base import Message, Reply
from bot.builder import BaseBuild
from bot.texts import outcome_word

STYLES = {"answered": "green", "abstained": "yellow", "command": "cyan"}


class DemoScreen:
    """Prints to stdout."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False)
        self._outcomes: Counter[str] = Counter()

    def opening(self) -> None:
        """What is about to happen."""
        self._console.print(
            "[bold]群答 Qunda[/] — 读一段示例群聊：闲聊不插嘴，知识库答得了的才答，并注明出处。\n"
            "Reading a sample group chat: silent on chatter, answers with citations where the knowledge base can.\n"
        )

    def built(self, report: BaseBuild) -> None:
        """The sample knowledge."""
        state = "unchanged" if report.unchanged_build else f"built in {report.seconds:.1f} s"
        self._console.print(
            f"[dim]知识库 / knowledge: {report.documents} documents, {report.passages} passages ({state})[/]\n"
        )

    def message(self, message: Message) -> None:
        """One message of the chat."""
        from rich.markup import escape

        if message.quote:
            self._console.print(f"[dim]        ┌ {escape(message.quote.text[:50])}[/]")
        at = "[cyan]@群答[/] " if message.mentions_bot else ""
        name = escape(message.sender.name or message.sender.id)
        self._console.print(f"[dim]{message.sent_at.astimezone():%H:%M}[/] [bold]{name}[/]  {at}{escape(message.text)}")

    def decision(self, decision: dict[str, Any], posted: Sequence[Reply]) -> None:
        """What was decided on it, why, and what was said."""
        from rich.markup import escape

        kind = str(decision["outcome"]).partition(":")[0]
        self._outcomes[kind] += 1
        style = STYLES.get(kind, "dim")
        score = ""
        if decision["probability"] is not None:
            sign = "≥" if decision["probability"] >= decision["threshold"] else "<"
            score = f" {decision['probability']:.2f} {sign} {decision['threshold']:.2f}"
        reason = f" · {decision['reasons'][0]}" if decision["reasons"] else ""
        head = f"      └ {outcome_word(str(decision['outcome']), 'zh')}{score}{reason}"
        self._console.print(f"[{style}]{escape(head)}[/]")
        for reply in posted:
            self._reply(reply)

    def _reply(self, reply: Reply) -> None:
        from rich.markdown import Markdown
        from rich.padding import Padding

        lines = [reply.text, *(f"- \\[{c.n}\\] {c.title} — `{c.uri}`" for c in reply.citations)]
        self._console.print(Padding(Markdown("\n\n".join(lines[:1]) + "\n\n" + "\n".join(lines[1:])), (0, 2, 1, 8)))

    def summary(self) -> None:
        """How often each outcome came."""
        total = sum(self._outcomes.values())
        parts = [f"{outcome_word(kind, 'zh')} {kind} {n}" for kind, n in self._outcomes.most_common()]
        self._console.print(f"\n[bold]{total} 条消息 / messages[/]: {', '.join(parts)}\n")
