"""The tables of the national data standard (建办市〔2018〕81号): one Excel sheet a table, out and in.

Table and column names are those seen in working upload programs; the text of the standard itself is 未核实 (standards.md §4),
with its own spellings (Propietor, BuilderLincenceNum). Columns for ID numbers are written empty: persons' numbers leave the
platform only from the people register, opened with a purpose. Money is in 万元, area in ㎡.
"""

import datetime as dt
import io
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException

from siteloop.foundation.registry.models import Project
from siteloop.framework import perform
from siteloop.framework.action import Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.project_stages.models import (
    Completion,
    Contract,
    DrawingReview,
    Permit,
    Reviewed,
    Tender,
)

MAX_BYTES, MAX_ROWS, MAX_UNPACKED = 10 * 1024 * 1024, 5_000, 200 * 1024 * 1024


@dataclass(frozen=True)
class Table:
    """`columns` maps the standard's names to fields of ours; "" is a column we know of and leave empty."""

    name: str
    title: str
    model: type[Project] | type[Reviewed]
    key: str  # column by which a row is known again within its project
    columns: dict[str, str]


_CORPS = {
    "EconCorpName": "survey_name",
    "EconCorpCode": "survey_code",
    "DesignCorpName": "design_name",
    "DesignCorpCode": "design_code",
}
TABLES = (
    Table(
        "TBProjectInfo",
        "项目基本信息",
        Project,
        "PrjNum",
        {
            "PrjNum": "code",
            "PrjInnerNum": "inner_code",
            "PrjName": "name",
            "CountyNum": "region_code",
            "PrjApprovalNum": "approval_number",
            "BuldPlanNum": "land_permit_number",
            "ProjectPlanNum": "plan_permit_number",
            "AllInvest": "total_investment_wan",
            "AllArea": "floor_area",
            "PrjSize": "size_text",
            "BDate": "started_on",
        },
    ),
    Table(
        "TBTenderInfo",
        "招投标信息",
        Tender,
        "TenderInnerNum",
        {
            "TenderName": "name",
            "TenderNum": "number",
            "TenderInnerNum": "inner_number",
            "PrjNum": "project",
            "TenderClassNum": "tender_class",
            "TenderTypeNum": "tender_type",
            "TenderResultDate": "result_date",
            "TenderMoney": "money_wan",
            "PrjSize": "size_text",
            "Area": "area",
            "AgencyCorpName": "agency_name",
            "AgencyCorpCode": "agency_code",
            "TenderCorpName": "winner_name",
            "TenderCorpCode": "winner_code",
            "ConstructorName": "leader_name",
            "IDCardTypeNum": "",
            "ConstructorIDCard": "",
        },
    ),
    Table(
        "TBContractRecordManage",
        "合同备案信息",
        Contract,
        "RecordInnerNum",
        {
            "RecordName": "name",
            "RecordNum": "number",
            "RecordInnerNum": "inner_number",
            "PrjNum": "project",
            "ContractNum": "contract_number",
            "ContractTypeNum": "kind",
            "ContractMoney": "money_wan",
            "PrjSize": "size_text",
            "ContractDate": "signed_on",
            "PropietorCorpName": "owner_name",
            "PropietorCorpCode": "owner_code",
            "ContractorCorpName": "contractor_name",
            "ContractorCorpCode": "contractor_code",
            "UnionCorpName": "union_name",
            "UnionCorpCode": "union_code",
        },
    ),
    Table(
        "TBProjectCensorInfo",
        "施工图审查信息",
        DrawingReview,
        "CensorNum",
        {
            "CensorNum": "number",
            "CensorInnerNum": "inner_number",
            "PrjNum": "project",
            "CensorCorpName": "body_name",
            "CensorCorpCode": "body_code",
            "CensorEDate": "finished_on",
            "PrjSize": "size_text",
            **_CORPS,
            "OneCensorIsPass": "passed_first",
            "OneCensorWfqtCount": "violations",
            "OneCensorWfqtContent": "violation_text",
        },
    ),
    Table(
        "TBBuilderLicenceManage",
        "施工许可信息",
        Permit,
        "BuilderLicenceNum",
        {
            "BuilderLicenceName": "name",
            "BuilderLicenceNum": "number",
            "BuilderLicenceInnerNum": "inner_number",
            "PrjNum": "project",
            "BuldPlanNum": "land_permit_number",
            "ProjectPlanNum": "plan_permit_number",
            "CensorNum": "drawing_number",
            "ContractMoney": "contract_wan",
            "Area": "area",
            "PrjSize": "size_text",
            "IssueCertDate": "issued_on",
            **_CORPS,
            "ConsCorpName": "contractor_name",
            "ConsCorpCode": "contractor_code",
            "SuperCorpName": "supervisor_name",
            "SuperCorpCode": "supervisor_code",
            "SafetyCerID": "safety_licence",
            "ConstructorName": "leader_name",
            "ConstructorIDCard": "",
            "SupervisionName": "chief_name",
            "SupervisionIDCard": "",
        },
    ),
    Table(
        "TBProjectFinishManage",
        "竣工验收备案信息",
        Completion,
        "PrjFinishInnerNum",
        {
            "PrjFinishName": "name",
            "PrjFinishNum": "number",
            "PrjFinishInnerNum": "inner_number",
            "PrjNum": "project",
            "BuilderLincenceNum": "permit_number",
            "QCCorpName": "body_name",
            "QCCorpCode": "body_code",
            "FactCost": "cost_wan",
            "FactArea": "area",
            "FactSize": "size_text",
            "PrjStructureTypeNum": "structure_type",
            "BDate": "started_on",
            "EDate": "finished_on",
            "Mark": "mark",
        },
    ),
)
BY_NAME = {t.name.lower(): t for t in TABLES}


