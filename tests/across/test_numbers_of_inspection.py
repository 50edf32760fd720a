"""Orders, penalties and visits as the decision centre counts them: each number opens exactly its records."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.html import escape

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as case_actions
from siteloop.foundation.cases import facts
from siteloop.foundation.cases.facts import Period, Subject
from siteloop.foundation.cases.models import CaseState
from siteloop.foundation.cases.tests.test_extensions import running
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.registry.models import Device, MaintenanceReview, Site
from siteloop.framework.perform import perform
from siteloop.framework.testing import Caller, caller
from siteloop.framework.viewer import system_viewer
from siteloop.systems.dust.models import DeviceMonth
from siteloop.systems.evaluation import engine, kpis
from siteloop.systems.evaluation.models import Scorecard
from siteloop.systems.inspection import actions
from siteloop.systems.inspection.models import Inspection, Order, Penalty
from siteloop.systems.inspection.tests import rows

pytestmark = pytest.mark.django_db
HOME, ABROAD = "330482", "330411"
LOOK = "the test looks"
ALL = system_viewer("test")


@pytest.fixture(autouse=True)
def ready(settings, tmp_path):
    settings.FILES = tmp_path / "files"
    shipped_packs()


def asked(who: Caller) -> kpis.Asked:
    today = timezone.localdate()
    period = Period(today - dt.timedelta(days=9), today + dt.timedelta(days=1))
    return kpis.Asked(viewer_for(who.account), period, period.before)


def given(code: str, site: Site | None = None, region: str = HOME) -> Order:
    more = {"part": "基坑东侧"} if code == "stop_partial" else {}
    return rows.order(region, code, site, **more)


def closed(order: Order) -> Order:
    Order.objects.unscoped(LOOK).filter(pk=order.pk).update(state="closed", closed_at=timezone.now())
    return order


def taken_back(order: Order) -> Order:
    perform(actions.withdraw, viewer_for(rows.inspector()), order, {"reason": "误开"})
    return order


def decided(order: Order) -> Penalty:
    penalty = Penalty.objects.unscoped(LOOK).get(order=order)
    Penalty.objects.unscoped(LOOK).filter(pk=penalty.pk).update(
        state="decided", decided_on=timezone.localdate(), amount=Decimal(20_000)
    )
    return penalty


def opened(who: Caller, link: str) -> set[str]:
    """The pages that the records behind a number are linked to."""
    answer = who.html.get(link)
    assert answer.status_code == 200, link
    return set(re.findall(r"/inspection/\w+/\d+/", answer.content.decode()))


def visited(site: Site, days_ago: int = 0, grade: str = "") -> Inspection:
    row = rows.inspection(site=site)
    Inspection.objects.unscoped(LOOK).filter(pk=row.pk).update(
        state="finished", checked_on=timezone.localdate() - dt.timedelta(days=days_ago), grade=grade
    )
    return row


@pytest.mark.requirement("KPI-07")
def test_papers_are_counted_by_kind_and_each_count_opens_its_papers(fast_plane: None) -> None:
    who = caller(["inspection.*", "evaluation.*", "cases.*"], HOME)
    to_rectify, stop = [given("rectify"), given("rectify")], given("stop_partial")
    moved = given("transfer")
    fined = given("transfer")
    penalty = decided(fined)
    taken_back(given("rectify"))
    given("rectify", region=ABROAD)
    mistaken = given("transfer")
    case = Penalty.objects.unscoped(LOOK).get(order=mistaken).case
    perform(case_actions.cancel, viewer_for(rows.inspector()), case, {"body": "对象有误"})
    found, period = kpis.orders(asked(who)), asked(who).period
    assert ([p.n for p in found.parts], found.shown) == ([2, 1, 2, 1], "6")
    expected = [
        {f"/inspection/orders/{o.pk}/" for o in to_rectify},
        {f"/inspection/orders/{stop.pk}/"},
        {f"/inspection/orders/{o.pk}/" for o in (moved, fined)},
        {f"/inspection/penalties/{penalty.pk}/"},
    ]
    assert [opened(who, p.link) for p in found.parts] == expected
    shown = f"/centres/decision/?tab=indicators&from={period.start}&to={timezone.localdate()}"
    page = who.html.get(shown).content.decode()
    assert all(escape(p.link) in page for p in found.parts)


@pytest.mark.requirement("KPI-08")
def test_effective_orders_and_closure_are_shares_of_records_that_can_be_opened(fast_plane: None) -> None:
    who = caller(["inspection.*", "evaluation.*", "cases.*"], HOME)
    site, _ = rows.staffed_site()
    done, open_now = closed(given("rectify", site)), given("stop_partial", site)
    taken_back(given("rectify", site))
    before = closed(given("rectify", site))
    long_ago = timezone.now() - dt.timedelta(days=15)
    Order.objects.unscoped(LOOK).filter(pk=before.pk).update(issued_at=long_ago)
    visits = [visited(site) for _ in range(4)]
    visited(site, days_ago=15)
    rows.inspection(site=site)  # not finished: no visit yet
    q = asked(who)
    effective, closure = kpis.effective(q), kpis.closure(q)
    assert ([p.n for p in effective.parts], effective.shown) == ([2, 4], "50.0%")
    assert effective.title.endswith("（为对比期 0.50 倍）")
    assert ([p.n for p in closure.parts], closure.shown) == ([1, 2], "50.0%")
    both = {f"/inspection/orders/{o.pk}/" for o in (done, open_now)}
    assert opened(who, effective.parts[0].link) == both
    assert opened(who, effective.parts[1].link) == {f"/inspection/inspections/{v.pk}/" for v in visits}
    assert opened(who, closure.parts[0].link) == {f"/inspection/orders/{done.pk}/"}


@pytest.mark.requirement("KPI-21")
def test_what_is_open_with_an_enterprise_is_counted_by_colour_and_opens(fast_plane: None) -> None:
    who = caller(["inspection.*", "evaluation.*", "cases.*"], HOME)
    site, _ = rows.staffed_site()
    fine, yellow, red = (given("rectify", site) for _ in range(3))
    for order, colour in ((yellow, "yellow"), (red, "red")):
        Order.objects.unscoped(LOOK).filter(pk=order.pk).update(colour=colour)
    closed(given("rectify", site))
    (one,) = kpis.enterprises(viewer_for(who.account), asked(who).period)
    parts = dict(zip(kpis.PROBLEMS, one.parts, strict=True))
    assert one.key == fine.addressee_id
    expected = {"orders_open": (fine, yellow, red), "orders_yellow": (yellow,), "orders_red": (red,)}
    for code, orders in expected.items():
        assert parts[code].n == len(orders)
        assert opened(who, parts[code].link) == {f"/inspection/orders/{o.pk}/" for o in orders}


def month_of(site: Site, share: float) -> DeviceMonth:
    device = Device(code=f"MN{site.pk}-{share}", profile="dust", site=site)
    device.save()
    month = timezone.localdate().replace(day=1)
    review = MaintenanceReview.objects.unscoped(LOOK).filter(project=site.project, month=month).first()
    if review is None:
        review = MaintenanceReview(project=site.project, month=month, devices=2)
        review.save()
    row = DeviceMonth(
        review=review,
        device=device,
        month=month,
        hours=100,
        online_hours=int(share * 100),
        expected=1,
        valid=1,
        online_rate=share,
        counted_at=timezone.now(),
    )
    row.save()
    return row


def demand(key: str, value: float, region: str = HOME) -> None:
    pack = Pack.objects.unscoped(LOOK).filter(code=f"t-{region}").first()
    if pack is None:
        pack = Pack(code=f"t-{region}", title="本地要求", region_code=region)
        pack.save()
    PackValue(pack=pack, key=key, title=key, value=value).save()


def counted(code: str) -> tuple[int, int]:
    found = facts.total(facts.get(code), ALL, Period.month(timezone.localdate()))
    return found.n, found.good


@pytest.mark.requirement("CTR-09")
def test_each_region_says_what_share_on_line_and_how_often_visited_is_enough() -> None:
    at_home, away = rows.staffed_site()[0], rows.staffed_site(ABROAD)[0]
    for site in (at_home, away):
        month_of(site, 0.93)
        Site.objects.unscoped(LOOK).filter(pk=site.pk).update(state="under_construction")
        visited(site, days_ago=40)
    assert counted("online") == (2, 2)
    assert counted("coverage") == (2, 2)
    demand("dust.month_online_share", 0.95)
    demand("inspection.coverage_days", 30)
    assert counted("online") == (2, 1)
    assert counted("coverage") == (2, 1)
    PackValue.objects.unscoped(LOOK).filter(key="dust.month_online_share").delete()
    assert counted("online") == (0, 0), "where nothing is asked for nobody falls short"


@pytest.mark.requirement("CTR-09")
def test_a_sites_level_follows_its_devices_its_inspections_and_its_own_small_loop() -> None:
    site, _ = rows.staffed_site()
    month_of(site, 0.95)
    month_of(site, 0.50)
    visited(site, grade="excellent")
    for circle in ("small", "large"):
        case = running(HOME, site=site)
        case.state, case.circle, case.closed_at = CaseState.CLOSED, circle, timezone.now()
        case.save()

    def points() -> tuple[dict[str, tuple[int, int]], Scorecard]:
        engine.count_month(timezone.localdate())
        card = Scorecard.objects.unscoped(LOOK).get(kind="site", site=site)
        return {i.fact: (i.n, i.good) for i in card.items.all()}, card

    items, card = points()
    assert (items["online"], items["inspections"], items["self_governed"]) == ((2, 1), (1, 1), (2, 1))
    period = Period.month(timezone.localdate())
    for code, (n, _) in items.items():
        assert facts.records(facts.get(code), Subject.of(card.subject), ALL, period).count() == n
    visited(site, grade="failed")
    later_items, later = points()
    assert later_items["inspections"] == (2, 1)
    assert later.score is not None and card.score is not None and later.score < card.score
