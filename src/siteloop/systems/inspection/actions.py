"""What people do: judge lines, finish an inspection, give orders, reply, re-check, ask for time."""

import datetime as dt
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from siteloop.foundation.cases import engine as case_engine
from siteloop.foundation.cases import receivers
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents import store
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import file_under
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.inspection import applying, documents, engine, merging, scoring
from siteloop.systems.inspection.models import (
    CheckItem,
    Extension,
    ExtensionState,
    Inspection,
    InspectionLine,
    InspectionMaterial,
    InspectionState,
    LineResult,
    MaterialKind,
    Measure,
    Method,
    Order,
    OrderState,
    Reply,
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


def _open(inspection: Inspection, viewer: Viewer) -> bool:
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
    found = list(Evidence.objects.visible_to(act.viewer).filter(pk__in=keys))
    if len(found) != len(keys):
        raise Refused("照片不存在", status=422, errors={"lines": ["照片不存在"]})
    file_under(found, act.obj.project_id, act.obj.region_code)
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
    available=_open,
    log="{actor}记录{obj}的检查结果",
)


def _attach(act: Act) -> str:
    kind, person = act.data["kind"], (act.data.get("person") or "").strip()
    if kind == MaterialKind.SIGNATURE and not person:
        raise Refused("填写有误", status=422, errors={"person": ["请写明签名人姓名"]})
    have = set(act.obj.materials.values_list("file_id", flat=True))
    for file in _evidence(act, "files"):
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
    available=_open,
    log="{actor}为{obj}收存{kind} {person}",
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
    available=_open,
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
    available=_open,
    danger=True,
    log="{actor}作废{obj}：{reason}",
)

MEASURE = Input("measure", "措施", "Measure", kind="reference", reference="inspection.Measure", required=True)
PART = Input("part", "停工部位", "Part stopped", help="局部停工必填")
POINTS = Input("points", "扣分", "Points", kind="number", help="项目经理扣分必填")


def _points(act: Act) -> int | None:
    value = act.data.get("points")
    if value is None:
        return None
    if value != int(value) or not 0 < value <= 100:
        raise Refused("扣分须为 1–100 的整数", status=422, errors={"points": ["须为 1–100 的整数"]})
    return int(value)


def _order(act: Act) -> str:
    lines = engine.unordered(act.obj)
    if not lines:
        raise Refused("没有待处理的不符合项")
    act.obj.guard(act.viewer)
    order = engine.issue(
        act.viewer,
        act.data["measure"],
        act.obj.site,
        engine.items_of(lines),
        inspection=act.obj,
        part=act.data.get("part") or "",
        points=_points(act),
    )
    for line in lines:
        line.order = order
        line.save(update_fields=["order"])
    return f"已开具{order}，{len(lines)} 项问题，已送达项目"


order_from_inspection = Action(
    "order",
    "开具文书",
    "Give an order",
    Inspection,
    _order,
    fields=(MEASURE, PART, POINTS),
    available=lambda i, v: _open(i, v) and bool(engine.unordered(i)),
    log="{actor}对{obj}开具文书：{measure}",
    event="order_issued",
)


def _issue(act: Act) -> str:
    item = {
        "problem": act.data["problem"],
        "basis": act.data.get("basis") or "",
        "demand": act.data.get("demand") or "",
    }
    order = engine.issue(
        act.viewer,
        act.data["measure"],
        act.data["site"],
        [item],
        part=act.data.get("part") or "",
        points=_points(act),
    )
    return f"已开具{order}，已送达项目"


issue = Action(
    "issue",
    "直接开具",
    "Give an order",
    Order,
    _issue,
    fields=(
        Input("site", "工地", "Site", kind="reference", reference="registry.Site", required=True),
        MEASURE,
        Input("problem", "存在问题", "Problem", kind="multiline", required=True),
        Input("basis", "依据", "Basis"),
        Input("demand", "整改要求", "Demand", kind="multiline"),
        PART,
        POINTS,
    ),
    on_register=True,
    log="{actor}对{site}开具{measure}：{problem}",
    event="order_issued",
)


def case_of(order: Order) -> Case:
    """The order's case, locked. Raises Refused where the order has none."""
    if order.case_id is None:
        raise Refused("该文书无需整改回复")
    return (
        Case.objects.unscoped("the loop of an order the viewer holds")
        .select_for_update(of=("self",))
        .get(pk=order.case_id)
    )


