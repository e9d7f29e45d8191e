"""Which part of a model's stream people may see. Knows no server and no prompt."""

from __future__ import annotations

import codecs

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


class Visible:
    """The part of a stream that people may see: without a leading ``<think>`` block, and valid Unicode.

    Some servers cut a character outside the BMP into two chunks of one surrogate each; lone ones become U+FFFD.
    """

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"
        self._decoder = codecs.getincrementaldecoder("utf-16-le")("replace")

    def feed(self, text: str) -> str:
        """What may be shown now."""
        text = self._decoder.decode(text.encode("utf-16-le", "surrogatepass"))
        if self._state == "text":
            return text
        self._held += text
        if self._state == "start":
            start = self._held.lstrip()
            if start.startswith(THINK_OPEN):
                self._state = "thinking"
            elif THINK_OPEN.startswith(start):
                return ""
            else:
                self._state = "text"
                return self.flush()
        _, closed, rest = self._held.partition(THINK_CLOSE)
        if not closed or not rest.strip():
            return ""
        self._state, self._held = "text", rest.lstrip()
        return self.flush()

    def flush(self) -> str:
        """What is left at the end."""
        held, self._held = self._held, ""
        return held if self._state == "text" or not held.lstrip().startswith(THINK_OPEN) else ""
