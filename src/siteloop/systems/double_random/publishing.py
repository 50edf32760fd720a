"""The five publications: what is due by when, what each says, who is told when one is late (DRAND-15).

Bodies hold nothing that is not meant for the public; what the portal shows is these bodies and nothing else.
"""

import datetime as dt
import json
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.foundation.packs.resolve import value as pack_value
from siteloop.framework import events
from siteloop.framework.action import Act
from siteloop.systems.double_random.models import (
    CheckTask,
    Draw,
    DrawState,
    Publication,
    PublicationKind,
)

WHY = "publications are due for every draw"
#: published together with the draw; the other two follow each check
OF_A_DRAW = (PublicationKind.OBJECTS, PublicationKind.INSPECTORS, PublicationKind.PROCESS)


def term(region: str) -> Term:
    """Time to publish, 20 working days where no pack states it (standards.md §6, M)."""
    stated = pack_value("double_random.publish_within", region)
    return Term.of(stated) if stated else Term(20, "day", "working")


def _expect(
    act: Act, draw: Draw, kind: PublicationKind, start: dt.datetime, task: CheckTask | None = None
) -> None:
    Publication.objects.unscoped(WHY).get_or_create(
        draw=draw,
        task=task,
        kind=kind,
        defaults={"region_code": draw.region_code, "due_at": due(start, term(draw.region_code))},
    )


def expect(act: Act, draw: Draw) -> None:
    """Objects, inspectors and process are due from the moment of the draw."""
    assert draw.drawn_at is not None, "only a drawn draw is published"
    for kind in OF_A_DRAW:
        _expect(act, draw, kind, draw.drawn_at)


def expect_results(act: Act, task: CheckTask, kinds: tuple[PublicationKind, ...]) -> None:
    """Result, and its use where there is one, are due from the moment of the check."""
    assert task.checked_at is not None, "only a finished check has a result"
    for kind in kinds:
        _expect(act, task.draw, kind, task.checked_at, task)


def publish_draw(act: Act, draw: Draw) -> None:
    """The three that go with a draw."""
    for one in Publication.objects.unscoped(WHY).filter(draw=draw, task=None, published_at__isnull=True):
        publish(act, one)


def publish(act: Act, one: Publication) -> None:
    """Fix what is said, and say it."""
    one.body = body_of(one)
    one.published_at = timezone.now()
    one.save()
    events.emit("publication_published", publication=one.pk, kind=one.kind, region=one.region_code)


def body_of(one: Publication) -> list[dict[str, Any]]:
    """Rows of what is published, as they stand now."""
    draw = one.draw
    if one.kind == PublicationKind.OBJECTS:
        known = {o["id"]: o for o in json.loads(draw.frozen.text)["objects"]}
        return [
            {"id": r["object"], "name": known[r["object"]]["name"], "weight": known[r["object"]]["weight"]}
            for r in draw.result
        ]
    if one.kind == PublicationKind.INSPECTORS:
        return _groups(draw)
    if one.kind == PublicationKind.PROCESS:
        return [
            {"step": step, "at": timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")}
            for step, at in (
                ("公布种子承诺", draw.committed_at),
                ("冻结名单", draw.frozen_at),
                ("抽取", draw.drawn_at),
            )
            if at is not None
        ]
    assert one.task is not None, "results belong to a task"
    return _result(one.task) if one.kind == PublicationKind.RESULTS else _use(one.task)


def _groups(draw: Draw) -> list[dict[str, Any]]:
    inputs = json.loads(draw.frozen.text)
    names = {p["id"]: p["name"] for p in inputs["inspectors"]}
    projects = {o["id"]: o["name"] for o in inputs["objects"]}
    return [
        {
            "project": projects[r["object"]],
            "group": [names[code] for code in r["group"]],
            "leader": names[r["leader"]],
        }
        for r in draw.result
    ]


def _result(task: CheckTask) -> list[dict[str, Any]]:
    problems = task.lines.filter(verdict="problem").select_related("item").order_by("item__number")
    assert task.checked_at is not None, "only a finished check has a result"
    return [
        {
            "project": task.project.name,
            "checked_on": timezone.localdate(task.checked_at).isoformat(),
            "conclusion": task.get_conclusion_display(),
            "problems": [f"{line.item.get_party_display()}：{line.item.content}" for line in problems],
        }
    ]


def _use(task: CheckTask) -> list[dict[str, Any]]:
    demerits = task.demerits.filter(withdrawn_at__isnull=True).select_related("organisation").order_by("pk")
    used: list[dict[str, Any]] = []
    if task.case is not None:
        used.append({"project": task.project.name, "use": "责令改正", "detail": task.case.number})
    used += [
        {
            "project": task.project.name,
            "use": "违规记分",
            "organisation": d.organisation.name,
            "points": d.points,
            "detail": d.reason,
            "clause": d.clause,
        }
        for d in demerits
    ]
    return used


def tell_group(task: CheckTask) -> None:
    """The drawn inspectors hear of their task."""
    accounts = [i.account for i in task.inspectors.select_related("account") if i.account is not None]
    notify(
        accounts,
        "double_random_task",
        f"双随机抽查任务：{task.project.name}",
        body=f"{task.draw.number}，检查日期 {task.draw.check_from}—{task.draw.check_to}，组长 {task.leader.name}",
        link=f"/double_random/tasks/{task.pk}/",
        level="blue",
        subject=f"check_task:{task.pk}",
    )


def tell_late(now: dt.datetime | None = None) -> int:
    """Whoever organises a draw hears once of each publication that is late; returns how many are late now."""
    moment = now or timezone.now()
    late = (
        Publication.objects.unscoped(WHY)
        .filter(published_at__isnull=True, due_at__lt=moment)
        .exclude(draw__state=DrawState.VOID)
        .select_related("draw__plan__organisation", "task__project")
    )
    for one in late:
        told: list[Account] = members(one.draw.plan.organisation)
        notify(
            told,
            "publication_late",
            f"公示逾期：{one}",
            body="已超过规则包规定的公示期限，公众门户显示为逾期",
            link=f"/double_random/publications/{one.pk}/",
            level="orange",
            subject=f"publication_late:{one.pk}",
        )
    return len(late)
