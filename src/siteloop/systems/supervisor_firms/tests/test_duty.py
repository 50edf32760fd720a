"""Duty of the firm's staff: in person, at the site, leave taken off, a short month told."""

import datetime as dt

import pytest
from django.utils import timezone

from siteloop.foundation.notice.models import Notice
from siteloop.foundation.packs.tests.saying import project_says
from siteloop.framework.action import Refused
from siteloop.framework.perform import create, perform
from siteloop.framework.viewer import system_viewer
from siteloop.systems.supervisor_firms import actions, duty, places
from siteloop.systems.supervisor_firms.models import DutyMonth, Leave, Presence
from siteloop.systems.supervisor_firms.tests import rows

API = "/api/v1/supervisor_firms/presences/actions/check_in"
SEPTEMBER = dt.date(2025, 9, 1)  # 22 working days, with the make-up day of the 28th 23


def presence(county: rows.County, day: int, place: str = "on_site") -> None:
    Presence(
        post=county.chief,
        project=county.project,
        firm=county.firm,
        kind=county.chief.kind,
        holder="总监",
        day=SEPTEMBER.replace(day=day),
        arrived_at=timezone.now(),
        place=place,
    ).save()


def month(county: rows.County) -> DutyMonth:
    perform(actions.duty.count, system_viewer("统计"), None, {"month": SEPTEMBER})
    return DutyMonth.objects.unscoped(rows.WHY).get(post=county.chief, month=SEPTEMBER)


@pytest.mark.requirement("SUPV-03", "ATT-25")
def test_only_the_holder_checks_in_once_a_day_with_the_place(county: rows.County) -> None:
    typed = {"post": county.chief.pk, "lon": rows.LON, "lat": rows.LAT}
    other = rows.account("同事", county.firm, "supervisor_engineer")
    assert rows.caller(other).post(API, typed).status_code == 403
    chief = rows.caller(county.engineer)
    assert chief.post(API, typed).status_code == 200
    row = Presence.objects.unscoped(rows.WHY).get()
    assert (row.place, row.distance_m, row.holder, row.firm) == ("on_site", 0, "总监", county.firm)
    assert chief.post(API, typed).status_code == 409
    kept = DutyMonth.objects.unscoped(rows.WHY).get(post=county.chief)
    assert kept.days_present == 1 and not kept.is_closed
    out = chief.post(f"/api/v1/supervisor_firms/presences/{row.pk}/actions/check_out")
    assert out.status_code == 200 and rows.again(row).left_at is not None


@pytest.mark.requirement("SUPV-03")
def test_a_month_counts_working_days_presence_and_leave(county: rows.County) -> None:
    for day in (1, 2, 3):
        presence(county, day)
    presence(county, 4, "away")
    asked = {"post": county.chief.pk, "from_on": "2025-09-03", "to_on": "2025-09-09", "reason": "培训"}
    leave = create(Leave, county.view(county.engineer), asked)
    working = len(duty.days_of(SEPTEMBER, dt.date(2025, 9, 30)))
    with pytest.raises(Refused):
        perform(actions.duty.approve, county.view(county.engineer), leave, {"opinion": "自批"})
    perform(actions.duty.approve, county.view(county.inspector), leave, {"opinion": "同意"})
    row = month(county)
    # the 3rd he came although on leave; 4, 5, 8 and 9 are off
    assert (row.days_due, row.days_present, row.days_leave) == (working - 4, 3, 4)
    assert row.is_short and row.is_closed and row.required == 0.5
    told = Notice.objects.unscoped(rows.WHY).filter(kind="supervisor_duty")
    assert {n.account_id for n in told} == {county.engineer.pk, county.inspector.pk}
    presence(county, 5)
    assert month(county).days_present == 3, "a closed month stays"


@pytest.mark.requirement("SUPV-03")
def test_a_month_with_enough_days_is_not_short(county: rows.County) -> None:
    for day in duty.days_of(SEPTEMBER, dt.date(2025, 9, 30))[:12]:
        presence(county, day.day)
    row = month(county)
    assert row.rate is not None and row.rate >= 0.5 and not row.is_short
    assert not Notice.objects.unscoped(rows.WHY).filter(kind="supervisor_duty").exists()


@pytest.mark.requirement("SUPV-03", "CFG-13")
def test_a_project_may_ask_for_more_presence_and_reach_farther_than_its_region(county: rows.County) -> None:
    for day in duty.days_of(SEPTEMBER, dt.date(2025, 9, 30))[:12]:
        presence(county, day.day)
    project_says(county.project, "supervisor_firms.presence_rate", {"chief_supervisor": 0.9})
    row = month(county)
    assert row.required == 0.9 and row.is_short
    a_kilometre = rows.LAT + 0.009
    assert places.compare(county.project, rows.LON, a_kilometre)[0] == "away"
    project_says(county.project, "supervisor_firms.near_m", 1500)
    assert places.compare(county.project, rows.LON, a_kilometre)[0] == "on_site"
