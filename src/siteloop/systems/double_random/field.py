"""Drawn checks for the phone of a drawn inspector."""

from typing import Any

from siteloop.framework.language import pick, term
from siteloop.framework.rest import carried
from siteloop.framework.rest.ui import described
from siteloop.framework.rest.versions import version_of
from siteloop.framework.viewer import Viewer
from siteloop.systems.double_random import tasks
from siteloop.systems.double_random.models import CheckTask, TaskState

MOST = 10


def checks(viewer: Viewer) -> list[dict[str, Any]]:
    """Checks the viewer was drawn for and that are still to be made."""
    if not viewer.may("double_random.checktask.view"):
        return []
    rows = CheckTask.objects.visible_to(viewer).filter(
        state__in=(TaskState.ASSIGNED, TaskState.NOTIFIED), inspectors__account=viewer.user or 0
    )
    found = rows.select_related("project", "draw").order_by("draw__check_to", "place")[:MOST]
    return [check(t, viewer) for t in found]


def check(task: CheckTask, viewer: Viewer) -> dict[str, Any]:
    """A drawn check with its record table; each line is a record of its own."""
    lines = list(task.lines.select_related("item", "item__list").order_by("item__list__kind", "item__number"))
    may_judge = (
        task.state == TaskState.NOTIFIED
        and tasks.in_group(task, viewer)
        and viewer.may("double_random.checkline.judge")
    )
    return carried.shown(
        task,
        viewer,
        "check",
        f"{pick('双随机', 'Double random')} {task.project}",
        place=str(task.project),
        project=task.project_id,
        state=term(task.get_state_display()),
        facts=[
            [pick("抽取", "Draw"), task.draw.number],
            [pick("检查期间", "Between"), f"{task.draw.check_from}—{task.draw.check_to}"],
            [pick("检查组", "Group"), "、".join(i.name for i in task.inspectors.all())],
        ],
        judge=described(tasks.judge) if may_judge else None,
        lines=[
            {
                "key": f"double_random/check-lines/{x.pk}",
                "api": f"/api/v1/double_random/check-lines/{x.pk}",
                "group": f"{term(x.item.get_subject_display())}·{term(x.item.get_party_display())}",
                "title": x.item.content,
                "clause": x.item.clause,
                "points": x.item.points,
                "verdict": x.verdict,
                "remark": x.remark,
                "version": version_of(x),
            }
            for x in lines
        ],
    )
