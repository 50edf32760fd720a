"""What every centre asks of a request: who looks, where, which page; and the choices it offers."""

import datetime as dt
from collections.abc import Iterable

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from siteloop.foundation.regions.names import name as region_name
from siteloop.foundation.registry.models import Site
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.perform import require
from siteloop.framework.viewer import Viewer, viewer_of

ROWS = 50
SEVERITIES = (
    ("red", "红色", "Red"),
    ("orange", "橙色", "Orange"),
    ("yellow", "黄色", "Yellow"),
    ("blue", "蓝色", "Blue"),
)
#: age in days: (code, at least, less than, Chinese, English)
AGES = (
    ("1", 0, 1, "1 天内", "under 1 day"),
    ("3", 1, 3, "1–3 天", "1–3 days"),
    ("7", 3, 7, "3–7 天", "3–7 days"),
    ("more", 7, None, "7 天以上", "over 7 days"),
)


def allowed(request: HttpRequest, permission: str) -> Viewer:
    """Raises Refused 403 without the permission."""
    viewer = viewer_of(request)
    require(viewer, permission)
    return viewer


def asked(request: HttpRequest, *names: str) -> dict[str, str]:
    """The named parameters, "" where absent."""
    return {name: request.GET.get(name, "").strip() for name in names}


def region_of(request: HttpRequest) -> str:
    """Digits of a division, "" for all. Raises Refused 422 for anything else."""
    region = request.GET.get("region", "").strip()
    if region and not (region.isdigit() and region.isascii()):
        raise Refused("区划代码有误", status=422, errors={"region": ["须为数字"]})
    return region


def regions(viewer: Viewer) -> list[tuple[str, str]]:
    """Counties and towns with sites that the viewer sees; one county alone is left out."""
    towns = sorted(
        set(Site.objects.visible_to(viewer).order_by().values_list("region_code", flat=True).distinct())
    )
    counties = sorted({t[:6] for t in towns})
    found = [(c, region_name(c)) for c in counties] if len(counties) > 1 else []
    return found + [(t, region_name(t)) for t in towns if len(t) > 6]


def aged(field: str, age: str, now: dt.datetime | None = None) -> Q:
    """Rows whose moment is that old; all for an unknown age."""
    at = now or timezone.now()
    for code, least, most, _, _ in AGES:
        if code == age:
            newest = Q(**{f"{field}__lte": at - dt.timedelta(days=least)}) if least else Q()
            return newest & (Q(**{f"{field}__gt": at - dt.timedelta(days=most)}) if most else Q())
    return Q()


def choices(rows: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """(code, title in the active language)."""
    return [(code, pick(zh, en)) for code, zh, en in rows]


def ages() -> list[tuple[str, str]]:
    """Choices of age."""
    return [(code, pick(zh, en)) for code, _, _, zh, en in AGES]


def leaf(rows: object, request: HttpRequest) -> Page:  # type: ignore[type-arg]
    """The asked page of a list or query."""
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))  # type: ignore[arg-type]
