"""What is to be done today, from the same source as the workbench: cases held, open inspections, drawn checks."""

from typing import Any

from siteloop.foundation.cases import catalogue
from siteloop.foundation.cases.basis import basis_of
from siteloop.foundation.cases.models import Case
from siteloop.foundation.cases.timeline import Moment, timeline
from siteloop.foundation.files.carried import photo
from siteloop.framework.language import pick, term
from siteloop.framework.rest.carried import iso, shown
from siteloop.framework.viewer import Viewer
from siteloop.screens.workbench import views as workbench
from siteloop.systems.double_random import field as draws
from siteloop.systems.inspection import field as inspecting

MOMENTS = 12


def today(viewer: Viewer) -> list[dict[str, Any]]:
    """Records to act on, most urgent first within each kind."""
    cases = workbench.mine(viewer) if viewer.may("cases.case.view") else []
    orders = inspecting.behind([c.pk for c in cases], viewer)
    return [
        *inspecting.inspections(viewer),
        *draws.checks(viewer),
        *(orders[c.pk] if c.pk in orders else case(c, viewer) for c in cases),
    ]


def case(row: Case, viewer: Viewer) -> dict[str, Any]:
    """A dispatch with its step, basis and the end of its story."""
    step = catalogue.get(row.loop).step(row.step)
    facts = [
        [pick("派单编号", "Number"), row.number],
        [pick("环节", "Step"), pick(step.title, step.title_en)],
        [pick("层级", "Circle"), term(row.get_circle_display())],
    ]
    facts += [[pick("依据", "Basis"), f"{b.instrument}{b.clause}"] for b in basis_of(row)[:2]]
    if row.machine_message:
        facts.append([pick("系统核查", "Machine check"), row.machine_message])
    return shown(
        row,
        viewer,
        "case",
        row.title,
        place=str(row.site or ""),
        project=row.project_id,
        site=row.site_id,
        deadline=iso(row.deadline),
        colour=row.severity,
        state=row.words or term(row.get_state_display()),
        facts=facts,
        story=[_moment(m) for m in timeline(row)[-MOMENTS:]],
    )


def _moment(m: Moment) -> dict[str, Any]:
    body = f"{m.words} {m.body}".strip()
    return {
        "at": iso(m.at),
        "title": pick(m.title, m.title_en),
        "by": m.by,
        "body": body,
        "photos": [photo(e) for e in m.evidence],
    }
