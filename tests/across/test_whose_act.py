"""Whose act is it: a unit's own acts are closed to the authority that oversees it, decisions are closed to the unit.

Every act of four systems and of the projects' register has its line in `LINES`, with the state in which it can be done and who may do it then. Everybody
else is neither shown the button nor heard when asking without it. A new act without a line fails.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as casework
from siteloop.foundation.registry import pages as registry
from siteloop.foundation.registry.models import Party
from siteloop.framework.action import Action, Refused
from siteloop.framework.page import Page
from siteloop.framework.pages_found import path_of
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.acceptance import commitments
from siteloop.systems.acceptance import pages as acceptance
from siteloop.systems.acceptance.models import Application, Commitment
from siteloop.systems.joint_acceptance import pages as joint
from siteloop.systems.project_stages import pages as stages
from siteloop.systems.project_stages.models import StageRecord
from siteloop.systems.supervisor_firms import engine
from siteloop.systems.supervisor_firms import pages as firms
from tests.across.both_sides import LOOK, County, made

pytestmark = pytest.mark.django_db
#: who stands before a record, by the program's own roles
#: unit: applicant and supervisor firm of the project · rival: another unit of the same project, with the same roles
#: county: oversees the place · examiner: a member of the department that examines · admin: holds every right there is
PEOPLE = ("unit", "rival", "county", "inspector", "sites", "window", "examiner", "admin")
UNIT = frozenset({"unit"})
UNITS = frozenset({"unit", "rival"})
LEAD = frozenset({"county", "admin"})
OFFICERS = LEAD | {"inspector", "window"}
OVERSEERS = LEAD | {"sites"}
EXAMINER = frozenset({"examiner"})
#: stands for the act of typing: the button that opens the form
NEW, EDIT = "new", "edit"


@dataclass(frozen=True)
class Line:
    """An act on a register: in which state (and with what else), and who may."""

    page: Page
    code: str
    who: frozenset[str]
    state: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def lines(page: Page, *rows: tuple[Any, ...]) -> tuple[Line, ...]:
    return tuple(Line(page, *row) for row in rows)


STAGE_PAGES = tuple(
    p for p in vars(stages).values() if isinstance(p, Page) and issubclass(p.model, StageRecord)
)
UNDER_WAY = {"application__state": "examining"}
TOLD = {"hear_until": timezone.now() + dt.timedelta(days=3)}

LINES: dict[ModuleType, tuple[Line, ...]] = {
    registry: lines(
        registry.projects,
        (NEW, LEAD),
        (EDIT, LEAD),
        ("start", LEAD, "not_started"),
        ("suspend", LEAD, "under_construction"),
        ("resume", LEAD, "suspended"),
        ("complete", LEAD, "under_construction"),
        ("submit", UNITS, "", {"review_state": "draft"}),
        ("submit", UNITS, "", {"review_state": "returned"}),
        ("review", LEAD, "", {"review_state": "submitted"}),
        ("send_back", LEAD, "", {"review_state": "submitted"}),
    ),
    acceptance: lines(
        acceptance.applications,
        (NEW, UNITS | {"admin"}),
        (EDIT, UNIT, "draft"),
        (EDIT, UNIT, "correcting"),
        ("attach", UNIT, "draft"),
        ("promise", UNIT, "draft"),
        ("submit", UNIT, "draft"),
        ("attach", UNIT, "correcting"),
        ("submit", UNIT, "correcting"),
        ("withdraw", UNIT, "submitted"),
        ("accept", OFFICERS, "submitted"),
        ("correct", OFFICERS, "submitted"),
        ("grant", OFFICERS, "accepted"),
        ("refuse", OFFICERS, "accepted"),
        ("reassign", OFFICERS, "submitted"),
    ),
    joint: (
        *lines(
            joint.applications,
            (NEW, UNITS | {"admin"}),
            (EDIT, UNIT, "draft"),
            ("attach", UNIT, "draft"),
            ("submit", UNIT, "draft"),
            ("attach", UNIT, "correcting"),
            ("submit", UNIT, "correcting"),
            ("withdraw", UNIT, "examining"),
            ("accept", LEAD, "submitted"),
            ("correct", LEAD, "submitted"),
            ("plan_visit", LEAD, "examining"),
            ("conclude", LEAD, "examining"),
        ),
        *lines(
            joint.department_opinions,
            ("raise_finding", EXAMINER, "examining"),
            ("ask_correction", EXAMINER, "examining"),
            ("give", EXAMINER, "examining"),
            ("take_back", EXAMINER, "passed", UNDER_WAY),
        ),
        # whoever of the project's units stands nearest puts it right
        *lines(
            joint.joint_findings,
            ("correct", UNITS, "open", {"opinion__state": "correcting"}),
            ("confirm", EXAMINER, "corrected", {"opinion__state": "rechecking"}),
            ("send_back", EXAMINER, "corrected", {"opinion__state": "rechecking"}),
        ),
        *lines(
            joint.site_visits, ("record", LEAD, "planned", UNDER_WAY), ("cancel", LEAD, "planned", UNDER_WAY)
        ),
    ),
    stages: (
        *(
            line
            for page in STAGE_PAGES
            for line in lines(
                page,
                # the authority keeps the records too: it brings in the national tables
                (NEW, UNITS | LEAD),
                (EDIT, UNITS | LEAD, "draft"),
                ("attach", UNITS, "draft"),
                ("submit", UNITS, "draft"),
                ("submit", UNITS, "returned"),
                ("approve", LEAD, "submitted"),
                ("send_back", LEAD, "submitted"),
            )
        ),
        *lines(
            stages.changes,
            (NEW, UNITS | {"admin"}),
            (EDIT, UNITS, "draft"),
            ("submit", UNITS, "draft"),
            ("approve", LEAD, "submitted"),
            ("send_back", LEAD, "submitted"),
        ),
        *lines(stages.stages, ("import_national", LEAD)),
    ),
    firms: (
        *lines(
            firms.reports,
            (NEW, UNITS | OVERSEERS),  # of its own accord, or demanded by the authority
            ("write", UNIT, "due"),
            ("submit", UNIT, "due"),
            ("write", UNIT, "returned"),
            ("receive", OVERSEERS, "submitted"),
            ("send_back", OVERSEERS, "submitted"),
            ("cancel", OVERSEERS, "due"),
        ),
        *lines(
            firms.dangers,
            (NEW, UNITS | {"admin"}),
            (EDIT, UNIT, "draft"),
            ("attach", UNIT, "draft"),
            ("send", UNIT, "draft"),
            ("withdraw", UNIT, "draft"),
            # whoever holds the case of the report: the department it went to
            ("receive", frozenset({"sites"}), "sent", {"step": "receive"}),
            ("answer", frozenset({"sites"}), "answering", {"step": "answer"}),
            ("unfounded", frozenset({"sites"}), "answering", {"step": "answer"}),
        ),
        *lines(
            firms.sides,
            (NEW, UNITS | {"admin"}),
            (EDIT, UNIT, "draft"),
            ("attach", UNIT, "draft"),
            ("sign", UNIT, "draft"),
            ("void", UNIT, "signed"),
        ),
        *lines(firms.presences, ("check_in", UNITS | {"admin"}), ("check_out", UNIT)),
        *lines(
            firms.leaves,
            (NEW, UNITS | {"admin"}),
            ("cancel", UNIT, "asked"),
            ("approve", OVERSEERS, "asked"),
            ("reject", OVERSEERS, "asked"),
        ),
        *lines(firms.firms, (NEW, OVERSEERS), (EDIT, OVERSEERS)),
        *lines(firms.duty_months, ("count", OVERSEERS)),
        *lines(firms.firms, ("check", OVERSEERS)),
        *lines(
            firms.misconducts,
            (NEW, OVERSEERS),
            (EDIT, OVERSEERS, "proposed"),
            ("tell", OVERSEERS, "proposed"),
            ("state_case", UNIT, "told", TOLD),
            ("publish", OVERSEERS, "told", TOLD),
            ("drop", OVERSEERS, "told", TOLD),
            ("withdraw", OVERSEERS, "published"),
        ),
    ),
}


@pytest.fixture
def county() -> County:
    return made()


def put(row: Any, line: Line, county: County) -> None:
    """The record as the line says it stands."""
    model, values = type(row), dict(line.more)
    if line.state:
        values["state"] = line.state
    step = values.pop("step", "")
    for path in [path for path in values if "__" in path]:
        name, _, of_it = path.partition("__")
        other = getattr(row, name)
        type(other)._base_manager.filter(pk=other.pk).update(**{of_it: values.pop(path)})
    if step:
        case = row.case or engine.start_danger(row, timezone.now())
        if step == "answer" and case.step == "receive":
            perform(casework.reply, viewer_for(county.people["sites"]), case, {"body": "已签收"})
        values["case"] = case.pk
    if values:
        model._base_manager.filter(pk=row.pk).update(**values)
    row.refresh_from_db()


# ---- what is seen and what is heard


def acts(module: ModuleType) -> Iterator[tuple[Page, Action]]:
    """Every act of a system; of the foundation's registers, those of projects."""
    for page in (registry.projects,) if module is registry else vars(module).values():
        if isinstance(page, Page):
            yield from ((page, action) for action in page.actions)


