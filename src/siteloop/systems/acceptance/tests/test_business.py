"""Four kinds of business from the application to the certificate; promises that run out lock, kept ones unlock."""

import datetime as dt
from typing import Any

import pytest

from siteloop.foundation.authority import absence
from siteloop.foundation.authority.models import Post
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as casework
from siteloop.foundation.cases import engine, locks
from siteloop.foundation.cases.models import Case, Lock
from siteloop.foundation.documents.models import Document
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.packs.tests.saying import project_says
from siteloop.framework.action import Refused
from siteloop.framework.perform import change, create, perform
from siteloop.systems.acceptance import actions, allocation, commitments
from siteloop.systems.acceptance.models import Application, Commitment, Officer
from siteloop.systems.acceptance.tests.conftest import WHY, Window, account, again, days, evidence

pytestmark = pytest.mark.django_db
PROMISED = "施工、监理合同"


def documents(row: Application) -> list[str]:
    rows = Document.objects.unscoped(WHY).filter(subject_model="acceptance.application", subject_id=row.pk)
    return list(rows.order_by("pk").values_list("kind", flat=True))


def say(key: str, value: Any) -> None:
    """The county's own word."""
    pack, _ = Pack.objects.unscoped(WHY).get_or_create(
        code="county", defaults={"title": "县", "region_code": "330482"}
    )
    PackValue(pack=pack, key=key, value=value, title=key).save()


@pytest.mark.requirement("BIZ-01")
@pytest.mark.requirement("FIRE-01")
@pytest.mark.parametrize("kind", ["quality", "safety", "civil_defence", "fire"])
def test_each_kind_goes_from_application_to_certificate(window: Window, kind: str) -> None:
    row = window.accepted(kind=kind)
    assert row.number
    assert row.due_at is not None
    perform(actions.grant, window.officer(row), row, {"opinion": "符合要求"})
    assert again(row).state == "granted"
    assert documents(row) == ["acceptance.accepted", "acceptance.decision", "acceptance.certificate"]


@pytest.mark.requirement("BIZ-01", "CFG-13")
def test_a_project_may_be_decided_sooner_than_its_region_promises(window: Window) -> None:
    project_says(window.projects[0], "acceptance.decide_within", {"amount": 1, "unit": "hour"})
    row = window.accepted(kind="quality")
    assert row.project_id == window.projects[0].pk and row.accepted_at is not None
    assert row.due_at == row.accepted_at + dt.timedelta(hours=1)


@pytest.mark.requirement("BIZ-01")
def test_an_incomplete_application_hears_all_that_is_missing_at_once(window: Window) -> None:
    row = create(
        Application,
        window.unit,
        {
            "kind": "fire",
            "project": window.projects[0].pk,
            "applicant": window.applicant.pk,
            "matter": "消防",
        },
    )
    with pytest.raises(Refused) as no:
        perform(actions.submit, window.unit, row)
    for title in ("消防设计审查（备案）申请表", "消防设计文件", "消防产品证明文件"):
        assert title in no.value.message
    assert again(row).state == "draft"


def test_only_the_builder_or_contractor_of_the_project_applies(window: Window) -> None:
    with pytest.raises(Refused) as no:
        create(
            Application,
            viewer_for(window.head),
            {"kind": "fire", "project": window.projects[0].pk, "applicant": window.body.pk, "matter": "消防"},
        )
    assert "建设单位或施工单位" in str(no.value.errors["applicant"])


@pytest.mark.requirement("BIZ-06")
def test_corrections_are_told_once_in_writing_and_the_same_officer_goes_on(window: Window) -> None:
    row = window.submitted()
    first = row.officer
    perform(actions.correct, window.officer(row), row, {"correction": "补盖公章\n更正建筑面积"})
    row = again(row)
    assert (row.state, row.corrections) == ("correcting", 1)
    assert documents(row) == ["acceptance.correction"]
    paper = Document.objects.unscoped(WHY).get(subject_id=row.pk)
    assert "更正建筑面积" in str(paper.content)
    change(row, window.unit, {"matter": "更正后的事项"})
    perform(actions.submit, window.unit, row)
    assert (again(row).state, again(row).officer) == ("submitted", first)


def test_what_was_submitted_cannot_be_changed(window: Window) -> None:
    row = window.submitted()
    with pytest.raises(Refused) as no:
        change(row, window.unit, {"matter": "偷换"})
    assert "不能修改" in str(no.value.errors)


