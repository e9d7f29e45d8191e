"""What a sentence shows that answers a question of some kind: a number, a date, a person; words that tell a death.

Two tables of pairs, what the question asks and what a sentence that answers it shows. They are general knowledge of the
two languages, written by hand, and know no corpus, no passage and no score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Pattern = re.Pattern[str]
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
    "姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)

# The type of the answer, each with a weight of its own.
_TYPES: Mapping[str, tuple[str, str]] = {
    "number": (
        r"多少|几[个年月日天次人岁种名条座部位号]|第几|多[大长高远久重快]|how (?:many|much|long|old|far|big|large)",
        r"[0-9０-９一二三四五六七八九十百千万亿两]",
    ),
    "date": (
        r"什么时候|何时|哪一?[年天日月]|时间|年份|日期|几[年月日号]|\bwhen\b|what (?:year|date|day|time)",
        r"[0-9]{1,4}\s*[年月日:]|[一二三四五六七八九十]+[年月日]|世纪|年代|时期|朝|[0-9]{4}",
    ),
    "person": (
        r"谁|哪一?[位人名]|什么人|作者|\bwho\b",
        rf"[·•]|[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}|先生|女士|[A-Z][a-z]+",
    ),
    "place": (
        r"哪里|哪儿|在哪|何处|什么地方|哪[个些]?(?:国家|城市|地区|地方|省|市|县)|位于|\bwhere\b",
        r"[省市县区州国镇乡村路街岛洲/]|位于|分布|产于|地处|\b(?:in|at|under)\b",
    ),
    "reason": (r"为什么|为何|原因|\bwhy\b", r"因|由于|为了|所以|故|because|due to|since|so that"),
    "name": (
        r"叫什么|称[为作]|名字|别名|俗名|又名|\bcalled\b|\bname\b",
        r"称|名|叫|《|“|「|\bname|\bcalled\b",
    ),
    "list": (r"哪[些两三几]|什么[内方]|包括|分别|\bwhich\b", r"、|包括|和|及|分别|\band\b"),
    "work": (r"哪[部本首张套篇幅]|什么[书歌剧片]|作品|代表作|专辑|电影|著作|小说|主题曲", r"《"),
    "job": (r"职业|身份", r"员|家|手|师|者|人|导演"),
}
TYPES = tuple(_TYPES)

# How an attribute is told that a question asks for in other words.
_TOLD: tuple[tuple[str, str], ...] = (
    ("去世|逝世|死|享年|卒|过世|寿", "卒|逝|去世|死|亡|病故|享年|享寿|遇害|阵亡|自杀|被杀|处决|离世|过世"),
    (
        "出生|生于|哪里人|哪人|籍贯|何处人|(?:什么|哪个?|哪些)(?:地方|国家|国|省|市)的?人|故乡|家乡",
        "生于|出生|籍贯|祖籍|[县市省州郡区国城乡）]人|人氏|原籍",
    ),
    (
        "作者|谁[写著编创]|[写著编创]的|编剧|撰写|导演|执导|主编",
        "著|作者|撰|创作|所写|编写|作家|小说家|编剧|执导|导演|主编|出自",
    ),
    (
        "创办|创始|创立|成立|建立|创建|始建|设立|建成|修建|开办|建于|组建|found(?:ed|er)",
        "创办|创立|创建|成立|建立|始建|设立|建于|创始|开办|建成|落成|兴建|修建|组建|组成|founded|established|created",
    ),
    (
        "定义|什么是|是什么[?？]|含义|意思|指的?是?什么|何谓|是什么样|概念|介绍|what (?:is|are)|mean",
        "是指|指的是|指|定义|意为|意思|是一[种个座所家部项条款支名位]|^[^，。]{1,40}是|为.{0,12}[之的]"
        "|(?:is|are) (?:a|an|the)|means",
    ),
    (
        "目的|作用|用途|为了什么|功能|用来|做什么|有什么用|主旨|purpose|used for",
        "目的|为了|旨在|用于|用来|用作|以便|作用|功能|为[^，。]{2,20}而|目标|主旨|可[以作]|作为|供"
        "|purpose|used (?:for|to)",
    ),
    ("原因|为什么|为何|因为什么|由于什么|为啥|导致|why", "因|由于|故|所以|导致|缘于|以致|使得|结果|because|due to"),
    (
        "别名|又[叫称名]|俗[称名]|前身|原名|本名|简称|全称|英文名|字什么|号什么|叫什么|称为|被称|名称|名字|外号|绰号|昵称|学名",
        "又[称名叫作]|别[称名]|俗[称名]|亦[称名作]|也称|旧[称名]|原名|简称|全[称名]|前身|本名|名为|名叫|[，（]字|号|称[为作]|叫做?"
        "|外号|绰号|昵称|学名",
    ),
    ("食物|为食|吃|食性|捕食|进食|主食", "食|吃|捕|猎"),
    ("习性|栖息|生活|居住|住在|活动|出没|生长", "栖|生活|居住|活动|穴|喜|夜行|群居|出没|觅食|生长|独居|住"),
    ("分布|产地|原产|哪里有|产于", "分布|产于|见于|原产|产地|特有|遍布"),
    (
        "特征|外[形观表貌]|长什么样|什么样子?|形态|特点|特色|形状|颜色|样貌|相貌|体形|体型",
        "呈|色|体|形|状|特征|特点|外观|特色|为主|具有?|像",
    ),
    (
        "多[长高大宽重深远]|体长|身高|长度|高度|面积|重量|深度|尺寸|海拔|宽度|体重",
        "[长高宽深重大]|米|公尺|厘米|公分|面积|平方|公里|公斤|吨|英尺|海拔",
    ),
    ("举[行办]|召开|比赛|开幕", "举[行办]|召开|开幕|假[^，。]{2,15}|主办"),
    (
        "位于|在哪|哪里|何处|地点|地址|位置|坐落|什么地方|where",
        "位于|地处|[座坐]落|位处|毗邻|境内|[东南西北]部|附近|located",
    ),
    (
        "上映|播[出放]|首播|发[行售布表]|出版|推出|问世|发明|面世|released",
        "上映|播[出放]|首播|发[行售布表]|出版|推出|公映|问世|发明|面世|released",
    ),
    (
        "结果|成绩|名次|第几|排名|冠军|比分|胜",
        "冠军|亚军|季军|第[一二三四五六七八九十0-9]+[名位]|胜|负|败|夺|获|比[0-9]|[0-9][-–:：比][0-9]",
    ),
    (
        "毕业|学校|就读|学历|大学|求学|学位|专业|读书",
        "毕业|就读|大学|学院|入读|学位|考入|学校|留学|学士|硕士|博士",
    ),
    ("职业|职务|担任|职位|官|身份|工作|从事", "任|员|长|家|职|官|教授|工作|出任|担任|从事"),
    (
        "父|母|儿子|女儿|孩子|妻|丈夫|兄|弟|姐|妹|谁的[孩子儿女后]|后代|娶|嫁|配偶|家庭|结婚",
        "[之长次幼独三四][子女]|父|母|妻|嫁|娶|夫|兄|弟|姐|妹|婚|孙|儿",
    ),
    ("拥有|属于|隶属|哪[个家]公司|旗下|所属|归属|管辖", "拥有|属|旗下|公司|所有|控股|管理|辖|经营|营运|集团"),
    ("加入|效力|加盟|转会|签约|参加|球队", "加入|加盟|效力|转会|签约|签下|参加|投身|队"),
    (
        "种类|分为|哪几[类种个]|包括|组成|包含|哪些|几种|几类|分成|构成|有什么|哪[两二三四五六]",
        "分[为成]|包[括含]|组成|[两二三四五六七八九十数多][种类]|、[^，。]*[、和及]|其[一二]|一是|首先|等|以及|构成",
    ),
    ("影响|意义|后果|结局|贡献", "影响|导致|使|造成|令|意义|因此|从而|贡献"),
    (
        "评价|地位|成就|荣誉|誉为|看待|出名|著名|闻名|奖",
        "最|首[个位次]|第一|著名|评价|誉|奖|称为|公认|知名|得奖|荣获",
    ),
    (
        "命名|由来|得名|来源|名字.*来|起源|源[自于]|来自|取自|起名",
        "得名|命名|取名|名称|源|来自|取自|改名|因此|由来",
    ),
    ("学生|老师|师从|弟子|徒弟|师傅|师父|拜", "学生|师|弟子|徒|拜|受业"),
    ("语言|语种|语系", "语"),
    ("宗教|信仰|教派", "教|信仰|佛|神"),
    ("人口|多少人|几人|居民", "人口|人|户"),
    ("价格|多少钱|票价|费用|成本|预算|票房|收入|price|cost", "元|万|亿|价|费|镑|钱|圆|票房|[$€£¥]"),
    ("多久|多长时间|几年|期限|任期|在位|时长|how long", "年|月|日|天|小时|分钟|期|周|在位|秒|day|hour|minute|second"),
    (
        "最早|起源|开始|起初|出现|始于|可以追溯|历史|源于",
        "最早|起源|始|起初|开始|追溯|世纪|朝|年|首",
    ),
    (
        "方法|怎么|怎样|如何|步骤|方式|手段|治疗|how (?:to|do|can|should)",
        r"通过|用|首先|然后|方法|使|运行|方式|以[^，。]{2,20}|采|由|需要|可|`|\b(?:run|use|set|with)\b",
    ),
    ("区别|不同|差异|差别|相比|differ", "不同|则|而|区别|差|相比|比|但|却|相较|unlike|while|whereas|than"),
    ("毒|危险|危害", "毒|危|害"),
    (
        "演员|主演|扮演|饰演|饰|配音|角色|主角|主人公|演",
        "饰|演|主演|配音|角色|主角|担任|领衔",
    ),
    (
        "主题|内容|讲述|讲了|描述|故事|关于什么|题材",
        "讲述|描述|故事|主题|内容|描写|叙述|围绕|关于|记述|反映",
    ),
    ("材料|原料|什么做|制成|材质|成分", "制|材料|原料|材质|成分|组成|木|石|钢"),
    ("默认|缺省|default", "默认|缺省|default"),
    ("版本|依赖|要求|环境|version|require", "版本|>=|以上|需要|要求|依赖|version|require"),
    ("战役|战争|谁.*[打击]败|起义", "败|胜|攻|战|军|破|杀"),
)


def _compiled(question: str, sentence: str) -> tuple[Pattern, Pattern]:
    return re.compile(question, re.IGNORECASE), re.compile(sentence)


_TYPE_PATTERNS = tuple(_compiled(*pair) for pair in _TYPES.values())
_TOLD_PATTERNS = tuple(_compiled(*pair) for pair in _TOLD)


def shown(question: str, texts: Sequence[str]) -> list[tuple[float, ...]]:
    """For each text what it shows that answers: the share of what is asked for that it has words for, then `TYPES`."""
    told = [sentence for asks, sentence in _TOLD_PATTERNS if asks.search(question)]
    types = [sentence if asks.search(question) else None for asks, sentence in _TYPE_PATTERNS]
    return [
        (
            sum([sentence.search(text) is not None for sentence in told]) / (len(told) or 1),
            *[float(sentence is not None and sentence.search(text) is not None) for sentence in types],
        )
        for text in texts
    ]
