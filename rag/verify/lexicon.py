"""The words that the check knows: negations, limits, universals, pairs of opposites and synonyms, in both languages.

Only lists; their words are general, none is fitted to a set. It knows no text and no rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

# What negates what follows. 不同, 不断 and the like are words of their own; 不超过 and 不少于 are bounds.
NEGATION = re.compile(
    r"不得不|不可不"  # two that cancel out; told from one by their length
    r"|并不是|并非|绝非|不是|而非|并不|从不|绝不|决不|从未|尚未|并未|未曾|未能|没有|并无|毫无|无法|无需|无须|无权|不再|不必|不用"
    r"|不(?![仅但过同少断久料锈丹管论妨如止只免禁然时等足孕满服安明幸良动朽]|得不|超过|低于|高于|少于|大于|小于|多于|晚于|早于|可思|得了|限于"
    r"|一定)"
    r"|(?<![尚并从])未(?![来必央名婚免知遂]|成年)|没(?![收落入有])|(?<=[\u4e00-\u9fff])勿"
    r"|无(?=[此任须权关法效人使])(?!人机|人驾|人区|效果|任何不)"
    r"|\b(?:not|never|no longer|no|cannot|without|neither|nor|none|nothing|nobody)\b|n['’]t\b"
    r"|\bunable to\b|\bfails? to\b|\brather than\b|\binstead of\b",
    re.IGNORECASE,
)
DOUBLE = frozenset({"不得不", "不可不"})
# Between a negation and what it negates.
TRANSPARENT = frozenset("能会可以得是有在被把对于要必应该曾经再用需太很为其让将给跟和与的地了也都还就才须") | frozenset(
    "be been being is are was were do does did have has had can could will would shall should may might must to a an the "
    "any it them they yet only also ever even be able allowed need".split()
)
CONDITION = re.compile(r"除非|\bunless\b", re.IGNORECASE)
LIMIT = re.compile(
    r"只(?![是好不怕见])|仅|唯一|唯有|专供|专用|\b(?:only|solely|exclusively|merely)\b",
    re.IGNORECASE,
)
LIMITED = re.compile(
    r"只|仅|唯|才|专|限|除|最|独|单|暂|\b(?:only|solely|exclusively|merely|except|unless|limited|just|single|but|alone)\b",
    re.IGNORECASE,
)
UNIVERSAL = re.compile(
    r"所有|任何|全部|一切|总是|永远|始终|一律|无论|人人|\b(?:all|always|every|everyone|everybody|anyone|anybody|everything"
    r"|whenever|immediately)\b",
    re.IGNORECASE,
)
UNIVERSALS = re.compile(
    r"所有|任何|全|一切|总|永远|始终|一律|无论|人人|每|各|都|均|皆|从不|从未|一直|整|立即|马上"
    r"|\b(?:all|always|every|each|everyone|everybody|any|anyone|anybody|everything|never|no|none|entire|whole|both"
    r"|whenever|immediately|instantly|at once|right away)\b",
    re.IGNORECASE,
)
AT_LEAST = re.compile(
    r"至少|起码|最少|最低|不少于|不低于|不小于|不早于|以上|及更高|或更高|更高版本|更新版本|\bat least\b|\bor (?:newer|later|higher|more|above|greater)\b"
    r"|\bno (?:less|fewer|earlier) than\b|\bminimum\b",
    re.IGNORECASE,
)
AT_MOST = re.compile(
    r"至多|最多|顶多|最高|不超过|不高于|不多于|不大于|不晚于|以内|以下|之内|上限|\bat most\b|\bup to\b|\bor (?:older|earlier|lower|less|fewer|below)\b"
    r"|\bno (?:more|later|higher) than\b|\bmaximum\b",
    re.IGNORECASE,
)

# (what they are about, words for it, words for its opposite)
OPPOSITES: tuple[tuple[str, str, str], ...] = (
    (
        "enable",
        r"启用|开启|打开|启动|开通|\b(?:enabl\w+|turn(?:ed|s|ing)? on|switch(?:ed|es|ing)? on|activat\w+)\b",
        r"关闭|禁用|停用|关掉|\b(?:disabl\w+|turn(?:ed|s|ing)? off|switch(?:ed|es|ing)? off|deactivat\w+)\b",
    ),
    (
        "increase",
        r"增加|增多|增长|上升|提高|提升|升高|上涨|扩大|\b(?:increas\w+|rais(?:e|es|ed|ing)|rises?|rising|grow\w*|grew|gain\w*)\b",
        r"减少|减小|下降|降低|减低|下跌|缩小|减半|[少低](?=了?\s*\d)|\b(?:decreas\w+|reduc\w+|lower(?:s|ed|ing)|drops?|fell|falls?|halv\w+|cuts?)\b",
    ),
    (
        "support",
        r"支持|兼容|\b(?:support\w*|compatible)\b",
        r"\b(?:drop\w* support|unsupported|incompatible|end\w* support)\b",
    ),
    (
        "allow",
        r"允许|准许|可以|能够|\b(?:allow\w*|permit\w*|let|lets)\b",
        r"禁止|严禁|不准|不许|不得|\b(?:forbid\w*|forbidden|prohibit\w*|disallow\w*|den(?:y|ies|ied))\b",
    ),
    ("succeed", r"成功|\b(?:succeed\w*|success\w*)\b", r"失败|\b(?:fail\w*|unsuccessful\w*)\b"),
    (
        "fast",
        r"[更较变加]快|快了|加速|\b(?:faster|quicker|quickly)\b",
        r"[更较变减放]慢|慢了|减速|\b(?:slower|slowly)\b",
    ),
    (
        "start",
        r"开始|启动|开工|\b(?:start\w*|begin\w*|began|begun)\b",
        r"停止|结束|终止|完工|\b(?:stop\w*|end(?:s|ed|ing)?|terminat\w+)\b",
    ),
    (
        "go on",
        r"照常|继续|正常|\b(?:continu\w+|still|normally)\b",
        r"停止|暂停|中断|\b(?:stop\w*|paus\w+|interrupt\w*)\b",
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
        r"少于|小于|不足|低于|\b(?:less than|fewer than|below|under|lower)\b",
    ),
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
        r"丢弃|清除|丢失|删除|\b(?:discard\w*|delet\w+|los[et]\w*)\b",
    ),
    ("encrypt", r"(?<!未)加密|\b(?:encrypt\w*)\b", r"明文|解密|\b(?:unencrypted|plaintext|plain text|decrypt\w*)\b"),
    (
        "required",
        r"必须|必需|必填|强制|\b(?:required|mandatory|requires?|must|have to|has to|needs? to)\b",
        r"可选|选填|不必|无需|\b(?:optional\w*)\b",
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
    for pair in "大小 多少 高低 快慢 长短 上下 前后 左右 内外 早晚 增减 升降 正负 新旧 强弱 冷热 轻重 入出 进出 开关 买卖 男女 东西 "
    "南北 远近 深浅 宽窄 厚薄 粗细 软硬 先后 有无 真假 父母 公私 奇偶 胜负 胜败 加减 生死 优劣 主次 宽严".split(" ")
)

# Words that say the same; one group a line.
SYNONYMS = tuple(
    tuple(line.split())
    for line in """
