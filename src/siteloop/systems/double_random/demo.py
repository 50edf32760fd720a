"""Demo: inspectors, the year's plan and lists, finished draws with their checks, a void one, one that waits. Fixed seeds.

Everything is done through the real actions at the moment of loading and then moved back in time, so that a visitor finds
half a year of draws whose proofs really hold. Persons are synthetic and say so.
"""

import datetime as dt
import hashlib
import random
from dataclasses import replace

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY, WHY, DemoAccount, add_account
from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import engine
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.cases.models import Case, CaseEvent, Finding
from siteloop.foundation.registry.models import ProjectPost
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.systems.double_random import actions, freezing, tasks
from siteloop.systems.double_random import draw as lots
from siteloop.systems.double_random.loading import load as load_specialities
from siteloop.systems.double_random.models import (
    CheckPlan,
    CheckTask,
    Demerit,
    Draw,
    Inspector,
    ItemLine,
    ItemList,
    Leave,
    Publication,
    Recusal,
    Speciality,
    TaskState,
)

BODY = "平湖市质安监督站（演示）"
PEOPLE = 16
SEED = 20264
CLAUSE = "演示清单，条款未核实"
CHECKED = (
    ("behaviour", "builder", "建设单位按规定办理质量安全监督手续"),
    ("behaviour", "contractor", "项目经理、技术负责人到岗履职"),
    ("behaviour", "supervisor_firm", "关键部位、关键工序旁站记录齐全"),
    ("behaviour", "testing", "检测报告结论与原始记录一致"),
    ("documents", "contractor", "进场材料复验报告齐全有效"),
    ("documents", "contractor", "隐蔽工程验收记录齐全"),
    ("documents", "supervisor_firm", "监理规划、监理实施细则经审批"),
    ("works", "contractor", "混凝土构件无严重外观缺陷"),
    ("works", "contractor", "钢筋保护层厚度符合要求"),
    ("works", "contractor", "临边洞口防护到位"),
)
SCORED = (
    ("works", "contractor", "未按设计图纸或施工技术标准施工", 5),
    ("behaviour", "contractor", "项目经理未到岗履职", 3),
    ("documents", "contractor", "材料未经复验合格即用于工程", 4),
    ("behaviour", "supervisor_firm", "旁站监理记录缺失", 2),
    ("behaviour", "builder", "明示或暗示降低工程质量", 6),
)
PROBLEMS = {
    "隐蔽工程验收记录齐全": "三层楼面钢筋隐蔽验收缺监理签字（演示）",
    "临边洞口防护到位": "2 号楼电梯井口防护门缺失 1 处（演示）",
    "旁站监理记录缺失": "地下室顶板浇筑旁站记录缺 1 份（演示）",
}


@transaction.atomic
def load() -> None:
    """Everything, once."""
    if Inspector.objects.unscoped(WHY).filter(code="J001").exists():
        return
    load_specialities()
    dice = random.Random(SEED)  # noqa: S311 - a fixed seed makes the county the same everywhere
    body = Organisation.objects.unscoped(WHY).get(name=BODY)
    _people(body)
    keeper, drawer = (viewer_for(Account.objects.get(username=name)) for name in ("county", "auditor"))
    today = timezone.localdate()
    for days in (170, 80):
        _finished(_draw(body, today - dt.timedelta(days=days)), keeper, drawer, days, dice)
    void = _draw(body, today - dt.timedelta(days=27))
    _void(void, keeper, drawer)
    again = Draw.objects.unscoped(WHY).get(redraw_of=void)
    _finished(again, keeper, drawer, 25, dice, is_newest=True)
    _waiting(_draw(body, today + dt.timedelta(days=14), "中国体育彩票排列5 冻结次日开奖号码（演示）"), keeper)


def _people(body: Organisation) -> None:
    skills = {s.code: s for s in Speciality.objects.unscoped(WHY)}
    until = timezone.localdate() + dt.timedelta(days=500)
    for n in range(1, PEOPLE + 1):
        account = (
            Account.objects.get(username="inspector")
            if n == 1
            else add_account(
                DemoAccount(f"insp{n:02d}", f"演示检查员{n:02d}", "supervisor", body.name, "监督员"),
                _password(),
            )
        )
        person = Inspector(
            code=f"J{n:03d}",
            name="演示质安监督员" if n == 1 else f"演示检查员{n:02d}",
            account=account,
            organisation=body,
            region_code=COUNTY,
            certificate_number=f"演示-{n:04d}",
            # one certificate has run out, so that the library shows why somebody is not drawn
            certificate_until=until if n != 16 else timezone.localdate() - dt.timedelta(days=20),
        )
        person.save()
        own = ["quality" if n % 2 else "safety", *(["municipal"] if n % 3 == 1 else [])]
        person.specialities.set([skills[code] for code in [*own, *(["machinery"] if n % 5 == 0 else [])]])
    people = {p.code: p for p in Inspector.objects.unscoped(WHY)}
    firms = {
        o.name: o
        for o in Organisation.objects.unscoped(WHY).filter(name__in=("演示建工集团03", "演示监理公司02"))
    }
    Recusal(
        inspector=people["J004"], kind="kinship", organisation=firms["演示建工集团03"], note="演示登记"
    ).save()
    Recusal(
        inspector=people["J007"],
        kind="former_employer",
        organisation=firms["演示监理公司02"],
        left_on=timezone.localdate() - dt.timedelta(days=500),
        note="演示登记",
    ).save()
    Leave(
        inspector=people["J009"],
        from_on=timezone.localdate() + dt.timedelta(days=10),
        to_on=timezone.localdate() + dt.timedelta(days=20),
        reason="培训（演示）",
    ).save()


