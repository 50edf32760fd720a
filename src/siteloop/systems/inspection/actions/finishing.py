"""An inspection ends: scored, recorded and delivered, or void."""

from decimal import Decimal

from django.utils import timezone

from siteloop.foundation.documents import store
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.systems.inspection import documents, engine, scoring
from siteloop.systems.inspection.actions.checking import ALL_LINES, is_open, open_items
from siteloop.systems.inspection.models import (
    CheckItem,
    Inspection,
    InspectionLine,
    InspectionState,
    LineResult,
    Method,
)


def marks_of(inspection: Inspection) -> list[scoring.Judged]:
    """Scored tables of an inspection; a line that was not judged or is absent does not apply."""
    lines = {x.item_id: x for x in InspectionLine.objects.unscoped(ALL_LINES).filter(inspection=inspection)}
    tables: dict[int, tuple[CheckItem, list[scoring.Mark]]] = {}
    for item, _ in open_items(inspection):
        if item.table.method != Method.DEDUCT or item.points is None:
            continue
        line = lines.get(item.pk)
        judged = line is not None and line.result != LineResult.ABSENT
        mark = scoring.Mark(
            item.points, line.deducted if line is not None else Decimal(0), item.is_guaranteed, judged
        )
        tables.setdefault(item.table_id, (item, []))[1].append(mark)
    return [
        scoring.Judged(item.table.category, item.table.weight, scoring.table_score(marks))
        for item, marks in tables.values()
    ]


def _finish(act: Act) -> str:
    inspection: Inspection = act.obj
    inspection.guard(act.viewer)
    lines = InspectionLine.objects.unscoped(ALL_LINES).filter(inspection=inspection)
    judged = set(lines.values_list("item_id", flat=True))
    missing = [i for i, applies in open_items(inspection) if applies and i.pk not in judged]
    if missing:
        names = "、".join(i.title for i in missing[:5])
        raise Refused(f"还有 {len(missing)} 项未检查：{names}{'…' if len(missing) > 5 else ''}")
    left = engine.unordered(inspection)
    if left:
        names = "、".join(x.item.title for x in left[:5])
        raise Refused(f"有 {len(left)} 项不符合未处理（{names}），请当场改正或开具整改、停工文书")
    found = scoring.total(marks_of(inspection))
    inspection.score = found.score if found else None
    inspection.grade = found.grade.value if found else ""
    inspection.failed = lines.filter(result=LineResult.FAILED).count()
    inspection.state, inspection.finished_at = InspectionState.FINISHED, timezone.now()
    inspection.document = store.issue(
        act.viewer,
        "inspection.record",
        documents.records.record(inspection),
        authority=engine.authority_of(act.viewer, inspection.region_code),
        region_code=inspection.region_code,
        project=inspection.project,
        subject=inspection,
    )
    inspection.save()
    store.deliver(inspection.document, act.viewer, engine.RECEIVERS)
    scored = f"，得分 {inspection.score}（{inspection.get_grade_display()}）" if found else ""
    return f"检查完成，不符合 {inspection.failed} 项{scored}；检查记录 {inspection.document.number} 已送达"


finish = Action(
    "finish",
    "完成检查",
    "Finish",
    Inspection,
    _finish,
    available=is_open,
    confirm="完成后检查结果不再修改，并制作检查记录送达项目。确定吗？",
    log="{actor}完成{obj}",
    event="inspection_finished",
)


def _void(act: Act) -> str:
    if act.obj.orders.exists():
        raise Refused("已开具文书的检查不能作废")
    act.obj.state = InspectionState.VOID
    act.obj.save()
    return "已作废"


void = Action(
    "void",
    "作废",
    "Void",
    Inspection,
    _void,
    fields=(Input("reason", "原因", "Reason", kind="multiline", required=True),),
    available=is_open,
    danger=True,
    log="{actor}作废{obj}：{reason}",
)
