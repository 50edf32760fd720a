"""The given tests of every register."""

import datetime as dt
from itertools import count
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.registry.models import Project
from siteloop.framework.testing import RegisterTests
from siteloop.systems.double_random import pages
from siteloop.systems.double_random.models import (
    CheckLine,
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
)

_serial = count(1)
TODAY = timezone.localdate()


def organisation(region: str) -> Organisation:
    row = Organisation(name=f"双随机测试单位{next(_serial)}", kind="supervision_body", region_code=region)
    row.save()
    return row


def project(region: str) -> Project:
    n = next(_serial)
    row = Project(code=f"DRT{n}", name=f"测试项目{n}", region_code=region, state="under_construction")
    row.save()
    return row


def speciality() -> Speciality:
    n = next(_serial)
    row = Speciality(code=f"tested-{n}", title=f"测试专业{n}")
    row.save()
    return row


def inspector(region: str) -> Inspector:
    n = next(_serial)
    row = Inspector(code=f"JT{n}", name=f"测试员{n}", organisation=organisation(region), region_code=region)
    row.save()
    row.specialities.set([speciality()])
    return row


def plan(region: str, state: str = "approved") -> CheckPlan:
    n = next(_serial)
    row = CheckPlan(
        region_code=region,
        organisation=organisation(region),
        year=2026,
        title=f"测试计划{n}",
        per_quarter=3,
        state=state,
    )
    row.save()
    return row


def item_list(region: str) -> ItemList:
    row = ItemList(plan=plan(region), quarter=1, kind="scoring", title=f"测试清单{next(_serial)}")
    row.save()
    return row


def item_line(region: str) -> ItemLine:
    row = ItemLine(
        list=item_list(region), number=1, subject="works", party="contractor", content="测试事项", points=2
    )
    row.save()
    return row


def draw(region: str) -> Draw:
    row = Draw(plan=plan(region), quarter=1, count=2, check_from=TODAY, check_to=TODAY)
    row.save()
    return row


def task(region: str) -> CheckTask:
    one = inspector(region)
    row = CheckTask(draw=draw(region), place=1, project=project(region), region_code=region, leader=one)
    row.save()
    row.inspectors.set([one])
    return row


def check_line(region: str) -> CheckLine:
    row = CheckLine(task=task(region), item=item_line(region))
    row.save()
    return row


class TestSpecialities(RegisterTests):
    page = pages.specialities

    def make_row(self, region: str) -> Speciality:
        return speciality()

    def new_data(self, region: str) -> dict[str, Any]:
        n = next(_serial)
        return {"code": f"new-{n}", "title": f"新专业{n}"}


class TestInspectors(RegisterTests):
    page = pages.inspectors

    def make_row(self, region: str) -> Inspector:
        return inspector(region)

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "code": f"NEW{next(_serial)}",
            "name": "新检查员",
            "organisation": organisation(region).pk,
            "region_code": region,
            "specialities": [speciality().pk],
        }

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"certificate_number": f"证{next(_serial)}"}


class TestLeaves(RegisterTests):
    page = pages.leaves

    def make_row(self, region: str) -> Leave:
        row = Leave(inspector=inspector(region), from_on=TODAY, to_on=TODAY)
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "inspector": inspector(region).pk,
            "from_on": "2026-03-01",
            "to_on": "2026-03-05",
            "reason": f"培训{next(_serial)}",
        }


class TestRecusals(RegisterTests):
    page = pages.recusals

    def make_row(self, region: str) -> Recusal:
        row = Recusal(inspector=inspector(region), kind="kinship", organisation=organisation(region))
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "inspector": inspector(region).pk,
            "kind": "kinship",
            "organisation": organisation(region).pk,
            "note": f"说明{next(_serial)}",
        }


class TestPlans(RegisterTests):
    page = pages.plans

    def make_row(self, region: str) -> CheckPlan:
        return plan(region, "draft")

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "region_code": region,
            "organisation": organisation(region).pk,
            "year": 2026,
            "title": f"新计划{next(_serial)}",
            "per_quarter": 5,
        }

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"title": f"改名计划{next(_serial)}"}


class TestItemLists(RegisterTests):
    page = pages.item_lists

    def make_row(self, region: str) -> ItemList:
        return item_list(region)

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "plan": plan(region).pk,
            "quarter": 2,
            "kind": "check",
            "title": f"新清单{next(_serial)}",
        }


class TestItemLines(RegisterTests):
    page = pages.item_lines

    def make_row(self, region: str) -> ItemLine:
        return item_line(region)

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "list": item_list(region).pk,
            "number": 3,
            "subject": "documents",
            "party": "testing",
            "content": f"新事项{next(_serial)}",
        }


class TestDraws(RegisterTests):
    page = pages.draws

    def make_row(self, region: str) -> Draw:
        return draw(region)

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "plan": plan(region).pk,
            "quarter": 3,
            "count": 2,
            "check_from": TODAY.isoformat(),
            "check_to": (TODAY + dt.timedelta(days=9)).isoformat(),
        }

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"beacon_source": f"体彩排列5 第{next(_serial)}期"}


class TestTasks(RegisterTests):
    page = pages.tasks_given

    def make_row(self, region: str) -> CheckTask:
        return task(region)


class TestCheckLines(RegisterTests):
    page = pages.check_lines

    def make_row(self, region: str) -> CheckLine:
        return check_line(region)


class TestDemerits(RegisterTests):
    page = pages.demerits

    def make_row(self, region: str) -> Demerit:
        line = check_line(region)
        row = Demerit(
            task=line.task,
            line=line,
            project=line.task.project,
            organisation=organisation(region),
            region_code=region,
            points=2,
            reason="测试事实",
            told_at=timezone.now(),
        )
        row.save()
        return row


class TestPublications(RegisterTests):
    page = pages.publications

    def make_row(self, region: str) -> Publication:
        row = Publication(draw=draw(region), kind="process", region_code=region, due_at=timezone.now())
        row.save()
        return row
