"""Text in the encodings that Chinese files come in is told right, also where it is short."""

from __future__ import annotations

import pytest

from rag.documents import decode

SIMPLIFIED = (
    "怎么安装驱动？",
    "退款流程说明",
    "请先阅读本手册，再接通电源。",
    "设备每周清洁一次，滤网破损时立即更换；备件编号 FX-2048。",
    "服务器无法启动时，检查端口是否被占用，然后查看日志里的错误信息。",
    "会议纪要\n一、下周完成测试。\n二、文档由小李负责。",
    "价格：12.5 元",
)
TRADITIONAL = (
    "怎麼安裝驅動程式？",
    "退款流程說明",
    "請先閱讀本手冊，再接通電源。",
    "設備每週清潔一次，濾網破損時立即更換；備件編號 FX-2048。",
    "伺服器無法啟動時，檢查連接埠是否被佔用，然後查看記錄檔裡的錯誤訊息。",
    "會議紀要\n一、下週完成測試。\n二、文件由小李負責。",
    "價格：12.5 元",
)


@pytest.mark.parametrize("text", [*SIMPLIFIED, *TRADITIONAL])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_every_text_comes_out_right(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("text", TRADITIONAL)
def test_traditional_text_in_big5_is_not_taken_for_gb18030(text: str) -> None:
    assert decode(text.encode("big5")) == text


@pytest.mark.parametrize("text", ["Größe, Übung, Maß und Straße", "déjà vu à la crème brûlée", "Привет, как дела?"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp1251", "koi8-r"])
def test_other_encodings_are_refused_with_the_fix_and_not_guessed(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    if data.isascii() or len(data) < len(text):
        return
    with pytest.raises(ValueError, match="save it as UTF-8"):
        decode(data)


def test_text_in_utf16_without_a_mark_is_called_binary() -> None:
    with pytest.raises(ValueError, match="binary"):
        decode("plain".encode("utf-16-le"))
