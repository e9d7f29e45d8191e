"""What of a picture's text is searched for: an error first, then its end, where programs say what went wrong.

It knows no picture.
"""

from __future__ import annotations

import re
from textwrap import wrap

MAX_SEARCHED = 400  # characters
_LINE = 120  # OCR joins the lines of a paragraph; a longer one is taken in pieces
_TELLS = re.compile(
    r"error|exception|fail|fatal|denied|refused|not found|cannot|can't|unable|invalid|timed? ?out|warn|traceback|panic"
    r"|错误|报错|出错|异常|失败|无法|不能|拒绝|找不到|不存在|无效|超时|警告",
    re.IGNORECASE,
)


def telling(text: str, limit: int = MAX_SEARCHED) -> str:
    """The lines that tell most, in their order and within ``limit`` characters together."""
    lines = [piece for line in text.splitlines() for piece in wrap(line.strip(), _LINE, break_on_hyphens=False)]
    if sum(map(len, lines)) + len(lines) <= limit:
        return "\n".join(lines)
    order = sorted(range(len(lines)), key=lambda n: (not _TELLS.search(lines[n]), -n))
    chosen: list[int] = []
    for n in order:
        if len(lines[n]) + 1 <= limit:
            chosen.append(n)
            limit -= len(lines[n]) + 1
    return "\n".join(lines[n] for n in sorted(chosen))
