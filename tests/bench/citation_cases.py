"""Cases for the citation check, made from a SQuAD-format file in Chinese by rules and a seed. It knows no checker.

Six kinds, fixed before the checker was written. Supported: ``sentence``, the sentence of the passage that holds the
gold answer; ``clause``, the clause of it that does. Not supported: ``number``, a number or date of it changed;
``entity``, one entity swapped for another of the same passage; ``negation``, a negation put in or taken out at a
predicate; ``runner-up``, the true sentence cited to the passage that the retriever finds next for the question.

Entities are found without a model: titles in 《》, names in quotation marks, Latin names, names with a middle dot, and
the run of Han characters between the start of a clause and 是, 于, 在, 为, 由 or 与 (a subject). Each is swapped for
one found by the same rule.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

KINDS = ("sentence", "clause", "number", "entity", "negation", "runner-up")
SUPPORTED_KINDS = frozenset({"sentence", "clause"})
_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]?[”』」）)]*")
_CLAUSE = re.compile(r"[，；：,;]")
_HAN_DIGITS = "〇一二三四五六七八九"
_NUMBER = re.compile(
    r"(?<![A-Za-z\d.])\d+(?:[,.]\d+)*(?![A-Za-z\d])"
    r"|[〇零一二三四五六七八九十百千]{2,}(?=[年月日个名位人座部米公岁次种条万亿届])"
    r"|(?<![一二三四五六七八九十第])[二三四五六七八九十](?=[年月日个名位座部米公岁次种条万亿届])"
)
_ENTITIES = (
    re.compile(r"《([^《》]{2,20})》"),
    re.compile(r"[“「『]([^“”「」『』，。]{2,12})[”」』]"),
    re.compile(r"(?<![A-Za-z])([A-Z][A-Za-z'.-]{2,}(?: [A-Z][A-Za-z'.-]+)*)(?![A-Za-z])"),
    re.compile(r"(?<![\u4e00-\u9fff·])([\u4e00-\u9fff]{1,6}(?:·[\u4e00-\u9fff]{1,6})+)"),
    re.compile(r"(?:^|[。，；！？\n])([\u4e00-\u9fff]{2,6}?)(?=[是于在为由与])"),
)
_NO_SUBJECT = re.compile(
    r"^[此该这那其他她它因由在于与当而但并又也且自从]|[的了年月日时后前中里上下因认位基至关终对]$|[但还于只就总都或可就]$"
)
# A predicate and what it becomes; the guards keep it from being part of another word.
_PUT_IN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?<![但还于只就总或若凡可正便])是(?!否|非)", ("不是", "并非")),
    (r"(?<![所没只还具拥含享])有(?![关限时些效的])", ("没有",)),
    (r"(?<![不])可以", ("不可以", "无法")),
    (r"(?<![不可功职性才])能(?![力量源])", ("不能",)),
    (r"(?<![不社协议大晚工])会(?![议员长社])", ("不会",)),
    (r"(?<![不])(?=位于|属于|包括|适合|需要|使用|支持|允许|具有|拥有)", ("不", "并不")),
    (
        r"(?<![不未没])(?=成立|获得|担任|毕业|加入|参加|出任|发行|完成|举行|赢得|取得|进入|推出|改编)",
        ("未", "没有", "未曾"),
    ),
)
_TAKE_OUT: tuple[tuple[str, str], ...] = (
    (r"并不(?!且)", ""),
    (r"并非|不是", "是"),
    (r"没有(?=[\u4e00-\u9fff])", "有"),
    (r"无法", "能"),
    (r"不(?=[能会得需允支包属具适再存愿知是可要])(?!得不|可能|得已|会儿|知不觉)", ""),
    (r"(?<![尚并从])未(?=[能有曾经被获得成完])", ""),
)


@dataclass(frozen=True)
class Item:
    """A question with the sentence that answers it, its passage and the runner-up passage ("" where there is none)."""

    question: str
    answer: str
    sentence: str
    passage: str
    runner_up: str


@dataclass(frozen=True)
class CitationCase:
    """A sentence cited to a passage, and whether the passage supports it."""

    kind: str
    sentence: str
    passage: str
    supported: bool


def answer_sentence(passage: str, answer: str) -> str:
    """The sentence of the passage in which the answer stands; empty where it is too short or too long to judge."""
    for match in _SENTENCE.finditer(passage):
        sentence = match.group().strip()
        if answer in sentence:
            return sentence if 12 <= len(sentence) <= 120 else ""
    return ""


def make_cases(items: Sequence[Item], each: int, seed: int) -> list[CitationCase]:
    """``each`` cases of every kind (fewer where the items do not give so many), at most one per item and kind."""
    cases = []
    for kind in KINDS:
        chance = random.Random(f"{seed} {kind}")
        order = chance.sample(list(items), len(items))
        made, seen = 0, set()
        for item in order:
            text = _MAKERS[kind](item, chance)
            passage = item.runner_up if kind == "runner-up" else item.passage
            if not text or (kind not in SUPPORTED_KINDS and text in passage) or text in seen:
                continue
            seen.add(text)
            cases.append(CitationCase(kind, text, passage, kind in SUPPORTED_KINDS))
            made += 1
            if made == each:
                break
    return cases


def _clause(item: Item, chance: random.Random) -> str:
    clauses = [part.strip() for part in _CLAUSE.split(item.sentence.rstrip("。！？!?"))]
    fitting = [part for part in clauses if item.answer in part and len(part) >= 6]
    return fitting[0] + "。" if len(clauses) > 1 and fitting else ""


def _changed_number(item: Item, chance: random.Random) -> str:
    found = list(_NUMBER.finditer(item.sentence))
    if not found:
        return ""
    match = chance.choice(found)
    new = _other_number(match.group(), item, match.end(), chance)
    return item.sentence[: match.start()] + new + item.sentence[match.end() :] if new else ""


def _other_number(old: str, item: Item, end: int, chance: random.Random) -> str:
    unit = item.sentence[end : end + 1]
    if not old[0].isdigit():
        value = _han_value(old)
        new = _near(value, unit, chance)
        is_year = all(character in _HAN_DIGITS for character in old) and len(old) > 1
        spelled = "".join(_HAN_DIGITS[int(digit)] for digit in str(new)) if is_year else _han(new)
        return spelled if chance.random() < 0.7 else str(new)
    same = [m.group() for m in _NUMBER.finditer(item.passage) if item.passage[m.end() : m.end() + 1] == unit]
    same = [text for text in dict.fromkeys(same) if text[0].isdigit() and text != old and len(text) == len(old)]
    if same and chance.random() < 0.4:
        return chance.choice(same)
    if "." in old or "," in old:
        at = chance.choice([i for i, character in enumerate(old) if character.isdigit()])
        digit = chance.choice([d for d in "123456789" if d != old[at]])
        return old[:at] + digit + old[at + 1 :]
    new = _near(int(old), unit, chance)
    if chance.random() < 0.2 and new < 10_000:
        return "".join(_HAN_DIGITS[int(digit)] for digit in str(new)) if unit == "年" and new > 100 else _han(new)
    return str(new)


def _near(value: int, unit: str, chance: random.Random) -> int:
    """Another value that could stand in its place."""
    if unit == "月" and value <= 12:
        choices = [n for n in range(1, 13) if n != value]
    elif unit == "日" and value <= 31:
        choices = [n for n in range(1, 32) if n != value]
    else:
        span = 15 if 1000 <= value <= 2100 else max(3, value // 2)
        choices = [n for n in range(max(2, value - span), value + span + 1) if n != value]
    return chance.choice(choices)


def _han_value(text: str) -> int:
    if all(character in _HAN_DIGITS + "零" for character in text) and len(text) > 1:
        return int("".join(str(_HAN_DIGITS.index(character.replace("零", "〇"))) for character in text))
    total, digit = 0, 0
    for character in text.replace("零", "〇"):
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS.index(character)
        else:
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[character]
            digit = 0
    return total + digit


def _han(value: int) -> str:
    """A number below 10,000 in Han characters."""
    text, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            text += ("零" if zero and text else "") + _HAN_DIGITS[digit] + name
        zero = not digit
    return text.removeprefix("一") if text.startswith("一十") else text or "零"


def _swapped_entity(item: Item, chance: random.Random) -> str:
    swaps = []
    for pattern in _ENTITIES:
        names = list(dict.fromkeys(m.group(1) for m in pattern.finditer(item.passage)))
        names = [name for name in names if not _NO_SUBJECT.search(name)]
        for m in pattern.finditer(item.sentence):
            if m.group(1) in names:
                others = [name for name in names if name not in m.group(1) and m.group(1) not in name]
                swaps += [(m.group(1), other) for other in others]
    if not swaps:
        return ""
    old, new = chance.choice(swaps)
    return item.sentence.replace(old, new)


def _turned(item: Item, chance: random.Random) -> str:
    """A negation taken out where there is one, half of the time; else one put in."""
    sentence = item.sentence
    out = [(m, new) for pattern, new in _TAKE_OUT for m in re.finditer(pattern, sentence)]
    if out and chance.random() < 0.8:
        match, new = chance.choice(out)
        return sentence[: match.start()] + new + sentence[match.end() :]
    places = [(m, news) for pattern, news in _PUT_IN for m in re.finditer(pattern, sentence)]
    if not places:
        return ""
    match, news = chance.choice(places)
    return sentence[: match.start()] + chance.choice(news) + sentence[match.end() :]


_MAKERS: dict[str, Callable[[Item, random.Random], str]] = {
    "sentence": lambda item, chance: item.sentence,
    "clause": _clause,
    "number": _changed_number,
    "entity": _swapped_entity,
    "negation": _turned,
    "runner-up": lambda item, chance: item.sentence if item.runner_up else "",
}


def by_kind(cases: Sequence[CitationCase]) -> Iterator[tuple[str, list[CitationCase]]]:
    """The cases of each kind that occurs."""
    for kind in dict.fromkeys(case.kind for case in cases):
        yield kind, [case for case in cases if case.kind == kind]
