"""An answer whose prose is in another language than the question says so, and nothing else does."""

from __future__ import annotations

import pytest

from bot.responder import with_language_note
from rag.base import Answer, Language, Question

ENGLISH = "Run the installer as administrator and restart the machine before you open the program again. [1]"
CHINESE = "先用管理员身份运行安装程序，然后重启机器，再打开程序。 [1]"


@pytest.mark.parametrize(
    ("text", "language", "answer", "noted"),
    [
        ("怎么在 Windows 上安装？", "zh", ENGLISH, True),
        ("How do I install it?", "en", CHINESE, True),
        ("怎么安装？", "zh", CHINESE, False),
        ("How do I install it?", "en", ENGLISH, False),
        ("怎么安装？", "zh", "```bash\npip install a b c d e f g h i j k l m n o\n```\n[1]", False),
        ("端口是多少？", "zh", "port = 8080 [1]", False),
        ("How do I install it?", "zh", ENGLISH, False),  # [bot] language is set; the asker reads English
    ],
)
def test_the_note_stands_where_languages_differ(text: str, language: Language, answer: str, noted: bool) -> None:
    shown = with_language_note(Question(text, language), Answer(answer)).text
    assert shown.endswith(answer)
    assert (shown != answer) is noted
