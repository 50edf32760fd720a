"""Each system says itself what a duty or role may do in it; the roles are put together from that."""

from collections.abc import Iterator

import pytest
from django.apps import apps

from siteloop.foundation.authority.loading import load_roles
from siteloop.foundation.authority.models import Role
from siteloop.foundation.authority.roles import CATALOGUE, DUTIES, given_by

WHY = "a test looks at everything"
#: subjects of rights that are no table: series of readings, what the fast plane keeps, the trail of all acts
NO_TABLE = {"telemetry": {"reading", "latest", "raw", "command", "ledger", "quarantine", "waiting", "event"}}


def told() -> Iterator[tuple[str, str, str]]:
    for app in apps.get_app_configs():
        for receiver, patterns in given_by(app.name).items():
            yield from ((app.label, receiver, pattern) for pattern in patterns)


def test_rights_are_given_to_known_duties_and_roles() -> None:
    known = {*DUTIES, *(role.code for role in CATALOGUE)}
    assert {receiver for _, receiver, _ in told()} - known == set()


def test_a_folder_gives_rights_over_its_own_tables_only() -> None:
    wrong = []
    for label, _, pattern in told():
        subject_of, _, rest = pattern.partition(".")
        subject = rest.partition(".")[0]
        own = {model._meta.model_name for model in apps.get_app_config(label).get_models()}
        # the trail belongs to the framework, which has no rights of its own
        is_own = subject_of == label and subject in {*own, *NO_TABLE.get(label, ()), "*"}
        if not is_own and pattern not in ("framework.trailentry.view", "framework.trailentry.*"):
            wrong.append(pattern)
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.requirement("PLAT-26")
def test_a_later_program_adds_and_takes_only_what_it_changed_itself() -> None:
    load_roles()
    role = Role.objects.unscoped(WHY).get(code="auditor")
    shipped = next(row for row in CATALOGUE if row.code == "auditor").permissions
    assert role.permissions == list(shipped)
    taken, new, *_ = shipped
    # the authority took one right away and gave another; the program before knew neither `new` nor dropped `old`
    role.permissions = sorted({*shipped, "credit.award.nominate", "old.row.view"} - {taken, new})
    role.shipped = sorted({*shipped, "old.row.view"} - {new})
    role.save()
    load_roles()
    role.refresh_from_db()
    assert role.permissions == sorted({*shipped, "credit.award.nominate"} - {taken})
    assert role.shipped == list(shipped)
