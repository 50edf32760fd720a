"""The dust loop word for word: small, medium and large circle, receivers, machine check, deadlines, recurrence."""

import datetime as dt

import pytest
from django.db import connection

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions, engine, inbox
from siteloop.foundation.cases.basis import basis_of
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.cases.models import Case, CaseState, Finding
from siteloop.foundation.cases.receivers import holds
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry.models import AnnualInspection
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.perform import perform
from siteloop.kernel.finding import Act, Severity
from siteloop.kernel.finding import Finding as Seen
from siteloop.kernel.times import to_us
from siteloop.systems.dust import scan
from siteloop.systems.dust.tests.conftest import County

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


def seen(
    county: County, act: Act = Act.RAISE, since: dt.datetime = NOW, at: dt.datetime | None = None
) -> Seen:
    return Seen(
        act=act,
        rule="dust.spray_not_linked",
        subject=f"site:{county.site.pk}",
        since=to_us(since),
        at=to_us(at or since),
        site=county.site.pk,
        region=county.site.region_code,
        device=county.monitor.pk,
        project=county.project.pk,
        severity=Severity.ORANGE,
        message="喷淋未联动",
    )


def opened(county: County, now: dt.datetime = NOW) -> Case:
    finding = inbox.apply(seen(county, since=now), now)
    assert finding is not None
    assert finding.case is not None
    return finding.case


def fresh(case: Case) -> Case:
    return Case.objects.unscoped("test").get(pk=case.pk)


def sprayed(county: County, at: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS telemetry.sprayer_test PARTITION OF telemetry.sprayer DEFAULT"
        )
        cursor.execute(
            "INSERT INTO telemetry.sprayer (device, at, received_at, quality, running, flow) VALUES (%s, %s, %s, 0, 1, 12.5)",
            [county.sprayer.pk, at, at],
        )


def act(action: object, who: Account, case: Case, **data: object) -> None:
    perform(action, viewer_for(who), fresh(case), {"body": "已处理", **data})  # type: ignore[arg-type]


def held_by(case: Case) -> list[str]:
    duties = fresh(case).duties.filter(is_current=True, is_holder=True)
    return [str(d.account or d.organisation) for d in duties]


@pytest.mark.requirement("DUST-21", "DISP-04", "DISP-03")
def test_the_dispatch_reaches_the_project_manager_first(county: County) -> None:
    case = opened(county)
    assert (case.circle, case.state, case.step) == ("small", CaseState.DISPOSING, "small_dispose")
    assert held_by(case) == ["manager"]
    assert case.deadline is not None
    notice = Notice.objects.unscoped("test").get(account=county.manager)
    assert "喷雾未联动" in notice.title
    assert f"/cases/cases/{case.pk}/" == notice.link


@pytest.mark.requirement("DUST-21", "DISP-05", "DISP-06")
def test_proof_of_a_run_and_a_person_close_the_small_loop(county: County) -> None:
    case = opened(county, NOW - dt.timedelta(minutes=10))
    sprayed(county, NOW - dt.timedelta(minutes=2))
    act(actions.reply, county.manager, case)
    assert fresh(case).machine_passed is True
    assert held_by(case) == ["工地监管科"]
    act(actions.pass_check, county.supervisor, case)
    done = fresh(case)
    assert (done.state, done.circle, done.words) == (CaseState.CLOSED, "small", "核查通过")
    assert done.findings.get().cleared_at is None, "what a detector watches, it ends itself"


@pytest.mark.requirement("DUST-22", "DISP-05", "DISP-06", "DISP-07")
def test_without_a_run_the_machine_fails_the_check_and_pushes_the_law(county: County) -> None:
    case = opened(county)
    act(actions.reply, county.manager, case)
    failed = fresh(case)
    assert (failed.circle, failed.step, failed.words) == ("medium", "medium_dispose", "核查不通过，重新整改")
    informed = {str(d.organisation) for d in failed.duties.filter(is_current=True, is_holder=False)}
    assert informed == {"施工单位", "工地监管科"}
    pushed = failed.events.filter(kind="step", words="核查不通过，重新整改").get()
    assert any("《中华人民共和国大气污染防治法》" in line for line in pushed.data["basis"])


@pytest.mark.requirement("DUST-22")
def test_a_pass_after_the_second_round_is_the_medium_loop(county: County) -> None:
    case = opened(county, NOW - dt.timedelta(minutes=10))
    act(actions.reply, county.manager, case)
    sprayed(county, dt.datetime.now(dt.UTC))
    act(actions.reply, county.manager, case)
    act(actions.pass_check, county.supervisor, case)
    done = fresh(case)
    assert (done.state, done.circle, done.words) == (CaseState.CLOSED, "medium", "核查通过")


