"""Makes the fixture files of every format in tests/data/formats/files. They are committed; run this to change them.

    python tests/data/make_formats.py [--golden]

``--golden`` writes the passages as they are cut now to tests/data/formats/golden: read the difference before it is
committed. The scanned page and the picture need a font with Chinese characters (fonts-wqy-microhei, for instance).
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent.parent)]

from make_office import docx, pptx, xlsx, xlsx_faq  # noqa: E402
from pdf_files import Page, Picture, Text, pdf  # noqa: E402

FOLDER = Path(__file__).resolve().parent / "formats"
FILES = FOLDER / "files"
TEXTS = FOLDER / "texts"
FONTS = ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SCANNED = ("设备维护手册", "每周检查一次滤网，", "发现破损立即更换。", "备件编号：FX-2048")
TRADITIONAL = (
    "關於伺服器的設定\n\n請先開啟設定檔，填入資料庫的位址與密碼，然後重新啟動服務。\n如果連線失敗，請檢查防火牆。\n"
)
SIMPLIFIED = (
    "关于服务器的设置\n\n请先打开配置文件，填入数据库的地址与密码，然后重新启动服务。\n如果连接失败，请检查防火墙。\n"
)
FAQ = (
    ("怎么重置管理员密码？", "运行 `zephyr reset-admin`，\n按提示输入新密码。"),
    ("支持退款吗？", "购买后七天内可以退款。"),
)

LEFT = """The first column tells how
valves are cleaned. Use a dry
cloth and never any solvent
that attacks the seals.
Then close the cover."""
RIGHT = """The second column tells how
pumps are oiled. Two drops a
month are enough for most
of the machines in use,
and none in winter."""


def texts() -> Iterator[tuple[str, bytes]]:
    """Text in several encodings, and question-answer pairs."""
    yield "big5.txt", TRADITIONAL.encode("big5")
    yield "gb18030.txt", SIMPLIFIED.encode("gb18030")
    yield "utf16.txt", SIMPLIFIED.encode("utf-16")
    pairs = [{"question": question, "answer": answer} for question, answer in FAQ]
    yield "faq.json", json.dumps(pairs, ensure_ascii=False, indent=1).encode()
    yield "faq.csv", '问题,答案\r\n安装需要多大内存？,"至少 4 GB，\n推荐 8 GB。"\r\n'.encode("gb18030")
    yield "stock.csv", '编号,名称,库存\r\nFX-1,滤网,12\r\nFX-2,"泵, 大号",3\r\n'.encode()
    yield "notebook.ipynb", json.dumps(notebook(), ensure_ascii=False, indent=1).encode()


def notebook() -> dict[str, object]:
    """Two cells of text and one of code with its output."""
    code = {
        "cell_type": "code",
        "source": ["total = 6 * 7\n", "print(total)"],
        "outputs": [{"output_type": "stream", "name": "stdout", "text": ["42\n"]}],
    }
    words = [{"cell_type": "markdown", "source": text} for text in ("# 计算示例\n\n先把两个数相乘。", "结果写进报告。")]
    metadata = {"kernelspec": {"name": "python3", "language": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [words[0], code, words[1]]}


def pdfs() -> Iterator[tuple[str, bytes]]:
    """A manual with running heads and a table, a page of two columns, and a scanned page."""
    yield "manual.pdf", pdf([_framed(n, lines) for n, lines in enumerate(_manual(), 1)])
    yield "columns.pdf", pdf([_columns()])
    yield "scan.pdf", pdf([scanned(SCANNED)])


def _framed(number: int, lines: list[Text]) -> Page:
    head, foot = Text(72, 810, "Zephyrlink manual, edition 3", 9), Text(290, 30, f"- {number} -", 9)
    return [head, *lines, foot]


def _manual() -> list[list[Text]]:
    first = [
        Text(72, 770, "Zephyrlink", 24),
        Text(72, 730, "Installation", 16),
        Text(72, 700, "The installer copies all files to the working directory and regis-"),
        Text(72, 686, "ters the service. It needs administrator rights and about two minutes."),
        Text(72, 656, "安装完成以后，打开管理页面，填写序列号。序列号印在包装盒的"),
        Text(72, 642, "侧面，共十六位，输入时不区分大小写。"),
        Text(72, 612, "The service listens on port 8443, and every request has to carry the token that the"),
    ]
    second = [
        Text(72, 770, "page for administrators shows. Tokens expire after thirty days."),
        Text(72, 730, "Limits", 16),
        *(
            Text(x, 700 - 16 * row, cell)
            for row, cells in enumerate(
                (("Plan", "Users", "Storage"), ("Basic", "10", "5 GB"), ("Team", "50", "80 GB"))
            )
            for x, cell in zip((72, 220, 360), cells, strict=True)
        ),
    ]
    third = [
        Text(72, 770, "Support", 16),
        Text(72, 740, "- Write to the help desk."),
        Text(72, 726, "- Name your plan."),
    ]
    return [first, second, third]


def _columns() -> Page:
    lines = [Text(72, 780, "Care of machines", 18)]
    for row, (one, other) in enumerate(zip(LEFT.splitlines(), RIGHT.splitlines(), strict=True)):
        lines += [Text(72, 740 - 14 * row, one), Text(320, 740 - 14 * row, other)]
    return lines


def scanned(lines: tuple[str, ...], scale: int = 1) -> Picture:
    """A page as a scanner sees it."""
    from PIL import Image

    picture = drawn(lines, (827, 1169), 40).resize((827 // scale, 1169 // scale))
    assert isinstance(picture, Image.Image)
    return Picture(picture.width, picture.height, picture.tobytes())


def drawn(lines: tuple[str, ...], size: tuple[int, int], height: int) -> Any:
    """A grey picture of lines of text."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(next(path for path in FONTS if Path(path).exists()), height)
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        pen.text((height, height + 2 * height * row), line, fill=0, font=font)
    return picture


