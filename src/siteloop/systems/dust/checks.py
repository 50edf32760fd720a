"""The machine's half of the check (DISP-05): is the fault that opened the case really gone?"""

import datetime as dt
from collections.abc import Callable

from django.db import connection
from django.utils import timezone

from siteloop.foundation.cases.loop import Verdict
from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import AnnualInspection, Device
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.dust import evidence, installation


def check(case: Case) -> Verdict:
    """Ask the check that belongs to the case's rule."""
    return _CHECKS.get(case.rule, _no_machine)(case)


def _no_machine(case: Case) -> Verdict:
    return Verdict(None, "此类问题无系统核查，请人工核查")


def _spray(case: Case) -> Verdict:
    """Passed when a sprayer of the site itself reported a run since the present round of rectification began."""
    assert case.site_id is not None, "a spray case always names its site"
    sprayers = list(
        Device.objects.unscoped("the machine checks a case for the engine")
        .filter(site_id=case.site_id, profile="sprayer", state="active")
        .values_list("number", "code")
    )
    if not sprayers:
        return Verdict(False, "该工地没有在用的喷淋设备登记")
    since = _round_began(case)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT device, at, flow FROM telemetry.sprayer WHERE device = ANY(%s) AND at >= %s AND running >= 0.5"
            " ORDER BY at DESC LIMIT 1",
            [[n for n, _ in sprayers], since],
        )
        row = cursor.fetchone()
    if row is None:
        return Verdict(False, f"自 {since.astimezone(SHANGHAI):%m-%d %H:%M} 起，喷淋设备无运行回报")
    code = dict(sprayers)[row[0]]
    flow = f"，流量 {row[2]:.1f} m³/h" if row[2] is not None else ""
    return Verdict(
        True,
        f"喷淋设备 {code} 于 {row[1].astimezone(SHANGHAI):%m-%d %H:%M:%S} 回报运行{flow}",
        (f"reading:{row[0]}@{int(row[1].timestamp() * 1e6)}",),
    )


def _round_began(case: Case) -> dt.datetime:
    """When the owner was last told to rectify: only a run after that proves anything."""
    last = case.events.filter(kind="step", step__endswith="_dispose").order_by("-at").first()
    return last.at if last else case.opened_at


def _inspection(case: Case) -> Verdict:
    """Passed when the device has an annual inspection that is valid today and was not failed."""
    assert case.device_id is not None, "an inspection case always names its device"
    today = timezone.localdate()
    valid = (
        AnnualInspection.objects.unscoped("the machine checks a case for the engine")
        .filter(device_id=case.device_id, valid_until__gte=today)
        .exclude(result="failed")
        .order_by("-valid_until")
        .first()
    )
    if valid is None:
        return Verdict(False, "未查到有效年检记录")
    return Verdict(True, f"年检有效期至 {valid.valid_until:%Y-%m-%d}")


def _installed(case: Case) -> Verdict:
    """Passed when the site has at least as many monitors as its region's rule asks for."""
    assert case.site is not None, "an installation case always names its site"
    state = installation.of_site(case.site)
    words = f"应装 {state.needed} 台，在用 {state.installed} 台"
    return Verdict(state.installed >= state.needed, words)


def _complaint(case: Case) -> Verdict:
    """The machine cannot say whether a citizen is content; it lays the last quarter of an hour before the checker."""
    assert case.site is not None, "a complaint always names its site"
    now = timezone.now()
    found = evidence.collect(case.site, now - dt.timedelta(minutes=15), dt.timedelta(minutes=15))
    if not found["readings"]:
        return Verdict(None, "近 30 分钟没有有效监测数据，请人工核查")
    words = "；".join(
        f"{r['point']} {r['title']} 均值 {r['mean']:g} {r['unit']}"
        + (f"（限值 {r['limit']:g}，{'超限' if r['mean'] > r['limit'] else '未超限'}）" if r["limit"] else "")
        for r in found["readings"]
    )
    return Verdict(None, f"近 30 分钟：{words}。请人工核查")


_CHECKS: dict[str, Callable[[Case], Verdict]] = {
    "dust.spray_not_linked": _spray,
    "dust.no_annual_inspection": _inspection,
    "dust.not_installed": _installed,
    "dust.complaint": _complaint,
}
