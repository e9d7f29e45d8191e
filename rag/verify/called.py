"""What else a place, language, colour or day is called: 周一, 星期一 and Monday are one. Only lists; it knows no claim.

A member of a closed set that the passages lack under its own name may stand there under another, or in the other
language.
"""

from __future__ import annotations

import re
from functools import cache

# Where one character is a colour: 红、白两色, 深红.
_SHADE = r"\1(?=[、,和或及与的底字灯斑纹边框衣])|[深浅鲜暗淡]\1"
# The names of one thing, as patterns; each of them vouches for the others.
_SAME = tuple(
    tuple(re.sub("(.)@", _SHADE, name) for name in line.split())
    for line in r"""
中国 国内 我国 华(?=[人裔语商]) 中(?=[方美英日法德俄韩]) \bchina\b \bchinese\b
美国 美(?=[军方籍式元企]) [中英苏]美 \bu\.s\b \busa\b \bamerica\w* \bunited.states
英国 英(?=[军方籍式镑]) [中美法]英 \bbritain\b \bbritish\b \buk\b \bunited.kingdom \bengland\b
法国 法(?=[军方籍]) [英德中]法 \bfrance\b \bfrench\b
德国 德(?=[军方籍]) [苏英法中]德 \bgerman\w*
日本 日(?=[军方籍本裔]) [中美韩]日 \bjapan\w*
韩国 韩(?=[军方籍]) 南韩 (?<!north.)\bkorea\w*
俄罗斯 俄国 俄(?=[军方籍]) [中美]俄 \brussia\w*
印度 \bindian?\b
意大利 义大利 \bital(?:y|ian)\b
西班牙 \bspain\b \bspanish\b
加拿大 \bcanad\w+
澳大利亚 澳洲 \baustralia\w*
巴西 \bbrazil\w*
荷兰 \bdutch\b \bnetherlands\b \bholland\b
瑞士 \bswiss\b \bswitzerland\b
瑞典 \bsweden\b \bswedish\b
挪威 \bnorw\w+
丹麦 \bdenmark\b \bdanish\b
芬兰 \bfin(?:land|nish)\b
波兰 \bpoland\b
奥地利 \baustria\w*
比利时 \bbelgi\w+
葡萄牙 \bportug\w+
希腊 \bgree(?:k|ce)\b
土耳其 \bturk\w+
埃及 \begypt\w*
墨西哥 \bmexic\w+
阿根廷 \bargentin\w+
泰国 \bthai\w*
越南 \bvietnam\w*
新加坡 星洲 狮城 \bsingapore\w*
马来西亚 大马 \bmalaysia\w*
菲律宾 \bphilippin\w+ \bfilipin\w+
印尼 印度尼西亚 \bindonesia\w*
亚洲 \basian?\b
欧洲 欧(?=[盟元陆美]) \beurope\w*
非洲 \bafrican?\b
北美洲 北美 \bnorth.america\w*
南美洲 南美 \bsouth.america\w*
大洋洲 \boceania\w*
北京 北平 \bbeijing\b \bpeking\b
上海 申城 沪 \bshanghai\b
天津 津门 \btianjin\b
重庆 渝 \bchongqing\b
广州 羊城 \bguangzhou\b
深圳 鹏城 \bshenzhen\b
杭州 \bhangzhou\b
南京 金陵 \bnanjing\b
成都 蓉城 \bchengdu\b
武汉 \bwuhan\b
西安 长安 \bxi.?an\b
台湾 台(?=[北中南东籍商]) \btaiwan\w*
香港 港(?=[岛人府元铁]) \bhong.?kong\b
澳门 \bmaca[uo]\b
东京 \btokyo\b
大阪 \bosaka\b
巴黎 \bparis\b
伦敦 \blondon\b
纽约 \bnew.york\b
柏林 \bberlin\b
罗马 \brom(?:e|an)\b
莫斯科 \bmoscow\b
华盛顿 \bwashington\b
广东 粤 \bguangdong\b
四川 \bsichuan\b
湖南 \bhunan\b
湖北 \bhubei\b
福建 闽 \bfujian\b
浙江 \bzhejiang\b
山东 \bshandong\b
云南 滇 \byunnan\b
广西 \bguangxi\b
西藏 \btibet\w*
新疆 \bxinjiang\b
红色 红@ \bred\b \bcrimson\b
橙色 橙@ 橘色? \borange\b
黄色 黄@ 金黄 \byellow\w*\b
绿色 绿@ \bgreen\w*\b
蓝色 蓝@ 湛蓝 \bblue\b
紫色 紫@ \bpurple\b \bviolet\b
黑色 黑@ 乌黑 漆黑 \bblack\w*\b
白色 白@ 雪白 乳白 \bwhite\w*\b
灰色 灰@ \bgr[ae]y\w*\b
棕色 棕@ 褐色? 咖啡色 \bbrown\w*\b
粉色 粉@ 粉红 \bpink\w*\b
金色 金@ 金黄 \bgold\w*\b
银色 银@ \bsilver\w*\b
英语 英文 英(?=汉|译|中) \benglish\b
法语 法文 \bfrench\b
德语 德文 \bgerman\b
日语 日文 \bjapanese\b
韩语 韩文 朝鲜语 \bkorean\b
俄语 俄文 \brussian\b
汉语 中文 华语 国语 普通话 汉字 简体 繁体 \bchinese\b \bmandarin\b
春季 春(?=[、,和至到春夏秋冬]) 春天 \bspring\b
夏季 夏(?=[、,和至到春夏秋冬]) 夏天 夏令 暑期 \bsummer\b
秋季 秋(?=[、,和至到春夏秋冬]) 秋天 \bautumn\b
冬季 冬(?=[、,和至到春夏秋冬]) 冬天 冬令 寒冬 \bwinter\b
每年 年(?=休假|假|费|薪|租金|检|会|终奖|利率|收入) \byearly\b \bannual(?:ly)?\b (?:per|a|each|every)\syear
每月 月(?=租|薪|费|供|结|票|卡) \bmonthly\b (?:per|a|each|every)\smonth
每天 日(?=租|薪|均|产|报) \bdaily\b (?:per|a|each|every)\sday
晚上 晚间 夜间 夜里 夜晚 当晚 每晚 今晚 晚(?=\d) 深夜 \bevenings?\b \bnights?\b \bnightly\b
\bmonday\b 周[1一] 星期[1一] 礼拜[1一]
\btuesday\b 周[2二] 星期[2二] 礼拜[2二]
\bwednesday\b 周[3三] 星期[3三] 礼拜[3三]
\bthursday\b 周[4四] 星期[4四] 礼拜[4四]
\bfriday\b 周[5五] 星期[5五] 礼拜[5五]
\bsaturday\b 周[6六] 星期[6六] 礼拜[6六]
\bsunday\b 周日 周天 星期[日天] 礼拜[日天]
\bjanuary\b \bjan\b (?<!\d)1月 元月
\bfebruary\b \bfeb\b (?<!\d)2月
\bmarch\b \bmar\b (?<!\d)3月
\bapril\b \bapr\b (?<!\d)4月
\bjune\b \bjun\b (?<!\d)6月
\bjuly\b \bjul\b (?<!\d)7月
\baugust\b \baug\b (?<!\d)8月
\bseptember\b \bsept?\b (?<!\d)9月
\boctober\b \boct\b 10月
\bnovember\b \bnov\b 11月
\bdecember\b \bdec\b 12月
""".strip().splitlines()
)


@cache
def _names(member: str) -> re.Pattern[str] | None:
    """All names of the thing that has this one."""
    for group in _SAME:
        if any(re.fullmatch(name, member) for name in group):
            return re.compile("|".join(group))
    return None


def stands_as(member: str, text: str) -> bool:
    """Whether a lower-case text has a thing under another of its names; single letters for it are not enough."""
    names = _names(member.lower())
    return names is not None and names.search(text) is not None
