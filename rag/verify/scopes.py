"""Words for parts, wholes, exceptions and what goes together. Only lists, as patterns."""

from __future__ import annotations

import re

_I = re.IGNORECASE
NEARLY_ALL = re.compile(
    r"(?:几乎|差不多|近乎|并非|不是|未必)(?:所有|全部|全体|每[个一]?|都|任何)"
    r"|\b(?:nearly|almost|virtually|not|practically) (?:all|every\w*|always)\b",
    _I,
)
SOME = re.compile(
    r"(?<![成这该此各两三四五六七八九十一上下前后本外内全大\d])部[分份]|一部[分份]|有的|有些|某些|个别|少数|多数"
    r"|大多|大部[分份]|大半|几乎|绝大|(?:\d|[一二三四五六七八九])成(?![为立本员果功年分交])|不少|许多|很多|若干"
    r"|半数"
    r"|(?<!这)(?<!那)一些"
    r"|\b(?:some|most|many|several|a few|few|nearly|almost|half of|certain|majority|partly|partially|mostly"
    r"|selected)\b",
    _I,
)
# Much of it: whoever leaves that word out says little more.
MORE_OF_IT = re.compile(
    r"不少|许多|很多|若干|many|several|few|a few|half of|半数|certain|selected|partly|partially", _I
)
ALL = re.compile(
    r"所有|任何|全部|全体|一切|一律|无一例外|(?<![首成])都(?![市会江城])|均(?![匀衡线价])|皆|每[个位一名家]"
    r"|各[个位名家]|人人"
    r"|\b(?:all|every|everyone|everybody|each|any|anyone|always|entire\w*|without exception|whole)\b",
    _I,
)
# What keeps a claim from being about all.
HEDGE = re.compile(
    r"可能|有时|通常|一般|往往|常常|主要|例如|比如|等|包括|其中|之一|不全|某|约|近|超过|至少|多|少|半|部分"
    r"|\b(?:may|might|can|could|sometimes|usually|often|generally|typically|mainly|mostly|such as|example"
    r"|including|among|some|one"
    r"|part of|partly|few|several|many|most|about|over|least|number|there)\b",
    _I,
)
# What tells one thing apart from another.
APART = re.compile(
    r"不|未|没有|无[需法权须]|除外|另|单独|只|仅|限|计划|拟|一律|必须|须|禁止|谢绝|停[止用办售运业课开]|取消|自费"
    r"|收费|付费|免|暂"
    r"|例外|则"
    r"|\b(?:not|no|never|cannot|n['’]t|separate\w*|extra|only|except\w*|exclud\w+|planned|requires?|must|instead"
    r"|unless|but|however"
    r"|free|charged|closed|limited|without|unavailable|later|paid)\b",
    _I,
)
JOINED = re.compile(r"以及|和|及(?!时|格|其他)|与(?!否)|、|跟|\b(?:and|as well as|together with|or|plus)\b|&", _I)
PEOPLE = re.compile(
    r"成员|用户|员工|职工|学生|居民|访客|顾客|客户|家长|患者|租户|业主|读者|游客|观众|会员|乘客|司机|教师|老师"
    r"|同学|人员|管理员|编辑|志愿者|群众|市民|嘉宾|参与者|实习生"
    r"|\b(?:members?|users?|guests?|staff|employees?|students?|visitors?|customers?|parents?|patients?|tenants?"
    r"|residents?|readers?"
    r"|drivers?|passengers?|teachers?|interns?|volunteers?|contributors?|developers?|participants?|players?"
    r"|people|admins?|editors?"
    r"|moderators?|owners?|subscribers?|clients?|children|adults)\b",
    _I,
)
NON = re.compile(r"(?:\bnon-?|(?<![并除绝无莫而是])非(?!常|但|要|得|洲|凡))([a-z]{4,}|[\u4e00-\u9fff]{2})", _I)
WHOLE = re.compile(
    r"全年|全天候?|天天|每[天日]都|24小时|随时|任何时候|任何时间|无论何时|无论|不论|不管|不分|无一例外|全程|统统"
    r"|\b(?:throughout|all year|year-round|year round|round the clock|at any time|around the clock|24/7"
    r"|at all hours|any time|whenever|regardless"
    r"|without exception|every day)\b",
    _I,
)
INCLUDING = re.compile(
    r"包括|连同|也包含|在内|即便是|哪怕是|\b(?:including|included|even on|even for|even during)\b", _I
)
EXCEPTION = re.compile(
    r"除外|例外|不包括|不包含|不含|不适用|不在此列|除[^，,。非此]{1,20}[外，,]|(?:节假日|周末|周[一二三四五六日]"
    r"|春节|假期|夜间|冬季|夏季)[^，,。]{0,8}(?:不|停|休|关|闭)"
    r"|但[^，,。]{0,12}(?:不(?!超|得超|会超|少|低|多)|除|仅|只|缺)|缺乏|缺少"
    r"|\b(?:except\w*|excluding|excludes?|other than|apart from|does not (?:run|apply|include|cover|operate)"
    r"|do not (?:run|apply"
    r"|include|cover|operate)|not (?:between|on|during|at|in|over)|closed (?:on|between|during|in|over))\b",
    _I,
)
PRONOUN_START = re.compile(r"\s*(?:但|其中|除|它|他们|该|不过|然而|例外|it|they|this|these|except|however|but|the)", _I)