@dataclass(frozen=True)
class WrongCell:
    """What is wrong, where."""

    table: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.table} 第 {self.row} 行 {self.column}：{self.message}"


@dataclass
class Loaded:
    """Outcome of an import; with an error nothing was written."""

    created: int = 0
    updated: int = 0
    errors: list[WrongCell] = field(default_factory=list)


# ---- out


def book(viewer: Viewer, project: Project | None = None) -> bytes:
    """All tables of the projects the viewer may see (or of one project) as an Excel file. Only records that passed review."""
    found = Workbook(write_only=True)
    for table in TABLES:
        sheet = found.create_sheet(table.name)
        sheet.freeze_panes = "A2"
        sheet.append(list(table.columns))
        for row in _rows(table, viewer, project):
            sheet.append([_out(row, name) for name in table.columns.values()])
    body = io.BytesIO()
    found.save(body)
    return body.getvalue()


def _rows(table: Table, viewer: Viewer, project: Project | None) -> "models.QuerySet[Any]":
    if issubclass(table.model, Project):
        rows = Project.objects.visible_to(viewer).order_by("code")
        return rows.filter(pk=project.pk) if project is not None else rows
    records: models.QuerySet[Any] = (
        table.model.objects.visible_to(viewer).filter(state="passed").select_related("project")
    )
    return (records.filter(project=project) if project is not None else records).order_by("pk")


def _out(row: Any, name: str) -> Any:
    if not name:
        return None
    value = getattr(row, name)
    if isinstance(value, Project):
        return value.code
    if isinstance(value, bool):
        return 1 if value else 0
    if isinstance(value, str) and value[:1] in "=+-@":
        return "'" + value
    return value


def template() -> bytes:
    """Empty tables with their columns, and a sheet that says in Chinese what each column is."""
    found = Workbook()
    notes = found.active
    notes.title = "说明"
    notes.append(["表", "表名", "列名", "含义"])
    for cell in notes[1]:
        cell.font = Font(bold=True)
    for table in TABLES:
        found.create_sheet(table.name).append(list(table.columns))
        for column, name in table.columns.items():
            meaning = _meaning(table, name) if name else "不填：人员身份证件以人员库为准"
            notes.append([table.title, table.name, column, meaning])
    body = io.BytesIO()
    found.save(body)
    return body.getvalue()


def _meaning(table: Table, name: str) -> str:
    return str(next(f.verbose_name for f in table.model._meta.concrete_fields if f.name == name))


# ---- in