@pytest.mark.requirement("DUST-23", "DISP-08")
def test_overdue_goes_to_the_squad_of_the_sites_own_town(county: County) -> None:
    case = opened(county)
    assert case.deadline is not None
    assert engine.fire_deadlines(case.deadline - dt.timedelta(seconds=1)) == 0
    assert engine.fire_deadlines(case.deadline + dt.timedelta(seconds=1)) == 1
    late = fresh(case)
    assert (late.circle, late.words, late.is_overdue) == ("large", "核查不通过，转派城管处置", True)
    assert held_by(case) == ["当湖街道中队"]
    assert holds(late, viewer_for(county.squad))


@pytest.mark.requirement("DUST-24", "DUST-25")
def test_a_fine_outside_the_clause_is_refused_and_inside_is_recorded(county: County) -> None:
    case = opened(county)
    engine.outcome(case, Outcome.OVERDUE, engine.ENGINE)
    fine = {"kind": "fined", "decided_on": "2026-11-01", "body": "罚款"}
    with pytest.raises(Refused) as no:
        act(actions.record_enforcement, county.squad, case, amount="9999", **fine)
    assert "10000" in str(no.value)
    act(actions.record_enforcement, county.squad, case, amount="10000", **fine)
    assert case.enforcements.get().amount == 10_000


@pytest.mark.requirement("DUST-24")
def test_in_shanghai_the_citys_own_clause_is_the_basis(county: County) -> None:
    case = opened(county)
    case.region_code = "310115"
    (basis,) = basis_of(case)
    assert (basis.instrument, basis.clause) == ("《上海市大气污染防治条例》", "第五十五条第二款")
    assert (basis.fine_low, basis.fine_high) == (10_000, 100_000)


@pytest.mark.requirement("DISP-01")
def test_only_the_holder_may_reply_and_only_the_checker_may_pass(county: County) -> None:
    case = opened(county)
    for who, verb in (
        (county.squad, actions.reply),
        (county.supervisor, actions.reply),
        (county.manager, actions.pass_check),
    ):
        with pytest.raises(Refused):
            act(verb, who, case)


@pytest.mark.requirement("SEC-08")
def test_every_act_on_a_case_is_in_the_trail(county: County) -> None:
    case = opened(county)
    act(actions.reply, county.manager, case)
    entry = TrailEntry.objects.unscoped("test").get(action="cases.case.reply")
    assert (entry.actor_name, entry.object_id, entry.region_code) == ("manager", case.pk, "330482001")


def test_the_same_fault_again_joins_the_open_case(county: County) -> None:
    case = opened(county)
    again = inbox.apply(seen(county, since=NOW + dt.timedelta(hours=1)), NOW)
    assert again is not None
    assert again.case_id == case.pk
    assert Case.objects.unscoped("test").count() == 1


@pytest.mark.requirement("PLAT-24")
def test_a_closed_case_stands_up_when_the_readings_show_the_fault_again(county: County) -> None:
    case = opened(county, NOW - dt.timedelta(minutes=10))
    sprayed(county, NOW - dt.timedelta(minutes=2))
    act(actions.reply, county.manager, case)
    act(actions.pass_check, county.supervisor, case)
    again = inbox.apply(seen(county, since=NOW + dt.timedelta(minutes=5)), NOW + dt.timedelta(minutes=5))
    assert again is not None
    assert again.case_id == case.pk
    risen = fresh(case)
    assert (risen.state, risen.recurrences, held_by(case)) == (CaseState.DISPOSING, 1, ["manager"])


def test_a_repeated_message_of_the_judge_changes_nothing(county: County) -> None:
    opened(county)
    inbox.apply(seen(county), NOW)
    assert Finding.objects.unscoped("test").count() == 1


def test_without_a_registered_manager_the_county_gets_the_case(county: County) -> None:
    county.project.posts.all().delete()
    case = opened(county)
    assert held_by(case) == ["住建局"]
    assert case.events.filter(kind="no_receiver").exists()


@pytest.mark.requirement("DUST-20", "IOT-08")
def test_an_expired_inspection_is_found_and_cleared_by_the_register(county: County) -> None:
    AnnualInspection.objects.unscoped("test").update(valid_until=NOW.date() - dt.timedelta(days=1))
    scan.scan(NOW)
    case = Case.objects.unscoped("test").get(rule="dust.no_annual_inspection")
    assert case.device_id == county.monitor.pk
    scan.scan(NOW + dt.timedelta(minutes=5))
    assert Case.objects.unscoped("test").filter(rule="dust.no_annual_inspection").count() == 1
    AnnualInspection(
        device=county.monitor, done_on=NOW.date(), valid_until=NOW.date() + dt.timedelta(days=365)
    ).save()
    scan.scan(NOW + dt.timedelta(minutes=10))
    assert case.findings.get().cleared_at is not None
    act(actions.reply, county.manager, case)
    assert fresh(case).machine_passed is True


@pytest.mark.requirement("DUST-18", "CFG-06")
def test_too_few_monitors_are_found(county: County) -> None:
    county.project.required_by_authority = True
    county.project.save()
    county.monitor.state = "retired"
    county.monitor.save()
    scan.scan(NOW)
    case = Case.objects.unscoped("test").get(rule="dust.not_installed")
    assert "应装" in case.findings.get().message
