"""Scores are counted from records: the number and the list behind it are the same, an appeal works in, a recount keeps it."""

import datetime as dt
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import facts
from siteloop.foundation.cases.facts import Period, Subject
from siteloop.foundation.cases.models import Case, CaseDuty, CaseEvent, CaseState
from siteloop.foundation.cases.tests.test_extensions import running
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.registry.tests import rows
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.testing import Caller, caller, officer
from siteloop.framework.viewer import system_viewer
from siteloop.systems.evaluation import appeals, deciding, engine, kpis, shown
from siteloop.systems.evaluation.models import Accident, ScoreAppeal, Scorecard

pytestmark = pytest.mark.django_db
HOME = "330482"
LOOK = "the test looks"
ALL = system_viewer("test")
SHARED = ["cases.*.view", "evaluation.*.view", "evaluation.scorecard.appeal", "notice.*"]


@pytest.fixture(autouse=True)
def packs() -> None:
    """The weights of the shipped pack."""
    shipped_packs()


def held(case: Case, unit: Organisation, *, is_late: bool) -> CaseDuty:
    """A step that the unit had and ended, late or in time."""
    now = timezone.now()
    if is_late:
        CaseEvent.objects.create(case=case, at=now, kind="overdue", step=case.step)
    return CaseDuty.objects.create(
        case=case,
        step=case.step,
        title="施工单位",
        organisation=unit,
        is_current=False,
        since=now - dt.timedelta(minutes=1),
    )


def contractor_of(case: Case) -> Organisation:
    assert case.project is not None
    return case.project.parties.get(kind="contractor").organisation


def two_steps() -> tuple[Case, Organisation]:
    """One step in time and one late, of the same contractor."""
    case = running(HOME)
    unit = contractor_of(case)
    held(case, unit, is_late=False)
    held(running(HOME, site=case.site), unit, is_late=True)
    return case, unit


def card_of(unit: Organisation) -> Scorecard:
    return Scorecard.objects.unscoped(LOOK).get(kind="party", organisation=unit)


@pytest.mark.requirement("CTR-06", "CTR-03")
def test_a_score_is_appealed_decided_and_worked_in_by_three_roles(fast_plane: None) -> None:
    case, unit = two_steps()
    county = caller(["evaluation.*", "cases.*"], HOME)
    firm = caller(SHARED, sees="organisation", organisation=unit)
    boss = caller(["evaluation.*", "cases.*"], HOME)
    stranger = caller(["evaluation.*", "cases.*"], "330411")
    assert county.post("/api/v1/evaluation/scores/actions/recount").status_code == 200
    card = card_of(unit)
    assert (card.score, card.level) == (Decimal("50.00"), "D")
    own = firm.html.get("/centres/evaluation/?kind=party").content.decode()
    assert unit.name in own
    assert unit.name not in stranger.html.get("/centres/evaluation/?kind=party").content.decode()
    assert stranger.get(f"/api/v1/evaluation/scores/{card.pk}").status_code == 404
    page = firm.html.get(f"/evaluation/scores/{card.pk}/").content.decode()
    line = next(x for x in shown.lines(card) if x["item"].fact == "steps")
    assert line["link"].replace("&", "&amp;") in page
    records = firm.html.get(line["link"]).content.decode()
    assert case.number in records
    assert records.count('data-label="记录"') == line["item"].n == 2
    asked = {"item": line["item"].pk, "statement": "停电期间无法办理"}
    assert firm.post(f"/api/v1/evaluation/scores/{card.pk}/actions/appeal", asked).status_code == 200
    appeal = ScoreAppeal.objects.unscoped(LOOK).get()
    granting = f"/api/v1/evaluation/score-appeals/{appeal.pk}/actions/grant"
    assert firm.post(granting, {"opinion": "同意"}).status_code == 403
    assert boss.post(granting, {"opinion": "停电属实"}).status_code == 200
    assert card_of(unit).score is None
    assert Notice.objects.unscoped(LOOK).filter(account=firm.account, title__contains="申诉成立").exists()
    engine.count_month(timezone.localdate())
    assert card_of(unit).score is None, "a recount keeps what an appeal set aside"