def _holds(order: Order, viewer: Viewer, state: str) -> bool:
    if order.case_id is None or order.state != state:
        return False
    return receivers.holds(
        Case.objects.unscoped("who holds the case of an order").get(pk=order.case_id), viewer
    )


def _evidence(act: Act, name: str) -> list[Evidence]:
    keys = [e.pk if isinstance(e, Evidence) else int(e) for e in act.data.get(name) or []]
    found = list(Evidence.objects.visible_to(act.viewer).filter(pk__in=keys))
    if len(found) != len(set(keys)):
        raise Refused("照片不存在", status=422, errors={name: ["照片不存在"]})
    file_under(found, act.obj.project_id, act.obj.region_code)
    return found


def _reply(act: Act) -> str:
    before, after = _evidence(act, "before"), _evidence(act, "after")
    if not after:
        raise Refused("请上传整改后照片", status=422, errors={"after": ["请上传整改后照片"]})
    if {e.sha256 for e in before} & {e.sha256 for e in after}:
        raise Refused(
            "整改前后照片相同，请上传整改后实拍照片", status=422, errors={"after": ["与整改前照片相同"]}
        )
    reused = [e for e in after if e.reused_of_id is not None]
    reply = Reply(order=act.obj, at=timezone.now(), by_id=act.viewer.user, body=act.data["body"])
    reply.save()
    reply.before.set(before)
    reply.after.set(after)
    event = case_engine.outcome(case_of(act.obj), Outcome.REPLY, act.viewer, body=act.data["body"])
    event.evidence.set([*before, *after])
    act.obj.refresh_from_db()
    warned = f"（其中 {len(reused)} 张与此前上传的照片相同，已标记）" if reused else ""
    return f"整改回复已提交，待复查{warned}"


reply = Action(
    "reply",
    "整改回复",
    "Reply",
    Order,
    _reply,
    fields=(
        Input("body", "整改情况", "What was done", kind="multiline", required=True),
        Input("before", "整改前照片", "Before", kind="files"),
        Input("after", "整改后照片", "After", kind="files", help="必须上传；与已有照片相同的会被标记"),
    ),
    available=lambda o, v: _holds(o, v, OrderState.OPEN),
    log="{actor}回复{obj}：{body}",
    event="order_replied",
)


def _verdict(act: Act, passed: bool) -> str:
    opinion = act.data["opinion"]
    for reply_row in act.obj.replies.filter(passed=None):
        reply_row.passed, reply_row.verdict = passed, opinion[:500]
        reply_row.checked_at, reply_row.checked_by_id = timezone.now(), act.viewer.user
        reply_row.save()
    event = case_engine.outcome(
        case_of(act.obj), Outcome.PASS if passed else Outcome.FAIL, act.viewer, body=opinion
    )
    event.evidence.set(_evidence(act, "photos"))
    act.obj.refresh_from_db()
    if not passed:
        return "复查不合格，已退回重新整改"
    resumed = act.obj.resume_document
    return f"复查合格，已闭合{f'；复工通知书 {resumed.number} 已送达' if resumed else ''}"


OPINION = Input("opinion", "复查意见", "Opinion", kind="multiline", required=True)
RECHECK_PHOTOS = Input("photos", "复查照片", "Photos", kind="files")

recheck_pass = Action(
    "recheck_pass",
    "复查合格",
    "Re-check passed",
    Order,
    lambda act: _verdict(act, True),
    fields=(OPINION, RECHECK_PHOTOS),
    available=lambda o, v: _holds(o, v, OrderState.REPLIED),
    log="{actor}复查{obj}合格",
    event="order_closed",
)
recheck_fail = Action(
    "recheck_fail",
    "复查不合格",
    "Re-check failed",
    Order,
    lambda act: _verdict(act, False),
    fields=(OPINION, RECHECK_PHOTOS),
    available=lambda o, v: _holds(o, v, OrderState.REPLIED),
    log="{actor}复查{obj}不合格：{opinion}",
    event="order_recheck_failed",
)


def _ask(act: Act) -> str:
    until = act.data["until"]
    deadline = case_of(act.obj).deadline
    if deadline is None or until <= deadline:
        raise Refused("延期时间须晚于现有期限", status=422, errors={"until": ["须晚于现有期限"]})
    if act.obj.extensions.filter(state=ExtensionState.ASKED).exists():
        raise Refused("已有待审批的延期申请")
    Extension(
        order=act.obj,
        asked_at=timezone.now(),
        asked_by_id=act.viewer.user,
        until=until,
        reason=act.data["reason"],
    ).save()
    return "延期申请已提交，待监督机构审批；批准前仍按原期限计"


