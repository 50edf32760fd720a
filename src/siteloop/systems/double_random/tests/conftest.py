"""A small county with projects, inspectors, a plan with its lists, and three pairs of hands."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.registry.models import Party, Project, ProjectPost, Site
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.double_random import actions, tasks
from siteloop.systems.double_random.loading import load as load_specialities
from siteloop.systems.double_random.models import (
    CheckPlan,
    CheckTask,
    Draw,
    Inspector,
    ItemLine,
    ItemList,
    Publication,
    Recusal,
    Speciality,
)

HOME = "330482"


@dataclass
class County:
    """What the tests need of it."""

    keeper: Viewer  # keeps the lists
    drawer: Viewer  # draws
    manager: Account
    contractor: Organisation
    body: Organisation
    projects: list[Project]
    inspectors: list[Inspector]
    plan: CheckPlan
    accounts: dict[str, Account] = field(default_factory=dict)

    def viewer(self, inspector: Inspector) -> Viewer:
        """An inspector at the desk."""
        assert inspector.account is not None
        return viewer_for(inspector.account)

    def draw(self, **more: object) -> Draw:
        """A planned draw of three projects."""
        today = timezone.localdate()
        row = Draw(
            plan=self.plan,
            quarter=4,
            **{"count": 3, "check_from": today, "check_to": today + dt.timedelta(days=20), **more},
        )
        row.full_clean()
        row.save()
        return row

    def step(self, draw: Draw, code: str, **data: str) -> Draw:
        """One step of a draw by the hands it belongs to; the draw as it is afterwards."""
        perform(getattr(actions, code), self.drawer if code == "draw_lots" else self.keeper, draw, data)
        return fresh(draw)

    def drawn(self, **more: object) -> Draw:
        """A draw with its lots drawn and published."""
        draw = self.draw(**more)
        for code in ("commit", "freeze", "draw_lots", "publish"):
            draw = self.step(draw, code)
        return draw

    def task(self, draw: Draw, place: int = 1) -> CheckTask:
        """One of its tasks."""
        return CheckTask.objects.unscoped("test").get(draw=draw, place=place)

    def check(self, task: CheckTask, problems: dict[str, str], opinion: str = "") -> CheckTask:
        """The leader delivers, records every line and finishes; `problems` maps items to what is wrong."""
        leader = self.viewer(task.leader)
        perform(tasks.deliver, leader, task)
        for line in task.lines.select_related("item"):
            wrong = problems.get(line.item.content, "")
            perform(tasks.judge, leader, line, {"verdict": "problem" if wrong else "ok", "remark": wrong})
        perform(tasks.finish, leader, task, {"opinion": opinion})
        return fresh(task)

    def publish(self, task: CheckTask) -> None:
        """All that waits of a task's publications."""
        for row in Publication.objects.unscoped("test").filter(task=task):
            perform(tasks.publish, self.keeper, row)

    def bar(self, inspector: Inspector, project: Project) -> None:
        """A declared recusal."""
        Recusal(inspector=inspector, kind="kinship", project=project).save()


def fresh(row: object) -> object:
    """As the database has it."""
    return type(row).objects.unscoped("a test looks again").get(pk=row.pk)


def organisation(name: str, kind: str) -> Organisation:
    row = Organisation(name=name, kind=kind, region_code=HOME)
    row.save()
    return row


def account(name: str, employer: Organisation, permissions: list[str], sees: str = "region") -> Account:
    role = Role(code=f"role_{name}", title=name, permissions=permissions, sees=sees)
    role.save()
    row = Account.objects.create(username=name, display_name=f"演示{name}")
    Post(
        account=row,
        organisation=employer,
        role=role,
        region_code=HOME if sees == "region" else "",
    ).save()
    return row


@pytest.fixture
def county(db: None) -> County:
    """Pinghu in small."""
    load_specialities()
    body = organisation("质安监督站", "supervision_body")
    contractor = organisation("施工单位甲", "contractor")
    builder = organisation("建设单位甲", "builder")
    manager = account("manager", contractor, ["cases.*", "double_random.*.view"], "project")
    projects = []
    for n in range(1, 9):
        project = Project(
            code=f"P{n:02d}", name=f"抽查项目{n}", region_code=f"{HOME}001", state="under_construction"
        )
        project.save()
        Party(project=project, kind="contractor", organisation=contractor).save()
        Party(project=project, kind="builder", organisation=builder).save()
        ProjectPost(project=project, kind="project_manager", account=manager, organisation=contractor).save()
        Site(project=project, name=f"工地{n}", region_code=f"{HOME}001", state="under_construction").save()
        projects.append(project)
    quality, safety = (Speciality.objects.unscoped("test").get(code=c) for c in ("quality", "safety"))
    people = []
    for n in range(1, 8):
        person = Inspector(
            code=f"J{n:03d}",
            name=f"检查员{n}",
            account=account(f"inspector{n}", body, ["double_random.*", "cases.*"]),
            organisation=body,
            region_code=HOME,
            certificate_number=f"演示-{n}",
            certificate_until=dt.date(2099, 1, 1),
        )
        person.save()
        person.specialities.set([quality, safety] if n % 3 == 0 else [quality] if n % 2 else [safety])
        people.append(person)
    plan = CheckPlan(
        region_code=HOME,
        organisation=body,
        year=timezone.localdate().year,
        title="双随机抽查计划",
        per_quarter=3,
        state="approved",
    )
    plan.save()
    plan.needs.set([quality, safety])
    for kind, points in (("check", 0), ("scoring", 3)):
        one = ItemList(plan=plan, quarter=4, kind=kind, title=f"四季度{kind}清单")
        one.save()
        for n, party in enumerate(("contractor", "builder"), start=1):
            ItemLine(
                list=one,
                number=n,
                subject="works",
                party=party,
                content=f"{kind}事项{n}",
                clause="条款（测试）",
                points=points * n,
            ).save()
        one.issued_at = timezone.now()
        one.save()
    return County(
        viewer_for(account("keeper", body, ["double_random.*"])),
        viewer_for(account("drawer", body, ["double_random.*"])),
        manager,
        contractor,
        body,
        projects,
        people,
        plan,
    )
