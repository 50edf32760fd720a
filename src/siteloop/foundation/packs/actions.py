"""Changing the rules: every change is a new version, inside the room the packs above leave, and tells the fast plane."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Max
from django.utils import timezone

from siteloop.foundation.packs import publishing
from siteloop.foundation.packs.models import EligibilityRule, Outcome, Pack, PackRule, PackValue
from siteloop.foundation.packs.resolve import (
    OF_PROJECTS,
    bounds_above,
    check_bounds,
    enforcing_above,
    key_of,
    later_starts,
    named,
)
from siteloop.foundation.packs.typed import consistent, refuse, typed, value_of
from siteloop.foundation.regions.models import Region, Zone
from siteloop.foundation.registry.models import Project, WorkKind
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer

WHY = "packs are public to read; the act checks who may write where"
COPIED = {"id", "pack", "version", "edited", "proposed", "reason", "set_by", "set_at"}
R = TypeVar("R", PackRule, PackValue, EligibilityRule)


def may_write(viewer: Viewer, region_code: str) -> None:
    """Raises Refused 403 unless the region lies in the viewer's own; the nation's pack needs the nation."""
    if not viewer.is_system and not any(region_code.startswith(own) for own in viewer.regions):
        raise Refused("只能修改本辖区的规则", status=403)


def _pack_for(act: Act, region_code: str | None, zone: str = "", project: Project | None = None) -> Pack:
    """The pack a change belongs to; a region or project without one gets its own. None given = the row's own pack."""
    if project is not None:
        pack = _project_pack(act.viewer, project)
    elif not region_code and act.obj is not None:
        pack = act.obj.pack
    else:
        code = region_code or ""
        name = Region.objects.unscoped(WHY).filter(code=code).values_list("name", flat=True).first()
        if code and name is None:
            raise refuse("region_code", "没有这个区划代码")
        if zone and not Zone.objects.unscoped(WHY).filter(code=zone, region__code=code).exists():
            raise refuse("zone", "该区划内没有这个功能区")
        may_write(act.viewer, code)
        regional = Pack.objects.unscoped(WHY).filter(project=None)
        own = regional.filter(region_code=code, zone=zone).order_by("pk").first()
        pack = own or Pack(code=f"local/{code}" + (f"/{zone}" if zone else ""), region_code=code, zone=zone)
        if own is None:
            pack.title = f"{name}规则包" + (f"（{zone}）" if zone else "")
            pack.save()
        elif act.obj is not None and not _inside(own, act.obj.pack):
            raise refuse("region_code", "只能在上级规则的辖区内调整")
    may_write(act.viewer, pack.region_code)
    if act.obj is not None and not _inside(pack, act.obj.pack):
        raise refuse("project" if project else "region_code", "只能在上级规则的辖区内调整")
    return pack


def _project_pack(viewer: Viewer, project: Project) -> Pack:
    """The pack of one project, made when it is first needed; it follows the project when that changes its region."""
    may_write(viewer, project.region_code)
    pack = Pack.objects.unscoped(WHY).filter(project=project).first()
    if pack is None:
        pack = Pack(code=f"project/{project.pk}", project=project, title=f"{project.name}规则包"[:120])
    if pack.region_code != project.region_code:
        pack.region_code = project.region_code
        pack.save()
    return pack


def _inside(lower: Pack, higher: Pack) -> bool:
    if higher.project_id and higher.project_id != lower.project_id:
        return False
    return lower.region_code.startswith(higher.region_code) and higher.zone in ("", lower.zone)


def _since(act: Act) -> dt.date:
    since: dt.date = act.data.get("effective_from") or timezone.localdate()
    if since < timezone.localdate():
        raise refuse("effective_from", "施行日期不能早于今天")
    return since


def successor(row: R, pack: Pack, act: Act, **changes: Any) -> R:
    """A new version of a row, in its own pack or in a lower one, and the fast plane told. Raises Refused 422."""
    model = type(row)
    name = "key" if isinstance(row, PackValue) else "code"
    versions = model.objects.unscoped(WHY).filter(pack=pack, **{name: key_of(row)})
    fields = {f.name: getattr(row, f.name) for f in model._meta.concrete_fields if f.name not in COPIED}
    fields |= {"effective_from": timezone.localdate(), "effective_to": None, "edited": True, **changes}
    last = versions.aggregate(last=Max("version"))["last"] or 0
    made = model(
        pack=pack,
        version=last + 1,
        reason=(act.reason or act.data.get("reason") or "")[:300],
        set_by=act.viewer.name[:80],
        set_at=timezone.now(),
        **fields,
    )
    made.full_clean(exclude=["pack"])
    made.save()
    publishing.changed()
    return made