def png(lines: tuple[str, ...]) -> bytes:
    """A sign."""
    out = io.BytesIO()
    drawn(lines, (640, 240), 36).save(out, "PNG", optimize=True)
    return out.getvalue()


def bundle(inside: dict[str, bytes]) -> bytes:
    """A zip with a zip in it, and names in GB18030 as Windows writes them."""
    inner = _zipped({"深处.md": "# 深处\n\n压缩包里的压缩包。\n".encode()})
    return _zipped({**inside, "inner.zip": inner, "__MACOSX/x.md": b"no", "logo.svg": b"<svg/>"})


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def make() -> None:
    """Write all files."""
    FILES.mkdir(parents=True, exist_ok=True)
    made = {path.name: path.read_bytes() for path in sorted(TEXTS.iterdir())}
    made |= dict(texts()) | dict(pdfs())
    made |= {"report.docx": docx(), "deck.pptx": pptx(), "prices.xlsx": xlsx(), "faq.xlsx": xlsx_faq()}
    made["sign.png"] = png(("小心地滑", "Caution: wet floor"))
    made["bundle.zip"] = bundle(
        {"docs/readme.md": b"# Read me\n\nUnpacked from a zip.\n", "docs/stock.csv": made["stock.csv"]}
    )
    for name, data in made.items():
        (FILES / name).write_bytes(data)


def golden() -> None:
    """Write the passages as they are cut now."""
    from rag.documents import Document, read_documents
    from rag.passages import cut

    for old in (FOLDER / "golden").glob("*.json"):
        old.unlink()
    for item in read_documents([FILES]):
        if isinstance(item, Document):
            rows = [
                {"title": p.source, "place": p.place, "headings": p.headings, "question": p.question, "text": p.text}
                for p in cut(item, 300)
            ]
            name = item.uri.replace("/", "__")
            (FOLDER / "golden" / f"{name}.json").write_text(
                json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8"
            )
        else:
            print(item)


if __name__ == "__main__":
    golden() if "--golden" in sys.argv else make()
