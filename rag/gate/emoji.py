"""Emoji, and the names in brackets that chat platforms write for theirs. It knows no text beside them."""

import re

_NAMES = (
    "微笑 撇嘴 色 发呆 得意 流泪 害羞 闭嘴 睡 大哭 尴尬 发怒 调皮 呲牙 惊讶 难过 酷 囧 冷汗 抓狂 吐 偷笑 可爱 愉快 "
    "白眼 傲慢 饥饿 困 惊恐 流汗 憨笑 悠闲 大兵 奋斗 咒骂 疑问 嘘 晕 疯了 折磨 衰 骷髅 敲打 再见 擦汗 抠鼻 鼓掌 "
    "糗大了 坏笑 左哼哼 右哼哼 哈欠 鄙视 委屈 快哭了 阴险 亲亲 吓 可怜 笑脸 生病 脸红 破涕为笑 恐惧 失望 无语 嘿哈 "
    "捂脸 奸笑 机智 皱眉 耶 吃瓜 加油 汗 天啊 社会社会 旺柴 好的 打脸 哇 翻白眼 让我看看 叹气 苦涩 裂开 嘴唇 爱心 "
    "心碎 拥抱 强 弱 握手 胜利 抱拳 勾引 拳头 合十 啤酒 咖啡 蛋糕 玫瑰 凋谢 菜刀 炸弹 便便 月亮 太阳 庆祝 礼物 红包 "
    "福 发 烟花 爆竹 猪头 跳跳 发抖 转圈 怄火 磕头 回头 跳绳 投降 激动 乱舞 献吻 doge 笑哭 赞 点赞 比心 心 玫瑰花 "
    "送花 爱你 飞吻 抱抱 表情 动画表情 smile grimace drool scowl cool cooldude sob shy silent sleep cry awkward "
    "angry tongue grin surprise frown blush scream puke chuckle joyful slight smug drowsy panic laugh commando "
    "scold shocked shhh dizzy toasted skull hammer bye speechless nosepick clap trick pooh-poohed shrunken "
    "tearingup sly kiss whimper happy sick flushed lol terror letdown duh hey facepalm smirk smart concerned yeah "
    "onlooker goforit sweats omg emm respect noprob mybad wow boring awesome letmesee sigh hurt broken lips heart "
    "brokenheart hug thumbsup thumbsdown shake peace salute beckon fist ok worship beer coffee cake rose wilt "
    "cleaver bomb poop moon sun party gift packet rich blessing fireworks firecracker pig waddle tremble twirl "
    "sticker emoji "
)
_ALTERNATIVES = "|".join(sorted(map(re.escape, _NAMES.split()), key=len, reverse=True))
_EMOJI = re.compile(
    rf"\[(?:{_ALTERNATIVES})\]"
    r"|[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff][\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]*",
    re.IGNORECASE,
)
_SAYS = re.compile(r"[^\W_]")


def replace_emoji(text: str, sign: str) -> str:
    """``text`` with ``sign`` for every emoji."""
    return _EMOJI.sub(sign, text)


def without_emoji(text: str) -> str:
    """``text`` without the emoji that stand beside words; a text of emoji alone stays."""
    bare = replace_emoji(text, " ")
    return bare if bare != text and _SAYS.search(bare) else text