def _check_room(row: PackRule | PackValue, pack: Pack, stated: dict[str, Any], since: dt.date) -> None:
    """Raises Refused 422 where a number leaves the room above on the day it begins, or on a later one that is known already."""
    model = PackRule if isinstance(row, PackRule) else PackValue
    for day in (since, *later_starts(key_of(row), model, since)):
        above = bounds_above(key_of(row), pack, model, day)
        # the nation's own row sets its own room
        check_bounds(stated, above or (dict(row.bounds) if not pack.region_code else {}), day)


def _override_rule(act: Act) -> str:
    row: PackRule = act.obj
    pack = _pack_for(act, act.data.get("region_code"), project=act.data.get("project"))
    if pack.zone:
        raise refuse("region_code", "功能区没有单独的预警规则")
    wanted = typed(row, act.data["params"])
    since = _since(act)
    params = {**row.params, **wanted}
    _check_room(row, pack, params, since)
    consistent(params)
    made = successor(row, pack, act, params=params, effective_from=since)
    return f"已生成{pack}第 {made.version} 版，自 {made.effective_from} 起施行"


def _override_value(act: Act) -> str:
    row: PackValue = act.obj
    project = act.data.get("project")
    if project is not None and row.key not in OF_PROJECTS:
        raise refuse("project", "该参数按地区使用，不能为单个项目设定")
    pack = _pack_for(act, act.data.get("region_code"), act.data.get("zone") or "", project)
    wanted = value_of(row, act.data["value"])
    since = _since(act)
    stated = {**row.value, **wanted} if isinstance(row.value, dict) else wanted
    _check_room(row, pack, named(stated), since)
    made = successor(row, pack, act, value=stated, effective_from=since)
    return f"已生成{pack}第 {made.version} 版，自 {made.effective_from} 起施行"


def _toggle(name: str, words: tuple[str, str]) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        row: PackRule = act.obj
        pack = _pack_for(act, act.data.get("region_code"), project=act.data.get("project"))
        if is_laxer(row, name) and not may_relax(act.viewer, row.code, pack):
            raise Refused("上级已正式启用该规则，下级不能停用或转为试运行")
        made = successor(row, pack, act, **{name: not getattr(row, name)})
        return f"{row.title}已{words[0] if getattr(made, name) else words[1]}（{pack}第 {made.version} 版）"

    return run


def is_laxer(row: PackRule, name: str) -> bool:
    """Whether turning this switch makes the rule say less: off, or on trial only."""
    return row.enabled if name == "enabled" else not row.shadow


def may_relax(viewer: Viewer, code: str, pack: Pack) -> bool:
    """A lower level may only be stricter than those above who have the rule in force, unless it is one of them."""
    return all(viewer.covers(row.pack.region_code) for row in enforcing_above(code, pack))


def _restore(act: Act) -> str:
    """Back to what the pack's file says; a row the file does not know is switched off, so that the wider one counts."""
    row = act.obj
    may_write(act.viewer, row.pack.region_code)
    name = "key" if isinstance(row, PackValue) else "code"
    stated = (
        type(row)
        .objects.unscoped(WHY)
        .filter(pack=row.pack, edited=False, **{name: key_of(row)})
        .order_by("-version")
        .first()
    )
    if stated is None:
        _withdraw(row)
        return "已撤销本地调整，恢复为上级规则"
    made = successor(stated, row.pack, act, edited=False, effective_from=stated.effective_from)
    return f"已恢复为规则包原值（第 {made.version} 版）"


def _withdraw(row: Any) -> None:
    """End every version of a purely local row as of yesterday."""
    name = "key" if isinstance(row, PackValue) else "code"
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    for version in type(row).objects.unscoped(WHY).filter(pack=row.pack, **{name: key_of(row)}):
        if version.effective_to is None or version.effective_to > yesterday:
            version.effective_to = yesterday
            version.save(update_fields=["effective_to"])
    publishing.changed()


def _adopt(act: Act) -> str:
    row = act.obj
    may_write(act.viewer, row.pack.region_code)
    made = successor(
        row, row.pack, act, edited=False, effective_from=row.effective_from, effective_to=row.effective_to
    )
    row.proposed = False
    row.effective_to = (made.effective_from or timezone.localdate()) - dt.timedelta(days=1)
    row.save(update_fields=["proposed", "effective_to"])
    return f"已采用规则包的新值（第 {made.version} 版）"


def _set_standard(act: Act) -> str:
    """A region's own scale standard (CFG-10): must join from a floor area or a cost up."""
    pack = _pack_for(act, act.data["region_code"], act.data.get("zone") or "")
    condition: list[dict[str, Any]] = []
    if act.data.get("work_kind"):
        condition.append({"field": "work_kind", "op": "eq", "value": act.data["work_kind"]})
    for name in ("floor_area", "cost_wan"):
        least: Decimal | None = act.data.get(name)
        if least is not None:
            if least < 0:
                raise refuse(name, "不能为负数")
            condition.append({"field": name, "op": "gte", "value": float(least)})
    code = str(act.data["code"]).strip()
    rules = EligibilityRule.objects.unscoped(WHY).filter(pack=pack)
    last = rules.filter(code=code).aggregate(last=Max("version"))["last"] or 0
    made = EligibilityRule(
        pack=pack,
        code=code,
        version=last + 1,
        title=act.data["title"],
        outcome=act.data["outcome"],
        condition=condition,
        order=50 if condition else 900,
        clause=act.data["clause"],
        already_started=act.data.get("already_started") or Outcome.AUTHORITY,
        effective_from=_since(act),
        edited=True,
        reason=act.reason[:300],
        set_by=act.viewer.name[:80],
        set_at=timezone.now(),
    )
    made.full_clean(exclude=["pack"])
    made.save()
    publishing.changed()
    return f"{pack}：{made.title}，自 {made.effective_from} 起施行"


