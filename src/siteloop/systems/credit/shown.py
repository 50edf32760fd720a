"""What the desk shows of credit: the score line by line, a record with its way, an entry's steps, a project's standing."""

import datetime as dt
from typing import Any

from django.utils import timezone

from siteloop.foundation.cases.notes import Note
from siteloop.foundation.documents.models import Document
from siteloop.foundation.registry.models import Party, PartyKind, PostKind, Project
from siteloop.foundation.registry.panels import ProjectPanel
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.systems.credit import engine, ranking, requesting, scoring, settings
from siteloop.systems.credit.models import (
    Award,
    BlacklistEntry,
    CreditFile,
    CreditRecord,
    CreditRequest,
    Field,
    OfSubject,
)

WHY = "the score of a file the viewer may open is explained by all its records"
PARTIES = (PartyKind.CONTRACTOR, PartyKind.SUPERVISOR_FIRM, PartyKind.BUILDER)
FIELDS_EN = {Field.MARKET: "Construction market", Field.SITE: "Construction site"}


def all_subjects() -> set[engine.Key]:
    """Every enterprise and person that has a record, a file or an entry."""
    found: set[engine.Key] = set()
    for model in (CreditRecord, BlacklistEntry, CreditFile):
        found |= set(model.objects.unscoped(WHY).order_by().values_list("organisation_id", "person_id"))
    return found


def explained(file: CreditFile, viewer: Viewer) -> dict[str, Any]:
    """The score today: base, each line in force with its clause and record, the limit; and what counted before."""
    field, key = _of(file)
    day = timezone.localdate()
    rows = ranking.records(field, key)
    scale = settings.scale(file.region_code)
    lines = scoring.explain(ranking.lines_of(rows), day, scale)
    known = {r.pk: r for r in rows}
    seen = set(CreditRecord.objects.visible_to(viewer).filter(pk__in=known).values_list("pk", flat=True))
    rank = ranking.ranks(field, [key], day)[key]
    return {
        "lines": [{"line": line, "record": known.get(line.key), "opens": line.key in seen} for line in lines],
        "score": scoring.score(lines),
        "rank": rank,
        "day": day,
        "fields": _by_field(rows, day),
        "over": [r for r in rows if not r.counts_on(day)],
        "seen": seen,
        "scale": scale,
        "trend": _trend(rows, day, scale),
        "limits": settings.manager_limits(file.region_code) if file.is_manager else None,
        "entries": [e for e in _entries(file) if e.is_on(day)],
    }


def _of(row: OfSubject) -> tuple[str, int]:
    if row.organisation_id is not None:
        return "organisation", row.organisation_id
    assert row.person_id is not None, "a row has one subject"
    return "person", row.person_id


def _entries(row: OfSubject) -> list[BlacklistEntry]:
    field, key = _of(row)
    return list(BlacklistEntry.objects.unscoped(WHY).filter(**{field: key}).order_by("pk"))


def _by_field(rows: list[CreditRecord], day: dt.date) -> list[tuple[str, int]]:
    """What each of the two fields, market and site, adds on a day."""
    sums = {f: 0 for f in Field}
    for row in rows:
        if row.counts_on(day):
            sums[Field(row.rule.field)] += row.signed
    return [(pick(str(f.label), FIELDS_EN[f]), points) for f, points in sums.items()]


def _trend(rows: list[CreditRecord], day: dt.date, scale: scoring.Scale) -> list[dict[str, Any]]:
    """The score at the end of each of the last twelve months, and today."""
    lines = ranking.lines_of(rows)
    days = [scoring.months_later(day.replace(day=1), -n) - dt.timedelta(days=1) for n in range(11, -1, -1)]
    return [{"day": d, "score": scoring.score(scoring.explain(lines, d, scale))} for d in (*days, day)]


def record(row: CreditRecord, viewer: Viewer) -> dict[str, Any]:
    """Source, clause, evidence, the other line of a withdrawal, requests, papers, and when repair may be asked for."""
    return {
        "row": row,
        "reversal": getattr(row, "reversal", None),
        "evidence": list(row.evidence.all()),
        "requests": list(row.requests.order_by("pk")),
        "repair_from": requesting.repair_from(row) if row.counts_from and row.signed < 0 else None,
        "documents": _documents("credit.creditrecord", row.pk, viewer),
    }


