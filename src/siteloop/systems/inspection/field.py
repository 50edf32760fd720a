"""Inspections, orders and check tables for the phone: everything a visit to a basement needs, in the viewer's scope."""

from typing import Any

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.authority.models import Post
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.files.carried import photo
from siteloop.foundation.registry.models import Device, Site
from siteloop.framework.language import pick, term
from siteloop.framework.rest import carried
from siteloop.framework.viewer import Viewer
from siteloop.systems.inspection import actions, applying, merging
from siteloop.systems.inspection.models import (
    AUTHORITIES,
    CheckItem,
    CheckTable,
    Inspection,
    InspectionLine,
    InspectionState,
    Measure,
    MeasureKind,
    Order,
    OrderState,
)

WHY = "the lines of an inspection the viewer may see"
MOST = 20


def inspections(viewer: Viewer) -> list[dict[str, Any]]:
    """The viewer's open ones, and those finished today, whose papers are still to be handed over."""
    if not viewer.may("inspection.inspection.record"):
        return []
    day = timezone.localdate()
    rows = Inspection.objects.visible_to(viewer).filter(
        Q(state=InspectionState.OPEN) | Q(state=InspectionState.FINISHED, finished_at__date=day),
        inspectors=viewer.user or 0,
    )
    related = ("site", "site__project", "project", "document")
    found = rows.select_related(*related).order_by("-state", "-checked_on", "-pk")[:MOST]
    return [inspection(i, viewer) for i in found]


def behind(cases: list[int], viewer: Viewer) -> dict[int, dict[str, Any]]:
    """Case -> the order behind it, where the viewer may see it: it is replied to as an order."""
    if not viewer.may("inspection.order.view"):
        return {}
    rows = Order.objects.visible_to(viewer).filter(case__in=cases)
    related = ("measure", "case", "site", "document", "authority", "addressee")
    return {o.case_id: order(o, viewer) for o in rows.select_related(*related) if o.case_id is not None}


def standing(viewer: Viewer, site: int) -> list[dict[str, Any]]:
    """Orders of a site that are not settled."""
    if not viewer.may("inspection.order.view"):
        return []
    rows = Order.objects.visible_to(viewer).filter(site=site, state__in=(OrderState.OPEN, OrderState.REPLIED))
    return [
        {"id": o.pk, "title": str(o), "state": term(o.get_state_display()), "colour": o.colour or "blue"}
        for o in rows.select_related("measure").order_by("-issued_at")[:10]
    ]


def colleagues(viewer: Viewer) -> list[dict[str, Any]]:
    """With whom an inspection can be made: people of the viewer's own authorities."""
    posts = Post.objects.unscoped("a group is made of people of one's own authority").filter(
        account_id=viewer.user or 0, organisation__kind__in=AUTHORITIES, organisation__is_active=True
    )
    found = {a.pk: str(a) for p in posts.select_related("organisation") for a in members(p.organisation)}
    return [{"id": pk, "name": name} for pk, name in sorted(found.items())]


def tables() -> list[dict[str, Any]]:
    """Every table in use with its lines; which of them apply is a matter of the site."""
    rows = CheckTable.objects.unscoped("tables are the same for everybody").filter(is_active=True)
    return [
        {
            "id": t.pk,
            "suite": t.suite_title,
            "title": t.title,
            "standard": t.standard,
            "method": t.method,
            "verified": t.verified,
            "items": [_item(i) for i in t.items.all() if i.is_active],
        }
        for t in rows.prefetch_related("items").order_by("suite", "order", "pk")
    ]


def _item(item: CheckItem) -> dict[str, Any]:
    return {
        "id": item.pk,
        "number": item.number,
        "section": item.section,
        "title": item.title,
        "clause": item.clause,
        "verified": item.verified,
        "points": f"{item.points.normalize():f}" if item.points is not None else None,
        "guaranteed": item.is_guaranteed,
    }


def measures() -> list[dict[str, Any]]:
    """What may be ordered from an inspection: a fine is decided in a procedure, never on the spot."""
    rows = Measure.objects.unscoped("the catalogue is the same for everybody").filter(is_active=True)
    return [
        {"id": m.pk, "code": m.code, "title": m.title, "kind": m.kind, "basis": m.basis}
        for m in rows.exclude(kind=MeasureKind.FINE).exclude(document_kind="").order_by("pk")
    ]


