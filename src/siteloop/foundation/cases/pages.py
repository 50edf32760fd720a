"""Registers of cases, findings and enforcement results."""

from siteloop.foundation.cases import actions
from siteloop.foundation.cases.models import Case, Enforcement, Finding
from siteloop.framework.page import Column, Page

cases = Page(
    model=Case,
    code="cases",
    extra={"api_at": "/cases"},  # the contract's short path
    title="派单处置",
    title_en="Cases",
    icon="checklist",
    columns=(
        Column("number", link=True),
        Column("title", link=True),
        Column("site"),
        Column("circle", kind="state"),
        Column("state", kind="state"),
        Column("words"),
        Column("severity", kind="colour"),
        Column("deadline", kind="datetime"),
        Column("opened_at", kind="datetime"),
    ),
    filters=(
        "state",
        "circle",
        "severity",
        "loop",
        "rule",
        "is_overdue",
        "site",
        "project",
        "opened_at",
        "deadline",
    ),
    search=("number", "title", "site__name", "project__name"),
    ordering=("-opened_at",),
    related=("site", "project", "device"),
    actions=actions.ALL,
    can_create=False,
    can_change=False,
    importable=False,
    empty="没有派单。规则发现的问题会自动派单到责任人。",
    empty_en="No cases. What the rules find is dispatched here by itself.",
)

findings = Page(
    model=Finding,
    code="findings",
    extra={"api_at": "/findings"},
    title="预警记录",
    title_en="Findings",
    icon="alert-triangle",
    columns=(
        Column("since", kind="datetime", link=True),
        Column("rule"),
        Column("site"),
        Column("device"),
        Column("severity", kind="colour"),
        Column("value", kind="number"),
        Column("limit", kind="number"),
        Column("message"),
        Column("cleared_at", kind="datetime"),
        Column("case"),
    ),
    filters=("rule", "severity", "site", "device", "since", "shadow"),
    search=("message", "rule", "site__name", "device__code"),
    ordering=("-since",),
    related=("site", "device", "case"),
    can_create=False,
    can_change=False,
    importable=False,
)

enforcements = Page(
    model=Enforcement,
    code="enforcements",
    title="执法结果",
    title_en="Enforcement",
    icon="gavel",
    columns=(
        Column("decided_on", kind="date", link=True),
        Column("case"),
        Column("kind"),
        Column("amount", kind="money"),
        Column("devices", kind="number"),
        Column("decision_number"),
        Column("basis"),
    ),
    filters=("kind", "decided_on"),
    search=("decision_number", "case__number", "case__title"),
    related=("case",),
    can_create=False,
    can_change=False,
    importable=False,
)
