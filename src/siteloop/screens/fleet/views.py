"""The fleet and its rates: every figure is counted from the records its link opens, no supplier stands above another."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from siteloop.foundation.regions.names import name as region_name
from siteloop.foundation.telemetry import rates
from siteloop.foundation.telemetry.fleet import CONDITIONS, Fleet, Member, due
from siteloop.framework import exporting
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.kernel.profiles import PROFILES

DAYS = (1, 7)
RATE_DAYS = (1, 7, 30)
ROWS = 50
EXPORTED = 500  # devices that become records at a time
STATES = {"online": ("在线", "online"), "offline": ("离线", "offline"), "never": ("从未上报", "never heard")}
DUE = {
    "overdue": ("已过期", "expired"),
    "soon": ("30 天内到期", "within 30 days"),
    "missing": ("未登记", "none"),
    "valid": ("有效", "valid"),
}
BY = (
    ("supplier", "按服务单位", "By supplier"),
    ("site", "按工地", "By site"),
    ("device", "按设备", "By device"),
)


@dataclass(frozen=True)
class Head:
    """A column that can be sorted by."""

    name: str
    title: str
    title_en: str
    number: bool = False


HEADS = (
    Head("code", "设备", "Device"),
    Head("site", "工地", "Site"),
    Head("state", "状态", "State"),
    Head("age", "最近数据", "Last row"),
    Head("online", "在线率", "Online", True),
    Head("valid", "有效率", "Valid", True),
    Head("fault", "故障率", "Faulty", True),
    Head("quarantine", "隔离", "Refused", True),
    Head("model", "型号与固件", "Model and firmware"),
    Head("supplier", "服务单位", "Supplier"),
    Head("inspection", "年检至", "Inspected until"),
    Head("calibration", "校准至", "Calibrated until"),
)


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /fleet/?days=&profile=&town=&supplier=&state=&due=&search=&sort=-fault&page=."""
    viewer, days = _viewer(request, DAYS)
    asked = _asked(request)
    fleet = Fleet(viewer, days)
    census = fleet.census()
    leaf = Paginator(fleet.fitting(asked), ROWS).get_page(request.GET.get("page"))
    today = timezone.localdate()
    context = {
        "leaf": leaf,
        "rows": [_row(m, today) for m in fleet.members(list(leaf.object_list))],
        "counts": [(code, pick(*STATES[code]), n) for code, n in census.states.items()],
        "asked": asked,
        "days": days,
        "all_days": DAYS,
        "total": census.total,
        "heads": [_head(h, asked["sort"]) for h in HEADS],
        "profiles": [(c, pick(PROFILES[c].title, PROFILES[c].title_en)) for c in census.profiles],
        "towns": [(c, region_name(c)) for c in census.towns],
        "suppliers": census.suppliers,
        "states": [(c, pick(*t)) for c, t in STATES.items()],
        "dues": [(c, pick(*DUE[c])) for c in ("overdue", "soon", "missing")],
        "may_export": viewer.may("registry.device.export"),
        "may_quarantine": viewer.may("telemetry.quarantine.view"),
        "is_filtered": any(v for n, v in asked.items() if n != "sort"),
        "since": fleet.start,
    }
    return render(request, "fleet/fleet.html", context)


@screen
def export(request: HttpRequest) -> StreamingHttpResponse:
    """GET /fleet/export with the page's own parameters."""
    viewer, days = _viewer(request, DAYS)
    fleet = Fleet(viewer, days)
    shown = fleet.fitting(_asked(request))
    heads = [pick("编码", "Code"), *(pick(h.title, h.title_en) for h in HEADS)]

    def lines() -> Iterator[list[object]]:
        for m in (
            m
            for some in (shown[at : at + EXPORTED] for at in range(0, len(shown), EXPORTED))
            for m in fleet.members(some)
        ):
            yield [
                m.device.code,
                m.device.title or m.device.code,
                m.site_name,
                pick(*STATES[m.state]),
                timezone.localtime(m.last_at).strftime("%Y-%m-%d %H:%M:%S") if m.last_at else "",
                _percent(m.measure.online_rate),
                _percent(m.measure.valid_rate),
                _percent(m.measure.fault_rate),
                m.quarantined,
                f"{m.device.model_name} {m.device.firmware}".strip(),
                m.supplier_name,
                m.inspection_until,
                m.calibration_until,
            ]

    return exporting.table(viewer, "registry.device.export", pick("设备运行", "Device fleet"), heads, lines())


