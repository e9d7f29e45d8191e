"""Text from bytes: tells UTF-8, UTF-16, UTF-32, GB18030 and Big5 apart. It knows no files.

GB18030 and Big5 both take almost any pair of bytes, so the right one is told by how common the characters are that
come out: text in the wrong one is full of rare characters.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins alike
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
HEAD_CHARS = 20_000
_UNDECODABLE = "undecodable: neither UTF-8, UTF-16, GB18030 nor Big5; save it as UTF-8"
_COMMON_SHARE = 0.7
_MOST_USED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然"
    "家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把"
    "机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果"
    "加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔"
    "更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展"
    "马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共"
    "确传师观清今切院让识候带导争运笔版本安装配置文件夹码网络错误系统数据库密钥启动运行服务器客户价格支持升级退款订"
)


def decode(data: bytes) -> str:
    """Text from bytes: by its mark, else UTF-8, else GB18030 or Big5; line ends become ``\\n``.

    Raises:
        ValueError: the bytes are no text in any of these.
    """
    text = _decode(data)
    if len(_CONTROL.findall(text[:HEAD_CHARS])) > min(len(text), HEAD_CHARS) / 100:
        raise ValueError("binary, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise ValueError(f"undecodable: it is marked as {encoding} but is not ({error.reason})") from error
    if b"\0" in data[:8192]:
        raise ValueError("binary, not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_chinese(data)


def _decode_chinese(data: bytes) -> str:
    """The better of GB18030 and Big5, where what comes out is common enough to be text."""
    found: list[tuple[float, str]] = []
    for encoding, standard in (("gb18030", "gb2312"), ("big5hkscs", "big5")):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        share, used = _commonness(text, standard)
        if share >= _COMMON_SHARE:
            found.append((used, text))
    if not found:
        raise ValueError(_UNDECODABLE)
    return max(found, key=lambda one: one[0])[1]  # of equals GB18030, which comes first


def _commonness(text: str, standard: str) -> tuple[float, float]:
    """The share of the foreign characters that are ordinary ones, and how common they are in all."""
    foreign = [char for char in text[:HEAD_CHARS] if not char.isascii()]
    if not foreign:
        return 1.0, 0.0
    weights = _weights(standard)
    known = sum(char in weights or len(char.encode(standard, "ignore")) == 2 for char in foreign)
    return known / len(foreign), sum(weights.get(char, 0.0) for char in foreign) / len(foreign)


@cache
def _weights(standard: str) -> dict[str, float]:
    """How much a character speaks for a text: the most used ones most, those of the standard's first level some.

    Texts in GB18030 may be in traditional characters, too, which tell a little less.
    """
    used = dict.fromkeys(_MOST_USED, 1.0) | dict.fromkeys("，。、；：？！“”‘’（）《》「」『』—…\u3000", 0.8)
    traditional = dict.fromkeys(_MOST_USED_TRADITIONAL, 1.0)
    if standard == "big5":
        return dict.fromkeys(_first_level("big5", range(0xA4, 0xC7)), 0.4) | used | traditional
    weights = dict.fromkeys(_first_level("big5", range(0xA4, 0xC7)), 0.25)
    simplified = dict.fromkeys(_first_level("gb2312", range(0xB0, 0xD8)), 0.4)
    return weights | dict.fromkeys(traditional, 0.8) | simplified | used


def _first_level(standard: str, rows: range) -> list[str]:
    """The characters that a standard lists first, as the more common ones."""
    cells = [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    found = (bytes((row, at)).decode(standard, "ignore") for row in rows for at in cells)
    return [char for char in found if len(char) == 1]


_MOST_USED_TRADITIONAL = (
    "這個們來為國說時會對著發後裡經麼學動還進樣實軍無與長機關點業將兩間問應戰頭體見產製話頁門論處義幾認條氣題別變"
    "總電數報結務場計資許統區隊決馬書則聽卻達強難權標設記類據邊張該規萬覺術領確傳師觀讓識帶導爭運筆裝檔夾碼網絡誤"
    "庫啟務戶價級訂請嗎過開從現樣給員東聲兒賣買車號"
)
