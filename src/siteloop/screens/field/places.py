"""Sites on the phone: the list kept for the day, and one site with what its monitors say now."""

from typing import Any

from django.db.models import Count, Q

from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import Device, Project, Site, WorkState
from siteloop.framework.action import Refused
from siteloop.framework.language import pick, term
from siteloop.framework.perform import require
from siteloop.framework.viewer import Viewer
from siteloop.screens.workbench.views import OPEN
from siteloop.systems.dust import facade as dust
from siteloop.systems.inspection import field as inspecting

MOST = 400


def sites(viewer: Viewer) -> list[dict[str, Any]]:
    """Sites at work in scope, for choosing one without a network, with what of the tables does not apply there."""
    if not viewer.may("registry.site.view"):
        return []
    rows = list(
        Site.objects.visible_to(viewer)
        .filter(state=WorkState.UNDER_CONSTRUCTION)
        .select_related("project")
        .order_by("name", "pk")[:MOST]
    )
    left_out = inspecting.skipped(rows)
    return [
        {
            "id": s.pk,
            "name": s.name,
            "address": s.address,
            "project": s.project.name,
            "lon": s.lon,
            "lat": s.lat,
            "skipped": left_out[s.pk],
        }
        for s in rows
    ]


def site(viewer: Viewer, pk: int) -> dict[str, Any]:
    """One site: project, dust now, machines, what is open. Raises Refused 403, 404."""
    require(viewer, "registry.site.view")
    row = Site.objects.visible_to(viewer).select_related("project").filter(pk=pk).first()
    if row is None:
        raise Refused("记录不存在", status=404)
    return {
        "id": row.pk,
        "name": row.name,
        "address": row.address,
        "facts": _facts(row.project),
        "parties": [
            [term(p.get_kind_display()), p.organisation.name]
            for p in row.project.parties.select_related("organisation").order_by("kind")
        ],
        "limit": dust.pm25_limit(row.region_code),
        "monitors": _monitors(viewer, pk),
        "machines": _machines(viewer, pk),
        "cases": _cases(viewer, row),
        "orders": inspecting.standing(viewer, row.pk),
        "desk": f"/places/projects/{row.project_id}/",
    }


def _facts(project: Project) -> list[list[str]]:
    facts = [
        [pick("形象进度", "Progress"), project.progress],
        [pick("工程状态", "State"), term(project.get_state_display())],
        [pick("工程类别", "Kind"), term(project.get_work_kind_display())],
        [pick("施工许可证", "Permit"), project.permit_number],
        [pick("建筑面积", "Floor area"), f"{project.floor_area:,.0f} ㎡" if project.floor_area else ""],
        [pick("计划竣工", "Planned finish"), str(project.planned_finish or "")],
    ]
    return [[name, value] for name, value in facts if value]


def _monitors(viewer: Viewer, site_id: int) -> list[dict[str, Any]]:
    if not viewer.may("telemetry.latest.view"):
        return []
    return [
        {
            "device": r.device,
            "title": r.title or r.code,
            "online": r.is_online,
            "at": r.at.isoformat() if r.at else None,
            "values": {n: r.values.get(n) for n in ("pm25", "pm10", "tsp", "noise")},
        }
        for r in dust.readings(viewer, site_id)
    ]


def _machines(viewer: Viewer, site_id: int) -> list[list[Any]]:
    """Machines and other devices by kind, as counted rows of the register."""
    if not viewer.may("registry.device.view"):
        return []
    rows = Device.objects.visible_to(viewer).filter(site_id=site_id, state="active").exclude(profile="dust")
    counted = rows.values("profile").annotate(n=Count("pk")).order_by("profile")
    titles = dict(Device._meta.get_field("profile").flatchoices)
    return [[str(titles.get(r["profile"], r["profile"])), r["n"]] for r in counted]


def _cases(viewer: Viewer, row: Site) -> list[dict[str, Any]]:
    if not viewer.may("cases.case.view"):
        return []
    rows = Case.objects.visible_to(viewer).filter(Q(site=row) | Q(project=row.project_id), state__in=OPEN)
    return [
        {"id": c.pk, "title": c.title, "state": c.words or term(c.get_state_display()), "colour": c.severity}
        for c in rows.order_by("-opened_at")[:10]
    ]
