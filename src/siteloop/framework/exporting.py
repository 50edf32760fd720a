"""Export: the rows a viewer may see, filtered as on screen, as CSV or Excel; masked, streamed, and noted in the trail."""

import csv
import datetime as dt
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import IO, Any
from urllib.parse import quote

from django.db import transaction
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from siteloop.framework import trail
from siteloop.framework.action import Refused
from siteloop.framework.fields import kind_of, raw, text
from siteloop.framework.language import pick
from siteloop.framework.listing import Listing, titles
from siteloop.framework.page import Column, Page
from siteloop.framework.perform import permission_of, require
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MAX_EXCEL_ROWS = 200_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
#: a cell that starts so is run as a formula by spreadsheet programs
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def response(
    page: Page,
    viewer: Viewer,
    params: dict[str, str],
    form: str,
    *,
    strict: bool = False,
    only: tuple[str, ...] | None = None,
) -> HttpResponseBase:
    """A download of all columns or `only` the named ones. Raises Refused 403 without the export right, 422 for an unknown format, filter or too many rows."""
    if not page.exportable:
        raise Refused("此登记表不能导出", status=404)
    require(viewer, permission_of(page.model, "export"))
    if form not in FORMATS:
        raise Refused("导出格式须为 csv 或 xlsx", status=422, errors={"format": ["csv 或 xlsx"]})
    listing = Listing(page, viewer, {k: v for k, v in params.items() if k not in ("page", "page_size")})
    if strict:
        listing.check_names()
    count = listing.count
    if form == "xlsx" and count > MAX_EXCEL_ROWS:
        most = pick(
            f"Excel 最多导出 {MAX_EXCEL_ROWS} 行，请缩小范围或改用 CSV",
            f"Excel takes {MAX_EXCEL_ROWS} rows at most: narrow it down or take CSV",
        )
        raise Refused(most, status=422)
    with transaction.atomic():
        trail.record(
            viewer,
            permission_of(page.model, "export"),
            None,
            f"{viewer.name}导出{page.title} {count} 条（{form}）",
            changes={"filters": listing.params, "count": count},
            model=page.model,
        )
    name = f"{pick(page.title, page.title_en)}-{timezone.localtime():%Y%m%d-%H%M}.{form}"
    if form == "csv":
        answer: HttpResponseBase = StreamingHttpResponse(lines(listing, only), content_type=FORMATS["csv"])
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
        return answer
    return FileResponse(
        workbook(listing, only), as_attachment=True, filename=name, content_type=FORMATS["xlsx"]
    )


class _Line:
    """What csv.writer writes into: hands the line back."""

    def write(self, line: str) -> str:
        return line


def lines(listing: Listing, only: tuple[str, ...] | None = None) -> Iterator[bytes]:
    """CSV in UTF-8 with a byte order mark, so that Excel reads the Chinese."""
    shown = titles(listing.page, only)
    writer = csv.writer(_Line())
    yield "\ufeff".encode() + _written(writer, [title for _, title in shown])
    for row in listing.stream():
        yield _written(writer, [_safe(text(row, column)) for column, _ in shown])


def _written(writer: Any, cells: list[str]) -> bytes:
    return str(writer.writerow(cells)).encode()


def _safe(cell: str) -> str:
    """Plain numbers stay; other text that would be run as a formula gets an apostrophe."""
    if cell.startswith(_FORMULA) and not re.fullmatch(r"[-+]?\d[\d,]*(\.\d+)?%?", cell):
        return "'" + cell
    return cell


def table(
    viewer: Viewer, permission: str, title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """A screen's own table as CSV, told in the trail. Raises Refused 403 without the permission."""
    require(viewer, permission)
    with transaction.atomic():
        trail.record(viewer, permission, None, f"{viewer.name}导出{title}（csv）")
    writer = csv.writer(_Line())
    start = "\ufeff".encode() + _written(writer, list(heads))
    lines = (_written(writer, [_safe("" if c is None else str(c)) for c in row]) for row in rows)
    answer = StreamingHttpResponse(chain([start], lines), content_type=FORMATS["csv"])
    name = f"{title}-{timezone.localtime():%Y%m%d-%H%M}.csv"
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def workbook(listing: Listing, only: tuple[str, ...] | None = None) -> IO[bytes]:
    """An Excel file written row by row to a temporary file."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(
        re.sub(r"[\\/*?:\[\]]", "", pick(listing.page.title, listing.page.title_en))[:31]
        or pick("导出", "Export")
    )
    sheet.freeze_panes = "A2"
    shown = titles(listing.page, only)
    head = []
    for _, title in shown:
        cell = WriteOnlyCell(sheet, value=title)
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    for row in listing.stream():
        sheet.append([_cell(sheet, row, column) for column, _ in shown])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet: Any, row: Any, column: Column) -> Any:
    """Numbers and dates keep their type; everything else is text, never a formula."""
    kind = kind_of(type(row), column)
    value = raw(row, column) if kind in ("number", "money", "date", "datetime", "percent") else None
    if isinstance(value, bool) or value is None:
        cell = WriteOnlyCell(sheet, value=_CONTROL.sub("", text(row, column)))
        cell.data_type = "s"
        return cell
    if isinstance(value, dt.datetime):
        return value.astimezone(SHANGHAI).replace(tzinfo=None)
    if isinstance(value, int | float | Decimal | dt.date):
        return value
    cell = WriteOnlyCell(sheet, value=_CONTROL.sub("", text(row, column)))
    cell.data_type = "s"
    return cell
