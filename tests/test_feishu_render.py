"""What replies look like in Feishu."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import make_message
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Citation, Reply
from adapters.feishu.render import card, card_text, growing_card, halves, plain_text, unfinished_card

LINKED = Citation(1, "安装指南", "https://example.com/a (1).md?x=1&y=2", "运行 make demo")
LOCAL = Citation(2, "FAQ [old]", "docs/faq.md", "q")
ANSWER = Reply(make_message("怎么安装？"), "运行 **make demo** [1][2]。", (LINKED, LOCAL), confidence=0.874)


def elements(shown: Any) -> dict[str, Any]:
    return {element["element_id"]: element for element in shown["body"]["elements"]}


def test_an_answer_has_text_sources_confidence_and_buttons() -> None:
    shown = elements(card(ANSWER))
    assert list(shown) == ["answer", "sources", "confidence", "votes"]
    assert shown["answer"]["content"] == "运行 **make demo** [1][2]。"
    assert shown["confidence"]["content"] == "<font color='grey'>把握 87%</font>"
    buttons = [column["elements"][0] for column in shown["votes"]["columns"]]
    assert [button["text"]["content"] for button in buttons] == ["👍", "👎"]
    values = [button["behaviors"][0]["value"] for button in buttons]
    assert values == [{"action": "good"}, {"action": "bad"}]


def test_web_sources_are_links_and_others_are_plain() -> None:
    linked, local = elements(card(ANSWER))["sources"]["content"].split("\n")
    assert linked == "&#91;1&#93; [安装指南](https://example.com/a%20%281%29.md?x=1&y=2)"
    assert local == "&#91;2&#93; FAQ &#91;old&#93;"


def test_the_confidence_is_told_in_the_askers_language() -> None:
    english = Reply(make_message("How do I install it?"), "安装", confidence=0.5)
    assert "50% sure" in elements(card(english))["confidence"]["content"]


def test_a_reply_that_is_no_answer_has_neither_confidence_nor_buttons() -> None:
    assert list(elements(card(Reply(make_message(), "Paused.")))) == ["answer"]


def test_a_growing_card_streams_and_an_updated_one_does_not() -> None:
    assert growing_card()["config"]["streaming_mode"] is True
    assert "streaming_mode" not in card(ANSWER)["config"] and "streaming_mode" not in unfinished_card("a")["config"]
    assert elements(growing_card())["answer"]["content"] == "…"
    assert elements(unfinished_card("运行"))["answer"]["content"] == "运行 …"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hi <at id=all></at>", "hi &#60;at id=all>&#60;/at>"),
        ("`<at id=all>`", "`<\u200bat id=all>`"),
        ("```\n<at id=all>\n<b>", "```\n<\u200bat id=all>\n<b>"),
        ("a < b and <b>c</b>", "a < b and &#60;b>c&#60;/b>"),
        ("`Map<K>` of <K>", "`Map<K>` of &#60;K>"),
        ("![plan](https://x.org/p.png) ![local](p.png)", "[plan](https://x.org/p.png) local"),
        ('![plan](https://x.org/p_(1).png "a plan")', "[plan](https://x.org/p_%281%29.png)"),
        ('![a](img_v3_x "t") ![a][b] ![a\nb](img_v3_x) `![c](d)`', "a [a][b] [a\nb](img_v3_x) `![c](d)`"),
        ("a\x00b\x1b[31m\r\nc\ud800", "ab[31m\nc"),
        ("~~~\n```\n<i>\n~~~\n<i>", "~~~\n```\n<i>\n~~~\n&#60;i>"),
    ],
)
def test_markup_that_a_card_would_obey_or_refuse_is_disarmed(text: str, shown: str) -> None:
    assert card_text(text) == shown


TABLE = "| a | b |\n|---|:-:|\n| 1 | <at id=all> |"


def test_a_card_has_no_more_tables_than_it_may_and_the_others_are_code() -> None:
    shown = card_text(f"```\n{TABLE}\n```\n" + "\n\n".join(f"**{n}**\n\n{TABLE}" for n in range(5)) + "\n\nend")
    assert shown.count("```\n| a | b |") == 3 and shown.count("\n```") == 5
    assert shown.endswith(TABLE.replace("<at", "<\u200bat") + "\n```\n\nend")
    assert [f"**{n}**\n\n```" in shown for n in range(5)] == [False, False, False, True, True]
    assert card_text("\n\n".join([TABLE] * 4)).endswith("\n```")
    assert card_text("a | b\n--- | ---\n1 | 2\n\n" * 4).count("```") == 2
    assert "```" not in card_text("\n\n".join([TABLE] * 3) + "\n\na | b\n\n---\n")


def test_sources_with_endless_addresses_do_not_make_a_card_too_large() -> None:
    endless = [Citation(n, "标题" * 100, f"https://example.com/{n}/" + "路" * 500, "q") for n in range(10)]
    shown = card(Reply(make_message(), "长" * 4_000, tuple(endless), confidence=0.5))
    assert len(json.dumps(shown, ensure_ascii=False).encode()) < 30_000
    assert "example.com" not in json.dumps(shown)


def test_plain_text_keeps_all_content_without_markup() -> None:
    reply = Reply(
        make_message("怎么安装？"),
        "# 安装\n运行 **make demo**，见 [指南](https://x.org)\n```sh\nmake **x**\n```",
        (LINKED,),
        confidence=1.0,
    )
    assert plain_text(reply) == (
        "安装\n运行 make demo，见 指南 (https://x.org)\nmake **x**\n\n"
        "[1] 安装指南 https://example.com/a (1).md?x=1&y=2\n\n把握 100%"
    )


def test_no_text_calls_everybody() -> None:
    assert "<at" not in plain_text(Reply(make_message(), '<at user_id="all">all</at>'))


@given(st.text(max_size=300))
def test_any_text_makes_a_card_and_a_plain_text_that_can_be_sent(text: str) -> None:
    reply = Reply(make_message(), text, (Citation(1, text[:50], text[:20], text),), confidence=0.3)
    for shown in (card(reply), growing_card(text), unfinished_card(text), plain_text(reply)):
        raw = json.dumps(shown, ensure_ascii=False)
        raw.encode("utf-8")
        assert "<at" not in raw.lower()


@given(st.text(alphabet="ab。 \n", min_size=2, max_size=200).filter(lambda text: bool(text.strip())))
def test_halves_lose_nothing_but_space(text: str) -> None:
    reply = Reply(make_message(), text, (LINKED,), confidence=0.5, mention=True)
    first, second = halves(reply)
    assert "".join((first.text + second.text).split()) == "".join(text.split())
    assert len(first.text) < len(text) and len(second.text) < len(text)
    assert (first.citations, second.citations) == ((), (LINKED,)) and first.confidence is None


def test_a_reply_is_cut_between_paragraphs() -> None:
    first, second = halves(Reply(make_message(), "one.\n\ntwo two. two\n\nthree"))
    assert (first.text, second.text) == ("one.", "two two. two\n\nthree") or first.text == "one.\n\ntwo two. two"