ask_extension = Action(
    "ask_extension",
    "申请延期",
    "Ask for time",
    Order,
    _ask,
    fields=(
        Input("until", "延至", "Until", kind="datetime", required=True),
        Input("reason", "理由", "Reason", kind="multiline", required=True),
    ),
    available=lambda o, v: _holds(o, v, OrderState.OPEN) and o.colour != "red",
    log="{actor}申请{obj}延期至{until}：{reason}",
)


def _decide(act: Act, granted: bool) -> str:
    extension: Extension = act.obj
    if extension.asked_by_id == act.viewer.user:
        raise Refused("申请人不能审批自己的申请", status=403)
    extension.state = ExtensionState.GRANTED if granted else ExtensionState.DENIED
    extension.decided_at, extension.decided_by_id = timezone.now(), act.viewer.user
    extension.opinion = act.data["opinion"][:300]
    extension.save()
    if granted:
        _extend(extension, act.viewer)
    if extension.asked_by is not None:
        words = "已批准" if granted else "未批准"
        notify(
            [extension.asked_by],
            "case",
            f"延期申请{words}：{extension.order}",
            body=extension.opinion,
            link=f"/inspection/orders/{extension.order_id}/",
            level="blue" if granted else "yellow",
            subject=f"extension:{extension.pk}",
        )
    return "已批准延期" if granted else "已驳回延期申请"


def _extend(extension: Extension, viewer: Viewer) -> None:
    case = case_of(extension.order)
    if case.deadline is None or case.state not in case_engine.OPEN_STATES or extension.until <= case.deadline:
        raise Refused("整改已回复或期限已变，不能再延期")
    before, case.deadline = case.deadline, extension.until
    case.save()
    span: dict[str, object] = {"from": before.isoformat(), "to": extension.until.isoformat()}
    case_engine.note(case, "extended", viewer, timezone.now(), body=extension.reason, data=span)


EXTENSION_OPINION = Input("opinion", "审批意见", "Opinion", kind="multiline", required=True)
grant = Action(
    "grant",
    "同意延期",
    "Grant",
    Extension,
    lambda act: _decide(act, True),
    fields=(EXTENSION_OPINION,),
    available=lambda e, v: e.state == ExtensionState.ASKED,
    log="{actor}同意{obj}：{opinion}",
)
deny = Action(
    "deny",
    "不同意",
    "Deny",
    Extension,
    lambda act: _decide(act, False),
    fields=(EXTENSION_OPINION,),
    available=lambda e, v: e.state == ExtensionState.ASKED,
    log="{actor}不同意{obj}：{opinion}",
)


def _transfer(act: Act) -> str:
    order: Order = act.obj
    measure = Measure.objects.unscoped("the catalogue is the same for everybody").get(code="transfer")
    items = [{**i, "demand": "移送行政处罚"} for i in order.items]
    moved = engine.issue(act.viewer, measure, order.site, items, parent=order, addressee=order.addressee)
    return f"已移送：{moved.number}"


transfer = Action(
    "transfer",
    "移交行政处罚",
    "Transfer to penalty",
    Order,
    _transfer,
    available=lambda o, v: (
        o.measure.kind in ("order", "stop")
        and o.state != OrderState.WITHDRAWN
        and not o.children.filter(measure__code="transfer").exclude(state=OrderState.WITHDRAWN).exists()
    ),
    confirm="将制作案件移送书并进入行政处罚程序，原整改要求不变。确定吗？",
    danger=True,
    log="{actor}将{obj}移交行政处罚",
    event="order_transferred",
)


def _withdraw(act: Act) -> str:
    order: Order = act.obj
    case = case_of(order)
    if case.state in case_engine.OPEN_STATES:
        case_engine.cancel(case, act.viewer, act.data["reason"])  # the loop takes the order back
        order.refresh_from_db()
    else:
        engine.withdraw(order, act.data["reason"])
    return "已撤回，文书已作废"


withdraw = Action(
    "withdraw",
    "撤回",
    "Withdraw",
    Order,
    _withdraw,
    fields=(Input("reason", "原因", "Reason", kind="multiline", required=True),),
    available=lambda o, v: o.state in engine.RUNNING,
    confirm="误开才可撤回：文书作废、派单撤销、锁定解除。确定吗？",
    danger=True,
    log="{actor}撤回{obj}：{reason}",
    event="order_withdrawn",
)
