"""The empty file of an import: which columns it has, what may be chosen, and a sheet that explains them."""

import io
from typing import Any

from django.db import models
from django.http import HttpResponse
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from siteloop.framework import perform
from siteloop.framework.action import Refused
from siteloop.framework.fields import choices_of, title_of
from siteloop.framework.language import is_english, pick, term
from siteloop.framework.page import Page
from siteloop.framework.viewer import Viewer

MAX_ROWS = 5_000
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def allowed(page: Page, viewer: Viewer) -> None:
    """Raises Refused 404 for a register that takes no files, 403 without the import right."""
    if not (page.importable and page.form and page.can_create):
        raise Refused("此登记表不能导入", status=404)
    perform.require(viewer, perform.permission_of(page.model, "import"))


def writable(page: Page) -> "list[models.Field[Any, Any]]":
    """The form's fields that a cell can hold."""
    found = [page.model._meta.get_field(name) for name in page.form]
    return [
        f
        for f in found
        if isinstance(f, models.Field) and not isinstance(f, models.FileField | models.JSONField)
    ]


def required(one: "models.Field[Any, Any]") -> bool:
    """Whether a cell of it may not be left empty."""
    return not (one.blank or one.null or one.has_default())


def response(page: Page, viewer: Viewer) -> HttpResponse:
    """Download of the empty file. Raises Refused 403 without the import right."""
    allowed(page, viewer)
    answer = HttpResponse(template(page), content_type=EXCEL)
    answer.headers["Content-Disposition"] = f'attachment; filename="{page.code}-import.xlsx"'
    return answer


def template(page: Page) -> bytes:
    """An Excel file with the titles, pick lists for choices, and a sheet that explains every column."""
    book = Workbook()
    sheet = book.active
    sheet.title = pick("数据", "Data")
    notes = book.create_sheet(pick("填写说明", "How to fill in"))
    notes.append([pick("列", "Column"), pick("必填", "Required"), pick("说明", "Notes")])
    for number, one in enumerate(writable(page), 1):
        cell = sheet.cell(1, number, title_of(one))
        cell.font = Font(bold=True)
        if required(one):
            cell.fill = PatternFill("solid", fgColor="FFF2CC")
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = max(14, len(title_of(one)) * (1.2 if is_english() else 2.2))
        picks = picks_of(one)
        listed = ",".join(picks)
        if picks and len(listed) < 250 and not any("," in p or '"' in p for p in picks):
            rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=not required(one))
            sheet.add_data_validation(rule)
            rule.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
        notes.append([title_of(one), pick("是", "yes") if required(one) else "", _explained(page, one)])
    sheet.freeze_panes = "A2"
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def picks_of(one: "models.Field[Any, Any]") -> list[str]:
    """What can be chosen for it, in the reader's language."""
    if isinstance(one, models.BooleanField):
        return [pick("是", "yes"), pick("否", "no")]
    return [title for value, title in choices_of(one) if value not in ("None", "")]


def _explained(page: Page, one: "models.Field[Any, Any]") -> str:
    words = []
    if picks_of(one):
        words.append(pick("可选：", "one of: ") + pick("、", ", ").join(picks_of(one)))
    if isinstance(one, models.DateTimeField):
        words.append(pick("北京时间，如 2026-01-31 08:30", "Beijing time, such as 2026-01-31 08:30"))
    elif isinstance(one, models.DateField):
        words.append(pick("如 2026-01-31", "such as 2026-01-31"))
    if one.is_relation:
        several = pick("，多个用分号分隔", "; several parted by semicolons") if one.many_to_many else ""
        words.append(pick("填编号或名称", "number or name") + several)
    if one.name == page.key:
        words.append(
            pick(
                "按此列识别：已有的更新，没有的新增",
                "rows are known by this column: changed if there, else new",
            )
        )
    if one.help_text:
        words.append(term(str(one.help_text)))
    return pick("；", "; ").join(words)
