"""Registers of inspection, orders and penalties."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.cases import locks
from siteloop.framework.page import Column, Page, Panel, Section
from siteloop.framework.viewer import Viewer
from siteloop.systems.inspection import actions, penalties, scoring
from siteloop.systems.inspection.models import (
    CheckItem,
    CheckTable,
    Extension,
    Inspection,
    InspectionLine,
    InspectionState,
    Measure,
    Order,
    Penalty,
    Proof,
)

BESIDE = "who may see a record sees what belongs to it"


def _lines(inspection: Inspection, viewer: Viewer) -> dict[str, Any]:
    rows = (
        InspectionLine.objects.unscoped(BESIDE)
        .filter(inspection=inspection)
        .select_related("item", "item__table", "order")
        .prefetch_related("photos")
        .order_by("item__table__order", "item__number")
    )
    judged = list(rows)
    is_open = inspection.state == InspectionState.OPEN
    return {
        "inspection": inspection,
        "materials": inspection.materials.select_related("file").order_by("pk"),
        "judged": len(judged),
        "due": len(actions.open_items(inspection)),
        "failed": [x for x in judged if x.result == "failed"],
        "total": scoring.total(actions.marks_of(inspection)),
        "is_open": is_open,
        "may_fill": is_open and viewer.may("inspection.inspection.record"),
    }


def _order(order: Order, viewer: Viewer) -> dict[str, Any]:
    return {
        "order": order,
        "replies": order.replies.select_related("by", "checked_by").prefetch_related("before", "after"),
        "extensions": order.extensions.order_by("-pk"),
        "penalty": Penalty.objects.unscoped(BESIDE).filter(order=order).first(),
        "children": order.children.select_related("measure").order_by("pk"),
        "locks": [locks.sentence(x) for x in locks.standing(order.project) if x.case_id == order.case_id],
    }


def _penalty(penalty: Penalty, viewer: Viewer) -> dict[str, Any]:
    today = timezone.localdate()
    terms = []
    for words, key, start, done in (
        ("应作出决定（立案后）", "inspection.penalty.decide", penalty.filed_on, penalty.decided_on),
        ("申请听证期限至", "inspection.penalty.hearing", penalty.told_on, penalty.told_on),
        ("应送达（决定后）", "inspection.penalty.serve", penalty.decided_on, penalty.served_on),
    ):
        day = penalties.last_day(penalty, key, start)
        if day is not None:
            terms.append((words, day, (done or today) > day))
    open_states = ("filed", "told")
    return {
        "terms": terms,
        "proofs": penalty.proofs.select_related("file", "device").order_by("pk"),
        "reasons": penalties.not_ready(penalty, today) if penalty.state in open_states else [],
        "document": penalty.document,
    }


inspections = Page(
    model=Inspection,
    code="inspections",
    title="监督检查",
    title_en="Inspections",
    icon="clipboard-check",
    columns=(
        Column("checked_on", kind="date", link=True),
        "site",
        Column("kind", kind="choice"),
        Column("state", kind="state"),
        Column("failed", kind="number"),
        Column("score", kind="number"),
        Column("grade", kind="choice"),
        "document",
    ),
    filters=("kind", "state", "grade", "site", "project", "checked_on"),
    search=("site__name", "project__name", "note"),
    form=("site", "kind", "checked_on", "inspectors", "tables", "note"),
    related=("site", "project", "document", "document__authority"),
    ordering=("-checked_on", "-pk"),
    actions=(
        actions.order_from_inspection,
        actions.finish,
        actions.record,
        actions.attach,
        actions.void,
    ),
    panels=(Panel("检查结果", "inspection/parts/lines.html", _lines, "Results"),),
    importable=False,
    empty="还没有检查。新增一次检查，选好不少于两名检查人员和检查表，再填写结果。",
    empty_en="No inspection yet. Add one with at least two inspectors and its tables, then fill them.",
)
orders = Page(
    model=Order,
    code="orders",
    title="整改停工单",
    title_en="Orders",
    icon="hand-stop",
    columns=(
        Column("number", link=True),
        "measure",
        "project",
        "addressee",
        Column("issued_at", kind="datetime"),
        Column("state", kind="state"),
        Column("colour", kind="colour"),
        Column("case__deadline", title="期限", title_en="Due", kind="datetime"),
    ),
    filters=("measure", "measure__kind", "state", "colour", "project", "addressee", "authority", "issued_at"),
    search=("number", "project__name", "addressee__name"),
    sections=(
        Section(
            "文书",
            (
                "number",
                "measure",
                "project",
                "site",
                "addressee",
                "authority",
                "part",
                "issued_at",
                "issued_by",
            ),
            "Order",
        ),
        Section("状态", ("state", "colour", "case__deadline", "inspection", "parent", "closed_at"), "State"),
    ),
    related=(
        "measure",
        "project",
        "site",
        "addressee",
        "authority",
        "issued_by",
        "case",
        "document",
        "resume_document",
        "inspection",
        "inspection__site",
        "parent",
        "parent__measure",
    ),
    ordering=("-issued_at", "-pk"),
    actions=(
        actions.reply,
        actions.ask_extension,
        actions.recheck_pass,
        actions.recheck_fail,
        actions.transfer,
        actions.withdraw,
        actions.issue,
    ),
    panels=(Panel("问题与整改", "inspection/parts/order.html", _order, "Problems and replies"),),
    api_fields=(
        "id",
        "number",
        "measure",
        "inspection",
        "parent",
        "project",
        "site",
        "region_code",
        "authority",
        "addressee",
        "part",
        "items",
        "points",
        "issued_at",
        "issued_by",
        "state",
        "colour",
        "case",
        "document",
        "resume_document",
        "closed_at",
    ),
    can_create=False,
    can_change=False,
    importable=False,
    empty="还没有整改或停工文书。在监督检查中开具，或点“直接开具”。",
    empty_en="No orders yet. Give one from an inspection, or directly.",
)
extensions = Page(
    model=Extension,
    code="extensions",
    title="整改延期",
    title_en="Extensions",
    icon="calendar-plus",
    columns=(
        Column("asked_at", kind="datetime", link=True),
        "order",
        "asked_by",
        Column("until", kind="datetime"),
        "reason",
        Column("state", kind="state"),
        "decided_by",
    ),
    filters=("state", "asked_at"),
    search=("order__number", "order__project__name"),
    related=("order", "order__measure", "asked_by", "decided_by"),
    actions=(actions.grant, actions.deny),
    can_create=False,
    can_change=False,
    importable=False,
)
penalties_page = Page(
    model=Penalty,
    code="penalties",
    title="行政处罚",
    title_en="Penalties",
    icon="gavel",
    columns=(
        Column("cause", link=True),
        "party",
        "project",
        Column("state", kind="state"),
        "filed_on",
        "decided_on",
        Column("amount", kind="money"),
        "served_on",
    ),
    filters=("state", "party", "project", "filed_on", "decided_on"),
    search=("cause", "party__name", "project__name"),
    related=("party", "project", "order", "order__measure", "measure", "document", "case"),
    actions=(
        penalties.file,
        penalties.add_proof,
        penalties.tell,
        penalties.ask_hearing,
        penalties.hear,
        penalties.decide,
        penalties.serve,
        penalties.settle,
        penalties.drop,
    ),
    panels=(Panel("程序与证据", "inspection/parts/penalty.html", _penalty, "Procedure and proofs"),),
    can_create=False,
    can_change=False,
    importable=False,
    empty="没有处罚案件。整改停工单“移交行政处罚”后在此立案。",
    empty_en="No penalty yet: an order is transferred first.",
)
proofs = Page(
    model=Proof,
    code="proofs",
    title="处罚证据",
    title_en="Proofs",
    icon="file-search",
    columns=(
        Column("title", link=True),
        Column("kind", kind="choice"),
        "penalty",
        "device",
        Column("is_evidence", title="可作为证据", title_en="Counts", kind="bool"),
        "legal_review_on",
        "technical_review_on",
    ),
    filters=("kind",),
    search=("title", "penalty__cause"),
    related=("penalty", "penalty__party", "device", "file"),
    actions=(penalties.review,),
    can_create=False,
    can_change=False,
    importable=False,
    menu=False,
)
measures = Page(
    model=Measure,
    code="measures",
    title="行政措施目录",
    title_en="Measures",
    icon="list-check",
    columns=(
        Column("title", link=True),
        Column("kind", kind="choice"),
        "instrument",
        "clause",
        Column("fine_low", kind="money"),
        Column("fine_high", kind="money"),
        "region_code",
        Column("verified", kind="bool"),
    ),
    filters=("kind", "verified", "is_active"),
    search=("title", "instrument", "clause"),
    form=(
        "code",
        "title",
        "title_en",
        "kind",
        "document_kind",
        "instrument",
        "clause",
        "text",
        "fine_low",
        "fine_high",
        "region_code",
        "note",
        "verified",
        "is_active",
    ),
    key="code",
    ordering=("pk",),
)
tables = Page(
    model=CheckTable,
    code="tables",
    title="检查表",
    title_en="Check tables",
    icon="table",
    columns=(
        Column("title", link=True),
        "suite_title",
        "category",
        Column("weight", kind="number"),
        Column("method", kind="choice"),
        "standard",
        Column("verified", kind="bool"),
        Column("is_active", kind="bool"),
    ),
    filters=("suite", "method", "verified", "is_active"),
    search=("title", "suite_title", "category"),
    form=(
        "code",
        "suite",
        "suite_title",
        "title",
        "standard",
        "category",
        "weight",
        "method",
        "condition",
        "order",
        "verified",
        "is_active",
    ),
    key="code",
    ordering=("suite", "order", "pk"),
)
items = Page(
    model=CheckItem,
    code="items",
    title="检查项",
    title_en="Check items",
    icon="list-details",
    columns=(
        Column("title", link=True),
        "table",
        Column("number", kind="number"),
        "section",
        Column("points", kind="number"),
        Column("is_guaranteed", kind="bool"),
        "clause",
        Column("verified", kind="bool"),
    ),
    filters=("table", "is_guaranteed", "verified", "is_active"),
    search=("title", "clause", "table__title"),
    form=(
        "table",
        "number",
        "section",
        "title",
        "clause",
        "points",
        "is_guaranteed",
        "condition",
        "verified",
        "is_active",
    ),
    related=("table",),
    ordering=("table__suite", "table__order", "number"),
    menu=False,
)
