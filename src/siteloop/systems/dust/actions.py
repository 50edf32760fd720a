"""Counting the months: one door for the job and for a person who wants it now."""

import datetime as dt
from typing import Any

from django.utils import timezone

from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.models import MaintenanceReview, Party, Project, ProjectPost
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.systems.dust import upkeep
from siteloop.systems.dust.models import DeviceMonth
from siteloop.systems.dust.upkeep import Month, Served

WHY = "the month's statistics are counted for every project"


def _count(act: Act) -> str:
    """Count a month for all projects; what was reviewed stays as it was reviewed."""
    month = _month(act.data.get("month"))
    made = renewed = 0
    # locked, so that a review given meanwhile is not written over
    known = MaintenanceReview.objects.unscoped(WHY).select_for_update().filter(month=month.first)
    reviews = {r.project_id: r for r in known}
    for project, served in upkeep.count(month).items():
        review = reviews.get(project)
        if review is not None and review.state != "waiting":
            continue
        if review is None:
            review = MaintenanceReview(project_id=project, month=month.first)
            made += 1
            is_new = True
        else:
            renewed += 1
            is_new = False
        _write(review, served, month)
        if is_new:
            _submit(review)
    return f"{month.first:%Y-%m}：新提交 {made} 项，重新统计 {renewed} 项"


def _month(typed: dt.date | None) -> Month:
    """The month a day lies in, the last whole one by default. Raises Refused 422 for one that has not ended."""
    today = timezone.localdate()
    month = Month(typed.replace(day=1)) if typed else Month.before(today)
    if month.last >= today:
        raise Refused("该月尚未结束", status=422, errors={"month": ["该月尚未结束，不能统计"]})
    return month


def _write(review: MaintenanceReview, served: list[Served], month: Month) -> None:
    review.devices = len(served)
    review.online_rate = upkeep.share((s.online_hours for s in served), (s.hours for s in served))
    review.valid_rate = upkeep.share((s.valid for s in served), (s.expected for s in served))
    review.maintenance_count = sum(s.maintenance_count for s in served)
    review.down_minutes = sum(s.maintenance_minutes for s in served)
    review.save()
    now = timezone.now()
    rows = [
        DeviceMonth(
            review=review,
            device=s.device,
            month=month.first,
            hours=s.hours,
            online_hours=s.online_hours,
            expected=s.expected,
            valid=s.valid,
            online_rate=s.online_rate,
            valid_rate=s.valid_rate,
            faults=s.faults,
            maintenance_count=s.maintenance_count,
            maintenance_minutes=s.maintenance_minutes,
            calibrations=s.calibrations,
            calibrated_until=s.calibrated_until,
            inspected_until=s.inspected_until,
            counted_at=now,
        )
        for s in served
    ]
    figures = [f.name for f in DeviceMonth._meta.concrete_fields if f.name not in ("id", "review", "device")]
    DeviceMonth.objects.unscoped(WHY).filter(review=review).exclude(
        device__in=[s.device for s in served]
    ).delete()
    DeviceMonth.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["review", "device"], update_fields=figures
    )


def _submit(review: MaintenanceReview) -> None:
    """Push it to the contractor's project leader; without one registered, to the contractor."""
    project: Project = review.project
    posts = ProjectPost.objects.unscoped(WHY).filter(
        project=project, kind="project_manager", account__isnull=False
    )
    told: list[Any] = [p.account for p in posts.select_related("account")]
    if not told:
        parties = Party.objects.unscoped(WHY).filter(project=project, kind="contractor")
        told = [a for p in parties.select_related("organisation") for a in members(p.organisation)]
    notify(
        told,
        "maintenance_review",
        f"{review.month:%Y 年 %m 月}扬尘设备运维统计待审核",
        body=f"{project.name}：设备 {review.devices} 台，在线率 {_percent(review.online_rate)}，"
        f"有效数据率 {_percent(review.valid_rate)}，运维 {review.maintenance_count} 次",
        link=f"/registry/maintenance-reviews/{review.pk}/",
        level="yellow",
        subject=f"maintenance_review:{review.pk}",
    )


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}%"


count_month = Action(
    "count_month",
    "统计月度运维",
    "Count a month",
    DeviceMonth,
    _count,
    fields=(
        Input(
            "month",
            "月份",
            "Month",
            kind="date",
            help="该月任意一天；不填为上月。已审核的项目不再改动，未审核的重新统计。",
        ),
    ),
    on_register=True,
    log="{actor}统计扬尘设备月度运维 {month}",
)
