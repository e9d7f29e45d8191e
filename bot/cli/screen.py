"""How commands print what others wrote (documents, messages, file names): nothing of it may steer the terminal."""

from __future__ import annotations

import io
import re
import sys

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str) -> str:
    """Text with its control characters, bidi marks and lone surrogates spelt out, and rich's mark-up switched off."""
    from rich.markup import escape

    return escape(_CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text))


def one_line(text: str) -> str:
    """`shown` for what stands inside a line, a file name for instance: its own line ends and tabs are spelt out too."""
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


def write_anything() -> None:
    """On a terminal that knows few characters, the others are spelt out instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
