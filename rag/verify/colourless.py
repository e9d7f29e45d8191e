"""Words that say little by themselves: a paraphrase may have more of them than its passage. It knows no rule."""

from __future__ import annotations

import re

from rag.verify.english.forms import form
from rag.verify.text import Span

# Verbs, adverbs and nouns that any sentence can be told with.
COLOURLESS_HAN = re.compile(
    r"可以|能够|不能|不可|不会|不用|不必|不需|需要|必须|应该|应当|只有|只需|只能|只要|才能|才会|就会|就能|就是|都会|都能|都要|也会|也能|也要|还会|还能|还要"
    r"|进行|使用|得到|拿到|看到|收到|做到|用到|遇到|碰到|受到|达到|等到|直到|通过|经过|作为|成为|变成|当成|算作|属于|来自|位于|处于|用于|有关|相关|相应"
    r"|提供|给予|获得|取得|具有|拥有|带有|存在|包括|包含|出现|发生|产生|开始|结束|完成|继续|保持|采取|实行|执行|办理|处理|提出|说明|表示|认为|指出|要求"
    r"|的话|时候|期间|之后|之前|以后|以前|后来|然后|随后|接着|当时|那时|届时|同时|一旦|如果|要是|假如|即便|即使|虽然|尽管|不过|但是|然而|而且|并且|或者|以及|此外|另外|除了"
    r"|因此|所以|于是|从而|由此|因而|总之|其中|其他|其余|其它|另一|一个|两个|几个|这个|那个|这些|那些|这种|那种|这里|那里|这样|那样|怎样|什么|任何|每个|各个|所有|全部|一切"
    r"|自己|本人|本身|对方|双方|各自|彼此|情况|问题|方面|方式|方法|办法|部分|过程|结果|内容|东西|事情|地方|时间|阶段|名字|名称|称为|叫做|被称"
    r"|非常|十分|特别|相当|比较|更加|更为|最为|尤其|极其|几乎|大约|大概|左右|上下|约为|外加|另加|至少|至多|最多|最少|多达|仅仅|一共|总共|共计|合计|整个|一直|一向|始终|曾经|已经|正在|将要|即将|仍然|依然|依旧|仍旧|还是|再次|重新|首次|先后|一起|共同|分别|单独|直接|间接|主要|基本|通常|一般|往往|经常|常常|有时|偶尔"
    r"|之所以|是因为|由于|因为|为了|以便|根据|按照|依照|对于|关于|至于|出于|鉴于|基于|随着"
    r"|的是|是在|是由|并非|并不|并未|而是|不是|就得|就要|便是|便会|才是|也是|都是|还是|仍是|仍有|仍须|则是|则会|则要|则由|均为|皆为|皆是"
    r"|[了着过得地的之其某该此各每另即便则却才仍还又再也都就很太更最较颇来去把被让使令叫给向往由从到在于自与和跟同及或并而且若如虽因所以为是有无没不未]"
)
_WORDS = """
able about above according account across actual actually after again ago all allow allowed almost along already also
although always among amount and another any anymore anyone anything apart appear appears apply applies are around as
ask asked at away back be became because become becomes becoming been before began begin beginning begins behind being
below beside besides best better between beyond both bring brings but by call called came can cannot carry case cases
cause causes certain choose come comes coming complete completely consist contain containing contains could day days
deal decide did different directly do does doing done down due during each earlier early easily effect either else end
ended ends enough entire especially even ever every everyone everything exactly except exist fact far few final finally
find first follow following follows for form former found from full fully further gave general generally get gets
getting give given gives giving go goes going gone good got had half happen happens hard has have having he held help
helps hence her here him himself his hold how however i if in include included includes including indeed inside instead
into is issue it its itself just keep keeps kept kind know known large largely last lasts late later latter lead leads
least leave leaves left less let lets like likely likewise little long longer look made main mainly make makes making
many matter may me mean means meanwhile might mind more moreover most mostly move much must my namely near nearly
necessary need needed needs neither never nevertheless new next no nobody none nor not nothing now number obtain occur
occurs of off often on once one only onto open or order other others otherwise our out over own part particular people
perform performed person place plain please point possible present previous provide provided provides put puts quite
rather reach reached reaches really reason receive receives recent remain remains require required requires respectively
result results return right said same say says see seen several shall should show shown shows side similar simply since
single so some somebody someone something soon sort stands start started starts state stay stays still stop subject such
take taken takes taking tell tells than that the their them themselves then there thereby therefore these they thing
things think this those though through throughout thus till time times to together too took toward try turn turned turns
two under unless unlike until up upon us use used user users uses using usual usually various very via want was way ways
we well went were what whatever when whenever where whereas whether which while who whoever whole whom whose why will
wish with within without word words work works would yes yet you your yourself respond responds responded answer answers
aren isn wasn weren don doesn didn won wouldn couldn shouldn hasn haven hadn t s d ll re ve m
"""
COLOURLESS_WORDS = frozenset(form(word) for word in _WORDS.split()) | frozenset(_WORDS.split())


def colours(span: Span) -> list[float]:
    """The weight of each token of a span, nothing for those that say little."""
    light = {i + span.start for m in COLOURLESS_HAN.finditer(span.text) for i in range(m.start(), m.end())}
    return [
        0.0
        if token.weight < 1
        or (token.kind == "han" and token.start in light)
        or (token.kind == "word" and (token.text in COLOURLESS_WORDS or token.raw.lower() in COLOURLESS_WORDS))
        else token.weight
        for token in span.tokens
    ]
