"""What a drawn group does: deliver the notice, record the check, order corrections, give demerits, publish."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases import inbox
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.documents import store
from siteloop.foundation.documents.models import Document
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.models import Party, PartyKind, ProjectPost, Site
from siteloop.framework import events
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.kernel.finding import Act as Says
from siteloop.kernel.finding import Finding, Severity
from siteloop.kernel.times import to_us
from siteloop.systems.double_random import documents, publishing
from siteloop.systems.double_random.cases import PROBLEMS
from siteloop.systems.double_random.models import (
    CheckLine,
    CheckTask,
    Demerit,
    DrawState,
    ItemLine,
    ListKind,
    Publication,
    PublicationKind,
    TaskState,
)

WHY = "a check reaches every party of its project"


def in_group(task: CheckTask, viewer: Viewer) -> bool:
    """Whether the viewer was drawn for this task."""
    return viewer.is_system or (
        viewer.user is not None and task.inspectors.filter(account_id=viewer.user).exists()
    )


def _told(task: CheckTask) -> list[Account]:
    """Project managers with an account and the contractor's members."""
    posts = ProjectPost.objects.unscoped(WHY).filter(
        project=task.project, kind="project_manager", account__isnull=False
    )
    parties = Party.objects.unscoped(WHY).filter(project=task.project, kind=PartyKind.CONTRACTOR)
    return [
        *(p.account for p in posts.select_related("account") if p.account),
        *(a for p in parties.select_related("organisation") for a in members(p.organisation)),
    ]


def _print(act: Act, kind: str, to: tuple[str, ...]) -> Document:
    """Issue one document of the task and send it to the project's posts; its number goes back if the act fails."""
    task: CheckTask = act.obj
    compose = next(k for k in documents.KINDS if k.code == kind).compose
    assert compose is not None, "every kind of this system composes itself"
    made = store.issue(
        act.viewer,
        kind,
        compose(task.pk),
        authority=task.draw.plan.organisation,
        region_code=task.region_code,
        project=task.project,
        subject=task,
        # the program acting for many at once leaves the setting to whoever opens the paper first
        prints=not act.viewer.is_system,
    )
    store.deliver(made, act.viewer, to)
    return made


def _deliver(act: Act) -> str:
    task: CheckTask = act.obj
    items = ItemLine.objects.unscoped(WHY).filter(
        list__plan=task.draw.plan, list__quarter=task.draw.quarter, list__issued_at__isnull=False
    )
    CheckLine.objects.bulk_create([CheckLine(task=task, item=item) for item in items])
    task.notified_at, task.state = timezone.now(), TaskState.NOTIFIED
    task.told_project_id = task.project_id
    task.save()
    names = "、".join(i.name for i in task.inspectors.all())
    notify(
        _told(task),
        "check_notice",
        f"双随机检查通知：{task.project.name}",
        body=f"检查组：{names}；检查日期 {task.draw.check_from}—{task.draw.check_to}",
        link=f"/double_random/tasks/{task.pk}/",
        level="yellow",
        subject=f"check_notice:{task.pk}",
    )
    made = _print(act, documents.NOTICE, ("project_manager", "chief_supervisor"))
    return f"检查通知书 {made.number} 已送达项目部和施工单位，记录表已生成"


deliver = Action(
    "deliver",
    "送达检查通知",
    "Deliver the notice",
    CheckTask,
    _deliver,
    available=lambda task, viewer: task.state == TaskState.ASSIGNED and in_group(task, viewer),
    confirm="送达后项目部和施工单位可以看到本次检查。",
    log="{actor}送达{obj}的检查通知",
    event="check_notice_delivered",
)


def _judge(act: Act) -> str:
    line: CheckLine = act.obj
    remark = (act.data.get("remark") or "").strip()
    if act.data["verdict"] == "problem" and not remark:
        raise Refused("填写有误", status=422, errors={"remark": ["不符合的请写明问题"]})
    line.verdict, line.remark = act.data["verdict"], remark[:500]
    line.save()
    return "已记录"


judge = Action(
    "judge",
    "记录检查情况",
    "Record",
    CheckLine,
    _judge,
    fields=(
        Input(
            "verdict",
            "检查情况",
            "Verdict",
            kind="choice",
            required=True,
            choices=(("ok", "符合"), ("problem", "不符合"), ("absent", "不涉及")),
        ),
        Input("remark", "问题描述", "Remark", kind="multiline", help="不符合的必填：部位、数量、实测值"),
    ),
    available=lambda line, viewer: line.task.state == TaskState.NOTIFIED and in_group(line.task, viewer),
    bulk=True,
    log="{actor}记录{obj}：{verdict} {remark}",
)