def _may(row: Any, viewer: Viewer) -> bool:
    return not row.proposed


REGION = Input(
    "region_code", "适用区划代码", "Region code", help="留空表示修改本行；填写下级代码则为下级生成调整"
)
PROJECT = Input(
    "project",
    "适用项目",
    "Project",
    kind="reference",
    reference="registry.Project",
    help="选定后只对该项目生效，优先于各级地区",
)
SINCE = Input("effective_from", "施行日期", "Effective from", kind="date", help="默认今天")
OUTCOMES = tuple((c.value, str(c.label)) for c in Outcome)

override_rule = Action(
    "override_rule",
    "调整参数",
    "Adjust parameters",
    PackRule,
    _override_rule,
    fields=(
        Input(
            "params", "参数", "Parameters", kind="multiline", required=True, help='如 {"on": 70, "off": 60}'
        ),
        REGION,
        PROJECT,
        SINCE,
    ),
    available=_may,
    log="{actor}调整规则{obj}：{params}",
    event="rule_overridden",
)
switch_shadow = Action(
    "switch_shadow",
    "试运行开关",
    "Switch trial run",
    PackRule,
    _toggle("shadow", ("转为试运行，只记录不派单", "结束试运行，正式生效")),
    fields=(REGION, PROJECT),
    available=_may,
    log="{actor}切换{obj}的试运行状态",
    event="rule_shadow_switched",
)
switch_enabled = Action(
    "switch_enabled",
    "启用开关",
    "Switch on or off",
    PackRule,
    _toggle("enabled", ("启用", "停用")),
    fields=(REGION, PROJECT),
    available=_may,
    danger=True,
    confirm="停用后本区不再按此规则预警，确定吗？",
    log="{actor}切换{obj}的启用状态",
    event="rule_enabled_switched",
)
override_value = Action(
    "override_value",
    "调整数值",
    "Adjust value",
    PackValue,
    _override_value,
    fields=(
        Input("value", "值", "Value", kind="multiline", required=True, help='数字或 JSON，如 {"amount": 2}'),
        REGION,
        Input("zone", "功能区", "Zone"),
        PROJECT,
        SINCE,
    ),
    available=_may,
    log="{actor}调整参数{obj}：{value}",
    event="value_overridden",
)
set_standard = Action(
    "set_standard",
    "制定本地规模标准",
    "Set local standard",
    EligibilityRule,
    _set_standard,
    on_register=True,
    fields=(
        Input("region_code", "区划代码", "Region code", required=True),
        Input("zone", "功能区", "Zone"),
        Input("code", "规则代码", "Code", required=True),
        Input("title", "名称", "Title", required=True),
        Input("outcome", "结论", "Outcome", kind="choice", required=True, choices=OUTCOMES),
        Input(
            "work_kind",
            "工程类别",
            "Kind of work",
            kind="choice",
            choices=tuple((c.value, str(c.label)) for c in WorkKind),
        ),
        Input("floor_area", "建筑面积不小于（㎡）", "Floor area from", kind="number"),
        Input("cost_wan", "造价不小于（万元）", "Cost from", kind="number"),
        Input("already_started", "施行前已开工项目", "Begun before", kind="choice", choices=OUTCOMES),
        Input("clause", "依据条款", "Clause", required=True),
        SINCE,
    ),
    log="{actor}制定应装标准：{title}",
    event="standard_set",
)


def _both(model: type[Any]) -> tuple[Action, Action]:
    """Restore and adopt, the same for every kind of row."""
    return (
        Action(
            "restore",
            "恢复原值",
            "Restore",
            model,
            _restore,
            available=lambda row, viewer: row.edited and not row.proposed,
            confirm="恢复为规则包原值，本地调整不再生效，确定吗？",
            log="{actor}恢复{obj}的原值",
            event="rule_restored",
        ),
        Action(
            "adopt",
            "采用新值",
            "Adopt",
            model,
            _adopt,
            available=lambda row, viewer: row.proposed,
            log="{actor}采用规则包对{obj}的新值",
            event="rule_adopted",
        ),
    )


restore_rule, adopt_rule = _both(PackRule)
restore_value, adopt_value = _both(PackValue)
restore_eligibility, adopt_eligibility = _both(EligibilityRule)