def _password() -> str:
    from django.conf import settings

    return str(settings.DEMO_PASSWORD)


def _plan(body: Organisation, year: int) -> CheckPlan:
    known = CheckPlan.objects.unscoped(WHY).filter(organisation=body, year=year).first()
    if known is not None:
        return known
    plan = CheckPlan(
        region_code=COUNTY,
        organisation=body,
        year=year,
        title=f"{year} 年建设工程质量安全双随机抽查计划（演示）",
        basis="根据年初制定的双随机抽查工作计划，每季度按施工进度制定两张清单（演示）",
        per_quarter=8,
        group_size=2,
    )
    plan.save()
    plan.needs.set(Speciality.objects.unscoped(WHY).filter(code__in=("quality", "safety")))
    perform(actions.approve, system_viewer("演示"), plan)
    plan.refresh_from_db()
    return plan


def _lists(plan: CheckPlan, quarter: int) -> None:
    if ItemList.objects.unscoped(WHY).filter(plan=plan, quarter=quarter).exists():
        return
    for kind, title, rows in (
        ("check", "监督检查事项清单", [(*row, 0) for row in CHECKED]),
        ("scoring", "监管记分评价事项清单", list(SCORED)),
    ):
        one = ItemList(
            plan=plan,
            quarter=quarter,
            kind=kind,
            title=f"{plan.year} 年第 {quarter} 季度{title}（演示）",
            progress="主体结构、二次结构、装饰装修",
        )
        one.save()
        ItemLine.objects.bulk_create(
            ItemLine(list=one, number=n, subject=s, party=p, content=c, points=points, clause=CLAUSE)
            for n, (s, p, c, points) in enumerate(rows, start=1)
        )
        perform(actions.issue, system_viewer("演示"), one)


def _draw(body: Organisation, day: dt.date, beacon_source: str = "") -> Draw:
    quarter = (day.month - 1) // 3 + 1
    plan = _plan(body, day.year)
    _lists(plan, quarter)
    row = Draw(
        plan=plan,
        quarter=quarter,
        count=6,
        check_from=day,
        check_to=day + dt.timedelta(days=10),
        beacon_source=beacon_source,
    )
    row.save()
    return row


def _commit(draw: Draw, keeper: Viewer, seed: str = "") -> None:
    """The real promise, but of a seed that is the same at each installation."""
    fixed = seed or hashlib.sha256(f"siteloop demo {draw.number}".encode()).hexdigest()
    real = actions.fresh_seed
    actions.fresh_seed = lambda: fixed
    try:
        perform(actions.commit, keeper, draw)
    finally:
        actions.fresh_seed = real
    draw.refresh_from_db()


def _lots(draw: Draw, keeper: Viewer, drawer: Viewer, seed: str = "") -> None:
    _commit(draw, keeper, seed)
    perform(actions.freeze, keeper, draw)
    perform(actions.draw_lots, drawer, draw)


def _void(draw: Draw, keeper: Viewer, drawer: Viewer) -> None:
    _lots(draw, keeper, drawer)
    perform(actions.void, keeper, draw, {"why": "抽取后发现检查日期与上级专项检查重叠，作废重抽（演示）"})
    perform(actions.redraw, keeper, draw)
    days = dt.timedelta(days=27)
    Draw.objects.unscoped(WHY).filter(pk=draw.pk).update(
        committed_at=F("committed_at") - days - dt.timedelta(days=3),
        frozen_at=F("frozen_at") - days - dt.timedelta(hours=26),
        drawn_at=F("drawn_at") - days - dt.timedelta(hours=24),
        voided_at=F("voided_at") - days,
    )


def _seed_of_story(draw: Draw) -> str:
    """The first seed by which the demo's inspector leads a group, so that a visitor has a task to play."""
    inputs = freezing.inputs_of(draw)
    for n in range(200):
        seed = hashlib.sha256(f"siteloop demo {draw.number} {n}".encode()).hexdigest()
        if any(d.leader == "J001" for d in lots.draw(inputs, seed)):
            return seed
    return ""