使用 采用 利用 运用 用了
位于 坐落 地处 设在 位在 设于
创立 创办 成立 建立 创建 设立 开办
告诉 告知 说明 回复 指出 提示
复制 拷贝
图片 图像 照片
起初 最初 原先 原本
花费 耗时 用时 历时
大约 大概 约为 左右 将近
通常 一般 往往 常常
原因 因为 由于 造成 导致 引起
重新 重建 重构
修改 更改 更换 调整 变更 改动
查看 检查 确认
配置 设置 设定 设为 调到 配成
执行 运行 发送 输入
保存 存放 存储 存在 储存 存入 保留
过期 超期 期限 超过 超出
限额 限制 上限
照常 正常 仍然 依然
读取 阅读 查看
发言 说话 讲话
所有 全部 全体
模式 方式
会话 对话
用户 使用者
错误 出错 报错
安装 装上
下载 拉取
删除 移除 去掉 清除
连接 接入 相连
失效 作废
原因 缘故
立即 马上 立刻
负责 主持 领导
担任 出任 就任
获得 取得 得到 完成
称为 叫做 叫作 名为 又称 也叫 也称
包含 包括 含有
出现 发生 产生
更新 升级
断开 中断 断掉
epoch 轮
显示 展示 打印 输出
文件 文档
命令 指令
群里 群内 群中
管理员 管理者
run running execute use using type
create write make produce build generate
settings configuration config options
location path lives live stored kept stay stays reside
requires required needs need must have
about roughly approximately around
begin starting start beginning
come came released release published
get gets receive provided provide
people others users user
client requests
set setting
yourself manually
after once when enabled
cut cuts halve halves half reduce
log logs see
members member
newer later
""".strip().splitlines()
)
_FUNCTION_HAN = "的了是在和与及或也都就而并且其之以于为被把将对从到由向着过地得这那此该个些一所等个中内上下里后前时会能可又还再已曾均则即则但如若因"
FUNCTION_PHRASES = re.compile(
    r"目前|现在|如果|可以|应该|应当|需要|必须|即可|就是|分别|其中|同时|此外|另外|因此|所以|但是|不过|然后|首先|随后|最后|进行|相关|情况|的话|只要"
    r"|只需|务必|直接|能够|以便|从而|例如|比如|主要|一般|通常|也就是说|换句话说|总之|根据|按照|关于|对于|方面|方式|具体|请|您|你|我|吧|呢|啊|吗"
    r"|[不未没无非]"
)
FUNCTION_HAN = frozenset(_FUNCTION_HAN)
FUNCTION_WORDS = TRANSPARENT | frozenset(
    "of in on at for from with by as into than then and or but not no nor so if when while that this these those there here "
    "which who whom whose its his her their our your my i you we he she us me him one some such other others just too very "
    "please about because since until per via up out over under between both each every all more most less like thus hence "
    "however therefore so's don doesn didn isn aren won't cannot without never longer unless also still already".split()
)
PRONOUNS = re.compile(
    r"[他她它牠]们?|其|此[\u4e00-\u9fff]{0,2}|[该这那本此][个些种项款座部名位条家]?[\u4e00-\u9fff]{0,2}|前者|后者|双方|自己|对方|"
    r"(?:it|they|them|he|she|his|her|its|their|this|these|that|those|the)(?:[a-z ]{0,20})"
)


@cache
def compiled() -> Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """The pairs of opposites as patterns."""
    return {name: (re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for name, one, other in OPPOSITES}


@cache
def any_opposite() -> re.Pattern[str]:
    """Matches where any of them does."""
    return re.compile("|".join(f"{one}|{other}" for _, one, other in OPPOSITES), re.IGNORECASE)
