"""Chinese verbs that somebody does to somebody, and nouns for the two sides of a matter. Only lists."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from rag.verify.english.forms import form

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
# Other verbs with which a predicate begins.
_PREDICATES = """
擅长 精通 善于 从事 研究 教授 爱好 掌管 主管 分管 担任 出任 当选 创作 撰写 编写 设计 建造 制造 生产 发明 发现 拥有
占据 达到 约为 共有 称为 叫做 名为 出生 去世 毕业 就读 任教 任职 居住 生活 栖息 生长 分布 原产 开花 结果 捕食 觅食
飞行 游泳 产卵 孵化 繁殖 运行 运营 营业 开放 关闭 开通 通车 动工 竣工 落成 启用 停用 停运 停业 发射 发布 发行 出版
上映 播出 首播 推出 问世 上市 下市 更新 升级 安装 卸载 下载 上传 打印 扫描 登录 注册 登记 提交 申请 审批 审核 批准
签署 签订 生效 失效 到期 过期 保留 保存 存储 存放 删除 清理 清空 备份 恢复 迁移 导入 导出 读取 查询 检索 搜索 统计
计算 处理 执行 调用 返回 抛出 报错 重启 启动 停止 暂停 继续 完成 取消 退订 退款 退还 返还 缴纳 支付 付款 收费 扣除
扣费 减免 优惠 打折 赔偿 承担 负担 报销 补贴 发放 领取 领用 归还 借阅 借用 续借 预约 预订 报名 考试 上课 放假 休息
加班 出差 请假 辞职 离职 入职 转正 晋升 参观 入场 入园 入住 退房 乘坐 乘车 停车 停放 行驶 到达 出发 起飞 降落 抵达
离开 进入 送达 配送 发货 收货 退货 换货 保修 维修 检修 检查 检测 体检 就诊 挂号 住院 出院 手术 服用 注射 接种 感染
传播 预防 诊断 治疗 饮用 食用 烹饪 种植 养殖 采摘 收获 加工 销售 购买 采购 投标 中标 开标 验收 移交 接收 接待 通知
告知 答复 回复 投诉 举报 处罚 罚款 没收 吊销 暂扣 监控 报警 巡逻 值班 交接 使用 采用 依靠 依赖 需用 选用 改用 转让
转租 转借 出租 承租 出售 抵押 担保 涉及 针对 面向 服务 帮助 协助 配合 监督 指导 培训 组织 举办 主办 承办 召开 讨论
决定 选举 表决 通过 否决 公布 公示 宣布 声明 承诺 保证 确保 保护 维护 保养 清洁 消毒 冲洗 晾晒 加热 冷却 燃烧 爆炸
融化 蒸发 凝固 溶解 反应
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
甲方/乙方 甲方/丙方 乙方/丙方 出租方/承租方 出租人/承租人 房东/租客 房东/房客 业主/物业 买方/卖方 买家/卖家
供方/需方 发包方/承包方 委托方/受托方 委托人/受托人 雇主/雇员 用人单位/劳动者 用人单位/员工 公司/员工 企业/职工
贷款人/借款人 出借人/借款人 债权人/债务人 保险人/投保人 保险人/被保险人 投保人/被保险人 原告/被告 申请人/被申请人
教师/学生 老师/学生 家长/学生 医生/患者 医生/病人 护士/病人 父亲/母亲 父母/子女 丈夫/妻子 哥哥/弟弟 姐姐/妹妹
客户端/服务端 客户端/服务器 发送方/接收方 发件人/收件人 寄件人/收件人 商家/买家 商家/顾客 平台/商家 平台/用户
主队/客队 前端/后端 管理员/成员 管理员/用户 主管/员工 经理/员工 总经理/部门经理 师父/徒弟 上级/下级 主机/从机
主库/从库 主节点/从节点 国王/王后 皇帝/皇后
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
def predicate() -> str:
    """A regular expression for any verb of two characters."""
    return "|".join(dict.fromkeys((*_DONE_TO.split(), *_PREDICATES.split())))


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
def sides() -> dict[str, frozenset[str]]:
    """Each noun for a side of a matter with those for the other side; the English ones without their endings."""
    found: dict[str, set[str]] = {}
    for entry in (*_SIDES.split(), *_SIDES_EN.split()):
        one, other = (side if not side.isascii() else form(side) for side in entry.split("/"))
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {side: frozenset(others) for side, others in found.items()}


@cache
def _any_side() -> re.Pattern[str]:
    return re.compile("|".join(sorted(sides(), key=len, reverse=True)))


@lru_cache(maxsize=4096)
def sides_in(text: str) -> frozenset[str]:
    """The sides that a text names."""
    return frozenset(_any_side().findall(text))
