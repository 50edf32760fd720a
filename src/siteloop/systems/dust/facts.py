"""What monitors say of sites and regions: months on line, annual inspections in force."""

import datetime as dt
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from siteloop.foundation.cases.facts import Fact, Key, Line, Period, good_if
from siteloop.foundation.packs import in_query
from siteloop.foundation.registry.models import AnnualInspection, Device
from siteloop.framework.viewer import Viewer
from siteloop.systems.dust.models import DeviceMonth

ONLINE = "dust.month_online_share"  # pack value: share of the month's hours


def online(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Monitors' months of the period where a share is asked for; good is what was on line for that share of its hours."""
    rows = DeviceMonth.objects.visible_to(viewer).filter(
        month__gte=period.start, month__lt=period.end, online_rate__isnull=False
    )
    measured = rows.annotate(asked=in_query.stated(ONLINE, "device__region_code"))
    return measured.filter(asked__isnull=False).annotate(is_good=good_if(Q(online_rate__gte=F("asked"))))


def inspected(viewer: Viewer, period: Period) -> QuerySet[Any]:
    """Monitors in use; good is whose annual inspection was in force at the end of the period, or is now."""
    day = min(period.end - dt.timedelta(days=1), timezone.localdate())
    papers = AnnualInspection.objects.unscoped("a paper counts whoever asks").filter(
        device=OuterRef("pk"), result="passed", done_on__lte=day, valid_until__gte=day
    )
    rows = Device.objects.visible_to(viewer).filter(profile="dust", state="active")
    return rows.annotate(in_force=Exists(papers)).annotate(is_good=good_if(Q(in_force=True)))


def of_month(row: DeviceMonth) -> Line:
    """A month as a line."""
    asked = getattr(row, "asked", None)
    note = f"{row.online_rate:.1%}" if row.online_rate is not None else ""
    if asked is not None:
        note += f"（应达 {asked:.0%}）"
    return Line(row.month, str(row), f"/dust/device-months/{row.pk}/", note)


def of_device(row: Device) -> Line:
    """A monitor as a line."""
    return Line(
        row.installed_on, f"{row.title or row.code} {row.site}", f"/places/devices/{row.pk}/", row.code
    )


FACTS = (
    Fact(
        "online",
        "监测设备月在线率达标",
        "Monitors on line",
        online,
        of_month,
        {
            "site": Key("device__site_id", "device__region_code"),
            "region": Key("", "device__region_code"),
        },
        ("在线率达标", "on line as asked"),
        ("在线率不足", "below"),
        ("device",),
    ),
    Fact(
        "annual",
        "监测设备年检有效",
        "Annual inspections in force",
        inspected,
        of_device,
        {"site": Key("site_id"), "region": Key()},
        ("年检有效", "in force"),
        ("未年检或过期", "missing or expired"),
        ("site",),
    ),
)