def skipped(sites: list[Site]) -> dict[int, dict[str, list[int]]]:
    """Site -> tables and items whose condition does not hold there. Two queries and one for the devices."""
    with_condition: dict[str, list[Any]] = {
        "tables": list(
            CheckTable.objects.unscoped("tables are the same for everybody")
            .filter(is_active=True)
            .exclude(condition={})
        ),
        "items": list(
            CheckItem.objects.unscoped("tables are the same for everybody")
            .filter(is_active=True)
            .exclude(condition={})
        ),
    }
    profiles: dict[int, set[str]] = {s.pk: set() for s in sites}
    devices = Device.objects.unscoped(applying.WHY).filter(site__in=profiles, state="active")
    for site, profile in devices.values_list("site_id", "profile"):
        profiles[site].add(profile)
    return {
        s.pk: {
            name: [r.pk for r in rows if not applying.applies(r.condition, s, profiles[s.pk])]
            for name, rows in with_condition.items()
        }
        for s in sites
    }


def inspection(row: Inspection, viewer: Viewer) -> dict[str, Any]:
    """One visit: its tables, every line with the version it has, its materials and the orders given."""
    lines = (
        InspectionLine.objects.unscoped(WHY)
        .filter(inspection=row)
        .select_related("order")
        .prefetch_related("photos")
    )
    materials = row.materials.select_related("file").order_by("pk")
    orders = (
        Order.objects.unscoped(WHY)
        .filter(inspection=row)
        .select_related("measure", "document", "case", "authority", "addressee")
        .order_by("pk")
    )
    may_record = row.state == InspectionState.OPEN and viewer.may("inspection.inspection.record")
    return carried.shown(
        row,
        viewer,
        "inspection",
        f"{row.site} {term(row.get_kind_display())}",
        place=str(row.site),
        project=row.project_id,
        site=row.site_id,
        state=term(row.get_state_display()),
        colour="" if row.state == InspectionState.OPEN else "green",
        facts=[
            [pick("检查日期", "Date"), row.checked_on.isoformat()],
            [pick("检查人员", "Inspectors"), "、".join(str(a) for a in row.inspectors.order_by("pk"))],
        ],
        actions=carried.open_actions(row, viewer, leave_out=("record", "attach", "void")),
        is_open=may_record,
        tables=list(row.tables.values_list("pk", flat=True)),
        skipped=[i.pk for i, applies in actions.open_items(row) if not applies],
        lines={str(x.item_id): _line(x) for x in lines},
        materials=[{"kind": m.kind, "person": m.person, **photo(m.file)} for m in materials],
        papers=[p for p in (paper(o) for o in orders) if p is not None],
        score=f"{row.score:f}" if row.score is not None else None,
        grade=term(row.get_grade_display()) if row.grade else "",
        document=(
            {"number": row.document.number, "pdf": f"/documents/documents/{row.document_id}/pdf"}
            if row.document is not None
            else None
        ),
    )


def _line(line: InspectionLine) -> dict[str, Any]:
    return {
        **merging.judgement(line),
        "order": line.order.number if line.order is not None else "",
        "photos": [photo(p) for p in line.photos.all()],
    }


def order(row: Order, viewer: Viewer) -> dict[str, Any]:
    """An order to rectify or to stop: what is wrong, until when, and what was replied."""
    replies = row.replies.select_related("by").prefetch_related("before", "after")
    story = [
        {
            "at": carried.iso(r.at),
            "title": pick("整改回复", "Reply"),
            "by": str(r.by or ""),
            "body": r.body + (f"\n{pick('复查', 'Re-check')}：{r.verdict}" if r.verdict else ""),
            "photos": [photo(e) for e in (*r.before.all(), *r.after.all())],
        }
        for r in replies
    ]
    return carried.shown(
        row,
        viewer,
        "order",
        str(row),
        place=str(row.site),
        project=row.project_id,
        site=row.site_id,
        deadline=carried.iso(row.case.deadline if row.case else None),
        colour=row.colour or ("orange" if row.measure.kind == "stop" else "blue"),
        state=term(row.get_state_display()),
        facts=[
            [pick("文号", "Number"), row.number],
            [pick("制作机关", "Authority"), row.authority.name],
            [pick("受送达单位", "Addressee"), row.addressee.name],
            [pick("制作时间", "Issued"), carried.iso(row.issued_at)],
            [pick("依据", "Basis"), row.measure.basis],
        ],
        problems=row.items,
        story=story,
        document=paper(row),
    )


def paper(row: Order) -> dict[str, Any] | None:
    """What the strip printer and the PDF need of an issued order."""
    if row.document is None:
        return None
    return {
        "title": row.document.title,
        "number": row.number,
        "authority": row.authority.name,
        "addressee": row.addressee.name,
        "issued_at": carried.iso(row.issued_at),
        "deadline": carried.iso(row.case.deadline if row.case else None),
        "basis": row.measure.basis,
        "problems": row.items,
        "code": row.document.code,
        "pdf": f"/documents/documents/{row.document_id}/pdf",
    }