def entry(row: BlacklistEntry, viewer: Viewer) -> dict[str, Any]:
    """Steps with their times, the statement, evidence, requests and papers."""
    steps = (
        (pick("提出拟列入", "Proposed"), row.proposed_at, ""),
        (pick("事先告知", "Told"), row.told_at, ""),
        (pick("陈述申辩", "Heard"), row.stated_at, row.statement),
    )
    return {
        "row": row,
        "steps": [s for s in steps if s[1] is not None],
        "is_on": row.is_on(timezone.localdate()),
        "records": list(row.records.select_related("rule")),
        "evidence": list(row.evidence.all()),
        "requests": list(row.requests.order_by("pk")),
        "repair_from": requesting.repair_from(row),
        "documents": _documents("credit.blacklistentry", row.pk, viewer),
    }


def request(row: CreditRequest, viewer: Viewer) -> dict[str, Any]:
    """What it is about, with the material handed in and the paper of the decision."""
    return {
        "row": row,
        "evidence": list(row.evidence.all()),
        "documents": _documents("credit.creditrequest", row.pk, viewer),
    }


def _documents(model: str, key: int, viewer: Viewer) -> list[Document]:
    rows = Document.objects.visible_to(viewer).filter(subject_model=model, subject_id=key)
    return list(rows.order_by("issued_at", "pk"))


def award(row: Award, viewer: Viewer) -> dict[str, Any]:
    """What the check of credit said at each step."""
    return {"row": row}


def _project(project: Project, viewer: Viewer) -> dict[str, Any] | None:
    """Standing of the project's main units and its managers, and the records of this project."""
    if not viewer.may("credit.creditrecord.view"):
        return None
    parties = list(
        Party.objects.unscoped(WHY)
        .filter(project=project, kind__in=PARTIES)
        .select_related("organisation")
        .order_by("kind", "pk")
    )
    ranks = ranking.ranks("organisation", {p.organisation_id for p in parties})
    files = dict(
        CreditFile.objects.visible_to(viewer)
        .filter(organisation__in=[p.organisation_id for p in parties])
        .values_list("organisation_id", "pk")
    )
    found = CreditRecord.objects.visible_to(viewer).filter(project=project)
    return {
        "units": [
            {"party": p, "rank": ranks[p.organisation_id], "file": files.get(p.organisation_id)}
            for p in parties
        ],
        "manager": _manager(project, viewer),
        "records": list(found.select_related("rule", "organisation", "person").order_by("-pk")[:8]),
        "count": found.count(),
        "project": project,
    }


def _manager(project: Project, viewer: Viewer) -> CreditFile | None:
    person = engine.holder_of(project.pk, PostKind.PROJECT_MANAGER)
    rows = CreditFile.objects.visible_to(viewer).filter(person=person or 0)
    return rows.select_related("person").first()


PROJECT_PANEL = ProjectPanel("诚信", "Credit", "credit/parts/project.html", _project, side=True, order=70)


def noted(project: Project, viewer: Viewer) -> list[Note]:
    """A unit on the blacklist, and a project manager who reached a limit, stand against the project."""
    if not viewer.may("credit.creditrecord.view"):
        return []
    day = timezone.localdate()
    units = Party.objects.unscoped(WHY).filter(project=project).values("organisation")
    listed = BlacklistEntry.objects.unscoped(WHY).filter(ranking.on_list(day), organisation__in=units)
    found = [
        Note(
            "red",
            "参建单位在黑名单",
            "A unit is on the blacklist",
            f"{e.subject_name}，{e.until} 期满：{e.cause}",
            f"/credit/blacklist/{e.pk}/",
        )
        for e in listed.select_related("organisation").order_by("pk")
    ]
    person = engine.holder_of(project.pk, PostKind.PROJECT_MANAGER)
    file = (
        CreditFile.objects.unscoped(WHY)
        .filter(person=person or 0, warned__gt=0)
        .select_related("person")
        .first()
    )
    if file is not None:
        found.append(
            Note(
                "red" if file.warned == 2 else "yellow",
                f"项目经理记分{file.get_warned_display()}",
                "Project manager's points" + (" at the limit" if file.warned == 2 else ": warning"),
                f"{file.person} 有效扣分 {file.demerits} 分",
                f"/credit/files/{file.pk}/",
            )
        )
    return found
