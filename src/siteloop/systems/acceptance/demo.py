"""Demo: officers, applications on their desks, promises with days left, about to end, and one that locked. Fixed seed."""

import datetime as dt
import random

from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY
from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.cases import engine
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.documents import store
from siteloop.foundation.documents.authorities import nearest
from siteloop.foundation.registry.models import Project
from siteloop.framework.action import Act
from siteloop.framework.viewer import system_viewer
from siteloop.systems.acceptance import after, commitments, documents, settings
from siteloop.systems.acceptance.models import Application, Commitment, Kind, Officer, State

PROGRAM = system_viewer("演示数据")
WHY = "the demo county is made once, by the program"
SEED = 20265
APPLICATIONS = 48
#: who accepts for which body: account, organisation, kinds
DESKS: tuple[tuple[str, str, tuple[Kind, ...]], ...] = (
    ("county", "平湖市住建局（演示）", (Kind.QUALITY, Kind.SAFETY, Kind.CIVIL_DEFENCE)),
    ("inspector", "平湖市质安监督站（演示）", (Kind.QUALITY, Kind.SAFETY)),
    ("window", "平湖市消防验收科（演示）", (Kind.FIRE,)),
)
#: who looks at granted business on the site
CHECKER = "inspector"
#: after-checks: (kind, what was found and done so far)
CHECKED: tuple[tuple[Kind, tuple[Outcome, ...]], ...] = (
    (Kind.FIRE, ()),
    (Kind.FIRE, (Outcome.FAIL,)),
    (Kind.CIVIL_DEFENCE, (Outcome.PASS,)),
)
FOUND = {Outcome.FAIL: "疏散通道堆放材料（演示）", Outcome.PASS: "现场与申报一致（演示）"}
#: days since the acceptance of applications that promised something: far, near, tomorrow, past
PROMISED_DAYS = (3, 12, 21, 26, 29, 33)


@transaction.atomic
def load() -> None:
    """Officers, applications, promises; once."""
    if Officer.objects.unscoped(WHY).exists():
        return
    officers = _officers()
    projects = list(
        Project.objects.unscoped(WHY)
        .filter(code__startswith="DEMO")
        .prefetch_related("parties__organisation")
        .order_by("pk")
    )
    if not officers or not projects:
        return
    dice = random.Random(SEED)  # noqa: S311 - a fixed seed makes the county the same everywhere
    rows = [_application(n, projects[n * 5 % len(projects)], officers, dice) for n in range(APPLICATIONS)]
    Application.objects.bulk_create(rows)
    _promises(projects, officers)
    _after_checks()


def _officers() -> list[Officer]:
    made = []
    for username, body, kinds in DESKS:
        account = Account.objects.filter(username=username).first()
        organisation = Organisation.objects.unscoped(WHY).filter(name=body).first()
        if account is None or organisation is None:
            return []
        does = {f"does_{kind}": kind in kinds for kind in Kind} | {"does_checks": username == CHECKER}
        made.append(Officer(account=account, organisation=organisation, region_code=COUNTY, **does))
    for one in made:
        one.save()
    return made


def _builder(project: Project) -> Organisation:
    return next(p.organisation for p in project.parties.all() if p.kind == "builder")


def _application(n: int, project: Project, officers: list[Officer], dice: random.Random) -> Application:
    kind = list(Kind)[n % 4]
    able = [o for o in officers if getattr(o, f"does_{kind.value}")]
    state = dice.choice([State.SUBMITTED, State.ACCEPTED, State.GRANTED, State.GRANTED, State.CORRECTING])
    handed = timezone.now() - dt.timedelta(days=dice.randrange(1, 6) if state == State.SUBMITTED else 8 + n)
    row = Application(
        kind=kind,
        project=project,
        applicant=_builder(project),
        matter=f"{kind.label}手续办理（演示）",
        contact=f"演示经办{n + 1:02d}",
        state=state,
        submitted_at=handed,
        officer=able[n % len(able)].account,
        officer_why="在办件数最少（演示数据）",
    )
    if state in (State.ACCEPTED, State.GRANTED):
        row.accepted_at = handed + dt.timedelta(days=1)
        row.due_at = row.accepted_at + dt.timedelta(days=28)
    if state == State.GRANTED:
        row.decided_at, row.opinion = handed + dt.timedelta(days=5), "符合要求，准予办理"
    if state == State.CORRECTING:
        row.correction, row.corrections = "补充签章\n更正建筑面积", 1
    return row


def _promises(projects: list[Project], officers: list[Officer]) -> None:
    """Promises whose countdown really runs in the case engine; the oldest ran out and locked its applicant."""
    now = timezone.now()
    for n, days in enumerate(PROMISED_DAYS):
        project = projects[n * 7 % len(projects)]
        title = next(
            (m.title for m in settings.materials("quality", project.region_code) if m.may_promise), ""
        )
        if not title:
            return
        at = now - dt.timedelta(days=days)
        row = Application(
            kind=Kind.QUALITY,
            project=project,
            applicant=_builder(project),
            matter="质量监督手续（承诺受理，演示）",
            state=State.GRANTED,
            submitted_at=at,
            accepted_at=at,
            decided_at=at,
            opinion="承诺受理，先行办理",
            officer=officers[n % 2].account,
            officer_why="在办件数最少（演示数据）",
        )
        row.save()
        promise = Commitment(application=row, title=title, promise="自受理之日起三十日内补交", promised_at=at)
        promise.save()
        promise = commitments.start(promise, at)
        if promise.case is not None and promise.due_at is not None and promise.due_at <= now:
            engine.outcome(
                promise.case, Outcome.OVERDUE, engine.ENGINE, promise.due_at, body="承诺期限已过，未兑现"
            )
    commitments.remind(now)


def _after_checks() -> None:
    """Granted ones that the lot fell on: one waits, one is put right, one is done."""
    granted = Application.objects.unscoped(WHY).filter(state=State.GRANTED, lot="").select_related("project")
    for kind, done in CHECKED:
        row = granted.filter(kind=kind).exclude(officer__username=CHECKER).order_by("pk").first()
        if row is None:
            continue
        certificate = store.issue(
            PROGRAM,
            "acceptance.certificate",
            documents.composed("certificate", row),
            authority=nearest(row.region_code),
            region_code=row.region_code,
            project=row.project,
            subject=row,
            prints=False,
        )
        check = after.draw(Act(PROGRAM, row, {}), certificate, share=100)
        assert check is not None and check.case is not None, "a share of all hits"
        for what in done:
            engine.outcome(check.case, what, PROGRAM, body=FOUND[what])