@pytest.mark.requirement("CTR-06")
def test_a_denied_appeal_changes_nothing_and_one_may_not_decide_his_own() -> None:
    _, unit = two_steps()
    engine.count_month(timezone.localdate())
    card = card_of(unit)
    own = viewer_for(officer(["evaluation.*"], sees="organisation", organisation=unit))
    item = card.items.get(fact="steps")
    perform(appeals.appeal, own, card, {"item": item.pk, "statement": "不服"})
    with pytest.raises(Refused, match="已有待处理"):
        perform(appeals.appeal, own, card, {"item": item.pk, "statement": "再申诉"})
    row = ScoreAppeal.objects.unscoped(LOOK).get()
    with pytest.raises(Refused, match="不能审批自己的申请"):
        perform(appeals.grant, own, row, {"opinion": "同意"})
    perform(appeals.deny, viewer_for(officer(["evaluation.*"])), row, {"opinion": "记录属实"})
    assert card_of(unit).score == card.score


def test_only_its_subject_appeals_and_only_in_time() -> None:
    _, unit = two_steps()
    engine.count_month(timezone.localdate())
    card = card_of(unit)
    typed = {"item": card.items.get(fact="steps").pk, "statement": "x"}
    other = viewer_for(officer(["evaluation.*"]))
    with pytest.raises(Refused):
        perform(appeals.appeal, other, card, typed)
    card.month = dt.date(2024, 1, 1)
    card.save()
    own = viewer_for(officer(["evaluation.*"], sees="organisation", organisation=unit))
    with pytest.raises(Refused):
        perform(appeals.appeal, own, card, typed)


@pytest.mark.requirement("CTR-07", "CTR-08")
def test_every_measure_of_every_score_equals_its_records() -> None:
    case, _ = two_steps()
    late = running(HOME, site=case.site)
    late.is_overdue = True
    late.save()
    done = running(HOME)
    done.state, done.closed_at = CaseState.CLOSED, timezone.now()
    done.save()
    engine.count_month(timezone.localdate())
    period, seen = Period.month(timezone.localdate()), 0
    for card in Scorecard.objects.unscoped(LOOK).prefetch_related("items"):
        assert card.score is None or card.score == max(0, sum(i.points for i in card.items.all()))
        for item in card.items.all():
            found = facts.records(facts.get(item.fact), Subject.of(card.subject), ALL, period)
            assert (item.n, item.good) == (found.count(), found.filter(is_good=True).count())
            seen += item.n
    assert seen
    kinds = set(Scorecard.objects.unscoped(LOOK).values_list("kind", flat=True))
    assert kinds == {"party", "site", "region"}


def test_counting_again_renews_and_does_not_double() -> None:
    _, unit = two_steps()
    engine.count_month(timezone.localdate())
    held(running(HOME), unit, is_late=False)
    engine.count_month(timezone.localdate())
    assert card_of(unit).score == Decimal("66.67")


@pytest.mark.requirement("KPI-05")
def test_dangers_are_compared_with_the_period_before() -> None:
    now, old = running(HOME), [running(HOME) for _ in range(4)]
    day = timezone.localdate()
    for case in old:
        case.opened_at = now.opened_at - dt.timedelta(days=20)
        case.save()
    period = Period(day - dt.timedelta(days=9), day + dt.timedelta(days=1))
    asked = kpis.Asked(ALL, period, Period(day - dt.timedelta(days=30), day - dt.timedelta(days=10)))
    found = kpis.reduction(asked)
    assert ([p.n for p in found.parts], found.shown) == ([1, 4], "75.0%")
    nothing = kpis.Asked(ALL, period, period.year_before)
    assert kpis.reduction(nothing).shown == "—"


