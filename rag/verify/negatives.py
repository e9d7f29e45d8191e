"""Words that say "no" by themselves, and those that make one thing the condition of another. Only lists."""

from __future__ import annotations

import re

# What is excluded, refused, ended or lacking: "not" with another verb says the same.
DENYING = re.compile(
    r"免费|免除|免收|免于|豁免|除外|排除|剔除|不含|拒绝|拒收|谢绝|禁止|严禁|杜绝|避免|防止|阻止|阻塞|阻断|取消"
    r"|推迟|延期|搁置"
    r"|中止|中断|停止|停用|停办|停售|停运|停业|停课"
    r"|终止|暂停|暂缓|关闭|关停|封闭|禁用|屏蔽|跳过|忽略|略过|缺少|缺乏|缺失|缺席|丢失|丢弃|失去|失败|失效|作废"
    r"|过期|无效|为空|清空|撤销|驳回|否决|休息|休馆|闭馆"
    r"|放假|歇业|闭园|限流|锁定|冻结|没收|另行|另付|另计|另收|单独|自费|自理|自备|自付|回退|退出|解除|解散|放弃"
    r"|反对|抗议|隐藏|断开|卸载|移除|删除|去除|消除|移走"
    r"|空白|一次性"
    r"|\b(?:free|exempt\w*|exclud\w+|exclusion|except\w*|refus\w+|reject\w*|declin\w+|den(?:y|ies|ied)|forbid\w*"
    r"|forbidden"
    r"|prohibit\w*|ban(?:s|ned)?|prevent\w*|avoid\w*|block(?:s|ed|ing)?|stop(?:s|ped|ping)?|cancel\w*|postpon\w*"
    r"|defer\w*|delay\w*|abort\w*"
    r"|terminat\w+|ceas\w+"
    r"|end(?:s|ed)?|expir\w+|clos(?:e|es|ed)|shut|disabl\w+|inactive|unavailable|invalid|void|skip(?:s|ped)?"
    r"|ignor\w+|omit\w*|lack\w*"
    r"|miss(?:es|ing)?|absent|absence|lost|lose[s]?|fail\w*|waiv\w+|separate(?:ly)?|extra|drop(?:s|ped)?|remov\w+"
    r"|delet\w+|empty|zero"
    r"|unaffected|unsupported|unable|impossible|unchanged|unlimited|unused|unhappy|dissatisfied|discard\w*"
    r"|revok\w+|withdraw\w*"
    r"|withdrawn|suspend\w*|barred|restricted|reserved|hidden|optional\w*|voluntary|voluntarily"
    r"|entitled to refuse)\b",
    re.IGNORECASE,
)
# One thing is the condition of another.
NEEDED = re.compile(
    r"必[须需要得]|须|需要?|要(?![求点素闻塞么])|应[当该]?|得先|先|才|方[可能得]|凭|只有|除非|前提"
    r"|经[\u4e00-\u9fff]{1,8}(?:同意|批准|许可|审核|授权)|之?后"
    r"|\b(?:must|needs?|required?|requires|has to|have to|only|unless|without|after|once|first|before|until"
    r"|provided|with"
    r"|subject to|depend\w*|condition\w*|consent|permission|approv\w+)\b",
    re.IGNORECASE,
)
# What holds where nothing else is said: "if you do not" with other words.
OTHERWISE = re.compile(
    r"否则|不然|默认|缺省|除非|未|不|没|无|非|\b(?:otherwise|default\w*|unless|without|not|no|never|omitted"
    r"|missing|absent|un\w{3,}"
    r"|fail\w*|until|only)\b",
    re.IGNORECASE,
)
# Those who are not meant by an "only".
OTHERS = re.compile(
    r"其他|其它|其余|别的|他人|旁人|外人|外部|以外|之外|除此|(?:普通|一般)(?=用户|成员|员工|会员|职工|人|访客"
    r"|账[号户]|读者|顾客|客户|群众|观众|学生)|(?<![并除绝无莫而是])非(?=[\u4e00-\u9fff]{1,4}(?:[人员户者]|不"
    r"|无))|局外|余下|另外|第三方|外来|下午|上午|晚上"
    r"|\b(?:others?|else|else's|outside\w*|ordinary|plain|regular|normal|non|remaining|rest|external|elsewhere)\b",
    re.IGNORECASE,
)