def action(line: Line) -> Action | None:
    return next((a for a in line.page.actions if a.code == line.code), None)


#: "system/register" -> its lines
PAGES = {
    f"{module.__name__.split('.')[-2]}/{line.page.code}": [one for one in found if one.page is line.page]
    for module, found in LINES.items()
    for line in found
}


def on_register(line: Line) -> bool:
    found = action(line)
    return found.on_register if found is not None else line.code == NEW


def button(line: Line, row: Any) -> str:
    """The address the line's button has."""
    base = path_of(line.page) + ("" if on_register(line) else f"{row.pk}/")
    return f'href="{base}{line.code if action(line) is None else f"actions/{line.code}"}"'


def signed_in(account: Account) -> Client:
    client = Client()
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page_of(client: Client, line: Line, row: Any) -> str:
    """The page on which the line's button would stand; nothing for whoever may not open it."""
    answer = client.get(path_of(line.page) if on_register(line) else path_of(line.page, row.pk))
    assert answer.status_code in (200, 403, 404), answer.status_code
    return answer.content.decode() if answer.status_code == 200 else ""


def is_refused(line: Line, viewer: Viewer, row: Any) -> bool:
    """Whether the act itself says no before it looks at what was typed."""
    found = action(line)
    assert found is not None, "typing is tried over the form's own address"
    try:
        perform(found, viewer, None if found.on_register else row, {"no_such_field": 1})
    except Refused as no:
        return no.status in (403, 404, 409)
    raise AssertionError("an act took what it does not know")


