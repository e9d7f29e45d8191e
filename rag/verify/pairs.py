"""Things that are told apart though they are near: archived is not deleted, by post is not in person.

Injured is not killed, and a nominee has won nothing.

A claim that has a word of one set, where its evidence has a word of the set beside it and none of the claim's own
anywhere, says another thing. Negated words are left alone. It knows no sentence around them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from rag.verify.lexicon import NEGATION
from rag.verify.text import Span

_WORDS = (
    (r"归档|存档|封存|\barchiv\w+", r"删除|清除|销毁|删掉|\b(?:delet\w+|remov\w+|purg\w+|destroy\w*|eras\w+)"),
    (
        r"弃用|不推荐使用|\bdeprecat\w+",
        r"移除|下线|停止服务|\b(?:removed|switched off|shut down|discontinued|turned off)\b",
    ),
    (
        r"受伤|烧伤|轻伤|重伤|负伤|\b(?:injur\w+|wound\w+|hurt)\b",
        r"死亡|丧生|遇难|身亡|丧命|死于|死去|牺牲|\b(?:killed|died|dead|deaths?|perished)\b",
    ),
    (r"提名|入围|候选|\b(?:nominat\w+|shortlist\w*)\b", r"获奖|夺得|荣获|夺冠|当选|\b(?:won|awarded|elected)\b"),
    (
        r"开工|动工|奠基|破土|\b(?:broke ground|construction (?:began|started))\b",
        r"建成|竣工|通车|完工|落成|\b(?:completed|finished|inaugurated)\b",
    ),
    (r"口头|\b(?:verbal\w*|oral\w*)\b", r"书面|\b(?:written|in writing)\b"),
    (r"线上|在线|网上|远程|\b(?:online|remotely)\b", r"线下|现场|当面|\b(?:in person|on site|on-site|face to face)\b"),
    (
        r"邮寄|快递|寄送|\b(?:by (?:post|mail|courier)|posted|shipped)\b",
        r"自取|自提|上门取|\b(?:pick(?:ed)? up|collected in person)\b",
    ),
    (r"电子版?|\belectronic\w*\b", r"纸质|纸本|\b(?:on paper|printed|hard copy)\b"),
    (r"税前|\b(?:before tax|gross)\b", r"税后|\b(?:after tax|net of tax)\b"),
    (r"含税|\bincluding (?:vat|tax)\b", r"不含税|未税|\bexcluding (?:vat|tax)\b"),
    (r"警告|\bwarn\w*\b", r"开除|辞退|解雇|\b(?:dismiss\w*|fired|expel\w*)\b"),
    (r"只读|\bread-?only\b", r"读写|可写|\b(?:writ(?:e|ea)ble|read-?write)\b"),
    (r"临时|暂时|\btempora\w+\b", r"永久|长期|\b(?:permanent\w*|indefinitely)\b"),
    (r"匿名|\banonym\w+\b", r"实名|署名|\b(?:real name|named|by name)\b"),
    (r"单向|\b(?:one-?way|unidirectional)\b", r"双向|\b(?:two-?way|bidirectional)\b"),
    (r"全职|专职|\bfull-?time\b", r"兼职|\bpart-?time\b"),
    (r"工作日|\b(?:business|working) days?\b", r"自然日|日历日|\bcalendar days?\b"),
    (r"必修|\bcompulsory course", r"选修|\belective"),
    (r"增量|\bincremental\w*\b", r"全量|\bfull (?:backup|export|import|sync)\b"),
    (r"串行|顺序执行|\b(?:sequential\w*|one after another)\b", r"并行|并发|\b(?:parallel|concurrent\w*)\b"),
    (r"亏损|\b(?:loss|losses|deficit)\b", r"盈利|获利|\b(?:profits?|surplus)\b"),
    (r"出租|\b(?:rent(?:s|ed)? out|leas\w+ out)\b", r"出售|售卖|卖出|\b(?:sold|sells?|for sale)\b"),
    (r"草稿|草案|\bdrafts?\b", r"定稿|终稿|正式版|\bfinal version\b"),
    (
        r"稳定版?|\bstable\b",
        r"测试版|开发版|不稳定|预览版|\b(?:unstable|beta|preview|nightly|development (?:branch|build))\b",
    ),
    (r"入住|\bcheck-?in\b", r"退房|\bcheck-?out\b"),
    (r"固定|\bfixed\b", r"浮动|可变|\b(?:variable|floating)\b"),
)


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    return tuple((re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for one, other in _WORDS)


@cache
def _any() -> re.Pattern[str]:
    return re.compile("|".join(f"{one}|{other}" for one, other in _WORDS), re.IGNORECASE)


def others_stage(clause: Span, near: Sequence[tuple[Span, Span]]) -> bool:
    """Whether a clause has a word of one set, and what is nearest to it, with its sentence, only the set beside it."""
    if not near or not _any().search(clause.text) or NEGATION.search(clause.text):
        return False
    for sides in _compiled():
        for mine, theirs in (sides, sides[::-1]):
            own = mine.search(clause.text) and not theirs.search(clause.text)
            if own and all(_only(theirs, mine, other, sentence) for other, sentence in near):
                return True
    return False


def _only(theirs: re.Pattern[str], mine: re.Pattern[str], other: Span, sentence: Span) -> bool:
    found = theirs.search(other.text)
    if found is None or mine.search(sentence.text):
        return False
    return NEGATION.search(other.text[max(0, found.start() - 8) : found.start()]) is None
