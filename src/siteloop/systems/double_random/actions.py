"""The verbs of plans, lists and draws. Each step of a draw proves itself; who keeps the lists cannot draw."""

import json
import secrets
from collections.abc import Callable

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.packs.resolve import value as pack_value
from siteloop.foundation.registry.models import Project
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.viewer import Viewer
from siteloop.systems.double_random import draw as lots
from siteloop.systems.double_random import freezing, publishing
from siteloop.systems.double_random.models import (
    CheckPlan,
    CheckTask,
    Draw,
    DrawState,
    FrozenLists,
    Inspector,
    ItemList,
    ListKind,
    PlanState,
    TaskState,
)

WHY = "a draw is made over its whole region"
#: registers whose hands must not be on the draw
LISTS = (
    "double_random.inspector",
    "double_random.leave",
    "double_random.recusal",
    "office.leaverequest",
)


def _approve(act: Act) -> str:
    act.obj.state, act.obj.approved_at = PlanState.APPROVED, timezone.now()
    act.obj.save()
    return "已批准"


approve = Action(
    "approve",
    "批准计划",
    "Approve",
    CheckPlan,
    _approve,
    available=lambda plan, viewer: plan.state == PlanState.DRAFT,
    confirm="批准后计划不能再修改。",
    log="{actor}批准抽查计划{obj}",
)


def _issue(act: Act) -> str:
    one: ItemList = act.obj
    rows = list(one.lines.all())
    if not rows:
        raise Refused("清单还没有事项")
    if one.kind == ListKind.SCORING and any(row.points == 0 for row in rows):
        raise Refused("记分清单的每一项都须写明记分")
    one.issued_at = timezone.now()
    one.save()
    return f"已印发，共 {len(rows)} 项"


issue = Action(
    "issue",
    "印发清单",
    "Issue",
    ItemList,
    _issue,
    available=lambda one, viewer: one.issued_at is None,
    confirm="印发后清单不能再修改。",
    log="{actor}印发{obj}",
)


def _random_seed() -> str:
    return secrets.token_bytes(32).hex()


#: where a draw's seed comes from; only the demo puts another in its place, so that its county is the same everywhere
fresh_seed: Callable[[], str] = _random_seed


def promise(draw: Draw, seed: str) -> None:
    """Keep a seed and its commitments on the draw; saving is the caller's. Raises ValueError for no seed."""
    draw.seed = seed
    draw.commitment = lots.commitment(seed)
    draw.commitment_sm3 = freezing.sm3(bytes.fromhex(seed))
    draw.committed_at = timezone.now()
    draw.state = DrawState.COMMITTED


def _commit(act: Act) -> str:
    draw: Draw = act.obj
    issued = ItemList.objects.unscoped(WHY).filter(
        plan=draw.plan, quarter=draw.quarter, issued_at__isnull=False
    )
    if not issued.filter(kind=ListKind.CHECK).exists():
        raise Refused(f"{draw.get_quarter_display()}监督检查事项清单尚未印发")
    if pack_value("double_random.beacon_required", draw.region_code) and not draw.beacon_source:
        raise Refused("本地区规定须指定公共随机源，请先填写")
    promise(draw, fresh_seed())
    draw.committed_by_id = act.viewer.user
    draw.save()
    return "种子承诺已在公众门户公布"


commit = Action(
    "commit",
    "公布种子承诺",
    "Commit to a seed",
    Draw,
    _commit,
    available=lambda draw, viewer: draw.state == DrawState.PLANNED,
    confirm="系统生成一个随机种子并加密保存，只公布它的摘要。此后抽取数量、检查日期和随机源不能再改。",
    log="{actor}公布{obj}的种子承诺",
    event="draw_committed",
)


def _freeze(act: Act) -> str:
    draw: Draw = act.obj
    inputs = freezing.inputs_of(draw)
    wrong = lots.problems(inputs)
    if wrong:
        raise Refused("名单还不能抽取：" + "；".join(wrong[:5]) + ("……" if len(wrong) > 5 else ""))
    text = lots.canonical(inputs)
    FrozenLists(draw=draw, text=text).save()
    draw.inputs_sha256, draw.inputs_sm3 = lots.sha256(text), freezing.sm3(text.encode())
    draw.frozen_at, draw.frozen_by_id = timezone.now(), act.viewer.user
    draw.state = DrawState.FROZEN
    draw.save()
    return f"名单已冻结：检查对象 {len(inputs['objects'])} 个、检查人员 {len(inputs['inspectors'])} 人"


freeze = Action(
    "freeze",
    "冻结名单",
    "Freeze the lists",
    Draw,
    _freeze,
    available=lambda draw, viewer: draw.state == DrawState.COMMITTED,
    confirm="按此刻的在建项目库、检查人员库、请假和回避登记生成名单并公布摘要，此后不能再改。",
    log="{actor}冻结{obj}的名单",
    event="draw_frozen",
)


def _has_hands_in(draw: Draw, viewer: Viewer) -> bool:
    """Whether the viewer committed, froze or planned the draw, or changed the lists behind it in the year before."""
    if viewer.is_system:
        return False
    if viewer.user in (draw.committed_by_id, draw.frozen_by_id):
        return True
    assert draw.frozen_at is not None, "only a frozen draw is drawn"
    year_before = draw.frozen_at.replace(year=draw.frozen_at.year - 1, day=min(draw.frozen_at.day, 28))
    return (
        TrailEntry.objects.unscoped("who kept the lists stands in the trail")
        .filter(actor=viewer.user, at__gte=year_before)
        .filter(
            Q(model__in=LISTS, region_code__startswith=draw.region_code)
            | Q(model="double_random.draw", object_id=draw.pk)
        )
        .exclude(action__endswith=(".export"))
        .exists()
    )