@screen
def rates_page(request: HttpRequest) -> HttpResponse:
    """GET /fleet/rates/?by=supplier|site|device&days=&profile=&sort=: rates with their definitions; by name unless sorted."""
    viewer, days, by, profile, found = _rated(request)
    sort = request.GET.get("sort", "")
    leaf = Paginator(found, ROWS).get_page(request.GET.get("page"))
    context = {
        "leaf": leaf,
        "rows": leaf.object_list,
        "by": by,
        "tabs": [(code, pick(zh, en)) for code, zh, en in BY],
        "days": days,
        "all_days": RATE_DAYS,
        "profile": profile,
        "profiles": [(c, pick(PROFILES[c].title, PROFILES[c].title_en)) for c in _profiles(viewer)],
        "field": PROFILES[profile].fields[0],
        "sort": sort,
        "heads": [
            {
                "name": n,
                "title": pick(zh, en),
                "next": n if sort == f"-{n}" else f"-{n}",
                "sorted": _direction(n, sort),
            }
            for n, zh, en in (
                ("online_rate", "在线率", "Online rate"),
                ("valid_rate", "有效数据率", "Valid-data rate"),
                ("fault_rate", "故障率", "Fault rate"),
            )
        ],
        "may_export": viewer.may("registry.device.export"),
    }
    return render(request, "fleet/rates.html", context)


@screen
def rates_export(request: HttpRequest) -> StreamingHttpResponse:
    """GET /fleet/rates/export with the page's own parameters."""
    viewer, _, _, _, found = _rated(request)
    titles = (
        ("对象", "Of"),
        ("设备数", "Devices"),
        ("在线率", "Online rate"),
        ("有效数据率", "Valid-data rate"),
        ("故障率", "Fault rate"),
    )
    heads = [pick(*t) for t in titles]
    lines = (
        [r.title, r.devices, _percent(r.online_rate), _percent(r.valid_rate), _percent(r.fault_rate)]
        for r in found
    )
    return exporting.table(
        viewer, "registry.device.export", pick("设备运行指标", "Device rates"), heads, lines
    )


def _viewer(request: HttpRequest, choices: tuple[int, ...]) -> tuple[Viewer, int]:
    """Raises Refused 403 without the rights, 422 for days that are not offered."""
    viewer = viewer_of(request)
    require(viewer, "registry.device.view")
    require(viewer, "telemetry.reading.view")
    days = request.GET.get("days", str(choices[0]))
    if days not in map(str, choices):
        raise Refused("统计天数有误", status=422, errors={"days": ["、".join(map(str, choices))]})
    return viewer, int(days)


def _profiles(viewer: Viewer) -> list[str]:
    from siteloop.foundation.registry.models import Device

    return sorted(Device.objects.visible_to(viewer).values_list("profile", flat=True).distinct().order_by())


def _rated(request: HttpRequest) -> tuple[Viewer, int, str, str, list[rates.Rate]]:
    viewer, days = _viewer(request, RATE_DAYS)
    by, profile = request.GET.get("by", BY[0][0]), request.GET.get("profile", "dust")
    if by not in {code for code, _, _ in BY} or profile not in PROFILES:
        raise Refused("参数有误", status=422, errors={"by": ["supplier、site、device"]})
    found = rates.rates(viewer, by, *rates.period(timezone.now(), days), profile)
    sort = request.GET.get("sort", "")
    if sort.lstrip("-") in ("online_rate", "valid_rate", "fault_rate"):
        found.sort(key=lambda r: getattr(r, sort.lstrip("-")) or 0.0, reverse=sort.startswith("-"))
    return viewer, days, by, profile, found


def _asked(request: HttpRequest) -> dict[str, str]:
    return {n: request.GET.get(n, "").replace("\x00", "") for n in (*CONDITIONS, "sort")}


def _direction(name: str, sort: str) -> str:
    return "ascending" if sort == name else "descending" if sort == f"-{name}" else ""


def _head(h: Head, sort: str) -> dict[str, Any]:
    return {
        "name": h.name,
        "title": pick(h.title, h.title_en),
        "number": h.number,
        "next": f"-{h.name}" if sort == h.name else h.name,
        "sorted": _direction(h.name, sort),
    }


def _row(m: Member, today: dt.date) -> dict[str, Any]:
    return {
        "m": m,
        "state": pick(*STATES[m.state]),
        "age": _ago(m.age),
        "inspection": due(m.inspection_until, today),
        "calibration": due(m.calibration_until, today),
    }


def _ago(age: dt.timedelta | None) -> str:
    """3 秒前, 2 小时前, 5 天前."""
    if age is None:
        return ""
    seconds = max(0, int(age.total_seconds()))
    for size, zh, en in ((86_400, "天", "d"), (3600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= size:
            return pick(f"{seconds // size} {zh}前", f"{seconds // size} {en} ago")
    return pick(f"{seconds} 秒前", f"{seconds} s ago")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f}%"
