"""The same document as a Word file, for the authorities whose archive wants one. Laid out after the PDF."""

import io
from pathlib import Path
from typing import Any

from django.conf import settings
from docx import Document as WordFile
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from siteloop.foundation.documents.setting import qr_png

#: faces by the names Office knows them
SONG, HEI, FANGSONG = "宋体", "黑体", "仿宋"
_ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.JUSTIFY,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}


def docx(sheet: dict[str, Any]) -> bytes:
    """The Word file of a sheet (`store.sheet`)."""
    file = WordFile()
    page = file.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin, page.right_margin, page.top_margin, page.bottom_margin = Mm(28), Mm(26), Mm(32), Mm(30)
    file.core_properties.title = f"{sheet['title']} {sheet['number']}"
    file.core_properties.author = sheet["authority"]
    _line(file, sheet["authority"], 20, SONG, "center", bold=True)
    _line(file, sheet["title"], 25, SONG, "center", bold=True)
    _line(file, sheet["number"], 13, FANGSONG, "right")
    if sheet["addressee"]:
        _line(file, f"{sheet['addressee']}：", 14, FANGSONG)
    for block in sheet["blocks"]:
        _BLOCKS[block["block"]](file, block)
    _line(file, sheet["authority"], 14, FANGSONG, "right")
    _line(file, f"{sheet['date']}（印章）" if sheet["sealed"] else sheet["date"], 14, FANGSONG, "right")
    file.add_picture(io.BytesIO(qr_png(sheet["url"])), width=Mm(24))
    _line(file, f"核验码 {sheet['code']}  {sheet['url']}", 9, SONG)
    if sheet["copies_to"]:
        _line(file, f"抄送：{sheet['copies_to']}", 11, FANGSONG)
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def _line(
    file: Any,
    text: str,
    size: float,
    face: str,
    align: str = "left",
    *,
    bold: bool = False,
    indent: bool = False,
) -> None:
    paragraph = file.add_paragraph()
    paragraph.alignment = _ALIGN[align]
    paragraph.paragraph_format.space_after = Pt(4)
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(size * 2)
    _run(paragraph, text, size, face, bold)


def _run(paragraph: Any, text: str, size: float, face: str, bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.name, run.bold = Pt(size), face, bold
    run.element.rPr.rFonts.set(qn("w:eastAsia"), face)


def _text(file: Any, b: dict[str, Any]) -> None:
    _line(file, b["text"], 14, FANGSONG, b["align"], bold=b["bold"], indent=b["indent"])


def _head(file: Any, b: dict[str, Any]) -> None:
    _line(file, b["text"], 14, HEI)


def _cell(cell: Any, text: str, face: str = FANGSONG) -> None:
    _run(cell.paragraphs[0], text, 11.5, face)


def _facts(file: Any, b: dict[str, Any]) -> None:
    table = file.add_table(rows=0, cols=2, style="Table Grid")
    for name, value in b["rows"]:
        cells = table.add_row().cells
        _cell(cells[0], name, HEI)
        _cell(cells[1], value)
        cells[0].width, cells[1].width = Mm(36), Mm(120)


def _grid(file: Any, b: dict[str, Any]) -> None:
    table = file.add_table(rows=1, cols=len(b["head"]), style="Table Grid")
    for cell, text in zip(table.rows[0].cells, b["head"], strict=True):
        _cell(cell, text, HEI)
    total = sum(b["widths"]) or len(b["head"])
    for row in b["rows"]:
        for i, (cell, text) in enumerate(zip(table.add_row().cells, row, strict=True)):
            _cell(cell, text)
            cell.width = Mm(156 * (b["widths"][i] if b["widths"] else 1) / total)


def _signs(file: Any, b: dict[str, Any]) -> None:
    for label in b["labels"]:
        _line(file, f"{label}：________________    年   月   日", 12, FANGSONG)


def _pictures(file: Any, b: dict[str, Any]) -> None:
    for path, caption in b["items"]:
        file.add_picture(str(Path(settings.FILES) / path.lstrip("/")), width=Mm(90))
        _line(file, caption, 10, SONG)


_BLOCKS = {
    "text": _text,
    "head": _head,
    "facts": _facts,
    "grid": _grid,
    "signs": _signs,
    "pictures": _pictures,
}
