"""After the draw: notice, record, order, demerit, re-check by the drawn leader, publication."""

import datetime as dt
import json

import pytest
from django.test import Client
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as cases
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents.models import Document
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.framework import events
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.systems.double_random import tasks
from siteloop.systems.double_random.models import CheckTask, Demerit, Inspector, Publication
from siteloop.systems.double_random.tests.conftest import County, fresh


@pytest.fixture
def task(county: County) -> CheckTask:
    return CheckTask.objects.unscoped("test").get(draw=county.drawn(), place=1)


def record(county: County, task: CheckTask, problems: tuple[str, ...] = ()) -> None:
    """The leader records every line."""
    who = county.viewer(task.leader)
    for line in task.lines.select_related("item"):
        bad = line.item.content in problems
        perform(
            tasks.judge,
            who,
            line,
            {"verdict": "problem" if bad else "ok", "remark": "三层柱露筋" if bad else ""},
        )


@pytest.mark.requirement("DRAND-11", "DRAND-13")
def test_only_the_drawn_group_acts_and_the_project_sees_it_from_the_notice_on(
    county: County, task: CheckTask
) -> None:
    manager = viewer_for(county.manager)
    assert not CheckTask.objects.visible_to(manager).exists()
    drawn = set(task.inspectors.values_list("pk", flat=True))
    outsider = next(i for i in county.inspectors if i.pk not in drawn)
    with pytest.raises(Refused):
        perform(tasks.deliver, county.viewer(outsider), task)
    perform(tasks.deliver, county.viewer(task.leader), task)
    assert list(CheckTask.objects.visible_to(manager)) == [task]
    assert Notice.objects.unscoped("test").filter(account=county.manager, kind="check_notice").count() == 1
    line = task.lines.first()
    with pytest.raises(Refused):
        perform(tasks.judge, county.viewer(outsider), line, {"verdict": "ok"})
    with pytest.raises(Refused) as no:
        perform(tasks.judge, county.viewer(task.leader), line, {"verdict": "problem"})
    assert "remark" in no.value.errors


@pytest.mark.requirement("DRAND-09", "DRAND-10", "DRAND-15")
def test_a_clean_check_is_done_and_its_result_waits_for_publication(county: County, task: CheckTask) -> None:
    perform(tasks.deliver, county.viewer(task.leader), task)
    with pytest.raises(Refused, match="未记录"):
        perform(tasks.finish, county.viewer(task.leader), task)
    record(county, task)
    perform(tasks.finish, county.viewer(task.leader), task, {"opinion": "总体良好"})
    task = fresh(task)
    assert task.state == "done" and task.conclusion == "qualified" and task.case is None
    row = Publication.objects.unscoped("test").get(task=task)
    assert row.kind == "results" and row.published_at is None and row.due_at > timezone.now()
    perform(tasks.publish, county.keeper, row)
    assert fresh(row).body[0]["conclusion"] == "未发现问题"


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("DRAND-11", "DRAND-13", "DRAND-14", "CRED-06")
def test_problems_become_an_order_demerits_and_a_recheck_by_the_leader(
    county: County, task: CheckTask
) -> None:
    heard: list[dict] = []

    def listener(**more: object) -> None:
        heard.append(more)

    events.listen("demerit_recorded")(listener)
    leader = county.viewer(task.leader)
    perform(tasks.deliver, leader, task)
    record(county, task, ("check事项1", "scoring事项2"))
    perform(tasks.finish, leader, task, {"opinion": "限期改正"})
    task = fresh(task)
    assert task.state == "correcting" and task.case is not None and task.case.source == "inspection"
    demerit = Demerit.objects.unscoped("test").get(task=task)
    assert demerit.points == 6 and demerit.organisation.kind == "builder", "the party the line names"
    assert heard and heard[0]["points"] == 6 and heard[0]["organisation"] == demerit.organisation_id
    case = task.case
    photo = Evidence.objects.create(
        sha256="0" * 64,
        sm3="0" * 64,
        size=1,
        content_type="image/jpeg",
        original_name="改正后.jpg",
        received_at=timezone.now(),
        region_code=case.region_code,
        project_id=case.project_id,
    )
    perform(cases.reply, viewer_for(county.manager), case, {"body": "已修补", "evidence": [photo]})
    case = Case.objects.unscoped("test").get(pk=case.pk)
    assert case.step == "recheck"
    mate = next(i for i in task.inspectors.all() if i.pk != task.leader_id)
    with pytest.raises(Refused):
        perform(cases.pass_check, county.viewer(mate), case, {"body": "看过"})
    perform(cases.pass_check, leader, case, {"body": "现场复查合格"})
    task = fresh(task)
    assert task.state == "done" and task.closed_at is not None
    kinds = set(Publication.objects.unscoped("test").filter(task=task).values_list("kind", flat=True))
    assert kinds == {"results", "use"}
    use = Publication.objects.unscoped("test").get(task=task, kind="use")
    perform(tasks.publish, county.keeper, use)
    assert [row["use"] for row in fresh(use).body] == ["责令改正", "违规记分"]