def _draw_lots(act: Act) -> str:
    draw: Draw = act.obj
    if _has_hands_in(draw, act.viewer):
        raise Refused("编制名单的人不能抽取，请由他人（如纪检、审计人员）操作", status=403)
    beacon = (act.data.get("beacon") or "").strip()
    if bool(beacon) is not bool(draw.beacon_source):
        told = (
            f"请填写公共随机值（{draw.beacon_source}）" if draw.beacon_source else "本次抽取未约定公共随机源"
        )
        raise Refused("填写有误", status=422, errors={"beacon": [told]})
    text = draw.frozen.text
    if lots.sha256(text) != draw.inputs_sha256 or lots.commitment(draw.seed) != draw.commitment:
        raise Refused("名单或种子与已公布的摘要不符，不能抽取；请作废并查明原因")
    inputs = json.loads(text)
    draw.beacon = beacon
    draw.result = lots.plain(lots.draw(inputs, draw.seed, beacon))
    draw.drawn_at, draw.drawn_by_id, draw.state = timezone.now(), act.viewer.user, DrawState.DRAWN
    draw.save()
    _hand_out(draw)
    publishing.expect(act, draw)
    return f"已抽取 {len(draw.result)} 个项目，任务已分派"


def _hand_out(draw: Draw) -> None:
    """One task for each drawn project."""
    codes = [row["object"] for row in draw.result]
    projects = {p.code: p for p in Project.objects.unscoped(WHY).filter(code__in=codes)}
    people = {
        p.code: p for p in Inspector.objects.unscoped(WHY).filter(region_code__startswith=draw.region_code)
    }
    for place, row in enumerate(draw.result, start=1):
        project = projects[row["object"]]
        task = CheckTask(
            draw=draw,
            place=place,
            project=project,
            region_code=project.region_code,
            leader=people[row["leader"]],
        )
        task.save()
        task.inspectors.set([people[code] for code in row["group"]])
        publishing.tell_group(task)


draw_lots = Action(
    "draw_lots",
    "抽取",
    "Draw",
    Draw,
    _draw_lots,
    fields=(
        Input(
            "beacon",
            "公共随机值",
            "Beacon value",
            help="约定了公共随机源的，填写名单冻结后产生的数值，照抄公开结果",
        ),
    ),
    available=lambda draw, viewer: draw.state == DrawState.FROZEN,
    confirm="按公开的算法，由已承诺的种子和冻结的名单抽取，只能进行一次。",
    log="{actor}进行抽取{obj}（公共随机值 {beacon}）",
    event="draw_drawn",
)


def _publish(act: Act) -> str:
    draw: Draw = act.obj
    draw.state, draw.published_at = DrawState.PUBLISHED, timezone.now()
    draw.save()
    publishing.publish_draw(act, draw)
    return "已在公众门户公示检查对象、检查人员和检查过程"


publish = Action(
    "publish",
    "公示抽取结果",
    "Publish",
    Draw,
    _publish,
    available=lambda draw, viewer: draw.state == DrawState.DRAWN,
    confirm="公示后种子、名单和结果向社会公开，任何人可以复核。",
    log="{actor}公示{obj}的抽取结果",
    event="draw_published",
)

_VOIDABLE = (DrawState.COMMITTED, DrawState.FROZEN, DrawState.DRAWN, DrawState.PUBLISHED)


def _void(act: Act) -> str:
    draw: Draw = act.obj
    tasks = CheckTask.objects.unscoped(WHY).filter(draw=draw)
    if tasks.filter(checked_at__isnull=False).exists():
        raise Refused("已有项目完成检查，不能作废")
    tasks.update(state=TaskState.VOID)
    draw.state, draw.voided_at, draw.void_reason = (
        DrawState.VOID,
        timezone.now(),
        act.data["why"].strip()[:300],
    )
    draw.save()
    return "已作废，原因在公众门户公布"


void = Action(
    "void",
    "作废",
    "Void",
    Draw,
    _void,
    fields=(
        Input("why", "作废原因", "Why", kind="multiline", required=True, help="向社会公开，请勿写入个人信息"),
    ),
    available=lambda draw, viewer: draw.state in _VOIDABLE,
    danger=True,
    confirm="作废的抽取连同原因永久留在公示页。",
    log="{actor}作废{obj}：{why}",
    event="draw_voided",
)


def _redraw(act: Act) -> str:
    old: Draw = act.obj
    if Draw.objects.unscoped(WHY).filter(redraw_of=old).exists():
        raise Refused("已经发起重抽")
    new = Draw(
        plan=old.plan,
        quarter=old.quarter,
        count=old.count,
        check_from=old.check_from,
        check_to=old.check_to,
        beacon_source=old.beacon_source,
        redraw_of=old,
    )
    new.save()
    return f"已发起重抽 {new.number}，请公布种子承诺"


redraw = Action(
    "redraw",
    "发起重抽",
    "Draw again",
    Draw,
    _redraw,
    available=lambda draw, viewer: draw.state == DrawState.VOID,
    log="{actor}对作废的{obj}发起重抽",
)
