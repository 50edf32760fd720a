"""What the desk shows beside a record: proof, result, libraries, record table."""

import json
from typing import Any

from django.utils import timezone

from siteloop.foundation.documents.models import Document
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.systems.double_random import library, publishing
from siteloop.systems.double_random import people as who
from siteloop.systems.double_random.models import (
    CheckTask,
    Draw,
    DrawState,
    ItemList,
    Publication,
    Speciality,
)

#: rows of a panel; the frozen file holds all of them
SHOWN = 60
OUT = {"unavailable": "检查期间不能参加", "certificate": "执法证不在有效期"}


def proof(draw: Draw, viewer: Viewer) -> dict[str, Any]:
    """Steps with their times and digests; the seed only once it is public."""
    steps = [
        (
            pick("种子承诺", "Commitment"),
            draw.committed_at,
            draw.committed_by,
            draw.commitment,
            draw.commitment_sm3,
        ),
        (
            pick("冻结名单", "Lists frozen"),
            draw.frozen_at,
            draw.frozen_by,
            draw.inputs_sha256,
            draw.inputs_sm3,
        ),
        (pick("抽取", "Drawn"), draw.drawn_at, draw.drawn_by, "", ""),
        (pick("公示", "Published"), draw.published_at, None, "", ""),
    ]
    is_public = draw.state == DrawState.PUBLISHED
    return {
        "draw": draw,
        "steps": [
            {"title": title, "at": at, "by": by, "sha256": sha, "sm3": sm3}
            for title, at, by, sha, sm3 in steps
        ],
        "seed": draw.seed if is_public else "",
        "public": f"/portal/draws/{draw.number}/" if draw.committed_at else "",
        "redraw": Draw.objects.visible_to(viewer).filter(redraw_of=draw).first(),
    }


def _frozen(draw: Draw) -> dict[str, Any] | None:
    return json.loads(draw.frozen.text) if draw.inputs_sha256 else None


def result(draw: Draw, viewer: Viewer) -> dict[str, Any]:
    """Drawn projects with their groups, and the tasks they became."""
    tasks = (
        CheckTask.objects.visible_to(viewer)
        .filter(draw=draw)
        .select_related("project", "leader", "draw")
        .prefetch_related("inspectors")
        .order_by("place")
    )
    return {"tasks": list(tasks), "publications": _publications(draw, viewer)}


def _publications(draw: Draw, viewer: Viewer) -> list[dict[str, Any]]:
    now = timezone.now()
    rows = Publication.objects.visible_to(viewer).filter(draw=draw, task=None).order_by("pk")
    return [{"row": row, "late": row.is_late(now)} for row in rows]


def objects(draw: Draw, viewer: Viewer) -> dict[str, Any]:
    """The frozen list; before it is frozen the library as it stands at this moment."""
    inputs = _frozen(draw)
    if inputs is None:
        needs = tuple(sorted(draw.plan.needs.values_list("code", flat=True)))
        found = library.objects(draw.region_code, needs)
        rows: list[dict[str, Any]] = [
            {"id": c.project.code, "name": c.project.name, "weight": c.weight, "why": c.lines}
            for c in found
            if not c.reason
        ]
        out = [{"id": c.project.code, "name": c.project.name, "reason": c.reason} for c in found if c.reason]
    else:
        rows, out = inputs["objects"], inputs["left_out"]["objects"]
    total = sum(row["weight"] for row in rows)
    shown = sorted(rows, key=lambda row: -row["weight"])[:SHOWN]
    return {
        "is_live": inputs is None,
        "rows": [{**row, "share": row["weight"] / total if total else 0} for row in shown],
        "count": len(rows),
        "more": max(0, len(rows) - SHOWN),
        "out": out[:SHOWN],
        "out_count": len(out),
    }


def people(draw: Draw, viewer: Viewer) -> dict[str, Any]:
    """Who can be drawn, who not and why; the true reasons are for those who keep the library."""
    known = who.inspectors(draw.region_code, draw.check_from, draw.check_to)
    inputs = _frozen(draw)
    free = [a for a in known if not a.reason]
    barred = inputs["recusals"] if inputs else []
    titles = {s.code: pick(s.title, s.title_en) for s in Speciality.objects.visible_to(viewer)}
    return {
        "is_live": inputs is None,
        "free": [
            {"id": code, "name": name, "skills": [titles.get(c, c) for c in codes]}
            for code, name, codes in (
                [(a.inspector.code, a.inspector.name, a.specialities) for a in free]
                if inputs is None
                else [(p["id"], p["name"], p["specialities"]) for p in inputs["inspectors"]]
            )
        ],
        "out": [{"name": str(a.inspector), "reason": a.reason} for a in known if a.reason]
        if inputs is None
        else [
            {"name": p["id"], "reason": OUT.get(p["reason"], p["reason"])}
            for p in inputs["left_out"]["inspectors"]
        ],
        "barred": len(barred),
    }


def group(task: CheckTask, viewer: Viewer) -> dict[str, Any]:
    """The drawn inspectors, the leader first."""
    members = sorted(task.inspectors.select_related("organisation"), key=lambda i: i.pk != task.leader_id)
    return {"task": task, "members": members}


def record(task: CheckTask, viewer: Viewer) -> dict[str, Any]:
    """The record table by its two lists; who may, records line by line."""
    from siteloop.systems.double_random.tasks import in_group

    rows = list(task.lines.select_related("item", "item__list").order_by("item__list__kind", "item__number"))
    printed = (
        Document.objects.visible_to(viewer)
        .filter(subject_model="double_random.checktask", subject_id=task.pk)
        .order_by("pk")
    )
    return {
        "task": task,
        "documents": list(printed),
        "rows": rows,
        "left": sum(not row.verdict for row in rows),
        "may": task.state == "notified"
        and in_group(task, viewer)
        and viewer.may("double_random.checkline.judge"),
        "demerits": list(task.demerits.select_related("organisation").order_by("pk")),
        "case": task.case,
    }


def lines(one: ItemList, viewer: Viewer) -> dict[str, Any]:
    """The lines of a list."""
    return {
        "list": one,
        "rows": list(one.lines.order_by("number")),
        "may": one.issued_at is None and viewer.may("double_random.itemline.create"),
    }


def lateness(one: Publication) -> str:
    """In time, late, or how long there still is."""
    now = timezone.now()
    if one.published_at is not None:
        return pick("逾期公示", "late") if one.is_late(now) else pick("按期公示", "in time")
    return pick("已逾期", "overdue") if one.is_late(now) else pick("待公示", "waiting")


def body(one: Publication, viewer: Viewer) -> dict[str, Any]:
    """What is or would be published, as rows of (name, value)."""
    rows = one.body if one.published_at else publishing.body_of(one)
    return {"published": one.published_at is not None, "rows": [_pairs(row) for row in rows]}


NAMES = {
    "id": "编号",
    "name": "名称",
    "weight": "权重",
    "project": "项目",
    "group": "检查组",
    "leader": "组长",
    "step": "环节",
    "at": "时间",
    "checked_on": "检查日期",
    "conclusion": "检查结果",
    "problems": "问题",
    "use": "成果应用",
    "organisation": "责任单位",
    "points": "记分",
    "detail": "内容",
    "clause": "依据",
}


def _pairs(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (NAMES.get(key, key), "、".join(value) if isinstance(value, list) else str(value))
        for key, value in row.items()
        if value not in ("", [], None)
    ]