def _finished(
    draw: Draw, keeper: Viewer, drawer: Viewer, days: int, dice: random.Random, is_newest: bool = False
) -> None:
    _lots(draw, keeper, drawer, _seed_of_story(draw) if is_newest else "")
    perform(actions.publish, keeper, draw)
    rows = list(CheckTask.objects.unscoped(WHY).filter(draw=draw).order_by("place"))
    for task in rows:
        if is_newest and task.leader.code == "J001":
            continue
        _checked(task, dice, stays_open=is_newest and task is rows[-1])
    waiting = Publication.objects.unscoped(WHY).filter(draw=draw, published_at__isnull=True)
    for one in waiting.exclude(task=rows[-1]) if not is_newest else waiting.none():
        perform(tasks.publish, keeper, one)
    _move_back(draw, dt.timedelta(days=days))


def _checked(task: CheckTask, dice: random.Random, stays_open: bool) -> None:
    assert task.leader.account is not None, "made with an account"
    # by name in the trail, but as the program: papers of half a year are set when somebody opens them
    leader = replace(viewer_for(task.leader.account), is_system=True)
    perform(tasks.deliver, leader, task)
    wrong = dice.sample(sorted(PROBLEMS), 1 + (dice.random() < 0.4)) if stays_open or task.place % 3 else []
    for line in task.lines.select_related("item"):
        bad = line.item.content in wrong
        perform(
            tasks.judge,
            leader,
            line,
            {"verdict": "problem" if bad else "ok", "remark": PROBLEMS[line.item.content] if bad else ""},
        )
    perform(
        tasks.finish,
        leader,
        task,
        {"opinion": "限期整改并书面回复。（演示）" if wrong else "未发现问题。（演示）"},
    )
    task.refresh_from_db()
    if task.case is None or stays_open:
        return
    post = (
        ProjectPost.objects.unscoped(WHY)
        .filter(project=task.project, kind="project_manager", account__isnull=False)
        .select_related("account")
        .first()
    )
    manager = viewer_for(post.account) if post and post.account else system_viewer("演示")
    engine.outcome(task.case, Outcome.REPLY, manager, body="已按要求整改完成，附整改照片（演示）")
    task.case.refresh_from_db()
    engine.outcome(task.case, Outcome.PASS, leader, body="现场复查合格（演示）")
    task.state, task.closed_at = TaskState.DONE, timezone.now()
    task.save()


def _move_back(draw: Draw, by: dt.timedelta) -> None:
    """As if it had happened then: promise three days before, lists one day before, checks in the days after."""
    day = dt.timedelta(days=1)
    Draw.objects.unscoped(WHY).filter(pk=draw.pk).update(
        committed_at=F("committed_at") - by - 3 * day,
        frozen_at=F("frozen_at") - by - day,
        drawn_at=F("drawn_at") - by,
        published_at=F("published_at") - by + day,
    )
    for one in Publication.objects.unscoped(WHY).filter(draw=draw).select_related("task"):
        later = by - (1 + 2 * one.task.place) * day if one.task else by - day
        if one.task is None and one.published_at and one.kind == "process":
            fresh = Draw.objects.unscoped(WHY).get(pk=draw.pk)
            times = (fresh.committed_at, fresh.frozen_at, fresh.drawn_at)
            one.body = [
                {**row, "at": timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")}
                for row, at in zip(one.body, times, strict=True)
                if at is not None
            ]
        one.due_at = one.due_at - later if one.due_at else None
        one.published_at = one.published_at - later + day if one.published_at else None
        for row in one.body if one.kind == "results" else []:
            row["checked_on"] = (dt.date.fromisoformat(row["checked_on"]) - later).isoformat()
        one.save()
    for task in CheckTask.objects.unscoped(WHY).filter(draw=draw, checked_at__isnull=False):
        shift = by - (1 + 2 * task.place) * day
        CheckTask.objects.unscoped(WHY).filter(pk=task.pk).update(
            notified_at=F("notified_at") - shift - day,
            checked_at=F("checked_at") - shift,
            closed_at=F("closed_at") - shift + (6 * day if task.case_id else 0 * day),
        )
        Demerit.objects.unscoped(WHY).filter(task=task).update(told_at=F("told_at") - shift)
        if task.case_id is not None:
            _move_case(task.case_id, shift, 6 * day)


def _move_case(case: int, shift: dt.timedelta, took: dt.timedelta) -> None:
    CaseEvent.objects.filter(case=case).update(at=F("at") - shift)
    CaseEvent.objects.filter(case=case, kind__in=("pass", "closed")).update(at=F("at") + took)
    Finding.objects.unscoped(WHY).filter(case=case).update(
        since=F("since") - shift, last_at=F("last_at") - shift
    )
    Case.objects.unscoped(WHY).filter(pk=case).update(
        opened_at=F("opened_at") - shift,
        step_since=F("step_since") - shift,
        deadline=F("deadline") - shift,
        closed_at=F("closed_at") - shift + took,
    )


def _waiting(draw: Draw, keeper: Viewer) -> None:
    """Promised yesterday; the county officer freezes, the auditor draws."""
    _commit(draw, keeper)
    Draw.objects.unscoped(WHY).filter(pk=draw.pk).update(
        committed_at=F("committed_at") - dt.timedelta(days=1)
    )
