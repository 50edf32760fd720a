"""A month of operation and upkeep against figures worked out by hand, its review, and counting it again."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases.models import Finding
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry import actions as registry_actions
from siteloop.foundation.registry.models import (
    AnnualInspection,
    Calibration,
    Device,
    Maintenance,
    MaintenanceReview,
)
from siteloop.foundation.registry.tests import rows
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.perform import perform
from siteloop.framework.testing import RegisterTests
from siteloop.framework.viewer import system_viewer
from siteloop.kernel.profiles import DUST
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.dust import actions, jobs, pages, upkeep
from siteloop.systems.dust.models import DeviceMonth
from siteloop.systems.dust.tests.conftest import County

OCTOBER = upkeep.Month(dt.date(2026, 10, 1))  # 31 days, 744 hours


def hour(device: Device, at: dt.datetime, valid: int, expected: int = 12) -> None:
    size = len(DUST.fields)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry.dust_rollup (device, step, at, expected, n, mean, low, high) VALUES (%s, 3600, %s, %s, %s, %s, %s, %s)",
            [device.pk, at, expected, [valid] * size, [1.0] * size, [1.0] * size, [1.0] * size],
        )


def local(day: int, clock: int = 0, month: int = 10) -> dt.datetime:
    return dt.datetime(2026, month, day, clock, tzinfo=SHANGHAI)


def counted(month: upkeep.Month = OCTOBER) -> str:
    return perform(actions.count_month, system_viewer("test"), None, {"month": month.first})


def review_of(county: County) -> MaintenanceReview:
    return MaintenanceReview.objects.unscoped("test").get(project=county.project)


@pytest.fixture
def october(county: County) -> County:
    """Two monitors: one from before the month, one installed on its 22nd day (10 days, 240 hours to serve)."""
    second = Device(code="MN2", profile="dust", site=county.site, installed_on=dt.date(2026, 10, 22))
    second.save()
    hour(county.monitor, local(30, 23, month=9), 12)  # September: the platform already receives
    for n in range(4):
        hour(county.monitor, local(1, n), (12, 12, 6, 0)[n])  # 3 hours online, 30 of 48 values
    hour(county.monitor, local(1, month=11), 12)  # November
    hour(second, local(20), 12)  # before it was installed
    hour(second, local(22), 12)
    hour(second, local(31, 23), 99)  # more than due counts as what was due
    Maintenance(device=county.monitor, at=local(31, 23), kind="repair", note="换泵", minutes=40).save()
    Maintenance(device=county.monitor, at=local(1, month=11), kind="patrol", note="巡检", minutes=5).save()
    Maintenance(device=second, at=local(23), kind="clean", note="清洁", minutes=15).save()
    Calibration(device=second, done_on=dt.date(2026, 10, 22), valid_until=dt.date(2027, 10, 21)).save()
    Calibration(device=second, done_on=dt.date(2026, 11, 2), valid_until=dt.date(2028, 1, 1)).save()
    AnnualInspection.objects.unscoped("test").all().delete()
    AnnualInspection(device=second, done_on=dt.date(2026, 10, 1), valid_until=dt.date(2027, 9, 30)).save()
    AnnualInspection(
        device=second, done_on=dt.date(2026, 10, 2), valid_until=dt.date(2029, 9, 30), result="failed"
    ).save()
    for n, (rule, since) in enumerate(
        [
            ("dust.silent", local(2)),
            ("dust.flat_pm25", local(31, 23)),
            ("dust.silent", local(1, month=11)),
            ("dust.pm25_high", local(3)),
        ]
    ):
        Finding(
            key=f"f{n}",
            rule=rule,
            subject="device",
            device=county.monitor,
            region_code="330482001",
            severity="yellow",
            since=since,
            last_at=since,
        ).save()
    return county


@pytest.mark.requirement("DUST-16", "DUST-13", "IOT-08")
def test_the_figures_are_those_worked_out_by_hand(october: County) -> None:
    found = {s.device.code: s for s in upkeep.count(OCTOBER)[october.project.pk]}
    one, two = found["MN1"], found["MN2"]
    assert (one.hours, one.online_hours) == (744, 3)
    assert (one.valid, one.expected) == (30, 744 * 12)
    assert (one.faults, one.maintenance_count, one.maintenance_minutes) == (2, 1, 40)
    assert (one.calibrations, one.calibrated_until, one.inspected_until) == (0, None, None)
    assert (two.hours, two.online_hours) == (240, 2)
    assert (two.valid, two.expected) == (24, 240 * 12)
    assert (two.faults, two.maintenance_count, two.maintenance_minutes) == (0, 1, 15)
    assert (two.calibrations, two.calibrated_until) == (1, dt.date(2027, 10, 21))
    assert two.inspected_until == dt.date(2027, 9, 30)
    counted()
    review = review_of(october)
    assert (review.devices, review.maintenance_count, review.down_minutes) == (2, 2, 55)
    assert review.online_rate == pytest.approx(5 / 984)
    assert review.valid_rate == pytest.approx(54 / (984 * 12))


@pytest.mark.requirement("DUST-16")
def test_it_goes_to_the_contractors_project_leader_who_alone_reviews_it(october: County) -> None:
    counted()
    review = review_of(october)
    told = Notice.objects.unscoped("test").get(kind="maintenance_review")
    assert (told.account, told.link) == (october.manager, f"/registry/maintenance-reviews/{review.pk}/")
    assert "2026 年 10 月" in told.title
    with pytest.raises(Refused):
        perform(registry_actions.confirm_review, viewer_for(october.officer), review, {"opinion": "好"})
    perform(registry_actions.confirm_review, viewer_for(october.manager), review, {"opinion": "属实"})
    done = review_of(october)
    assert (done.state, done.reviewed_by, done.opinion) == ("confirmed", october.manager, "属实")


@pytest.mark.requirement("DUST-16")
def test_without_a_registered_leader_the_contractor_reviews(october: County) -> None:
    october.project.posts.all().delete()
    role = october.manager.posts.get().role
    role.sees = "organisation"
    role.save()
    counted()
    assert Notice.objects.unscoped("test").get(kind="maintenance_review").account == october.manager
    perform(
        registry_actions.confirm_review, viewer_for(october.manager), review_of(october), {"opinion": "属实"}
    )


@pytest.mark.requirement("DUST-16")
def test_counting_again_changes_nothing_twice_and_takes_late_readings_in(october: County) -> None:
    counted()
    counted()
    assert DeviceMonth.objects.unscoped("test").count() == 2
    assert Notice.objects.unscoped("test").filter(kind="maintenance_review").count() == 1
    hour(october.monitor, local(5), 12)
    counted()
    assert DeviceMonth.objects.unscoped("test").get(device=october.monitor).online_hours == 4
    perform(
        registry_actions.confirm_review, viewer_for(october.manager), review_of(october), {"opinion": "属实"}
    )
    hour(october.monitor, local(6), 12)
    counted()
    assert DeviceMonth.objects.unscoped("test").get(device=october.monitor).online_hours == 4, (
        "reviewed is reviewed"
    )


@pytest.mark.requirement("DUST-16")
def test_a_disputed_month_is_counted_anew_when_it_is_submitted_again(
    october: County, django_capture_on_commit_callbacks
) -> None:
    counted()
    perform(
        registry_actions.dispute_review,
        viewer_for(october.manager),
        review_of(october),
        {"opinion": "漏记一次"},
    )
    Maintenance(device=october.monitor, at=local(9), kind="patrol", note="补记", minutes=10).save()
    counted()
    assert review_of(october).maintenance_count == 2, "a disputed month waits for its correction"
    with django_capture_on_commit_callbacks(execute=True):
        perform(
            registry_actions.resubmit_review,
            viewer_for(october.officer),
            review_of(october),
            {"reason": "已补记"},
        )
    again = review_of(october)
    assert (again.state, again.maintenance_count) == ("waiting", 3)


def test_a_monitor_taken_down_counts_while_it_still_reported(october: County) -> None:
    Device.objects.unscoped("test").filter(profile="dust").update(state="retired")
    assert len(upkeep.count(OCTOBER)[october.project.pk]) == 2
    assert upkeep.count(upkeep.Month(dt.date(2026, 12, 1))) == {}


def test_nothing_is_owed_for_a_month_before_the_platform_received(october: County) -> None:
    assert upkeep.count(upkeep.Month(dt.date(2026, 8, 1))) == {}
    september = upkeep.count(upkeep.Month(dt.date(2026, 9, 1)))[october.project.pk]
    assert [(s.hours, s.online_hours) for s in september] == [(1, 1)], "from its first reading on"


def test_a_month_that_runs_is_not_counted(county: County) -> None:
    with pytest.raises(Refused) as no:
        perform(actions.count_month, system_viewer("test"), None, {"month": timezone.localdate()})
    assert "尚未结束" in no.value.message


def test_the_job_counts_last_month_and_what_still_waits(october: County, monkeypatch) -> None:
    counted()
    seen: list[object] = []
    monkeypatch.setattr(jobs, "perform", lambda action, viewer, obj, data: seen.append(data["month"]))
    jobs.count_open_months()
    assert OCTOBER.first in seen
    assert upkeep.Month.before(timezone.localdate()).first in seen
    assert len(seen) == len(set(seen))


def test_the_count_is_told_in_the_trail_and_shown_on_the_review(october: County, client) -> None:
    counted()
    assert TrailEntry.objects.unscoped("test").filter(action="dust.devicemonth.count_month").exists()
    client.force_login(october.officer, backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get(f"/registry/maintenance-reviews/{review_of(october).pk}/").content.decode()
    assert "测试工地" in shown
    assert "MN2" in shown
    assert "0.8%" in shown, "2 of 240 hours"


class TestDeviceMonths(RegisterTests):
    page = pages.device_months

    def make_row(self, region):
        device = rows.device(region)
        review = MaintenanceReview(project=device.site.project, month=dt.date(2026, 1, 1), devices=1)
        review.save()
        row = DeviceMonth(
            review=review,
            device=device,
            month=review.month,
            hours=1,
            online_hours=1,
            expected=12,
            valid=6,
            online_rate=1.0,
            valid_rate=0.5,
            counted_at=timezone.now(),
        )
        row.save()
        return row