@pytest.mark.requirement("KPI-06")
def test_only_accidents_with_lifting_machines_count() -> None:
    site = rows.site(HOME)
    for kind in ("lifting", "fall"):
        row = Accident(site=site, happened_at=timezone.now(), kind=kind, summary="测试")
        row.clean()
        row.save()
    day = timezone.localdate()
    period = Period(day, day + dt.timedelta(days=1))
    assert kpis.lifting(kpis.Asked(ALL, period, period.before)).value == 1
    assert kpis.lifting(kpis.Asked(ALL, period.before, period)).value == 0


@pytest.mark.requirement("KPI-17")
def test_coverage_counts_the_obliged_and_of_them_the_joined() -> None:
    day = timezone.localdate()
    wanted = {"started_on": day, "required_by_authority": True}
    joined = rows.device(HOME).site.project
    for name, value in wanted.items():
        setattr(joined, name, value)
    joined.save()
    rows.project(HOME, **wanted)
    rows.project(HOME, started_on=day, required_by_authority=False)
    period = Period(day, day + dt.timedelta(days=1))
    found = kpis.coverage(kpis.Asked(ALL, period, period.before))
    assert ([p.n for p in found.parts], found.shown) == ([1, 2], "50.0%")


def _open_late(unit_case: Case) -> None:
    unit_case.is_overdue = True
    unit_case.save()
    CaseDuty.objects.create(
        case=unit_case,
        step=unit_case.step,
        title="施工单位",
        organisation=contractor_of(unit_case),
        since=timezone.now(),
    )


@pytest.mark.requirement("KPI-21", "CTR-10")
def test_open_problems_stand_with_their_enterprise_the_worst_first() -> None:
    late, fine = running(HOME), running(HOME)
    _open_late(late)
    CaseDuty.objects.create(
        case=fine, step=fine.step, title="施工单位", organisation=contractor_of(fine), since=timezone.now()
    )
    found = kpis.enterprises(ALL, deciding.lately())
    assert [e.key for e in found] == [contractor_of(late).pk, contractor_of(fine).pk]
    numbers = [dict(zip(kpis.PROBLEMS, (p.n for p in e.parts), strict=True)) for e in found]
    assert (numbers[0]["duties_open"], numbers[0]["duties_overdue"]) == (1, 1)
    assert (numbers[1]["duties_open"], numbers[1]["duties_overdue"]) == (1, 0)


@pytest.mark.requirement("CTR-04")
def test_the_rank_is_the_sum_of_its_reasons_and_each_opens_its_records(fast_plane: None) -> None:
    worst, quiet = running(HOME), running(HOME)
    _open_late(worst)
    found = deciding.ranked(ALL, HOME)
    assert found[0].site == worst.site_id
    assert all(r.points == sum(w.points for w in r.reasons) for r in found)
    first = next(w for w in found[0].reasons if "fact=late_cases" in w.link)
    assert not any("fact=late_cases" in w.link for r in found if r.site == quiet.site_id for w in r.reasons)
    who: Caller = caller(["*"], HOME)
    assert worst.number in who.html.get(first.link).content.decode()
    told = who.get("/api/v1/evaluation/ranking").json()
    assert told[0]["site"] == worst.site_id
    assert urlsplit(told[0]["reasons"][0]["link"]).path == "/centres/records/"


@pytest.mark.requirement("CTR-10")
def test_the_level_decides_how_often_to_inspect() -> None:
    case, _ = two_steps()
    case.is_overdue = True
    case.save()
    engine.count_month(timezone.localdate())
    watched = {w.card.site_id: w for w in deciding.watched(ALL)}
    one = watched[case.site_id]
    assert (one.card.level, one.every, one.last, one.is_due) == ("D", 15, None, True)


@pytest.mark.requirement("CTR-04")
def test_a_reason_is_not_called_by_what_should_have_been_done() -> None:
    """Of the sites "inspected within their term" those speak against a site that were not."""
    assert facts.get("coverage").bad_shown == "在建工地期限内未检查"
    for code in ("late_cases", "orders_red"):
        assert facts.get(code).bad_shown == facts.get(code).shown
