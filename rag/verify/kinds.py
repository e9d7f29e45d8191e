"""Places, languages, colours, days and the like: words of which a text names one or another. It knows no text."""

from __future__ import annotations

# Things of which a text names one or another; a member that the evidence lacks is another thing.
KINDS = tuple(
    tuple(line.split())
    for line in """
北京 上海 天津 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 广州 深圳 杭州 南京 苏州 成都 武汉 西安 长沙 郑州 青岛 大连 厦门 宁波 沈阳 哈尔滨 昆明 福州 济南 合肥 台北 东京 大阪 巴黎 伦敦 纽约 柏林 罗马 莫斯科 华盛顿
中国 美国 英国 法国 德国 日本 韩国 俄罗斯 印度 意大利 西班牙 加拿大 澳大利亚 巴西 荷兰 瑞士 瑞典 挪威 丹麦 芬兰 波兰 奥地利 比利时 葡萄牙 希腊 土耳其 埃及 墨西哥 阿根廷 泰国 越南 新加坡 马来西亚 菲律宾 印尼
亚洲 欧洲 非洲 北美洲 南美洲 大洋洲
红色 橙色 黄色 绿色 蓝色 紫色 黑色 白色 灰色 棕色 粉色 金色 银色
英语 法语 德语 日语 韩语 俄语 汉语 中文 英文 日文
春季 夏季 秋季 冬季
上午 下午 晚上 凌晨
每分钟 每小时 每天 每周 每月 每季度 每年
hourly daily nightly weekly monthly quarterly yearly
monday tuesday wednesday thursday friday saturday sunday
january february march april june july august september october november december
red orange yellow green blue purple black white gray grey brown pink
""".strip().splitlines()
)


def other_member(old: str, new: str) -> bool:
    """Whether a part that names one of a kind gave way to a part that names another of it."""
    for kind in KINDS:
        if not kind[0].isascii():
            before = {word for word in kind if word in old}
            after = {word for word in kind if word in new}
            if before and after and not before & after:
                return True
    return False
