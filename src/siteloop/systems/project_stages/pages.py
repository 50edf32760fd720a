"""Registers of the life cycle: one a stage, the ledger over them, changes of units and persons."""

from typing import Any

from siteloop.framework.page import Column, Page, Panel
from siteloop.systems.project_stages import actions, shown
from siteloop.systems.project_stages.models import (
    Archive,
    Completion,
    Contract,
    DrawingReview,
    FormerPlace,
    Permit,
    PlaceChange,
    Reviewed,
    StageMark,
    StagePaper,
    StageRecord,
    SupervisionFiling,
    SurveyDesign,
    Tender,
    VisibleProgress,
)

BUSINESS = "project_stages"
PAPERS = Panel("材料", "project_stages/parts/papers.html", shown.papers, "Papers")
#: fields the acts write, not the person
_OWN = ("project", "state", "submitted_at", "submitted_by", "reviewed_at", "reviewed_by", "opinion", "id")


def _form(model: type[Reviewed]) -> tuple[str, ...]:
    return ("project", *(f.name for f in model._meta.concrete_fields if f.name not in _OWN))


def _page(model: type[StageRecord], code: str, title_en: str, icon: str, *columns: str, **more: Any) -> Page:
    title = str(model._meta.verbose_name)
    link, *rest = columns
    return Page(
        model=model,
        code=code,
        title=title,
        title_en=title_en,
        icon=icon,
        columns=(
            Column(link, link=True),
            "project",
            *rest,
            Column("state", kind="state"),
            Column("submitted_at", kind="datetime"),
            Column("reviewed_at", kind="datetime"),
        ),
        filters=("state", "project", *more.pop("filters", ()), "submitted_at"),
        search=("project__name", "project__code", link),
        form=_form(model),
        related=("project",),
        actions=actions.verbs(model, BUSINESS),
        panels=(PAPERS,),
        empty=f"还没有{title}记录。新增后上传材料并提交，由主管部门审核。",
        empty_en="Nothing yet. Add a record, attach its papers and submit it for review.",
        **more,
    )


stages = Page(
    model=StageMark,
    code="stages",
    title="全过程台账",
    title_en="Stages of projects",
    icon="timeline-event",
    columns=(
        Column("project", link=True),
        "stage",
        Column("state", kind="state"),
        "title",
        Column("at", kind="datetime"),
    ),
    filters=("stage", "state", "project", "at"),
    search=("project__name", "project__code", "title"),
    related=("project",),
    actions=(actions.import_national,),
    panels=(Panel("各环节", "project_stages/parts/stages.html", shown.stages_of_mark, "Stages"),),
    can_create=False,
    can_change=False,
    importable=False,
    empty="还没有项目进入全过程管理。从招投标等登记表提交，或导入国家标准表。",
    empty_en="No project has reached a stage yet.",
    help="每个项目各环节的办理状态，自动登记。国家标准表（建办市〔2018〕81号）可在此导入，在项目的“全过程”中导出。",
)
tenders = _page(
    Tender,
    "tenders",
    "Tenders",
    "gavel",
    "name",
    "winner_name",
    "money_wan",
    "result_date",
    filters=("result_date",),
)
survey_designs = _page(
    SurveyDesign,
    "survey-designs",
    "Survey and design",
    "ruler-2",
    "unit_name",
    "kind",
    "leader_name",
    "finished_on",
    filters=("kind",),
)
contracts = _page(
    Contract,
    "contracts",
    "Contracts",
    "file-text",
    "name",
    "kind",
    "contractor_name",
    "money_wan",
    filters=("kind",),
)
drawing_reviews = _page(
    DrawingReview,
    "drawing-reviews",
    "Drawing reviews",
    "file-search",
    "number",
    "body_name",
    "passed_first",
    "finished_on",
    filters=("passed_first",),
)
permits = _page(
    Permit,
    "permits",
    "Construction permits",
    "license",
    "number",
    "contractor_name",
    "issued_on",
    filters=("issued_on",),
)
filings = _page(
    SupervisionFiling,
    "filings",
    "Supervision filings",
    "clipboard-check",
    "quality_number",
    "safety_number",
    "filed_on",
)
progresses = _page(
    VisibleProgress,
    "progresses",
    "Visible progress",
    "stairs-up",
    "part",
    "work",
    "percent",
    "reported_on",
    filters=("reported_on",),
)
completions = _page(
    Completion,
    "completions",
    "Completion acceptance",
    "building-bank",
    "name",
    "finished_on",
    "cost_wan",
    help="审核通过即竣工：设备停用、岗位解除、不再接收数据和资料，档案保留。",
)
archives = _page(Archive, "archives", "Archives", "archive", "number", "volumes", "handed_on")
papers = Page(
    model=StagePaper,
    code="papers",
    title="环节材料",
    title_en="Papers",
    icon="paperclip",
    columns=(Column("title", link=True), "project", "stage", "evidence", Column("at", kind="datetime")),
    filters=("stage", "project", "at"),
    search=("title", "project__name"),
    related=("project", "evidence"),
    can_create=False,
    can_change=False,
    importable=False,
    menu=False,
    empty="还没有材料。在各环节记录中用“上传材料”提交。",
    empty_en="No papers yet.",
)
changes = Page(
    model=PlaceChange,
    code="changes",
    title="单位人员变更",
    title_en="Changes of units and persons",
    icon="replace",
    columns=(
        Column("kind", link=True),
        "project",
        "subject",
        "organisation",
        "effective_on",
        Column("state", kind="state"),
        Column("reviewed_at", kind="datetime"),
    ),
    filters=("state", "subject", "kind", "project", "effective_on"),
    search=("project__name", "organisation__name", "reason"),
    form=("project", "subject", "kind", "organisation", "person", "account", "effective_on", "reason"),
    related=("project", "organisation"),
    actions=actions.verbs(PlaceChange, BUSINESS),
    panels=(Panel("现任", "project_stages/parts/holders.html", shown.holders, "Who holds it now"),),
    importable=False,
    empty="没有变更申请。项目经理、总监等人员或参建单位变更须经主管部门批准后生效。",
    empty_en="No changes asked for.",
)
former_places = Page(
    model=FormerPlace,
    code="former-places",
    title="历任单位人员",
    title_en="Former units and persons",
    icon="history",
    columns=(
        Column("kind", link=True),
        "project",
        "organisation",
        "person",
        "account",
        "from_on",
        "to_on",
        "why",
    ),
    filters=("subject", "kind", "project", "organisation", "to_on"),
    search=("project__name", "organisation__name", "why"),
    related=("project", "organisation", "person", "account"),
    can_create=False,
    can_change=False,
    importable=False,
    empty="还没有变更过。",
    empty_en="Nothing has changed yet.",
)
#: stage -> its register, for the links of the project's page
REGISTERS = {
    p.model.stage: p
    for p in (
        tenders,
        survey_designs,
        contracts,
        drawing_reviews,
        permits,
        filings,
        progresses,
        completions,
        archives,
    )
    if issubclass(p.model, StageRecord)
}