@pytest.mark.requirement("DRAND-09", "DRAND-11")
def test_notice_record_order_and_demerit_are_printed_numbered_and_delivered(
    county: County, task: CheckTask
) -> None:
    shipped_packs()
    task = county.check(task, {"check事项1": "三层柱露筋", "scoring事项2": "旁站缺失"}, "限期改正")
    rows = {
        d.kind.removeprefix("double_random."): d
        for d in Document.objects.unscoped("test").filter(subject_id=task.pk)
    }
    assert set(rows) == {"notice", "record", "order", "demerit"}
    said = {name: json.dumps(d.content, ensure_ascii=False) for name, d in rows.items()}
    assert task.draw.number in said["notice"] and task.leader.name in said["notice"]
    assert "三层柱露筋" in said["record"] and "工程实体" in said["record"]
    assert "三层柱露筋" in said["order"] and task.case.number in said["order"]
    last = timezone.localtime(task.case.deadline) - dt.timedelta(seconds=1)
    assert f"于{last.year}年{last.month}月{last.day}日前改正" in said["order"]
    assert "6 分" in said["demerit"] and "三层柱露筋" not in said["demerit"]
    assert rows["demerit"].content["addressee"] == "建设单位甲"
    for one in rows.values():
        assert one.pdf is not None and one.sha256 and one.authority == county.body
        assert one.deliveries.filter(account=county.manager).exists()
    shown = Client()
    shown.force_login(task.leader.account, backend="django.contrib.auth.backends.ModelBackend")
    page = shown.get(f"/double_random/tasks/{task.pk}/").content.decode()
    assert all(d.number in page for d in rows.values())


@pytest.mark.requirement("DRAND-11")
def test_a_check_that_cannot_be_finished_gives_its_numbers_back(county: County, task: CheckTask) -> None:
    leader = county.viewer(task.leader)
    perform(tasks.deliver, leader, task)
    before = Document.objects.unscoped("test").count()
    with pytest.raises(Refused):
        perform(tasks.finish, leader, task)
    assert Document.objects.unscoped("test").count() == before == 1


@pytest.mark.requirement("CRED-06")
def test_a_withdrawn_demerit_is_published_no_more(county: County, task: CheckTask) -> None:
    leader = county.viewer(task.leader)
    perform(tasks.deliver, leader, task)
    record(county, task, ("scoring事项1",))
    perform(tasks.finish, leader, task)
    demerit = Demerit.objects.unscoped("test").get(task=task)
    with pytest.raises(Refused):
        perform(tasks.withdraw, county.keeper, demerit, {"why": ""})
    perform(tasks.withdraw, county.keeper, demerit, {"why": "复核不属实"})
    use = Publication.objects.unscoped("test").get(task=task, kind="use")
    perform(tasks.publish, county.keeper, use)
    assert [row["use"] for row in fresh(use).body] == ["责令改正"]
    with pytest.raises(Refused):
        perform(tasks.withdraw, county.keeper, demerit, {"why": "再来"})


def test_a_line_without_its_party_is_told_before_anything_is_kept(county: County, task: CheckTask) -> None:
    leader = county.viewer(task.leader)
    perform(tasks.deliver, leader, task)
    record(county, task, ("scoring事项2",))
    task.project.parties.filter(kind="builder").delete()
    with pytest.raises(Refused, match="未登记建设单位"):
        perform(tasks.finish, leader, task)
    assert fresh(task).state == "notified" and not Demerit.objects.unscoped("test").exists()


def test_a_leader_without_account_does_not_stop_the_recheck(county: County, task: CheckTask) -> None:
    leader = county.viewer(task.leader)
    perform(tasks.deliver, leader, task)
    record(county, task, ("check事项1",))
    perform(tasks.finish, leader, task)
    Inspector.objects.unscoped("test").filter(pk=task.leader_id).update(account=None)
    case = fresh(task).case
    from siteloop.foundation.cases import engine
    from siteloop.foundation.cases.loop import Outcome
    from siteloop.foundation.cases.models import CaseDuty

    engine.outcome(case, Outcome.REPLY, viewer_for(county.manager))
    assert CaseDuty.objects.get(case=case, is_current=True, is_holder=True).organisation == county.body
