"""Draws the console: the prompt, messages, replies that grow, notes. It knows no adapter, and decides nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from adapters.base import Citation

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

Language = Literal["zh", "en"]
# Control and bidi characters could rewrite the terminal; only line ends and tabs pass.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
REDRAW_S = 0.05
QUOTE_CHARS = 80
TEXTS: dict[Language, dict[str, str]] = {
    "zh": {
        "welcome": "群「{chat}」。@{bot} 提问，也可以闲聊；:help 看用法，:quit 离开。",
        "help": (
            ":as 名字      换一个人说话（没有就新建）\n"
            ":admin        以管理员身份说话，再输一次换回来\n"
            "@{bot} 或 @bot  提到机器人\n"
            ">3 内容       引用第 3 条消息说话，等于 :quote 3 内容\n"
            ":recall 3     撤回自己的第 3 条消息\n"
            "/help         发给机器人的管理命令都以 / 开头\n"
            ":who          群里有谁\n"
            ":quit         离开，Ctrl-D 也行"
        ),
        "unknown": "没有 :{command} 这个命令，:help 看用法；要发冒号开头的话，写成 ::{command}",
        "number": "没有第 {number} 条消息",
        "usage": "用法：{usage}",
        "not_yours": "第 {number} 条不是 {speaker} 发的，只能撤回自己的消息",
        "recalled": "#{number} 已撤回",
        "not_stored": "没有发出去，请再发一次：{error}",
        "speaking": "现在说话的是 {speaker}",
        "waiting": "等 {count} 条消息处理完……（Ctrl-C 立即离开）",
        "gave_up": "{count} 条消息还没有结果",
        "admin": "管理员",
        "person": "小明",
        "outcome silent": "沉默",
        "outcome abstained": "资料里没有答案",
        "outcome merged": "并入后面的消息",
        "outcome limited": "超出限额",
        "outcome overloaded": "太忙",
        "outcome expired": "过期",
    },
    "en": {
        "welcome": "Group “{chat}”. Ask with @{bot}, or just chat; :help shows how, :quit leaves.",
        "help": (
            ":as NAME       let somebody else speak (created if new)\n"
            ":admin         speak as the admin; again to switch back\n"
            "@{bot} or @bot   mention the bot\n"
            ">3 TEXT        quote message 3, same as :quote 3 TEXT\n"
            ":recall 3      withdraw your own message 3\n"
            "/help          commands for the bot start with /\n"
            ":who           who is in the group\n"
            ":quit          leave, as does Ctrl-D"
        ),
        "unknown": "there is no command :{command}, see :help; to start a text with a colon, write ::{command}",
        "number": "there is no message {number}",
        "usage": "usage: {usage}",
        "not_yours": "message {number} is not by {speaker}; only your own messages can be withdrawn",
        "recalled": "#{number} withdrawn",
        "not_stored": "not sent, please say it again: {error}",
        "speaking": "{speaker} is speaking now",
        "waiting": "waiting for {count} messages to be finished ... (Ctrl-C leaves at once)",
        "gave_up": "{count} messages have no outcome yet",
        "admin": "Admin",
        "person": "Ann",
    },
}


def safe(text: str) -> str:
    """A text that cannot act on the terminal."""
    return UNSAFE.sub("", text)


class Screen:
    """Prints above the prompt. On a terminal, growing replies are drawn live; elsewhere only the finished ones show."""

    def __init__(self, console: Console, language: Language, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._texts = TEXTS[language]
        self._clock = clock
        self._prompt: Callable[[], str] | None = None
        self._open: dict[str, tuple[str, str]] = {}
        self._live: Live | None = None
        self._drawn_at = -REDRAW_S

    @property
    def interactive(self) -> bool:
        """Whether somebody watches a terminal."""
        return self._console.is_terminal

    def text(self, name: str, **values: object) -> str:
        """A phrase in the person's language."""
        return self._texts[name].format(**values)

    def outcome(self, name: str) -> str:
        """How a message ended, in the person's language; its plain name where there is no better word."""
        return self._texts.get(f"outcome {name}", name)

    def ask(self, prompt: Callable[[], str]) -> None:
        """Show the prompt, now and again below everything that is printed until `asked`."""
        self._prompt = prompt
        self._show_prompt()

    def asked(self) -> None:
        """The person has pressed Enter: the prompt is done with."""
        self._prompt = None

    def info(self, text: str) -> None:
        """A dim line of the console itself."""
        from rich.text import Text

        self._print(Text(safe(text), style="dim"))

    def warn(self, text: str) -> None:
        """A line that asks for attention."""
        from rich.text import Text

        self._print(Text(safe(text), style="yellow"))

    def message(self, number: int, name: str, text: str) -> None:
        """Somebody's message; on a terminal it stands there already, as it was typed."""
        if not self.interactive:
            from rich.text import Text

            self._print(Text(f"#{number} {safe(name)}: {safe(text)}"))

    def reply(self, head: str, text: str, citations: tuple[Citation, ...]) -> None:
        """A finished reply with its sources below."""
        from rich.text import Text

        parts = [Text(safe(head), style="bold cyan"), self._body(text)]
        for citation in citations:
            quote = " ".join(safe(citation.quote).split())
            short = quote if len(quote) <= QUOTE_CHARS else quote[: QUOTE_CHARS - 1] + "…"
            parts.append(Text(f"  [{citation.n}] {safe(citation.title)} · {safe(citation.uri)}", style="green"))
            if short:
                parts.append(Text(f"      {short}", style="dim"))
        self._print(*parts)

    def struck(self, text: str, note: str) -> None:
        """A withdrawn message, struck through."""
        from rich.text import Text

        first = safe(text).strip().partition("\n")[0][:QUOTE_CHARS]
        self._print(Text(safe(note), style="dim") + Text(" ") + Text(first, style="dim strike"))

    def grow(self, key: str, head: str, text: str) -> None:
        """Draw a reply that is being written; at most 20 times a second, since drawing costs more than a token."""
        if not self.interactive:
            return
        from rich.live import Live

        self._open[key] = (head, text)
        if self._live is None:
            self._clear_prompt()
            self._live = Live(
                console=self._console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        if self._clock() - self._drawn_at >= REDRAW_S:
            self._draw()

    def stop_growing(self, key: str) -> None:
        """Take a reply that was drawn live away; the finished one is printed by `reply`."""
        self._open.pop(key, None)
        if self._live is None:
            return
        self._draw()
        if not self._open:
            self._live.stop()
            self._live = None
            self._show_prompt()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._prompt = None
        for key in list(self._open):
            self.stop_growing(key)

    def _draw(self) -> None:
        from rich.console import Group
        from rich.text import Text

        if self._live is not None:
            rows: list[RenderableType] = []
            for head, text in self._open.values():
                rows += [Text(safe(head), style="bold cyan"), self._body(text)]
            self._live.update(Group(*rows), refresh=True)
            self._drawn_at = self._clock()

    def _body(self, text: str) -> RenderableType:
        from rich.markdown import Markdown
        from rich.text import Text

        return Markdown(safe(text)) if self.interactive else Text(safe(text))

    def _print(self, *parts: RenderableType) -> None:
        self._clear_prompt()
        for part in parts:
            self._console.print(part, soft_wrap=not self.interactive)
        self._show_prompt()

    def _clear_prompt(self) -> None:
        if self._prompt and self.interactive and self._live is None:
            self._console.file.write("\r\x1b[2K")

    def _show_prompt(self) -> None:
        if self._prompt and self.interactive and self._live is None:
            self._console.file.write(safe(self._prompt()))
            self._console.file.flush()
