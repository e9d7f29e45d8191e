"""Chinese verbs that somebody does to somebody, and nouns for the two sides of a matter. Only lists."""

from __future__ import annotations

import re
from functools import cache

_DONE_TO = """
收购 并购 吞并 合并 兼并 击败 战胜 打败 大胜 完胜 险胜 淘汰 战败 输给 负于 不敌 败给 任命 提拔 推荐 举荐 起诉 控告
状告 指控 举报 邀请 聘请 聘用 雇用 雇佣 委托 委派 派遣 通知 告知 赔偿 补偿 支付 交付 移交 转让 出租 租给 借给 卖给
售予 售给 出售 送给 赠送 赠予 赠给 传给 传授 让给 嫁给 迎娶 收养 抚养 养育 教导 指导 辅导 师从 师承 拜师 资助 赞助
投资 取代 替代 替换 代替 接替 接任 继承 继任 攻打 攻击 进攻 袭击 入侵 侵略 占领 征服 消灭 杀死 杀害 刺杀 击杀 处死
处决 俘虏 囚禁 逮捕 拘捕 释放 赦免 流放 驱逐 率领 带领 领导 指挥 管理 监督 监管 审核 审批 审查 检查 考核 评估 批准
授权 支持 反对 弹劾 批评 赞扬 称赞 表扬 影响 启发 保护 护送 救助 营救 治疗 照顾 追赶 追击 跟随 追随 服从 听命 隶属
附属 属于 依赖 依靠 调用 控制 触发 覆盖 包含 包括 引用 导入 继承 封装 派生 超过 超越 领先 落后 位列 暗恋 爱上 喜欢
欺骗 背叛 劝谏 劝说 请求 要求 命令 求助 效忠 投降 投靠 归顺 臣服 册封 加封 封赏 写信 上书 汇报 报告 请示 申请 提供
供应 供货 发送 回复 转交 归还 退还 返还 担保 抵押 质押
"""
# Verbs that say the same; those behind the bar say it of the two the other way round.
_GROUPS = """
击败 战胜 打败 大胜 完胜 险胜 淘汰 力克 | 输给 负于 不敌 败给
收购 并购 买下 吞并 兼并 |
包含 包括 | 属于 隶属
嫁给 | 迎娶
指导 教导 辅导 | 师从 师承
率领 带领 领导 指挥 | 跟随 追随 服从 听命
超过 超越 领先 | 落后
卖给 售予 售给 出售 | 买下
聘请 聘用 雇用 雇佣 | 受雇于 任职于
取代 替代 代替 替换 |
起诉 控告 状告 |
通知 告知 |
赠送 赠予 赠给 送给 | 获赠
依赖 依靠 | 支撑
攻打 攻击 进攻 袭击 |
接替 接任 继任 |
"""
# Two sides of a matter, each of which may be taken for the other.
_SIDES = """
甲方/乙方 甲方/丙方 乙方/丙方 出租方/承租方 出租人/承租人 房东/租客 房东/房客 业主/物业 买方/卖方 买家/卖家 供方/需方
发包方/承包方 委托方/受托方 委托人/受托人 雇主/雇员 用人单位/劳动者 用人单位/员工 公司/员工 企业/职工 贷款人/借款人
出借人/借款人 债权人/债务人 保险人/投保人 保险人/被保险人 投保人/被保险人 原告/被告 申请人/被申请人 教师/学生 老师/学生
家长/学生 医生/患者 医生/病人 护士/病人 父亲/母亲 父母/子女 丈夫/妻子 哥哥/弟弟 姐姐/妹妹 客户端/服务端 客户端/服务器
发送方/接收方 发件人/收件人 寄件人/收件人 商家/买家 商家/顾客 平台/商家 平台/用户 主队/客队 前端/后端 管理员/成员
管理员/用户 主管/员工 经理/员工 总经理/部门经理 师父/徒弟 上级/下级 主机/从机 主库/从库 主节点/从节点 国王/王后
皇帝/皇后
"""
_SIDES_EN = """
tenant/landlord lessor/lessee buyer/seller customer/supplier vendor/customer employer/employee lender/borrower
creditor/debtor insurer/insured plaintiff/defendant teacher/student teacher/pupil parent/child doctor/patient
nurse/patient client/server sender/receiver sender/recipient host/guest manager/employee supervisor/intern
owner/member owner/guest member/guest admin/user administrator/user reviewer/author editor/author publisher/author
contractor/client licensor/licensee principal/agent mentor/trainee driver/passenger husband/wife father/mother
brother/sister son/daughter king/queen home/away provider/customer operator/passenger master/slave primary/replica
parents/teachers visitor/host instructor/participant organiser/participant carrier/customer
"""


@cache
def done_to() -> re.Pattern[str]:
    """Any of the verbs."""
    words = {*_DONE_TO.split(), *grouped_zh()}
    return re.compile("|".join(sorted(words, key=len, reverse=True)))


@cache
def grouped_zh() -> dict[str, tuple[str, int]]:
    """Verbs of groups, each with the group's name, and -1 where it tells the matter from the other side."""
    return groups(_GROUPS)


def groups(lines: str) -> dict[str, tuple[str, int]]:
    """The words of lines with a bar in each, with the line's first word and the side of the bar."""
    found: dict[str, tuple[str, int]] = {}
    for line in lines.strip().splitlines():
        one, _, other = line.partition("|")
        for sign, side in ((1, one), (-1, other)):
            found |= {word: (one.split()[0], sign) for word in side.split() if word not in found}
    return found


@cache
def sides() -> tuple[tuple[str, str], ...]:
    """The pairs of nouns for two sides of a matter, in both languages."""
    pairs = (entry.split("/") for entry in (*_SIDES.split(), *_SIDES_EN.split()))
    return tuple((one, other) for one, other in pairs)
