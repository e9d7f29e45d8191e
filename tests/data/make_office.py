"""Makes the office files among the fixtures: a report, slides and workbooks. See make_formats.py."""

from __future__ import annotations

import datetime
import io
from typing import Any


def docx() -> bytes:
    """Headings, lists, code, a table with merged cells, an inserted and a deleted word, a text box is not made here."""
    import docx as library
    from docx.shared import Pt

    document = library.Document()
    document.sections[0].header.paragraphs[0].text = "confidential header"
    document.add_heading("季度报告", 0)
    document.add_paragraph("本报告说明第三季度的销售情况。")
    document.add_heading("销售", 1)
    document.add_paragraph("华东区增长最快。", style="List Bullet")
    document.add_paragraph("华北区持平。", style="List Bullet")
    document.add_paragraph("First step", style="List Number")
    table = document.add_table(rows=4, cols=3)
    cells = [("区域", "产品", "销量"), ("华东", "滤网", "1200"), ("华东", "泵", "300"), ("合计", "", "1500")]
    for row, texts in enumerate(cells):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(2, 0).text = ""
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(3, 0).merge(table.cell(3, 1))
    document.add_heading("附注", 2)
    paragraph = document.add_paragraph("数据来自")
    _tracked(paragraph, "ins", "财务系统")
    _tracked(paragraph, "del", "手工统计")
    paragraph.add_run("。# 不是标题")
    paragraph.runs[0].font.size = Pt(11)
    return _saved(document)


def _tracked(paragraph: Any, kind: str, text: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    change, run = OxmlElement(f"w:{kind}"), OxmlElement("w:r")
    content = OxmlElement("w:delText" if kind == "del" else "w:t")
    content.text = text
    change.set(qn("w:author"), "an editor")
    run.append(content)
    change.append(run)
    paragraph._p.append(change)


def pptx() -> bytes:
    """Bullets with levels and notes, a table with a merged cell, a chart, a hidden slide."""
    import pptx as library
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Cm

    deck = library.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "发布计划"
    frame = first.placeholders[1].text_frame
    frame.text = "九月内测"
    frame.add_paragraph().text = "邀请二十家客户"
    frame.paragraphs[1].level = 1
    frame.add_paragraph().text = "十一月公测"
    first.notes_slide.notes_text_frame.text = "口头说明：公测不收费。"
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Budget"
    table = second.shapes.add_table(3, 2, Cm(2), Cm(4), Cm(12), Cm(3)).table
    for row, texts in enumerate((("Item", "Cost"), ("Servers", "900"), ("All", ""))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(2, 0).merge(table.cell(2, 1))
    data = CategoryChartData()
    data.categories = ["2024", "2025"]
    data.add_series("用户", (120, 450))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Cm(2), Cm(9), Cm(12), Cm(6), data)
    hidden = deck.slides.add_slide(deck.slide_layouts[5])
    hidden.shapes.title.text = "Not for members"
    hidden._element.set("show", "0")
    return _saved(deck)


def xlsx() -> bytes:
    """Merged cells, dates, shares, a formula without a value, a hidden sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "价格"
    for row in (
        ("二〇二六年价格表", None, None, None),
        ("产品", "规格", "单价", "生效"),
        ("滤网", "小", 12.5, datetime.date(2026, 1, 1)),
        (None, "大", 20, datetime.date(2026, 3, 1)),
        ("折扣", "团购", 0.15, None),
        ("合计", None, "=SUM(C3:C4)", None),
    ):
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("A3:A4")
    sheet["C5"].number_format = "0%"
    other = book.create_sheet("Contacts")
    other.append(("Name", "Phone"))
    other.append(("Mia", 5550100))
    book.create_sheet("secret").append(("salary", 1))
    book["secret"].sheet_state = "hidden"
    return _saved(book)


def xlsx_faq() -> bytes:
    """Questions with answers."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in (("Question", "Answer"), ("Where is the log file?", "In /var/log/zephyr.log."), ("Empty?", None)):
        book.active.append(row)
    return _saved(book)


def _saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