def _finish(act: Act) -> str:
    task: CheckTask = act.obj
    rows = list(task.lines.select_related("item__list").order_by("item__list__kind", "item__number"))
    waiting = [r for r in rows if not r.verdict]
    if waiting:
        raise Refused(f"还有 {len(waiting)} 项未记录，如“{waiting[0].item}”")
    problems = [r for r in rows if r.verdict == "problem"]
    task.checked_at, task.opinion = timezone.now(), (act.data.get("opinion") or "").strip()[:1000]
    task.conclusion = "problems" if problems else "qualified"
    task.state = TaskState.CORRECTING if problems else TaskState.DONE
    task.closed_at = None if problems else task.checked_at
    task.save()
    points = _score(act, [r for r in problems if r.item.list.kind == ListKind.SCORING])
    if problems:
        _order(act, problems)
    kinds = (PublicationKind.RESULTS, *((PublicationKind.USE,) if problems else ()))
    publishing.expect_results(act, task, kinds)
    _print(act, documents.RECORD, ("project_manager", "chief_supervisor"))
    if problems:
        _print(act, documents.ORDER, ("project_manager", "chief_supervisor", "builder_leader"))
    if points:
        _print(act, documents.DEMERIT, ("project_manager",))
    if not problems:
        return "未发现问题，任务已办结，请在期限内公示检查结果"
    return f"发现问题 {len(problems)} 项，已派单责令改正" + (f"，记分 {points} 分" if points else "")


def _order(act: Act, problems: list[CheckLine]) -> None:
    """The order to correct, as a case of the one engine."""
    task: CheckTask = act.obj
    site = (
        Site.objects.unscoped(WHY)
        .filter(project=task.project)
        .order_by("pk")
        .values_list("pk", flat=True)
        .first()
    )
    assert task.checked_at is not None, "set just before"
    shown = "；".join(f"{r.item.content}——{r.remark}" for r in problems)
    found = inbox.apply(
        Finding(
            act=Says.RAISE,
            rule=PROBLEMS,
            subject=f"check_task:{task.pk}",
            since=to_us(task.checked_at),
            at=to_us(task.checked_at),
            site=site or 0,
            project=task.project_id,
            region=task.region_code,
            severity=Severity.ORANGE,
            message=f"{task.draw.number} 双随机抽查发现 {len(problems)} 项问题：{shown}",
            count=len(problems),
        ),
        task.checked_at,
    )
    if found is None or found.case is None:
        raise Refused("未能派单，请联系平台管理员")
    found.case.source = "inspection"
    found.case.save()
    task.case = found.case
    task.save()


def _score(act: Act, problems: list[CheckLine]) -> int:
    """A demerit for each violated line of the scoring list, told to the party the line names."""
    task: CheckTask = act.obj
    parties: dict[str, Any] = {}
    for party in Party.objects.unscoped(WHY).filter(project=task.project).select_related("organisation"):
        parties.setdefault(party.kind, party.organisation)
    total, now = 0, timezone.now()
    for row in problems:
        liable = parties.get(row.item.party)
        if liable is None:
            raise Refused(f"项目未登记{row.item.get_party_display()}，不能对“{row.item}”记分")
        one = Demerit(
            task=task,
            line=row,
            project=task.project,
            organisation=liable,
            region_code=task.region_code,
            points=row.item.points,
            reason=row.remark,
            clause=row.item.clause,
            told_at=now,
        )
        one.save()
        total += one.points
        notify(
            members(liable),
            "demerit",
            f"违规事实记分告知：{task.project.name} {one.points} 分",
            body=f"{row.item.content}——{row.remark}",
            link=f"/double_random/demerits/{one.pk}/",
            level="orange",
            subject=f"demerit:{one.pk}",
        )
        events.emit(
            "demerit_recorded",
            demerit=one.pk,
            organisation=liable.pk,
            project=task.project_id,
            points=one.points,
            region=one.region_code,
            reason=one.reason,
            clause=one.clause,
        )
    return total


finish = Action(
    "finish",
    "完成检查",
    "Finish the check",
    CheckTask,
    _finish,
    fields=(Input("opinion", "检查意见", "Opinion", kind="multiline"),),
    available=lambda task, viewer: task.state == TaskState.NOTIFIED and in_group(task, viewer),
    confirm="有不符合项的，将发出责令改正通知并按记分清单告知记分。",
    log="{actor}完成{obj}的检查",
    event="check_finished",
)


def _close(act: Act) -> None:
    act.obj.state, act.obj.closed_at = TaskState.DONE, timezone.now()
    act.obj.save()


close = Action(
    "close",
    "办结",
    "Close",
    CheckTask,
    _close,
    available=lambda task, viewer: viewer.is_system and task.state == TaskState.CORRECTING,
    log="整改派单闭环，{obj}办结",
)


def _withdraw(act: Act) -> str:
    act.obj.withdrawn_at, act.obj.withdrawn_why = timezone.now(), act.data["why"].strip()[:300]
    act.obj.save()
    events.emit("demerit_withdrawn", demerit=act.obj.pk, organisation=act.obj.organisation_id)
    return "记分已撤销"


withdraw = Action(
    "withdraw",
    "撤销记分",
    "Withdraw",
    Demerit,
    _withdraw,
    fields=(Input("why", "撤销原因", "Why", kind="multiline", required=True),),
    available=lambda one, viewer: one.withdrawn_at is None,
    danger=True,
    log="{actor}撤销{obj}：{why}",
)


def _publish(act: Act) -> str:
    one: Publication = act.obj
    if one.task is None and one.draw.state != DrawState.PUBLISHED:
        raise Refused("检查对象、检查人员和检查过程随抽取结果一并公示")
    publishing.publish(act, one)
    return "已公示"


publish = Action(
    "publish",
    "公示",
    "Publish",
    Publication,
    _publish,
    available=lambda one, viewer: one.published_at is None and one.draw.state != DrawState.VOID,
    bulk=True,
    confirm="公示内容将在公众门户公开。",
    log="{actor}公示{obj}",
)