@pytest.mark.requirement("BIZ-06", "JACC-01", "PROJ-01", "SUPV-01")
@pytest.mark.parametrize("register", PAGES)
def test_an_act_is_offered_to_those_whose_it_is_and_refused_to_all_others(
    register: str, county: County
) -> None:
    clients = {name: signed_in(account) for name, account in county.people.items()}
    wrong = []
    for _, found in groupby(PAGES[register], lambda line: (on_register(line), line.state, line.more)):
        standing = list(found)
        first = standing[0]
        row = None if on_register(first) else county.row(first.page.model)
        if row is not None:
            put(row, first, county)
        for name in PEOPLE:
            shown, viewer = page_of(clients[name], first, row), viewer_for(county.people[name])
            for line in standing:
                may, words = name in line.who, f"{line.page.code}.{line.code} ({line.state}) {name}"
                if (button(line, row) in shown) is not may:
                    wrong.append(f"{words}: {'button missing' if may else 'button shown'}")
                if action(line) is not None and is_refused(line, viewer, row) is may:
                    wrong.append(f"{words}: {'refused' if may else 'not refused'}")
    assert wrong == []


@pytest.mark.parametrize("module", LINES, ids=lambda m: m.__name__.split(".")[-2])
def test_every_act_has_its_line(module: ModuleType) -> None:
    said = {(line.page.code, line.code) for line in LINES[module]}
    assert [f"{p.code}.{a.code}" for p, a in acts(module) if (p.code, a.code) not in said] == []


@pytest.mark.requirement("BIZ-02")
def test_a_commitment_is_fulfilled_by_whoever_made_it(county: County) -> None:
    row = county.row(Application)
    promise = Commitment(application=row, title="合同", promise="三十日内补交", promised_at=timezone.now())
    promise.save()
    case = commitments.start(promise, timezone.now()).case
    assert case is not None
    may = {name for name in PEOPLE if casework.reply.available(case, viewer_for(county.people[name]))}
    assert may == {"unit"}


@pytest.mark.parametrize("name", ["rival", "county", "admin"])
def test_nobody_types_an_application_in_anothers_name_or_takes_one_over(county: County, name: str) -> None:
    row, client = county.row(Application), signed_in(county.people[name])
    typed = {"kind": "fire", "project": county.project.pk, "applicant": county.unit.pk, "matter": "代办"}
    assert client.post("/acceptance/applications/new", typed).status_code in (403, 422)
    own = Party.objects.unscoped(LOOK).get(project=county.project, kind="contractor").organisation
    taken = {**typed, "applicant": own.pk}
    assert client.post(f"/acceptance/applications/{row.pk}/edit", taken).status_code in (403, 422)
    given = signed_in(county.people["unit"]).post(f"/acceptance/applications/{row.pk}/edit", taken)
    assert given.status_code in (403, 422), "nor does anybody put its own into another's name"
    (kept,) = Application.objects.unscoped(LOOK).filter(project=county.project)
    assert (kept.applicant, kept.matter) == (county.unit, "消防")
