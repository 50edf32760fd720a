"""Facts of the cases: a dispatch that ran over its deadline, one that recurred after it was closed."""

import datetime as dt
from collections.abc import Iterator

from django.utils import timezone

from siteloop.foundation.cases.models import CaseDuty, CaseEvent
from siteloop.foundation.registry.conduct import Fact
from siteloop.foundation.registry.models import Party, PartyKind

WHY = "a case that ran over counts for credit, whoever asks"
OVERDUE, RECURRED = "overdue", "recurred"


def of_cases(since: dt.datetime) -> Iterator[Fact]:
    """Once a dispatch: its overdue, if a unit of the project held it then. Each recurrence: the contractor's."""
    events = list(
        CaseEvent.objects.filter(kind__in=(OVERDUE, RECURRED), at__gte=since, case__project__isnull=False)
        .select_related("case")
        .order_by("pk")
    )
    parties = _parties({e.case.project_id or 0 for e in events})
    held = _held({e.case_id for e in events})
    for event in events:
        units = parties.get(event.case.project_id or 0, [])
        if event.kind == OVERDUE:
            liable = next((o for _, o in units if o == held.get((event.case_id, event.step))), None)
        else:
            liable = next((o for kind, o in units if kind == PartyKind.CONTRACTOR), None)
        if liable is not None:
            yield _fact(event, liable)


def _fact(event: CaseEvent, liable: int) -> Fact:
    case, is_overdue = event.case, event.kind == OVERDUE
    return Fact(
        source=f"cases.{event.kind}",
        # a dispatch is overdue once, and recurs as often as it recurs
        key=f"cases.overdue:{case.pk}" if is_overdue else f"cases.recurred:{event.pk}",
        title=case.number,
        link=f"/cases/cases/{case.pk}/",
        region_code=case.region_code,
        project=case.project_id,
        organisation=liable,
        on=timezone.localdate(event.at),
        reason=f"{'派单逾期' if is_overdue else '整改后复发'}：{case.title}",
    )


def _parties(projects: set[int]) -> dict[int, list[tuple[str, int]]]:
    """Project -> (kind, organisation) of its units in the order of their registration."""
    found: dict[int, list[tuple[str, int]]] = {}
    rows = Party.objects.unscoped(WHY).filter(project__in=projects).order_by("pk")
    for project, kind, organisation in rows.values_list("project_id", "kind", "organisation_id"):
        found.setdefault(project, []).append((kind, organisation))
    return found


def _held(cases: set[int]) -> dict[tuple[int, str], int | None]:
    """(case, step) -> the organisation that held it last."""
    rows = CaseDuty.objects.filter(case__in=cases, is_holder=True).order_by("since", "pk")
    return {(case, step): unit for case, step, unit in rows.values_list("case_id", "step", "organisation_id")}
