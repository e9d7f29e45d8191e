"""Words for what must be, may be, need not be, is planned, is done, and is forbidden. Only lists, as patterns."""

from __future__ import annotations

import re

_I = re.IGNORECASE
MUST = re.compile(
    r"必须|务必|必需|(?<![必无仍])须(?![知臾根眉])|强制|(?<!不)一定要|不得不|非[^，,。]{1,10}不可|有义务|应当"
    r"|\b(?:must(?! not)|has to|have to|had to|(?:is|are) (?:required|obliged) to|mandatory|compulsory|obligatory"
    r"|shall(?! not))\b",
    _I,
)
# What makes a "may" a "must" of some kind: conditions, limits, terms.
BOUND_TO = re.compile(
    r"必|须|需|要|应|只|仅|才|方可|凭|限|得先|内|之?前|起|经|由"
    r"|\b(?:must|needs?|requir\w+|should|shall|only|unless|until|within|before|by|provided|mandatory|have to"
    r"|has to|via|through)\b",
    _I,
)
MAY = re.compile(
    r"可以|(?<![不许认宁])可(?![能是见谓惜怜爱靠变观乐怕信疑悲])|能够|(?<![不功性智技可只才])能(?![力源量耗效])"
    r"|允许|准许|有权|自愿|酌情"
    r"|\b(?:may(?! not)|can(?! not)|could|might|(?:is|are) (?:allowed|permitted|entitled|free|welcome|able) to"
    r"|let|lets|allows?)\b",
    _I,
)
OPTIONAL = re.compile(
    r"自愿|可选|选填|选配|自行决定|自由选择|自由决定|随意|可有可无|不强制|不作强制|(?:不是|非|并非|不)必[须需]"
    r"|不必|无需|无须|不用|不需要|毋须"
    r"|可以不|可不(?!是)|可参加可不|是否[^，,。]{0,12}(?:自定|自便|自己|自行)"
    r"|\b(?:optional\w*|voluntar\w+|not (?:required|mandatory|necessary|compulsory|needed|obliged)|need not"
    r"|needn't|no need"
    r"|(?:don['’]t|doesn['’]t|do not|does not) (?:have|need) to|unnecessary|up to (?:you|them|him|her)|at (?:your"
    r"|their) discretion"
    r"|without (?:having|needing) to)\b",
    _I,
)
MUST_STRICT = re.compile(
    r"(?<![不非])必须|务必|必需|(?<![必无毋仍])须(?![知臾根眉])|强制|一律|应当|不得不|必备"
    r"|\b(?<!not )(?:must|has to|have to|required|requires|mandatory|compulsory|obligatory|shall)\b",
    _I,
)
NOT_NEEDED = re.compile(
    r"(?:不需要|无需|不必|不用|无须|毋须|不须|不要求|无须?经过|不经)(?:再|先|事先|提前|经过?|任何人?|额外|提供"
    r"|出示|提交|获得|取得|得到)*"
    r"|\b(?:no|without(?: any)?|not? need(?: any)?|n['’]t need(?: any)?|not require(?: any)?"
    r"|n['’]t require(?: any)?)"
    r"(?: (?:a|an|the|any|prior|further|special|explicit|written|having|getting|obtaining|asking|to|get|obtain"
    r"|ask|for))*\b",
    _I,
)
ASKED_FOR = re.compile(
    r"须|需|必|应[当先由]|经|凭|持|由|才|方可|\b(?:must|requir\w+|needs?|only|with|after|subject to|prior|unless"
    r"|without|until|provided)\b",
    _I,
)
CONSENT = re.compile(
    r"同意|批准|审批|审核|许可|授权|核准|签字|签批"
    r"|\b(?:consent\w*|approv\w+|permission|permit|authori[sz]\w+|agreement|sign-?off|sign-?ature)\b",
    _I,
)
FORBIDDEN = re.compile(
    r"不可以?(?!或缺|分割|避免|思|逆)|不能|不得(?![不已])|不准|不许|不允许|不予|不接受|不适用|不支持|不受理"
    r"|不开放|无权|无法|禁止|严禁|谢绝|拒绝|除外|排除在外|概不|恕不"
    r"|[请切]?勿(?!论)|(?<!要)不要(?!紧)|别(?![的人名墅处样])"
    r"|\b(?:do not|don['’]t|never) (?=[a-z])|\b(?:cannot|can['’]t|can not|may not|must not|mustn['’]t|(?:is|are"
    r"|be|was|were)(?: \w+)? not (?:allowed"
    r"|permitted|admitted"
    r"|accepted|eligible|entitled|supported|possible|available|covered|included|open|valid|welcome)|(?:isn['’]t"
    r"|aren['’]t) (?:allowed"
    r"|permitted|admitted|accepted|eligible|entitled|supported|possible|available|covered|included|open|valid"
    r"|welcome)"
    r"|forbidden|prohibited|banned|barred|excluded|ineligible|never)\b",
    _I,
)
PLANNED = re.compile(
    r"(?<![原曾])计划|拟(?![合态人声南真])|预计|预定|打算|筹备|筹建|规划(?:中|于|在|建)|有望|尚待|待定|草案"
    r"|征求意见|即将|将(?:于|在|会|来|陆续|逐步)"
    r"|尚未|还没有?|\b(?<!originally )(?:planned|scheduled|proposed|intend\w*|upcoming|forthcoming|roadmap"
    r"|not yet|is expected|are expected"
    r"|(?:later|future|next|coming) (?:release|version|update)s?|to be (?:added|released|opened|built|launched)"
    r"|will(?! not\b)|next year|plans? to)\b",
    _I,
)
DONE = re.compile(
    r"了(?=[，,。.]|$)|"
    r"已经?(?![知久])|现已|业已|早已|如今|目前|正式(?:上线|开放|启用|投入|发布|实施|合并)|建成了?|上线了|完成了"
    r"|投入使用"
    r"|\b(?:already|now|since|currently|has been|have been|was|were|is|are|has|have|had|did|supports?|provides?"
    r"|offers?|includes?)\b",
    _I,
)
NOT_DONE = re.compile(
    r"计划|拟|预计|预定|打算|筹备|规划|有望|待|草案|即将|将|未来|会|尚未|还没|宣布|方案|意向|目标|决定|提议|提案"
    r"|准备"
    r"|\b(?:announc\w*|decid\w*|aim\w*|propos\w*)\b"
    r"|\b(?:plan\w*|scheduled?|propos\w*|intend\w*|upcoming|forthcoming|roadmap|not|yet|expect\w*|future|later"
    r"|will|would|to be|soon"
    r"|next|going to|set to|due|n['’]t)\b",
    _I,
)
SELDOM = re.compile(
    r"甚少|很少|极少|鲜少|罕见|少见|偶尔|难得|几乎不|几乎没有|\b(?:seldom|rarely|hardly(?: ever)?|scarcely"
    r"|almost never|occasionally)\b",
    _I,
)
OFTEN = re.compile(
    r"通常|经常|往往|总是|常常|一般|频繁|屡次|多半|大多|\b(?:usually|often|always|frequently|commonly|generally"
    r"|typically|mostly)\b",
    _I,
)
HEDGED = re.compile(
    r"可能|或许|也许|大概|通常|一般|往往|常常|有时|偶尔|有望|据说|疑似|似乎"
    r"|\b(?:may|might|could|usually|often|sometimes|generally|typically|likely|tends? to|probably|perhaps"
    r"|reportedly|normally)\b",
    _I,
)
CERTAIN = re.compile(
    r"一定(?![程要的范])|必定|必然|必将|保证|肯定会?|绝对|总是|每次都?|百分之百|100%|无疑|确保"
    r"|\b(?:guarante\w+|certainly|definitely|always|invariably|every time|undoubtedly|surely|ensures?|bound to)\b",
    _I,
)
