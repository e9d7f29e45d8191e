"""Turns a stream of tokens into a stream of text: whole characters only, and nothing from a stop string on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

HALF = "\ufffd"  # what tokenizers put for bytes that are no character yet


class TextStream:
    """Decodes the newest tokens together with a few before them, since a token's text depends on its neighbours."""

    def __init__(self, tokenizer: Any, stops: Sequence[str] = ()) -> None:
        self._tokenizer = tokenizer
        self._stops = tuple(stop for stop in stops if stop)
        self._ids: list[int] = []
        self._context = self._told = 0
        self._held = ""
        self.stopped = False

    def feed(self, tokens: Sequence[int]) -> str:
        """Text that is certain now."""
        self._ids.extend(tokens)
        before = self._decode(self._ids[self._context : self._told])
        after = self._decode(self._ids[self._context :])
        if after.endswith(HALF) or len(after) <= len(before):
            return ""
        self._context, self._told = self._told, len(self._ids)
        return self._release(after[len(before) :], last=False)

    def flush(self) -> str:
        """What is left at the end; half a character is dropped."""
        before = self._decode(self._ids[self._context : self._told])
        after = self._decode(self._ids[self._context :]).rstrip(HALF)
        self._context = self._told = len(self._ids)
        return self._release(after[len(before) :], last=True)

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True)) if ids else ""

    def _release(self, text: str, last: bool) -> str:
        """Text up to a stop string, without an end that may become one."""
        if self.stopped:
            return ""
        text = self._held + text
        found = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = 0 if last else max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of ``text`` that begins ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((length for length in range(longest, 0, -1) if stop.startswith(text[-length:])), 0)
