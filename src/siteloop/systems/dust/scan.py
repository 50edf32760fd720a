"""Finds equipment problems in the registers (DUST-07, DUST-18, DUST-20): the machine looks, nobody has to report.

Each look raises a finding once per episode and clears it when the register shows it mended; both go through the same
inbox as the findings of the judge, so that one loop serves both planes.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from siteloop.foundation.cases import inbox, setting_aside
from siteloop.foundation.cases.models import Finding as Kept
from siteloop.foundation.registry.models import AnnualInspection, Device, Site
from siteloop.kernel.finding import Act, Finding, Severity
from siteloop.kernel.times import to_us
from siteloop.systems.dust import installation

WHY = "the equipment scan looks at every site"
INSPECTED_PROFILES = ("dust",)


def scan(now: dt.datetime | None = None) -> int:
    """Look at every site under construction and every active monitor; returns how many findings were raised or cleared."""
    now = now or timezone.now()
    with transaction.atomic():
        return _installation(now) + _inspections(now) + _sprayers(now)


def _installation(now: dt.datetime) -> int:
    sites = list(
        Site.objects.unscoped(WHY).filter(state="under_construction").select_related("project").order_by("pk")
    )
    states = installation.of_sites(sites)
    wrong = {
        f"site:{site.pk}": Finding(
            act=Act.RAISE,
            rule="dust.not_installed",
            subject=f"site:{site.pk}",
            since=to_us(now),
            at=to_us(now),
            site=site.pk,
            project=site.project_id,
            region=site.region_code,
            value=float(states[site.pk].installed),
            limit=float(states[site.pk].needed),
            unit="台",
            severity=Severity.ORANGE,
            message=f"应装扬尘监测设备 {states[site.pk].needed} 台，在用 {states[site.pk].installed} 台："
            f"{states[site.pk].reason}",
        )
        for site in sites
        if states[site.pk].is_short
    }
    return _settle("dust.not_installed", wrong, now)


def _inspections(now: dt.datetime) -> int:
    valid = (
        AnnualInspection.objects.unscoped(WHY)
        .filter(device=OuterRef("pk"), valid_until__gte=now.date())
        .exclude(result="failed")
    )
    devices = (
        Device.objects.unscoped(WHY)
        .filter(profile__in=INSPECTED_PROFILES, state="active", site__state="under_construction")
        .filter(~Exists(valid))
        .select_related("site")
        .order_by("pk")
    )
    last = _last_valid(devices)
    wrong = {
        f"device:{d.pk}": Finding(
            act=Act.RAISE,
            rule="dust.no_annual_inspection",
            subject=f"device:{d.pk}",
            since=to_us(now),
            at=to_us(now),
            site=d.site_id,
            project=d.site.project_id,
            device=d.pk,
            region=d.region_code,
            severity=Severity.YELLOW,
            message=f"设备 {d.code} "
            + (f"年检已于 {last[d.pk]:%Y-%m-%d} 到期" if d.pk in last else "无年检记录"),
        )
        for d in devices
    }
    return _settle("dust.no_annual_inspection", wrong, now)


def _sprayers(now: dt.datetime) -> int:
    """A site without any spray system: a warning, no dispatch, because the three dispatch kinds do not name it (AMB-22)."""
    sites = list(Site.objects.unscoped(WHY).filter(state="under_construction").order_by("pk"))
    having = installation.with_sprayer(sites)
    wrong = {
        f"site:{site.pk}": Finding(
            act=Act.RAISE,
            rule="dust.no_sprayer",
            subject=f"site:{site.pk}",
            since=to_us(now),
            at=to_us(now),
            site=site.pk,
            project=site.project_id,
            region=site.region_code,
            value=0.0,
            limit=1.0,
            unit="台",
            severity=Severity.YELLOW,
            message="在建工地没有在用的喷淋喷雾设备登记",
        )
        for site in sites
        if site.pk not in having
    }
    return _settle("dust.no_sprayer", wrong, now)


def _last_valid(devices: Iterable[Device]) -> dict[int, dt.date]:
    rows = (
        AnnualInspection.objects.unscoped(WHY)
        .filter(device__in=[d.pk for d in devices])
        .exclude(result="failed")
    )
    return dict(rows.order_by("valid_until").values_list("device_id", "valid_until"))


def _settle(rule: str, wrong: dict[str, Finding], now: dt.datetime) -> int:
    """Raise what is newly wrong, clear what is mended; what was wrong and still is stays one episode."""
    running = {f.subject: f for f in Kept.objects.unscoped(WHY).filter(rule=rule, cleared_at__isnull=True)}
    # what failed before waits for an administrator; found again every five minutes it would only pile up
    waiting = setting_aside.waiting_subjects(rule)
    changed = 0
    for subject, finding in wrong.items():
        if subject not in running and subject not in waiting:
            inbox.offer(finding, now)
            changed += 1
    for subject, kept in running.items():
        if subject not in wrong and subject not in waiting:
            inbox.offer(
                Finding(
                    act=Act.CLEAR,
                    rule=rule,
                    subject=subject,
                    since=to_us(kept.since),
                    at=to_us(now),
                    site=kept.site_id or 0,
                    region=kept.region_code,
                    message="登记显示问题已消除",
                ),
                now,
            )
            changed += 1
    return changed
