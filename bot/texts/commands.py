"""What commands say."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "admin_only": ("{command} 只有管理员能用。", "Only admins may use {command}."),
    "unknown_command": ("没有 {command} 这个命令，/help 列出全部。", "There is no {command}; /help lists all."),
    "help_title": ("命令（括号里是别名）：", "Commands (aliases in brackets):"),
    "help_admin": ("仅管理员", "admins only"),
    "help_asker": ("管理员或提问者", "admins and whoever asked"),
    "whoami": (
        "你的号是 `{key}`，本群是 `{group}`。把前者写进 config.ini 的 [bot] admins，就成为管理员。",
        "You are `{key}` and this group is `{group}`. Put the former into [bot] admins in config.ini to become an admin.",
    ),
    "nothing_decided": ("本群还没有判断过消息。", "No message has been judged in this group yet."),
    "quote_unknown": ("我没有见过引用的那条消息。", "I have not seen the quoted message."),
    "quote_needed": ("请引用一条消息再发 {command}。", "Quote a message when you send {command}."),
    "quote_command": ("那是一条命令，不能当例子。", "That is a command, not an example."),
    "quote_empty": ("引用的消息没有文字。", "The quoted message has no text."),
    "good_added_here": (
        "记下了：本群以后回答这类问题。（{command} 撤销 可撤回，例子 #{id}）",
        "Noted: questions like this are answered in this group from now on. (Undo: {command} undo; example #{id})",
    ),
    "good_added_all": (
        "记下了：所有群以后都回答这类问题。（{command} 撤销 all 可撤回，例子 #{id}）",
        "Noted: questions like this are answered in all groups from now on. (Undo: {command} undo all; example #{id})",
    ),
    "bad_added_here": (
        "记下了：本群以后不回答这类消息。（{command} 撤销 可撤回，例子 #{id}）",
        "Noted: messages like this stay unanswered in this group from now on. (Undo: {command} undo; example #{id})",
    ),
    "bad_added_all": (
        "记下了：所有群以后都不回答这类消息。（{command} 撤销 all 可撤回，例子 #{id}）",
        "Noted: messages like this stay unanswered in all groups from now on. "
        "(Undo: {command} undo all; example #{id})",
    ),
    "example_known": ("这条已经记过了（例子 #{id}）。", "That is known already (example #{id})."),
    "example_opposite": (
        "例子 #{id} 说的正相反，以这一条为准。",
        " Example #{id} says the opposite; this one counts.",
    ),
    "example_wordless": (
        "里面没有文字，学不到什么。",
        "There are no words in it, so there is nothing to learn from it.",
    ),
    "example_undone": ("已撤销例子 #{id}：{text}", "Example #{id} undone: {text}"),
    "example_none": ("没有可以撤销的例子。", "There is no example to undo."),
    "undo_wrong": (
        "写 {command} 撤销（本群最近一条）、{command} 撤销 all（所有群最近一条）或 {command} 撤销 #编号。",
        "Write {command} undo (the latest of this group), {command} undo all (of all groups) or {command} undo #NUMBER.",
    ),
    "recalled": ("已撤回。", "Withdrawn."),
    "recalled_learned": (
        "已撤回，本群以后不再回答这类消息（管理员可以用 /bad 撤销 收回这一点）。",
        "Withdrawn, and messages like that one stay unanswered in this group from now on (an admin takes that back with /bad undo).",
    ),
    "recall_nothing": ("本群没有可以撤回的回答。", "There is no answer of mine to withdraw in this group."),
    "recall_failed": ("没能撤回：{error}", "Could not withdraw it: {error}"),
    "paused": (
        "已暂停，本群里只响应命令；/resume 恢复。",
        "Paused: only commands are answered in this group; /resume ends it.",
    ),
    "resumed": ("已恢复。", "Resumed."),
    "dial_show": (
        "本群的旋钮：每 1000 条消息最多 {dial} 条不该回的（/dial 数字 来改，/dial 默认 恢复）。{note}",
        "The dial of this group: at most {dial} unwanted replies per 1,000 messages (/dial NUMBER changes it, /dial default resets it). {note}",
    ),
    "dial_set": (
        "旋钮已设为每 1000 条最多 {dial} 条不该回的。{note}",
        "The dial is at {dial} unwanted replies per 1,000 messages now. {note}",
    ),
    "dial_wrong": (
        "旋钮要一个大于 0、不超过 900 的数字，例如 /dial 10；想让我先别说话，用 /pause。",
        "The dial takes a number above 0, up to 900, for example /dial 10; to silence me altogether use /pause.",
    ),
    "reload_started": (
        "正在重建知识库，期间照常回答；完成后告诉你。",
        "Rebuilding the knowledge; I keep answering meanwhile and will report.",
    ),
    "reload_running": ("已经在重建了。", "A rebuild is running already."),
    "reload_done": (
        "知识库已更新：新增 {added}，修改 {changed}，删除 {removed}，失败 {failed}；共 {documents} 个文档、{passages} 个段落（新算了 {embedded} 个的向量），用时 {seconds} 秒。",
        "Knowledge updated: {added} added, {changed} changed, {removed} removed, {failed} failed; "
        "{documents} documents, {passages} passages ({embedded} embedded now), {seconds} s.",
    ),
    "reload_rebuilt": ("全部重建了：{why}", "Everything was rebuilt: {why}"),
    "reload_same": ("知识库没有变化（{documents} 个文档）。", "The knowledge is unchanged ({documents} documents)."),
    "reload_failed": (
        "重建失败，继续用原来的版本：{error}",
        "The rebuild failed; the previous version stays in use: {error}",
    ),
    "reload_file": ("- {uri}：{reason}", "- {uri}: {reason}"),
    "source_kept": (
        "- 来源 {entry} 这次没有取到，继续用上次的内容：{detail}",
        "- source {entry} could not be fetched, its last copy stays: {detail}",
    ),
    "source_failed": ("- 来源 {entry} 没有取到：{detail}", "- source {entry} could not be fetched: {detail}"),
    "source_note": ("- 来源 {entry}：{detail}", "- source {entry}: {detail}"),
    "reload_partial": ("- {uri}（已收录，但有保留）：{reason}", "- {uri} (kept, with a reservation): {reason}"),
    "masked": ("已隐去 {n} 处密钥、令牌或密码", "keys, tokens or passwords masked: {n}"),
    "see_log": ("原因见日志", "the log says why"),
    "reload_more": ("……另有 {n} 个", "... and {n} more"),
    "why_head": ("“{text}” → {outcome}", "“{text}” → {outcome}"),
    "why_score": (
        "值得回答的把握 {probability}，门槛 {threshold}",
        "probability that it wants an answer {probability}, threshold {threshold}",
    ),
    "status_title": ("群答 {version}，已运行 {uptime}", "Qunda {version}, up {uptime}"),
    "status_adapter": ("接入 {name}：{state}{detail}", "adapter {name}: {state}{detail}"),
    "status_base": (
        "知识库 {base}：版本 {version}，{documents} 个文档、{passages} 个段落{warning}",
        "base {base}: version {version}, {documents} documents, {passages} passages{warning}",
    ),
    "status_no_base": ("知识库：没有可用的版本，请运行 qunda build", "knowledge: no usable version; run qunda build"),
    "status_restarts": (
        "计算进程意外退出过 {n} 次，已自动重启；原因见日志",
        "the computing process died {n} times and was started again; the log may say why",
    ),
    "fault_out": ("{part}没有启用，{instead}：{detail}", "{part} out of use, so {instead}: {detail}"),
    "fault_failing": (
        "{part}出错，{instead}（已 {n} 次）：{detail}",
        "{part} fails, so {instead} ({n} times so far): {detail}",
    ),
    "fault_recovered": (
        "{part}出过错，现已恢复；其间 {n} 次{instead}",
        "{part} failed and works again; {n} times meanwhile, {instead}",
    ),
    "part_embedder": ("向量模型", "embedder"),
    "part_reranker": ("重排模型", "reranker"),
    "part_llm": ("本机对话模型", "local chat model"),
    "part_moderation": ("内容审核接口", "moderation endpoint"),
    "instead_moderation": ("由 moderation_failure 决定", "moderation_failure decides"),
    "instead_embedder": ("只按词语检索和判断", "searching and judging go by words alone"),
    "instead_reranker": ("段落不重排", "passages keep their order"),
    "instead_llm": ("答案摘引自文档", "answers are quoted from the documents"),
    "status_gate": ("本群判断：{note}", "gate of this group: {note}"),
    "status_counts": ("最近 24 小时：{counts}", "last 24 hours: {counts}"),
    "status_none": ("无消息", "no messages"),
    "status_queue": ("排队 {unfinished} 条", "{unfinished} messages waiting"),
    "status_unknown": (
        "有 {n} 条回复不知道是否发出（未重发）",
        "{n} replies have an unknown outcome (not sent again)",
    ),
    "status_store": ("存储：{state}{detail}", "store: {state}{detail}"),
    "status_paused": ("本群已暂停", "this group is paused"),
    "outcome_answered": ("已回答", "answered"),
    "outcome_silent": ("沉默", "silent"),
    "outcome_abstained": ("没有把握，未答", "abstained"),
    "outcome_command": ("命令", "command"),
    "outcome_merged": ("已合并", "merged"),
    "outcome_limited": ("超出限额", "limited"),
    "outcome_overloaded": ("过载", "overloaded"),
    "outcome_expired": ("过期", "expired"),
    "outcome_failed": ("失败", "failed"),
}
