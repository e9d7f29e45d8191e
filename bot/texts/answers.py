"""What the bot says with or instead of an answer, and the reasons that `/why` gives."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # answers
    "not_covered": ("知识库里没有找到这个问题的答案。", "The knowledge base does not cover this."),
    "from_web": ("（知识库里没有，以下来自网页，请自行核实：）", "(Not in the knowledge base; this is from the web:)"),
    "reason_web": ("知识库答不了，依据网页：{pages}", "not in the knowledge base; from the web: {pages}"),
    "reason_web_none": ("也搜索了网页，没有找到答案", "the web was searched, too, without an answer"),
    "web_source": ("网页：{title}", "Web: {title}"),
    "nearest": ("最接近的文档：{titles}", "Nearest documents: {titles}"),
    "other_language": ("（文档里只有英文的说法：）", "(The documents say this in Chinese only:)"),
    "no_knowledge": (
        "知识库还没有建好，请管理员运行 qunda build。",
        "There is no knowledge base yet; an admin has to run qunda build.",
    ),
    "empty_mention": (
        "我在。把问题和 @ 写在同一条消息里，我就去知识库里找答案；/help 看命令。",
        "Yes? Put your question in the same message and I will look it up; /help lists the commands.",
    ),
    "greeting": (
        "在呢。有问题 @ 我直接问就好，/help 看命令。",
        "Hello! Mention me with a question about the documents; /help lists the commands.",
    ),
    "picture_unread": (
        "图片里的文字我没能读出来，请把关键的文字贴出来再问我。",
        "I could not read any text in the picture; please paste the words that matter.",
    ),
    "overloaded": ("现在消息太多，这条没能处理，请稍后再问。", "Too many messages right now; please ask again later."),
    "limited_person": (
        "你问得有点快，请 {minutes} 分钟后再问。",
        "That was a lot of questions; please ask again in {minutes} min.",
    ),
    "limited_group": (
        "本群这一小时的回答次数用完了，请 {minutes} 分钟后再问。",
        "This group has used up its answers for the hour; please ask again in {minutes} min.",
    ),
    "off_hours": (
        "现在是休息时间，{until} 起再回答问题。",
        "I am off duty now and will answer again from {until}.",
    ),
    "failed:retrieve": (
        "知识库暂时读不出来，已记录。",
        "The knowledge base cannot be read right now; this was logged.",
    ),
    "failed:internal": ("出了点内部问题，已记录。", "Something went wrong on my side; this was logged."),
    "failed:timeout": (
        "大模型没有在时限内回答，请稍后再试。",
        "The language model took too long; please try again later.",
    ),
    "failed:auth": (
        "大模型拒绝了密钥，请管理员检查 [llm] api_key。",
        "The language model refused the key; an admin has to check [llm] api_key.",
    ),
    "failed:rate_limit": ("大模型限流了，请稍后再试。", "The language model is rate-limited; please try again later."),
    "failed:generate": (
        "大模型暂时不可用，请稍后再试。",
        "The language model is not available right now; please try again later.",
    ),
    # reasons of silence that the gate does not give
    "reason_mode": ("本群只回答 @ 我的消息", "only mentions are answered here"),
    "reason_off": ("本群没有开启", "switched off in this group"),
    "reason_paused": ("管理员已暂停（/resume 恢复）", "paused by an admin (/resume)"),
    "reason_hours": ("不在工作时间内（{until} 恢复）", "outside the work hours (until {until})"),
    "reason_budget": ("今天的 token 预算用完了，答案只摘自文档", "today's token budget is used up; quotes only"),
    "reason_empty": ("没有文字", "no text"),
    "reason_continues": ("和上文“{earlier}”连起来判断", "judged together with ‹{earlier}›"),
    "reason_understood": ("理解为“{text}”", "understood as ‹{text}›"),
    "reason_picture": ("图片里读到“{text}”", "read in the picture: ‹{text}›"),
    "reason_picture_unread": ("图片里没有读到文字", "no text could be read in the picture"),
    "reason_taken_back": ("提问者撤回了这条消息", "its author took the message back"),
    "reason_bot": ("机器人发的消息", "sent by a bot"),
    "reason_abstained": ("检索到的段落不足以回答", "the passages found do not support an answer"),
    "reason_unsupported": ("写出的答案没有通过核对", "what the model wrote did not pass the check"),
    "reason_leak": ("模型泄露了提示词，已拦下", "the model told its prompt; that was stopped"),
    "reason_loop": ("模型不停重复，已截断", "the model repeated itself without end; that was stopped"),
    "reason_long": ("模型写得没完没了，已截断", "the model did not come to an end; that was stopped"),
    "reason_language": ("模型没有用提问的语言回答", "the model answered in another language"),
    # content safety: never the words themselves, since whoever is in the group reads it
    "withheld": ("这个问题我不便回答。", "I cannot help with this one."),
    "safety_question": ("问题", "the question"),
    "safety_answer": ("答案", "the answer"),
    "reason_prohibited": ("{what}含有禁用词（词表 {place}）", "{what} holds a listed word (word list {place})"),
    "reason_moderated": ("{what}没有通过内容审核接口", "the moderation endpoint objects to {what}"),
    "reason_unmoderated": (
        "内容审核接口不可用，{what}未放行",
        "the moderation endpoint is down, so {what} was held back",
    ),
    "why_withheld": ("（原文不再显示）", "(not repeated here)"),
    # how an answer was verified
    "verdict_verbatim": ("核对：原文摘录，逐字一致", "check: quoted word for word"),
    "verdict_counts": (
        "核对：保留 {kept} 句，改标 {moved} 句，删去 {dropped} 句",
        "check: {kept} sentences kept, {moved} with other marks, {dropped} dropped",
    ),
    "verdict_dropped": ("删“{text}”：{reason}", "dropped “{text}”: {reason}"),
    "verdict_moved": ("改标“{text}”", "other marks for “{text}”"),
    "fault_mark": ("没有出处", "no source"),
    "fault_cover": ("出处里没有这个意思", "its source does not say so"),
    "fault_number": ("数字不符：{detail}", "another number: {detail}"),
    "fault_name": ("出处里没有：{detail}", "not in its source: {detail}"),
    "fault_swap": ("张冠李戴：{detail}", "put in another's place: {detail}"),
    "fault_negation": ("肯定和否定反了", "says yes for no, or no for yes"),
    "fault_opposite": ("意思相反", "says the opposite"),
    "fault_limit": ("多了“只/仅”", "an “only” that is not there"),
    "fault_universal": ("多了“所有/总是”", "an “all” or “always” that is not there"),
    "fault_bound": ("至少和至多反了", "at least for at most"),
    "fault_detail": ("出处里没有这一点：{detail}", "not told by its source: {detail}"),
    "fault_condition": ("漏掉了条件或例外：{detail}", "a condition or an exception is missing: {detail}"),
    "fault_strength": ("说得比出处重", "stronger than its source puts it"),
    "fault_wider": ("说得比出处广", "wider than its source"),
    "fault_code": ("代码里有出处没有的：{detail}", "code that its source lacks: {detail}"),
    "fault_order": ("文档里的指令，不算依据", "an instruction from a document"),
    "fault_repeated": ("重复", "said before"),
    "fault_entailment": ("模型判断出处不支持", "a model finds no support in the source"),
    "reason_unknown_command": ("没有这个命令", "no such command"),
}
