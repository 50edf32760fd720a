"""Import: an Excel or CSV file becomes rows, each through the same door as a person's form; errors name row and column."""

import csv
import datetime as dt
import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from openpyxl import load_workbook

from siteloop.framework import english, perform
from siteloop.framework.action import Refused
from siteloop.framework.fields import title_of
from siteloop.framework.import_template import MAX_ROWS, allowed, picks_of, required, writable
from siteloop.framework.language import pick
from siteloop.framework.masking import is_masked
from siteloop.framework.page import Page
from siteloop.framework.pages_found import field_at, page_for
from siteloop.framework.scope import visible
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI

MAX_MB = 10
MAX_BYTES = MAX_MB * 1024 * 1024
MAX_UNPACKED = 200 * 1024 * 1024
YES, NO = ("是", "true", "1", "yes", "y", "√"), ("否", "false", "0", "no", "n", "")


@dataclass(frozen=True)
class RowError:
    """What is wrong, where: `row` as numbered in the file (the title line is 1)."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Table:
    """The file as read: form field names of the columns, and the lines with their row numbers."""

    names: tuple[str, ...]
    lines: tuple[tuple[int, tuple[Any, ...]], ...]


@dataclass
class Report:
    """Outcome of an import. `written` is False for a dry run and for an import stopped by its errors."""

    rows: int
    created: int = 0
    updated: int = 0
    written: bool = False
    errors: list[RowError] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For the API."""
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "written": self.written,
            "errors": [{"row": e.row, "column": e.column, "message": e.message} for e in self.errors],
        }


# ---- reading the file


def _both(zh: Any) -> tuple[str, str]:
    """A word as Chinese and as English files hold it: a file is read in either language, whoever reads it."""
    return str(zh), english.terms().get(str(zh), str(zh))


def read(page: Page, upload: Any) -> Table:
    """Parse an uploaded .xlsx or .csv. Raises Refused 422 for anything unreadable, oversized or with unknown columns."""
    name = str(getattr(upload, "name", "")).lower()
    if getattr(upload, "size", 0) > MAX_BYTES:
        raise _unreadable(pick(f"文件超过 {MAX_MB} MB", f"The file is larger than {MAX_MB} MB"), 413)
    body = upload.read()
    if name.endswith(".xlsx"):
        lines = _excel(body)
    elif name.endswith(".csv"):
        lines = _csv(body)
    else:
        raise _unreadable(pick("只接受 .xlsx 或 .csv 文件", "Only .xlsx and .csv files are read"))
    if not lines:
        raise _unreadable(pick("文件是空的", "The file is empty"))
    names = _names(page, lines[0][1])
    kept = tuple((n, cells) for n, cells in lines[1:] if any(c not in (None, "") for c in cells))
    if not kept:
        raise _unreadable(pick("文件没有数据行", "The file has no rows"))
    return Table(names, kept)


def _unreadable(message: str, status: int = 422) -> Refused:
    return Refused(message, status=status, errors={"file": [message]})


def _too_long() -> Refused:
    return _unreadable(pick(f"一次最多导入 {MAX_ROWS} 行", f"At most {MAX_ROWS} rows at once"))


def _excel(body: bytes) -> list[tuple[int, tuple[Any, ...]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if sum(i.file_size for i in packed.infolist()) > MAX_UNPACKED:
                raise _unreadable(pick("文件解压后过大", "The file unpacks too large"), 413)
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as wrong:
        raise _unreadable(pick("不是有效的 Excel 文件", "This is no Excel file")) from wrong
    sheet = book.worksheets[0] if book.worksheets else None
    lines: list[tuple[int, tuple[Any, ...]]] = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True) if sheet is not None else (), 1):
        if number > MAX_ROWS * 2 + 1 or len(lines) > MAX_ROWS + 1:
            raise _too_long()
        if any(c not in (None, "") for c in cells):
            lines.append((number, tuple(cells)))
    return lines