def load(viewer: Viewer, upload: "UploadedFile[Any]", dry_run: bool = False) -> Loaded:
    """Every sheet named like a table, each row through the same door as a form. One wrong cell, and nothing is written.

    A record that was submitted or passed is not overwritten. Raises Refused 422 for a file that cannot be read.
    """
    sheets = _read(upload)
    done = Loaded()
    with transaction.atomic():
        for table in TABLES:
            if table.name.lower() in sheets:
                _table(viewer, table, sheets[table.name.lower()], done)
        if done.errors or dry_run:
            transaction.set_rollback(True)
    return done


def _refused(message: str) -> Refused:
    return Refused("文件不能导入", status=422, errors={"file": [message]})


def _read(upload: "UploadedFile[Any]") -> dict[str, list[tuple[Any, ...]]]:
    if (upload.size or 0) > MAX_BYTES:
        raise _refused("文件超过 10 MB")
    body = upload.read()
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if sum(i.file_size for i in packed.infolist()) > MAX_UNPACKED:
                raise _refused("文件解压后过大")
        found = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as wrong:
        raise _refused("不是 Excel（.xlsx）文件") from wrong
    sheets = {}
    for sheet in found.worksheets:
        if sheet.title.strip().lower() in BY_NAME:
            rows = list(sheet.iter_rows(values_only=True, max_row=MAX_ROWS + 2))
            if len(rows) > MAX_ROWS + 1:
                raise _refused(f"工作表 {sheet.title} 超过 {MAX_ROWS} 行，请分批导入")
            sheets[sheet.title.strip().lower()] = rows
    if not sheets:
        known = "、".join(t.name for t in TABLES)
        raise _refused(f"没有找到标准表。工作表名须为：{known}")
    return sheets


def _table(viewer: Viewer, table: Table, rows: list[tuple[Any, ...]], done: Loaded) -> None:
    heads = [str(h).strip() if h is not None else "" for h in (rows[0] if rows else ())]
    known = {c.lower(): c for c in table.columns}
    unknown = [h for h in heads if h and h.lower() not in known]
    for name in unknown:
        done.errors.append(WrongCell(table.name, 1, name, "标准表没有这一列"))
    if "prjnum" not in (h.lower() for h in heads) or table.key.lower() not in (h.lower() for h in heads):
        done.errors.append(WrongCell(table.name, 1, table.key, f"缺少 PrjNum 或 {table.key} 列"))
        return
    for number, cells in enumerate(rows[1:], 2):
        values = {
            known[h.lower()]: c
            for h, c in zip(heads, cells, strict=False)
            if h.lower() in known and c is not None
        }
        if any(str(v).strip() for v in values.values()):
            _row(viewer, table, number, values, done)


def _row(viewer: Viewer, table: Table, number: int, values: dict[str, Any], done: Loaded) -> None:
    def wrong(column: str, message: str) -> None:
        done.errors.append(WrongCell(table.name, number, column, message))

    data = {table.columns[c]: _in(v) for c, v in values.items() if table.columns[c]}
    project = Project.objects.visible_to(viewer).filter(code=str(_in(values.get("PrjNum", "")))).first()
    key = table.columns[table.key]
    if issubclass(table.model, Project):
        row: Any = project
    else:
        if project is None:
            wrong("PrjNum", f"没有项目编号为“{values.get('PrjNum', '')}”的项目，或不在您的管辖范围")
            return
        if not data.get(key):
            wrong(table.key, "必填")
            return
        data["project"] = project.pk
        row = table.model.objects.visible_to(viewer).filter(project=project, **{key: data[key]}).first()
    try:
        with transaction.atomic():
            if row is None:
                perform.create(table.model, viewer, data, reason="导入国家标准表")
                done.created += 1
            else:
                perform.change(row, viewer, data, reason="导入国家标准表")
                done.updated += 1
    except Refused as no:
        named = {f: c for c, f in table.columns.items() if f}
        if not no.errors:
            wrong(table.key, no.message)
        for name, messages in no.errors.items():
            wrong(named.get(name, table.key), "；".join(messages))


def _in(value: Any) -> Any:
    """A cell as a form would send it."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(Decimal(str(value)))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        text = value.strip()
        return text[1:] if text[:1] == "'" else text
    return value