@pytest.mark.requirement("BIZ-06")
def test_only_the_officer_it_was_given_to_decides(window: Window) -> None:
    row = window.submitted()
    other = next(a for a in window.officers if a != row.officer)
    with pytest.raises(Refused):
        perform(actions.accept, viewer_for(other), row)
    perform(
        actions.reassign,
        viewer_for(window.head),
        row,
        {"officer": Officer.objects.unscoped(WHY).get(account=other).pk, "reason": "原承办人休假"},
    )
    row = again(row)
    assert "改派：原承办人休假" in row.officer_why
    perform(actions.accept, viewer_for(other), row)
    perform(actions.refuse, viewer_for(other), again(row), {"opinion": "不符合规划条件"})
    assert documents(row) == ["acceptance.accepted", "acceptance.refusal"]


@pytest.mark.requirement("BIZ-04")
def test_work_goes_to_the_least_loaded_and_turns_among_equals(window: Window) -> None:
    one, two = window.officers
    given = [window.submitted().officer for _ in range(3)]
    assert given == [one, two, one]  # equal loads: in turn
    row = window.submitted()
    assert row.officer == two  # 2 against 1
    assert row.officer_why.startswith("在办 1 件，为最少")
    assert "受理甲 2 件" in row.officer_why


@pytest.mark.requirement("BIZ-04")
def test_who_is_away_or_does_another_kind_gets_nothing(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (Officer.objects.unscoped(WHY).get(account=a) for a in window.officers)
    monkeypatch.setattr(absence, "PROVIDERS", [lambda accounts, from_on, to_on: accounts & {one.account_id}])
    assert window.submitted().officer == two.account
    two.does_fire = False
    two.save()
    choice = allocation.choose("fire", "330482001")
    assert choice.officer is None
    assert "没有可分派的消防受理人员" in choice.why


# ---- promises


def promised(window: Window) -> tuple[Application, Commitment]:
    row = window.accepted(promise=(PROMISED,))
    return row, Commitment.objects.unscoped(WHY).get(application=row)


@pytest.mark.requirement("BIZ-02")
def test_only_papers_the_list_allows_may_be_promised(window: Window) -> None:
    row = window.application()
    with pytest.raises(Refused) as no:
        perform(actions.promise, window.unit, row, {"title": "工程质量监督申报表", "promise": "以后补"})
    assert PROMISED in str(no.value.errors["title"])


@pytest.mark.requirement("BIZ-02")
def test_the_countdown_runs_thirty_days_from_the_acceptance(window: Window) -> None:
    row, promise = promised(window)
    assert promise.state == "open"
    assert promise.case is not None
    assert row.accepted_at is not None
    assert commitments.days_left(promise, row.accepted_at) == 30
    assert commitments.days_left(promise, row.accepted_at + days(30)) == 0
    assert commitments.days_left(promise, row.accepted_at + days(31)) == -1
    assert [d.organisation for d in promise.case.duties.filter(is_holder=True, is_current=True)] == [
        window.applicant
    ]


@pytest.mark.requirement("BIZ-02")
def test_reminders_come_on_the_packs_days_and_once_each(window: Window) -> None:
    _row, promise = promised(window)
    assert promise.due_at is not None
    assert commitments.remind(promise.due_at - days(12)) == 0
    assert commitments.remind(promise.due_at - days(9.5)) == 1
    assert commitments.remind(promise.due_at - days(9)) == 0
    assert commitments.remind(promise.due_at - days(4.5)) == 1
    assert commitments.remind(promise.due_at - days(0.5)) == 1
    told = Notice.objects.unscoped(WHY).filter(kind="commitment_due", account=window.firm).order_by("pk")
    assert [n.level for n in told] == ["yellow", "yellow", "orange"]
    assert "还剩 0 天" in told[2].title


def run_out(promise: Commitment) -> Commitment:
    assert promise.due_at is not None
    assert engine.fire_deadlines(promise.due_at - dt.timedelta(minutes=1)) == 0
    assert engine.fire_deadlines(promise.due_at) == 1
    return again(promise)


@pytest.mark.requirement("BIZ-03")
def test_a_promise_that_runs_out_locks_business_and_says_why(window: Window) -> None:
    _row, promise = promised(window)
    promise = run_out(promise)
    assert promise.state == "overdue"
    lock = Lock.objects.unscoped(WHY).get(lifted_at=None)
    assert (lock.reach, lock.organisation) == ("business", window.applicant)
    fresh = window.application(n=1)
    with pytest.raises(Refused) as no:
        perform(actions.submit, window.unit, fresh)
    assert PROMISED in no.value.message
    assert "解锁条件：在派单中提交兑现材料" in no.value.message
    assert again(fresh).state == "draft"


@pytest.mark.requirement("BIZ-03")
def test_only_a_checked_fulfilment_unlocks(window: Window) -> None:
    row, promise = promised(window)
    promise = run_out(promise)
    case = Case.objects.unscoped(WHY).get(pk=promise.case_id)
    with pytest.raises(Refused):  # without a paper
        perform(casework.reply, window.unit, case, {"body": "已补"})
    paper = [evidence(row.project, window.firm).pk]
    perform(casework.reply, window.unit, case, {"body": "合同已补交", "evidence": paper})
    assert again(promise).state == "overdue"  # still locked until it is checked
    perform(casework.fail_check, window.officer(row), again(case), {"body": "合同未盖章"})
    assert locks.holding("acceptance.quality", row.project, window.applicant)
    perform(casework.reply, window.unit, again(case), {"body": "已盖章", "evidence": paper})
    perform(casework.pass_check, window.officer(row), again(case), {"body": "核验属实"})
    assert again(promise).state == "kept"
    assert not locks.holding("acceptance.quality", row.project, window.applicant)
    fresh = window.application(n=1)
    perform(actions.submit, window.unit, fresh)
    assert again(fresh).state == "submitted"


@pytest.mark.requirement("BIZ-03")
def test_cancelling_the_case_of_a_promise_lifts_its_lock(window: Window) -> None:
    row, promise = promised(window)
    promise = run_out(promise)
    case = Case.objects.unscoped(WHY).get(pk=promise.case_id)
    assert locks.holding("acceptance.quality", row.project, window.applicant)
    perform(casework.cancel, viewer_for(window.head), case, {"body": "误立承诺"})
    assert again(promise).state == "void"
    assert not locks.holding("acceptance.quality", row.project, window.applicant)
    assert "误立承诺" in Lock.objects.unscoped(WHY).get().lifted_reason


@pytest.mark.requirement("BIZ-02")
def test_a_failed_check_does_not_lengthen_the_countdown(window: Window) -> None:
    row, promise = promised(window)
    end = promise.due_at
    case = Case.objects.unscoped(WHY).get(pk=promise.case_id)
    paper = [evidence(row.project, window.firm).pk]
    perform(casework.reply, window.unit, case, {"body": "已补", "evidence": paper})
    assert again(promise).state == "handed_in"
    perform(casework.fail_check, window.officer(row), again(case), {"body": "看不清"})
    assert (again(promise).state, again(promise).due_at) == ("open", end)


@pytest.mark.requirement("BIZ-03")
@pytest.mark.parametrize(
    ("reach", "business", "same_project", "other_project"),
    [
        ("project", "", True, False),
        ("enterprise", "", True, True),
        ("business", "acceptance.fire", False, False),
    ],
)
def test_what_is_locked_is_the_regions_word(
    window: Window, reach: str, business: str, same_project: bool, other_project: bool
) -> None:
    say("acceptance.lock", {"reach": reach, "business": business})
    _row, promise = promised(window)
    run_out(promise)
    held = [bool(locks.holding("acceptance.quality", window.projects[n], window.applicant)) for n in (0, 1)]
    assert held == [same_project, other_project]


@pytest.mark.requirement("BIZ-05")
def test_the_lock_stands_on_the_page_of_the_project_and_of_the_application(
    window: Window, client: Any
) -> None:
    _, promise = promised(window)
    run_out(promise)
    fresh = window.application(n=1)
    client.force_login(window.head, backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get(f"/acceptance/applications/{fresh.pk}/").content.decode()
    assert "业务已锁定，不能提交" in shown
    assert "逾期未兑现" in shown
    shown = client.get(f"/acceptance/commitments/{promise.pk}/").content.decode()
    assert "业务已自动锁定" in shown


def test_a_withdrawn_application_takes_its_promises_along(window: Window) -> None:
    row = window.submitted(promise=(PROMISED,))
    perform(actions.withdraw, window.unit, row, {"reason": "方案调整"})
    assert Commitment.objects.unscoped(WHY).get(application=row).state == "void"


@pytest.mark.requirement("BIZ-06")
def test_only_the_applicant_takes_its_application_back(window: Window) -> None:
    row = window.submitted()
    for other in (window.officer(row), viewer_for(window.head)):
        with pytest.raises(Refused):
            perform(actions.withdraw, other, row, {"reason": "代为撤回"})
    assert again(row).state == "submitted"


def test_nobody_decides_what_he_handed_in(window: Window) -> None:
    row = window.application()
    role = window.head.posts.get().role
    both = account("两头人", window.body, role)
    Post(account=both, organisation=window.applicant, role=role).save()
    boss = viewer_for(both)
    perform(actions.submit, boss, row)
    row = again(row)
    row.officer = None
    row.save()
    with pytest.raises(Refused):
        perform(actions.accept, boss, row)