def _csv(body: bytes) -> list[tuple[int, tuple[Any, ...]]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            words = body.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _unreadable(pick("CSV 须为 UTF-8 或 GB 18030 编码", "CSV must be in UTF-8 or GB 18030"))
    reader = csv.reader(io.StringIO(words, newline=""))
    lines: list[tuple[int, tuple[Any, ...]]] = []
    try:
        for cells in reader:
            if len(lines) > MAX_ROWS + 1:
                raise _too_long()
            lines.append((reader.line_num, tuple(cells)))
    except csv.Error as wrong:
        raise _unreadable(pick("不是有效的 CSV 文件", "This is no CSV file")) from wrong
    return lines


def _names(page: Page, head: tuple[Any, ...]) -> tuple[str, ...]:
    known = {n: f.name for f in writable(page) for n in (*_both(f.verbose_name), f.name)}
    names = [known.get(str(h or "").strip().rstrip("*").strip(), "") for h in head]
    while names and not names[-1] and head[len(names) - 1] in (None, ""):
        names.pop()
    unknown = [str(head[i]) for i, n in enumerate(names) if not n]
    if unknown:
        raise _unreadable(pick("不认识的列：", "Unknown columns: ") + pick("、", ", ").join(unknown))
    doubled = sorted({n for n in names if names.count(n) > 1})
    if doubled:
        raise _unreadable(pick("重复的列：", "Columns given twice: ") + pick("、", ", ").join(doubled))
    return tuple(names)


# ---- writing the rows


class _Undo(Exception):
    """Rolls the import back."""


def load(
    page: Page, viewer: Viewer, table: Table, *, dry_run: bool = True, all_or_nothing: bool = True
) -> Report:
    """Create or (by `page.key`) change every row. A dry run does all of it and takes it back.

    With `all_or_nothing` one wrong row keeps the whole file out; otherwise the right rows are written.
    Raises Refused 403 without the import right; a row the person may not write is an error of that row.
    """
    allowed(page, viewer)
    report = Report(rows=len(table.lines))
    try:
        with transaction.atomic():
            for number, cells in table.lines:
                _row(page, viewer, table.names, number, cells, report)
            if dry_run or (report.errors and all_or_nothing):
                raise _Undo
    except _Undo:
        return report
    report.written = report.created + report.updated > 0
    return report


def _row(
    page: Page, viewer: Viewer, names: tuple[str, ...], number: int, cells: tuple[Any, ...], report: Report
) -> None:
    data, wrong = _values(page, viewer, names, number, cells)
    if wrong:
        report.errors += wrong
        return
    try:
        with transaction.atomic():
            if _write(page, viewer, data):
                report.created += 1
            else:
                report.updated += 1
    except Refused as no:
        report.errors += _row_errors(page, number, no)


def _write(page: Page, viewer: Viewer, data: dict[str, Any]) -> bool:
    """Whether the row was new."""
    key = data.get(page.key) if page.key else None
    if key not in (None, ""):
        found = list(visible(page.model, viewer).filter(**{page.key: key})[:2])
        if len(found) > 1:
            raise Refused(
                "多条记录符合",
                errors={
                    page.key: [
                        pick(
                            "多条记录符合，无法确定更新哪一条",
                            "Several records fit: it is unclear which to change",
                        )
                    ]
                },
            )
        if found:
            perform.change_on(page, found[0], viewer, data)
            return False
    perform.create_on(page, viewer, data)
    return True


def _row_errors(page: Page, number: int, no: Refused) -> list[RowError]:
    found = []
    for name, messages in no.errors.items():
        one = field_at(page.model, name)
        title = title_of(one)
        found += [RowError(number, title, message) for message in messages]
    return found or [RowError(number, "", no.message)]


def _values(
    page: Page, viewer: Viewer, names: tuple[str, ...], number: int, cells: tuple[Any, ...]
) -> tuple[dict[str, Any], list[RowError]]:
    """Cells as field values. An empty cell is left out, so that a default or the present value stays."""
    data: dict[str, Any] = {}
    wrong: list[RowError] = []
    for name, cell in zip(names, cells, strict=False):
        one = page.model._meta.get_field(name)
        if not isinstance(one, models.Field):
            continue
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if required(one):
                wrong.append(RowError(number, title_of(one), pick("必填", "required")))
            continue
        try:
            data[name] = value(one, cell, viewer)
        except ValueError as no:
            wrong.append(RowError(number, title_of(one), str(no)))
    given = set(names)
    wrong += [
        RowError(number, title_of(f), pick("缺少此列", "the column is missing"))
        for f in writable(page)
        if required(f) and f.name not in given
    ]
    return data, wrong


def value(one: "models.Field[Any, Any]", cell: Any, viewer: Viewer) -> Any:
    """One cell as the field's value. Raises ValueError with what to say to the person."""
    if isinstance(cell, str):
        cell = cell.strip()
    if one.many_to_many:
        parts = str(cell).replace("；", ";").split(";")
        return [_referred(one, part.strip(), viewer) for part in parts if part.strip()]
    if one.is_relation:
        return _referred(one, cell, viewer)
    if isinstance(one, models.BooleanField):
        return _truth(cell)
    if one.flatchoices:
        return _choice(one, cell)
    if isinstance(one, models.DateTimeField):
        return _moment(cell)
    if isinstance(one, models.DateField):
        return _day(cell)
    if isinstance(one, models.CharField | models.TextField) or is_masked(one):
        # Excel turns codes into numbers; 3304.0 was typed as 3304
        return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    return cell


def _truth(cell: Any) -> bool:
    word = str(cell).lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError(pick("须为“是”或“否”", "must be yes or no"))


def _choice(one: "models.Field[Any, Any]", cell: Any) -> Any:
    word = str(cell)
    for code, title in one.flatchoices:
        if word in (str(code), *_both(title)):
            return code
    raise ValueError(pick("不在可选范围内：", "must be one of: ") + pick("、", ", ").join(picks_of(one)))


def _moment(cell: Any) -> dt.datetime:
    try:
        moment = (
            cell if isinstance(cell, dt.datetime) else dt.datetime.fromisoformat(str(cell).replace("/", "-"))
        )
    except ValueError as wrong:
        raise ValueError(
            pick("须为时间，如 2026-01-31 08:30", "must be a time such as 2026-01-31 08:30")
        ) from wrong
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _day(cell: Any) -> dt.date:
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    try:
        year, month, day = str(cell).replace("/", "-").replace(".", "-").split("-")
        return dt.date(int(year), int(month), int(day))
    except ValueError as wrong:
        raise ValueError(pick("须为日期，如 2026-01-31", "must be a date such as 2026-01-31")) from wrong


def _referred(one: "models.Field[Any, Any]", cell: Any, viewer: Viewer) -> Any:
    """The row a cell means: by the register's key, a unique field, its name, or its number; only among visible rows."""
    model: Any = one.related_model
    word = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    rows = visible(model, viewer)
    for lookup in _lookups(model):
        found = list(rows.filter(**{lookup: word}).values_list("pk", flat=True)[:2])
        if len(found) > 1:
            raise ValueError(
                pick(f"“{word}”有多条记录符合，请填编号", f"several records fit “{word}”: give the number")
            )
        if found:
            return found[0]
    if word.isdecimal() and len(word) < 19 and rows.filter(pk=int(word)).exists():
        return int(word)
    raise ValueError(pick(f"找不到“{word}”", f"“{word}” is not found"))


def _lookups(model: type[models.Model]) -> list[str]:
    page = page_for(model)
    keys = [page.key] if page is not None and page.key else []
    named = [f for f in model._meta.concrete_fields if isinstance(f, models.CharField) and not is_masked(f)]
    keys += [f.name for f in named if f.unique]
    keys += [f.name for f in named if f.name in ("name", "title", "number", "code")]
    return list(dict.fromkeys(keys))
