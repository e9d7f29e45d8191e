"""Words that compare, in both languages: what they measure and which way. Only lists; it knows no text."""

from __future__ import annotations

import re
from functools import cache

# What is measured: words for more of it, words for less of it. Chinese words stand as they do behind 更 and before 于.
_SCALES = """
size: 大 宽敞 庞大 | 小 狭小 ; larger bigger greater vaster roomier | smaller tinier
amount: 多 | 少 ; more | fewer less
level: 高 | 低 矮 ; higher taller | lower
weight: 重 沉 | 轻 ; heavier | lighter
speed: 快 迅速 敏捷 灵活 | 慢 迟缓 缓慢 ; faster quicker swifter speedier sooner | slower
length: 长 久 | 短 ; longer lengthier | shorter briefer
width: 宽 | 窄 ; wider broader | narrower
depth: 深 | 浅 ; deeper | shallower
thickness: 厚 粗 | 薄 细 ; thicker coarser | thinner finer slimmer
distance: 远 | 近 ; farther further | nearer closer
time: 晚 迟 | 早 先 ; later | earlier
age: 老 年长 旧 古老 | 年轻 年幼 新 ; older elder | younger newer
price: 贵 昂贵 | 便宜 廉价 划算 ; dearer costlier pricier | cheaper
strength: 强 强大 坚固 牢固 结实 | 弱 脆弱 ; stronger sturdier tougher mightier | weaker frailer
quality: 好 佳 优 优秀 出色 | 差 劣 糟 逊 逊色 ; better finer superior | worse poorer inferior
warmth: 热 暖 暖和 温暖 炎热 | 冷 凉 寒冷 ; warmer hotter | colder cooler chillier
hardness: 硬 坚硬 | 软 柔软 ; harder | softer
ease: 难 困难 复杂 麻烦 | 简单 容易 简便 方便 ; trickier | easier simpler
light: 亮 明亮 | 暗 ; brighter | darker dimmer
noise: 吵 响 嘈杂 | 安静 静 ; louder noisier | quieter
risk: 危险 | 安全 稳妥 ; riskier | safer
wealth: 富 富裕 | 穷 贫穷 ; richer wealthier | poorer
moisture: 湿 潮湿 | 干燥 干 ; wetter | drier dryer
density: 密 稠密 密集 | 稀疏 稀 ; denser | sparser
steepness: 陡 陡峭 | 平缓 ; steeper | gentler flatter
fullness: 满 拥挤 | 空 空旷 ; fuller busier | emptier
accuracy: 准 准确 精确 | 粗略 模糊 ; crisper sharper clearer | blurrier vaguer
strictness: 严 严格 | 宽松 松 ; stricter tighter | looser laxer
frequency: 频繁 常见 | 罕见 少见 ; commoner | rarer
importance: 重要 优先 | 次要 ; |
"""
# Adjectives that English compares with "more" and "less".
_LONG = """
expensive important common popular accurate powerful efficient reliable secure stable complex complicated difficult
dangerous frequent often frequently likely quickly slowly widely useful flexible precise recent severe toxic aggressive
sensitive valuable generous strict modern productive comfortable convenient effective durable compact spacious
"""


@cache
def han_measures() -> dict[str, tuple[str, int]]:
    """Each Chinese word with what it measures, and 1 for more of it or -1 for less."""
    return {word: scale for word, scale in _entries() if not word.isascii()}


@cache
def word_measures() -> dict[str, tuple[str, int]]:
    """The same for English comparatives, lower case."""
    return {word: scale for word, scale in _entries() if word.isascii()}


def _entries() -> list[tuple[str, tuple[str, int]]]:
    found = []
    for line in _SCALES.strip().splitlines():
        name, _, words = line.partition(":")
        for half in words.split(";"):
            more, _, less = half.partition("|")
            found += [(word, (name, 1)) for word in more.split()] + [(word, (name, -1)) for word in less.split()]
    return found


@cache
def han_adjective() -> str:
    """A regular expression for any Chinese word of measure, the longest first."""
    return "|".join(sorted(han_measures(), key=len, reverse=True))


@cache
def comparative() -> re.Pattern[str]:
    """An English comparative: one of the list, or "more" or "less" with an adjective."""
    words = "|".join(word for word in word_measures() if word not in ("more", "less"))
    return re.compile(
        rf"\b(?:(?P<degree>more|less)\b(?: (?P<long>{'|'.join(_LONG.split())})\b)?|(?P<word>{words})\b)", re.I
    )
