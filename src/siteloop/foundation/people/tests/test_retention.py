"""Personal data live as long as they are needed and the region's term runs, then they are gone for good."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.people import actions, jobs, retention
from siteloop.foundation.people.models import Certificate, Person
from siteloop.foundation.people.opening import open_person
from siteloop.foundation.people.tests.test_people import person
from siteloop.framework import trail
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.perform import perform
from siteloop.framework.testing import caller
from siteloop.framework.viewer import system_viewer

TODAY = dt.date(2026, 6, 1)
SYSTEM = system_viewer("test")


@pytest.fixture
def term(monkeypatch, db) -> dict[int, str]:
    """A term of 100 days everywhere, and the needs of the test alone."""
    needed: dict[int, str] = {}
    monkeypatch.setattr(retention, "TERMS", [lambda region: 100])
    monkeypatch.setattr(retention, "NEEDS", [lambda: needed])
    return needed


def fresh(row: Person) -> Person:
    return Person.objects.unscoped("test").get(pk=row.pk)


def days(n: int) -> dt.date:
    return TODAY + dt.timedelta(days=n)


@pytest.mark.requirement("SEC-01")
def test_the_term_runs_from_the_day_nobody_needs_the_data(term) -> None:
    row = person("330482")
    term[row.pk] = "某项目项目经理"
    retention.mark(TODAY)
    assert (fresh(row).retention, fresh(row).needed_for, fresh(row).due_on) == (
        "needed",
        "某项目项目经理",
        None,
    )
    del term[row.pk]
    retention.mark(days(10))
    assert (fresh(row).retention, fresh(row).due_on) == ("running", days(110))
    retention.mark(days(109))
    assert fresh(row).retention == "running"
    retention.mark(days(110))
    assert fresh(row).retention == "due"
    term[row.pk] = "另一项目安全员"
    retention.mark(days(111))
    assert (fresh(row).retention, fresh(row).unneeded_since) == ("needed", None)


def test_an_active_account_needs_its_person(term) -> None:
    row = person("330482")
    account = Account.objects.create(username="p")
    Person.objects.unscoped("test").filter(pk=row.pk).update(account=account)
    retention.mark(TODAY)
    assert fresh(row).needed_for == "账号在用"
    account.is_active = False
    account.save()
    retention.mark(TODAY)
    assert fresh(row).retention == "running"


def test_a_stated_date_counts_before_the_term_and_without_both_nothing_falls_due(term, monkeypatch) -> None:
    dated, plain = person("330482"), person("330482")
    Person.objects.unscoped("test").filter(pk=dated.pk).update(keep_until=TODAY)
    monkeypatch.setattr(retention, "TERMS", [lambda region: None])
    retention.mark(TODAY)
    assert (fresh(dated).retention, fresh(plain).retention) == ("due", "running")
    retention.mark(days(10_000))
    assert fresh(plain).retention == "running"


@pytest.mark.requirement("SEC-01", "SEC-08")
def test_erasing_leaves_a_skeleton_without_any_trace_of_who_it_was(term) -> None:
    row = person("330482")
    Certificate(person=row, kind="安全员证", number="浙建安C0001").save()
    number, digest = row.id_number, row.id_hash
    perform(actions.erase, SYSTEM, row, {"reason": "保存期满"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, id_number, phone, id_hash FROM people_person WHERE id = %s", [row.pk])
        assert cursor.fetchone() == ("", "", "", f"erased:{row.pk}")
        cursor.execute("SELECT number FROM people_certificate")
        assert cursor.fetchone() == ("",)
    told = TrailEntry.objects.unscoped("test").get(action="people.person.erase")
    assert "保存期满" in told.sentence
    assert number not in str(told.__dict__)
    assert digest not in str(told.__dict__)
    assert trail.verify() is None
    assert str(fresh(row)) == f"已清除人员 {row.pk}"
    assert fresh(row).region_code == "330482"


def test_erased_is_erased(term) -> None:
    row = person("330482")
    perform(actions.erase, SYSTEM, row, {"reason": "保存期满"})
    with pytest.raises(Refused):
        perform(actions.erase, SYSTEM, row, {"reason": "再来"})
    with pytest.raises(Refused) as no:
        open_person(SYSTEM, row, "核对身份")
    assert "已清除" in no.value.message
    who = caller(["*"], "330482")
    answer = who.send("PATCH", f"/api/v1/people/people/{row.pk}", {"name": "新名"})
    assert answer.status_code == 422
    assert "已清除" in answer.content.decode()
    again = Person(name="演示甲", id_number=row.id_number, region_code="330482")
    again.full_clean()
    again.save()


def test_what_is_needed_is_not_erased(term) -> None:
    row = person("330482")
    term[row.pk] = "在建项目项目经理"
    with pytest.raises(Refused) as no:
        perform(actions.erase, SYSTEM, row, {"reason": "误操作"})
    assert "在建项目项目经理" in no.value.message
    assert fresh(row).name == "演示甲"


def test_the_list_shows_what_would_be_erased_and_the_number_must_be_said(term) -> None:
    due, other = person("330482"), person("330482")
    foreign = person("330411")
    Person.objects.unscoped("test").filter(pk__in=[due.pk, foreign.pk]).update(keep_until=dt.date(2020, 1, 1))
    who = caller(["*"], "330482")
    api = "/api/v1/people/people"
    assert who.post(f"{api}/actions/look_again").status_code == 200
    listed = who.get(f"{api}?retention=due").json()["results"]
    assert [r["id"] for r in listed] == [due.pk]
    wrong = who.post(f"{api}/actions/erase_due", {"count": 2, "reason": "到期"})
    assert wrong.status_code == 422
    assert "现有到期 1 人" in wrong.content.decode()
    done = who.post(f"{api}/actions/erase_due", {"count": 1, "reason": "到期"})
    assert done.status_code == 200, done.content
    assert fresh(due).erased_at is not None
    assert fresh(other).erased_at is None
    assert fresh(foreign).erased_at is None


def test_the_job_erases_after_the_days_of_grace(term) -> None:
    row = person("330482")
    Person.objects.unscoped("test").filter(pk=row.pk).update(keep_until=TODAY)
    assert jobs.erase_overdue(days(retention.GRACE_DAYS - 1)) == 0
    assert fresh(row).retention == "due"
    assert jobs.erase_overdue(days(retention.GRACE_DAYS)) == 1
    assert fresh(row).retention == "erased"
    assert TrailEntry.objects.unscoped("test").get(action="people.person.erase").actor_name == "保存期限"
    assert jobs.erase_overdue(days(400)) == 0


def test_marking_deciphers_nothing(term, monkeypatch) -> None:
    person("330482")

    def opened(*_: object) -> str:
        raise AssertionError("personal data were deciphered")

    monkeypatch.setattr("siteloop.foundation.people.vault.unseal", opened)
    assert retention.mark(timezone.localdate())["running"] == 1
