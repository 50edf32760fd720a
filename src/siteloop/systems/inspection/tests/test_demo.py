"""The demo's year: the seeds' figures, consistent with what the program itself would have written, and quick."""

import pytest
from django.utils import timezone

from siteloop.foundation.authority import demo as authority
from siteloop.foundation.authority import reference as roles
from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases import locks
from siteloop.foundation.cases.models import Case, CaseDuty
from siteloop.foundation.documents import store
from siteloop.foundation.documents.models import Document
from siteloop.foundation.packs import reference as packs
from siteloop.foundation.regions import reference as regions
from siteloop.foundation.registry import demo as registry
from siteloop.foundation.registry.models import Project
from siteloop.framework.viewer import system_viewer
from siteloop.systems.inspection import demo, reference
from siteloop.systems.inspection.models import Inspection, InspectionLine, Order, Penalty, Proof

LOOK = "the test looks"


@pytest.mark.django_db
@pytest.mark.requirement("INSP-07")
def test_the_year_of_pinghu(settings):
    settings.DEMO_PASSWORD = "Demo-test-2026"
    for load in (regions.load, roles.load, packs.load, reference.load, authority.load, registry.load):
        load()
    demo.load()
    orders = Order.objects.unscoped(LOOK)
    assert orders.filter(measure__kind="order").count() == 1053
    assert orders.filter(measure__kind="stop").count() == 72
    assert orders.filter(measure__kind="transfer").count() == Penalty.objects.unscoped(LOOK).count() == 18
    _numbers_have_no_gap()
    _what_is_red_is_locked(orders)
    _the_manager_meets_one_of_each(orders)
    _states_fit_their_cases(orders)
    assert not InspectionLine.objects.unscoped(LOOK).filter(result="failed", order=None).exists()
    assert not Inspection.objects.unscoped(LOOK).exclude(state="finished").exists()
    assert all(not p.is_evidence for p in Proof.objects.unscoped(LOOK).filter(kind="electronic"))
    one = Document.objects.unscoped(LOOK).filter(kind="inspection.stop_full").first()
    assert one is not None and one.sha256 == ""
    assert store.print_out(one, system_viewer("测试")).sha256
    demo.load()
    assert Order.objects.unscoped(LOOK).count() == 1053 + 72 + 18, "loaded once"


def _numbers_have_no_gap():
    found: dict[tuple[str, int], list[int]] = {}
    for word, year, serial in (
        Document.objects.unscoped(LOOK).order_by("issued_at", "serial").values_list("word", "year", "serial")
    ):
        found.setdefault((word, year), []).append(serial)
    for key, serials in found.items():
        assert serials == list(range(1, len(serials) + 1)), f"{key}: numbers rise with the days"


def _what_is_red_is_locked(orders):
    red = orders.filter(colour="red", state__in=("open", "replied"))
    assert red.count() >= 5
    for order in red:
        assert any(x.case_id == order.case_id for x in locks.standing(order.project))
    assert orders.filter(colour="yellow", state="open").exists()
    assert orders.filter(colour="yellow", state="closed").count() > 50


def _the_manager_meets_one_of_each(orders):
    manager = Account.objects.get(username="manager")
    held = CaseDuty.objects.filter(account=manager, is_holder=True, is_current=True).values("case")
    colours = set(orders.filter(case__in=held).values_list("colour", flat=True))
    assert {"", "yellow", "red"} <= colours
    mine = Project.objects.unscoped(LOOK).filter(posts__account=manager, posts__kind="project_manager")
    assert orders.filter(project__in=mine, state="replied").exists()


def _states_fit_their_cases(orders):
    wanted = {"open": {"disposing"}, "replied": {"verifying"}, "closed": {"closed"}}
    for state, case_state in orders.exclude(case=None).values_list("state", "case__state"):
        assert case_state in wanted[state]
    now = timezone.now()
    late = Case.objects.unscoped(LOOK).filter(
        loop="inspection_order", state__in=("disposing", "verifying"), deadline__lt=now
    )
    assert not late.filter(state="disposing").exists(), "the clock has nothing left to do when the demo opens"
    assert not Case.objects.unscoped(LOOK).filter(opened_at__gt=now).exists()
