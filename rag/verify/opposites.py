"""Pairs of opposites in both languages, as patterns. Only lists; it knows no text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

_HAN = re.compile("[\u4e00-\u9fff]")
_LATIN = re.compile("[A-Za-z]")
# (what they are about, words for it, words for its opposite)
OPPOSITES: tuple[tuple[str, str, str], ...] = (
    (
        "enable",
        r"启用|开启|打开|(?<!重新)启动|开通|\b(?:enabl\w+|turn(?:ed|s|ing)? on|switch(?:ed|es|ing)? on"
        r"|activat\w+)\b",
        r"关闭|禁用|停用|关掉|\b(?:disabl\w+|turn(?:ed|s|ing)? off|switch(?:ed|es|ing)? off|deactivat\w+)\b",
    ),
    (
        "increase",
        r"增加|增多|增长|上升|提高|提升|升高|上涨|扩大|\b(?:increas\w+|rais(?:e|es|ed|ing)|rises?|rising|grow\w*"
        r"|grew|gain\w*)\b",
        r"减少|减小|下降|降低|减低|下跌|缩小|减半|[少低](?=了?\s*\d)|\b(?:decreas\w+|reduc\w+|lower(?:s|ed|ing)"
        r"|drops?|fell|falls?|halv\w+|cuts?)\b",
    ),
    (
        "support",
        r"支持|兼容|\b(?:support\w*|compatible)\b",
        r"\b(?:drop\w* support|unsupported|incompatible|end\w* support)\b",
    ),
    (
        "allow",
        r"允许|准许|可以|能够|\b(?:allow\w*|permit\w*|let|lets)\b",
        r"禁止|严禁|不准|不许|不得(?!少于|低于|小于|早于|超过|超出|高于|多于|大于|晚于)|\b(?:forbid\w*|forbidden"
        r"|prohibit\w*|disallow\w*|den(?:y|ies|ied))\b",
    ),
    ("succeed", r"成功|\b(?:succeed\w*|success\w*)\b", r"失败|\b(?:fail\w*|unsuccessful\w*)\b"),
    (
        "fast",
        r"[更较变加]快|快了|加速|\b(?:faster|quicker|quickly)\b",
        r"[更较变减放]慢|慢了|减速|\b(?:slower|slowly)\b",
    ),
    (
        "start",
        r"开始|(?<!重新)启动|开工|\b(?:start\w*|begin\w*|began|begun)\b",
        r"停止|结束|终止|完工|\b(?:stop\w*|end(?:s|ed|ing)?|terminat\w+)\b",
    ),
    (
        "go on",
        r"照常|继续|正常|\b(?:continu\w+|still|normally)\b",
        r"停止|暂停|中断|\b(?:stop\w*|paus\w+|interrupt\w*)\b",
    ),
    (
        "earlier",
        r"提前|提早|\b(?:(?:brought|bring) forward)\b",
        r"推迟|顺延|延后|延期|推后|延迟(?=[至到举])|\b(?:postpon\w+|put off|pushed back)\b",
    ),
    ("before", r"之前|以前|\b(?:before|prior to)\b", r"之后|以后|\b(?:after|following)\b"),
    ("first", r"首先|最早|最先|\b(?:first|earliest)\b", r"最后|最终|\b(?:last|latest|finally)\b"),
    (
        "large",
        r"最大|最高|最长|最多|\b(?:largest|biggest|highest|longest|most)\b",
        r"最小|最低|最短|最少|\b(?:smallest|lowest|shortest|least|fewest)\b",
    ),
    (
        "more",
        r"多于|大于|超过|高于|\b(?:more than|greater than|above|exceed\w*|higher)\b",
        r"少于|小于|不足|低于|屈居|不及|不如|逊于|次于|落后于|\b(?:less than|fewer than|below|under|lower)\b",
    ),
    ("attend", r"参加|出席|参与|到场|\b(?:attend\w*|took part)\b", r"缺席|错过|缺阵|\b(?:miss(?:es|ed)?|absent)\b"),
    ("obtain", r"获得|拿到|得到|取得|夺得|\b(?:obtain\w*)\b", r"无缘|错失|失去"),
    ("majority", r"大多数|大部分|多数|\b(?:most of|majority)\b", r"少数|小部分|\b(?:few of|minority)\b"),
    (
        "win",
        r"击败|战胜|获胜|赢得|胜出|\b(?:win|wins|won|defeat(?:s|ed)?|beat|beats)\b",
        r"败给|输给|落败|战败|\b(?:lose|loses|lost)\b",
    ),
    (
        "add",
        r"添加|新增|加入|增设|\b(?:add|adds|added|adding)\b",
        r"删除|移除|去掉|撤销|\b(?:remov\w+|delet\w+|drop(?:s|ped|ping)?)\b",
    ),
    (
        "keep",
        r"保留|沿用|继续使用|\b(?:keep|keeps|kept|retain\w*|remain\w*)\b",
        r"丢弃|清除|丢失|删除|销毁|抹去|抹除|\b(?:discard\w*|delet\w+|eras\w+|wip(?:es|ed)|purg\w+|destroy\w*"
        r"|los[et]\w*)\b",
    ),
    (
        "touch",
        r"覆盖|替换|改写|\b(?:replac\w+|overwrit\w+|modif\w+|alter(?:s|ed|ing)?|chang(?:es|ed|ing))\b",
        r"原样|保持不变|原封不动|\b(?:untouched|unchanged|unaltered|intact|as (?:it is|they are))\b",
    ),
    ("encrypt", r"(?<!未)加密|\b(?:encrypt\w*)\b", r"明文|解密|\b(?:unencrypted|plaintext|plain text|decrypt\w*)\b"),
    (
        "required",
        r"必须|必需|必填|强制|要求|\b(?:required|mandatory|requires?|must|have to|has to|needs? to)\b",
        r"可选|选填|不必|无需|推荐|建议|\brecommend\w*\b|\b(?:optional\w*)\b",
    ),
    ("auto", r"自动|\bautomatic\w*\b", r"手动|人工|手工|\bmanual\w*\b"),
    ("public", r"公开|公有|\bpublic\w*\b", r"私有|私密|保密|\bprivate\w*\b"),
    ("up", r"上游|\bupstream\b", r"下游|\bdownstream\b"),
    ("in", r"输入|\binputs?\b", r"输出|\boutputs?\b"),
    (
        "agree",
        r"同意|赞成|接受|批准|\b(?:accept\w*|agree\w*|approv\w+)\b",
        r"反对|拒绝|否决|\b(?:reject\w*|refus\w+|oppos\w+)\b",
    ),
    ("sync", r"同步|\bsynchronous\w*\b", r"异步|\basynchronous\w*\b"),
    ("east", r"东(?=[部北南侧边面岸方])", r"西(?=[部北南侧边面岸方])"),
    ("north", r"北(?=[部侧边面岸方])", r"南(?=[部侧边面岸方])"),
    ("parent", r"父亲|爸爸|\bfather\b", r"母亲|妈妈|\bmother\b"),
    ("child", r"儿子|\bsons?\b", r"女儿|\bdaughters?\b"),
    ("born", r"出生|生于|\bborn\b", r"逝世|去世|病逝|死于|\bdied\b"),
    ("import", r"导入|进口|\bimport\w*\b", r"导出|出口|\bexport\w*\b"),
    ("install", r"(?<!卸)安装|\binstall\w*\b", r"卸载|\buninstall\w*\b"),
    ("open", r"开放|开幕|\bopen\w*\b", r"封闭|闭幕|\bclos(?:e|es|ed|ing)\b"),
)

# Characters that make the opposite of a word: 调大, 调小.
OPPOSITE_CHARACTERS = frozenset(
    frozenset(pair)
    for pair in [
        "大小",
        "多少",
        "高低",
        "快慢",
        "长短",
        "上下",
        "前后",
        "左右",
        "内外",
        "早晚",
        "增减",
        "升降",
        "正负",
        "新旧",
        "强弱",
        "冷热",
        "轻重",
        "入出",
        "进出",
        "开关",
        "买卖",
        "男女",
        "东西",
        "南北",
        "远近",
        "深浅",
        "宽窄",
        "厚薄",
        "粗细",
        "软硬",
        "先后",
        "有无",
        "真假",
        "父母",
        "公私",
        "奇偶",
        "胜负",
        "胜败",
        "加减",
        "生死",
        "优劣",
        "主次",
        "宽严",
    ]
)


@cache
def compiled() -> Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """The pairs of opposites as patterns."""
    return {name: (re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for name, one, other in OPPOSITES}


@cache
def any_opposite() -> re.Pattern[str]:
    """Matches where any of them does."""
    return re.compile("|".join(f"{one}|{other}" for _, one, other in OPPOSITES), re.IGNORECASE)


@cache
def _by_characters() -> tuple[tuple[str, re.Pattern[str], frozenset[str]], ...]:
    """Each side of each pair, with the Han characters of its pattern."""
    return tuple(
        (name, side, frozenset(_HAN.findall(side.pattern))) for name, two in compiled().items() for side in two
    )


def possible(text: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The sides of pairs that a text may have words of, each with the pair's name: most texts have very few."""
    characters = frozenset(text)
    latin = _LATIN.search(text) is not None and any_opposite().search(text) is not None
    for name, side, han in _by_characters():
        if latin or not han.isdisjoint(characters):
            yield name, side
