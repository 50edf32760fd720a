"""At the site: judge lines, keep signatures and material."""

import datetime as dt
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.named import named, picked
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.inspection import applying, merging
from siteloop.systems.inspection.models import (
    CheckItem,
    Inspection,
    InspectionLine,
    InspectionMaterial,
    InspectionState,
    LineResult,
    MaterialKind,
)

ALL_LINES = "the lines of an inspection that is at hand"


def open_items(inspection: Inspection) -> list[tuple[CheckItem, bool]]:
    """Lines of the chosen tables with whether they apply at this site, in the tables' order."""
    profiles = applying.profiles_of(inspection.site)
    rows = (
        CheckItem.objects.unscoped("tables are the same for everybody")
        .filter(table__in=inspection.tables.all(), is_active=True)
        .select_related("table")
        .order_by("table__suite", "table__order", "table_id", "number")
    )
    site = inspection.site
    return [
        (
            i,
            applying.applies(i.table.condition, site, profiles)
            and applying.applies(i.condition, site, profiles),
        )
        for i in rows
    ]


def is_open(inspection: Inspection, viewer: Viewer) -> bool:
    return inspection.state == InspectionState.OPEN


def _wrong(where: str, words: str) -> Refused:
    return Refused(f"{where}：{words}", status=422, errors={"lines": [f"{where}：{words}"]})


def _typed_lines(text: str) -> list[dict[str, Any]]:
    try:
        lines = json.loads(text)
    except ValueError as wrong:
        raise Refused("检查结果格式有误", status=422, errors={"lines": ["须为 JSON 列表"]}) from wrong
    if not isinstance(lines, list) or not all(isinstance(x, dict) for x in lines):
        raise Refused("检查结果格式有误", status=422, errors={"lines": ["须为 JSON 列表"]})
    return lines


def _record(act: Act) -> str:
    """Lines: [{"item", "result", "deducted", "problem", "demand", "fixed_on_spot", "photos": [id | {id, taken_at, …}], "base"}].

    `base` is the judgement seen when the line was judged (null = none yet); several may fill one inspection at a time.
    """
    allowed = {i.pk: i for i, _ in open_items(act.obj)}
    typed = _typed_lines(act.data["lines"])
    merging.unless_judged_otherwise(act.obj, typed)
    for stated in typed:
        item = allowed.get(stated.get("item", 0)) if isinstance(stated.get("item"), int) else None
        if item is None:
            raise _wrong("检查项", f"{stated.get('item')} 不在本次检查表中")
        _line(act, item, stated)
    return f"已记录 {len(typed)} 项"


def _line(act: Act, item: CheckItem, stated: dict[str, Any]) -> None:
    if stated.get("result") not in LineResult.values:
        raise _wrong(item.title, "结果须为 ok、failed 或 absent")
    held = InspectionLine.objects.unscoped(ALL_LINES).filter(inspection=act.obj, item=item).first()
    line: InspectionLine = held or InspectionLine(inspection=act.obj, item=item)
    if line.order_id is not None:
        raise _wrong(item.title, "已开具文书，不能再改")
    line.result = stated["result"]
    is_failed = line.result == LineResult.FAILED
    line.problem = str(stated.get("problem") or "")[:500] if is_failed else ""
    line.demand = str(stated.get("demand") or "")[:500] if is_failed else ""
    line.fixed_on_spot = bool(stated.get("fixed_on_spot")) and is_failed
    line.deducted = _deducted(item, stated) if is_failed else Decimal(0)
    if is_failed and not line.problem:
        raise _wrong(item.title, "不符合项须写明问题")
    line.full_clean(exclude=("inspection", "item", "order"))
    line.save()
    photos = _photos(act, stated.get("photos") or [])
    if photos:
        line.photos.add(*photos)


def _deducted(item: CheckItem, stated: dict[str, Any]) -> Decimal:
    if item.points is None:
        return Decimal(0)
    try:
        number = Decimal(str(stated.get("deducted") or 0))
    except InvalidOperation as wrong:
        raise _wrong(item.title, "扣分须为数字") from wrong
    if not number.is_finite() or not 0 < number <= item.points:
        raise _wrong(item.title, f"扣分须大于 0、不超过应得分 {item.points.normalize():f}")
    return number


def _photos(act: Act, stated: list[Any]) -> list[Evidence]:
    """Kept photos the person may see, filed under the project; the phone tells time, place and device."""
    told = {int(p["id"]): p for p in stated if isinstance(p, dict) and str(p.get("id", "")).isdigit()}
    keys = {int(p) for p in stated if isinstance(p, int)} | set(told)
    found = named(act.viewer, keys, act.obj.project_id, act.obj.region_code, "lines")
    for photo in found:
        if photo.pk in told and photo.taken_at is None:
            _place(photo, told[photo.pk])
            photo.save(update_fields=["taken_at", "lon", "lat", "device_note"])
    return found


def _place(photo: Evidence, told: dict[str, Any]) -> None:
    taken = parse_datetime(str(told.get("taken_at") or ""))
    if taken is not None and timezone.is_aware(taken) and taken <= timezone.now() + dt.timedelta(minutes=5):
        photo.taken_at = taken
    lon, lat = told.get("lon"), told.get("lat")
    if isinstance(lon, int | float) and isinstance(lat, int | float) and abs(lon) <= 180 and abs(lat) <= 90:
        photo.lon, photo.lat = float(lon), float(lat)
    photo.device_note = str(told.get("device") or "")[:120]


record = Action(
    "record",
    "记录检查结果",
    "Record results",
    Inspection,
    _record,
    fields=(
        Input(
            "lines",
            "检查结果（JSON）",
            "Results (JSON)",
            kind="multiline",
            required=True,
            help='如 [{"item": 12, "result": "failed", "deducted": 5, "problem": "…"}]；桌面端请用“填写检查表”',
        ),
    ),
    available=is_open,
    log="{actor}记录{obj}的检查结果",
)


def _attach(act: Act) -> str:
    kind, person = act.data["kind"], (act.data.get("person") or "").strip()
    if kind == MaterialKind.SIGNATURE and not person:
        raise Refused("填写有误", status=422, errors={"person": ["请写明签名人姓名"]})
    have = set(act.obj.materials.values_list("file_id", flat=True))
    for file in files_of(act, "files"):
        if file.pk not in have:
            row = InspectionMaterial(inspection=act.obj, file=file, kind=kind, person=person[:80])
            row.at = timezone.now()
            row.save()
    return f"已收存{MaterialKind(kind).label}"


attach = Action(
    "attach",
    "收存签名与材料",
    "Keep signature or material",
    Inspection,
    _attach,
    fields=(
        Input("kind", "种类", "Kind", kind="choice", required=True, choices=tuple(MaterialKind.choices)),
        Input("person", "签名人或说明", "Signed by, or note"),
        Input("files", "文件", "Files", kind="files", required=True),
    ),
    available=is_open,
    log="{actor}为{obj}收存{kind} {person}",
)


def files_of(act: Act, name: str) -> list[Evidence]:
    return picked(act, name, act.obj.project_id, act.obj.region_code)
