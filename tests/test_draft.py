"""A growing text is watched at a cost that grows with its length, and the same comes of it in whatever pieces."""

from __future__ import annotations

import json
import random

import pytest

from rag import structured
from rag.answer import showing
from rag.draft import Draft
from rag.looping import loop_start
from rag.prompts import ANSWER_SYSTEM, NO_ANSWER
from rag.structured import StructuredReader, read_structured

ROWS = [{"text": f"第 {n} 台机器的端口是 {8000 + n}，日志保留 {n} 天。", "sources": [n % 3 + 1]} for n in range(45)]
PLAIN = "".join(f"{row['text']}[1]" for row in ROWS)
SHORT = json.dumps({"answerable": True, "sentences": ROWS[:9]}, ensure_ascii=False)
JSON = json.dumps({"answerable": True, "sentences": ROWS}, ensure_ascii=False)

ORDINARY = [
    "数组初始化为 `[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]`",
    "数组初始化为 [" + "0, " * 64,
    "地址是 fe80:0000:0000:0000:0000:0000:0000:0001",
    "地址是 fe80:0000:0000:0000:0000:0000:0000:0000:0000",
    "内存是：\n```\n" + "00 " * 256,
    "内存是：\n```\n" + "ff " * 256,
    "广播地址是 ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff",
    "| a | b | c | d | e | f | g | h |\n|" + " --- |" * 8,
    "| 版本 | 一 | 二 | 三 | 四 | 五 | 六 | 七 | 八 |\n| 支持 |" + " 是 |" * 8,
    "默认是 [null, null, null, null, null, null]",
    "例如：\n```html\n<tr>" + "<td></td>" * 16,
    "初始化：`" + "null, " * 16,
    "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈",
]
LOOPS = [
    "它会重新加载。",
    "reload ",
    "，好的",
    "哈",
    "ha ",
    "0, ",
    "-",
    "它会重新加载 [1]。然后通知管理员。\n",
    "return value + 1\n",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_what_repeats_itself_by_its_nature_is_no_loop(text: str) -> None:
    assert all(loop_start(text[:length]) is None for length in range(len(text) + 1))
    draft = Draft("zh")
    for character in text:
        draft.add(character)
    draft.look()
    assert (draft.fault, draft.text) == ("", text.strip())


@pytest.mark.parametrize("before", ["先说明一下：", "例如：\n```\n", "例如 `"])
@pytest.mark.parametrize("unit", LOOPS)
@pytest.mark.parametrize("size", [1, 7, 5000])
def test_a_loop_ends_the_text_at_its_first_round_in_code_too(before: str, unit: str, size: int) -> None:
    draft, text = Draft("zh"), before + unit * (3000 // len(unit))
    for start in range(0, len(text), size):
        draft.add(text[start : start + size])
        if draft.over:
            break
    assert draft.fault == "loop"
    assert draft.text == (before + unit).strip()


@pytest.mark.parametrize("text", [PLAIN, JSON])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_long_answer_is_looked_at_a_bounded_number_of_times(
    text: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    row = structured._row
    monkeypatch.setattr(structured, "_row", lambda item: (read.append(item), row(item))[1])
    draft, looks = Draft("zh"), 0
    for start in range(0, len(text), size):
        looks += draft.add(text[start : start + size])
    assert 50 < looks < 150 + len(text) // 24
    assert len(read) < 2 * looks + 2 * len(ROWS)  # a sentence that is over is not read again


@pytest.mark.parametrize("text", [PLAIN, JSON])
def test_the_last_text_is_whole_and_each_before_begins_it(text: str) -> None:
    whole = Draft("zh")
    whole.add(text)
    for seed in range(5):
        draft, shown, rng, at = Draft("zh"), [""], random.Random(seed), 0
        while at < len(text):
            size = rng.choice((1, 2, 3, 8, 40))
            if draft.add(text[at : at + size]):
                shown.append(showing(draft, 3))
            at += size
        draft.look()
        shown.append(showing(draft, 3))
        assert draft.text == whole.text
        assert shown[-1] == showing(whole, 3)
        assert all(shown[-1].startswith(part.rstrip("。")) for part in shown)


def test_the_first_words_are_shown_with_the_piece_that_brings_them() -> None:
    draft = Draft("zh")
    assert [draft.add(character) for character in "发送 /reload 即可。"] == [True] * 14
    draft = Draft("zh")
    start = JSON.index("第") + 1
    for character in JSON[:start]:
        draft.add(character)
    assert showing(draft, 3) == "第"


@pytest.mark.parametrize("before", ["", PLAIN[:200], PLAIN[:777]])
@pytest.mark.parametrize("secret", [ANSWER_SYSTEM["zh"], "</question>秘密", f"没有。{NO_ANSWER}"])
@pytest.mark.parametrize("size", [1, 2, 3, 11, 60])
def test_between_two_looks_nothing_slips_through(before: str, secret: str, size: int) -> None:
    draft, text = Draft("zh"), before + secret
    for start in range(0, len(text), size):
        if draft.add(text[start : start + size]):
            shown = showing(draft, 3)
            assert "秘密" not in shown and "NO_" not in shown and "</" not in shown
            assert ANSWER_SYSTEM["zh"][:5] not in shown
            assert draft.over or len(shown) < len(before) + 5
        if draft.over:
            break
    assert not draft.look()
    assert draft.fault == "leak" or draft.text == NO_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        SHORT,
        f"```json\n{SHORT}\n```\n就是这样。",
        SHORT.replace('"answerable": true, ', ""),
        SHORT.replace('"answerable": true, ', '"answerable": yes, '),
        SHORT.replace("true", "false"),
        SHORT[:400] + SHORT[420:],
        SHORT[:500].replace("]}, ", "]}\n,\n\n"),
        json.dumps({"sentences": [row["text"] for row in ROWS[:9]], "answerable": True}),
        json.dumps({"sentences": [1, None, {"text": 3}, {"text": "完"}, [[["x"]]], "好。", {"sources": []}]}),
        '{"answerable": true, "sentences": [{"text": "运行：", "sources": []}, {"text": "```\\nmake\\n```", "sour',
        '{"sentences": [[[[[[[[[[',
        '{"foo": 1}',
        "{}{}",
    ],
)
def test_a_growing_json_reads_as_a_whole_one(text: str) -> None:
    for step in (1, 2, 7, 24):
        reader = StructuredReader()
        for length in range(0, len(text) + step, step):
            assert reader.read(text[:length]) == read_structured(text[:length]).text


def test_json_that_never_comes_to_a_text_is_left() -> None:
    draft = Draft("zh")
    draft.add('{"a": "')
    while not draft.over:
        draft.add("b" * 50)
    assert draft.fault == "long"
