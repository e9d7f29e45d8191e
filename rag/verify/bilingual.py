"""Words of both languages that say the same, in pairs of opposites: for claims in another language than the passage.

Only lists, general ones. It knows no claim and no verdict.
"""

from __future__ import annotations

import re
from pathlib import Path

# Each line: one side, its opposite. A side is Chinese words, then English ones; `-` is no opposite: denied or not.
_LINES = (Path(__file__).parent / "words" / "bilingual.txt").read_text("utf-8").splitlines()
_NO_SIDE = re.compile(r"(?!)")


def _side(text: str) -> re.Pattern[str]:
    chinese, _, english = (part.strip() for part in text.partition(" ~ "))
    if chinese == "-":
        return _NO_SIDE
    return re.compile(rf"{chinese}|\b(?:{english})\b", re.IGNORECASE)


SIDES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (_side(one), _side(other)) for one, _, other in (line.partition(" ~~ ") for line in _LINES)
)
EVERY = re.compile(
    r"既.{1,40}[也又]|任何|所有|一切|都可|均可|\b(?:both|any|anyone|every|everyone|all)\b", re.IGNORECASE
)
ONLY = re.compile(r"(?<!不)只能|只有|仅|只支持|只限|\b(?:only|solely|exclusively)\b", re.IGNORECASE)
SOON = re.compile(
    r"即将|尚未|暂不|计划中|将会?在?(?:后续|未来|下一)|coming soon|not yet|planned|in a future|upcoming", re.IGNORECASE
)
