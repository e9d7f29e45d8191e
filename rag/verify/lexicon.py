"""The words that the check knows: negations, limits, universals, pairs of opposites and synonyms, in both languages.

Only lists; their words are general, none is fitted to a set. It knows no text and no rule.
"""

from __future__ import annotations

import re

# What negates what follows. 不同, 不断 and the like are words of their own; 不超过 and 不少于 are bounds.
NEGATION = re.compile(
    r"不得不|不可不"  # two that cancel out; told from one by their length
    r"|并不是|并非|绝非|不是|而非|并不|从不|绝不|决不|从未|尚未|并未|未曾|未能|没有|并无|毫无|无法|无需|无须|无权"
    r"|不再|不必|不用"
    r"|不(?![仅但过同少断久料锈丹管论妨如止只免禁然时等足孕满服安明幸良动朽]|得不|(?:会|能|得|可以?|应当?|许|允许"
    r"|要|宜|准)?(?:超过|超出|低于|高于|少于|大于|小于|多于|晚于|早于)"
    r"|到\s*\d|可思|得了|限于|一定)"
    r"|(?<![尚并从])未(?![来必央名婚免知遂]|成年)|没(?![收落入有])|(?<=[\u4e00-\u9fff])勿"
    r"|无(?=[此任须权关法效人使])(?!人机|人驾|人区|效果|任何不)"
    r"|\b(?:not|never|no longer(?! than)|no|cannot)\b"
    r"(?!\s+(?:be\s+)?(?:more|less|later|earlier|fewer|longer|greater|higher|lower|shorter|smaller|larger"
    r"|exceed\w*)\b)"
    r"|\bnon(?=-[a-z])|\b(?:without|neither|nor|none|nothing|nobody)\b|n['’]t\b"
    r"|\bnon(?=-[a-z])|\bunable to\b|\bfails? to\b|\b(?:refus|declin)(?:es?|ed|ing) to\b|\brather than\b|\binstead of\b",
    re.IGNORECASE,
)
DOUBLE = frozenset({"不得不", "不可不"})
# Between a negation and what it negates.
_TRANSPARENT_WORDS = """
be been being is are was were do does did have has had can could will would shall should may might must to a an the any it
them they yet only also ever even able allowed need
"""
TRANSPARENT = frozenset(
    "能会可以得是有在被把对于要必应该作做予加曾经再用需太很为其让将给跟和与的地了也都还就才须"
) | frozenset(_TRANSPARENT_WORDS.split())
CONDITION = re.compile(r"除非|\bunless\b", re.IGNORECASE)
LIMIT = re.compile(
    r"(?<![\d两几每这那一二三四五六七八九十数百千万多此该哪])只(?![是好不怕见])|仅|唯一|唯有|专供|专用|\b(?:only"
    r"|solely|exclusively|merely)\b",
    re.IGNORECASE,
)
LIMITED = re.compile(
    r"(?<![\d两几每这那一二三四五六七八九十])只|仅|唯|当[日天]有效|才|专|限|除|最|独|单|暂|\b(?:only|solely"
    r"|exclusively|merely|except|unless|limited|just|single|but|alone|never leaves?|no other|reserved)\b",
    re.IGNORECASE,
)
UNIVERSAL = re.compile(
    r"所有|任何|全部|一切|总是|永远|始终|一律|无论|人人|\b(?:all|always|every|everyone|everybody|anyone|anybody"
    r"|everything"
    r"|whenever|immediately)\b",
    re.IGNORECASE,
)
ANYBODY = re.compile(r"任何|人人|谁都|\b(?:any|anyone|anybody|everyone|everybody|every|all)\b", re.IGNORECASE)
UNIVERSALS = re.compile(
    r"所有|任何|全|一切|总|永远|始终|一律|无论|不论|不管|无关|不限|人人|每|各|都|均|皆|从不|从未|一直|整|立即|马上"
    r"|\b(?:all|always|every|each|everyone|everybody|any|anyone|anybody|everything|never|no|none|entire|whole|both"
    r"|whenever|immediately|instantly|at once|right away|regardless|irrespective)\b",
    re.IGNORECASE,
)
AT_LEAST = re.compile(
    r"至少|起码|最少|最低|不(?:会|能|得|可以?|应当?|许|要|宜|准)?(?:少|低|小|早|短)于|以上|及更高|或更高"
    r"|更高版本|更新版本|\bat least\b|\bor (?:newer|later|higher|more|above|greater)\b"
    r"|\b(?:no|not|not be) (?:less|fewer|earlier|shorter|lower) than\b|\bminimum\b|\bor over\b",
    re.IGNORECASE,
)
AT_MOST = re.compile(
    r"至多|最多|顶多|最高|不(?:会|能|得|可以?|应当?|许|要|宜|准)?(?:超[过出]|[高多大晚长]于)|以内|以下|之内"
    r"|上限|\bat most\b|\bup to\b|\bor (?:older|earlier|lower|less|fewer|below)\b"
    r"|\b(?:no|not|not be) (?:more|later|higher|longer|greater) than\b|\bnot (?:to )?exceed\b|\bmaximum\b|\bor under\b",
    re.IGNORECASE,
)

BEYOND = re.compile(
    r"(?<!不)(?:可以|能够|能|可|允许)超[过出](?!的)|\b(?:may|can|might) (?:be (?:more|longer|later) than|exceed)\b",
    re.IGNORECASE,
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
    r"目前|现在|如果|可以|应该|应当|需要|必须|即可|就是|分别|其中|同时|此外|另外|因此|所以|但是|不过|然后|首先"
    r"|随后|最后|进行|相关|情况|的话|只要"
    r"|只需|务必|直接|能够|以便|从而|例如|比如|主要|一般|通常|也就是说|换句话说|总之|根据|按照|关于|对于|方面"
    r"|方式|具体|请|您|你|我|吧|呢|啊|吗"
    r"|[不未没无非]"
)
FUNCTION_HAN = frozenset(_FUNCTION_HAN)
_FUNCTION_WORDS = """
of in on at for from with by as into than then and or but not no nor so if when while that this these those there here
which who whom whose its his her their our your my i you we he she us me him one some such other others just too very please
about because since until per via up out over under between both each every all more most less like thus hence however
therefore don doesn didn isn aren won cannot without never longer unless still already
"""
FUNCTION_WORDS = TRANSPARENT | frozenset(_FUNCTION_WORDS.split())
PRONOUNS = re.compile(
    r"[他她它牠]们?|其|此[\u4e00-\u9fff]{0,2}|[该这那本此][个些种项款座部名位条家]?[\u4e00-\u9fff]{0,2}|前者|后者"
    r"|双方|自己|对方|"
    r"(?:it|they|them|he|she|his|her|its|their|this|these|that|those|the)(?:[a-z ]{0,20})"
)
