"""One finding that cannot be handled: it is set aside with its reason, the others go on, nothing is lost."""

import datetime as dt

import msgspec
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from siteloop.foundation.authority.models import Role
from siteloop.foundation.cases import engine, inbox, pages
from siteloop.foundation.cases.models import Case, Finding, SetAside
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import RegisterTests, caller
from siteloop.framework.testing.people import officer
from siteloop.kernel.finding import Act
from siteloop.kernel.finding import Finding as Seen

REGION = "330482001"


@pytest.fixture
def bad(monkeypatch, db, fast_plane):
    """Opening the case of subject site:1 raises until `bad.clear()`."""
    subjects = {"site:1"}
    real = engine.open_from_finding

    def opening(finding, now=None):
        if finding.subject in subjects:
            raise KeyError("no such loop")
        return real(finding, now)

    monkeypatch.setattr(engine, "open_from_finding", opening)
    return subjects


def seen(subject: str, act: Act = Act.RAISE, at: int = 1, **more: object) -> Seen:
    return Seen(
        act=act,
        rule="test.rule",
        subject=subject,
        since=1,
        at=at,
        site=0,
        region=REGION,
        message=f"说明{subject}",
        **more,
    )


def put(*messages: Seen | bytes) -> None:
    with connection.cursor() as cursor:
        for n, one in enumerate(messages):
            body = one if isinstance(one, bytes) else msgspec.msgpack.encode(one)
            key, act = (f"broken|{n}", "raise") if isinstance(one, bytes) else (one.key, one.act.value)
            cursor.execute(
                "INSERT INTO fast.finding_inbox (key, act, at_us, body) VALUES (%s, %s, %s, %s)",
                [key, act, 0 if isinstance(one, bytes) else one.at, body],
            )


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fast.finding_inbox WHERE taken_at IS NULL")
        return cursor.fetchone()[0]


def kept() -> list[str]:
    return sorted(Finding.objects.unscoped("test").values_list("subject", flat=True))


def aside() -> list[SetAside]:
    return list(SetAside.objects.unscoped("test").order_by("pk"))


@pytest.mark.requirement("DISP-04")
def test_the_others_go_on_and_the_reason_is_kept(bad) -> None:
    put(seen("site:0"), seen("site:1"), seen("site:2"))
    assert inbox.take() == 3
    assert waiting() == 0
    assert kept() == ["site:0", "site:2"], "nothing of the failed one is left behind"
    (row,) = aside()
    assert (row.subject, row.act, row.state, row.region_code) == ("site:1", "raise", "waiting", REGION)
    assert "no such loop" in row.reason
    assert "test_setting_aside.py" in row.place


def test_what_cannot_be_read_is_set_aside_too(bad) -> None:
    site = rows.site(REGION)
    put(b"\x00garbage", seen("site:2"))
    assert inbox.take() == 2
    assert kept() == ["site:2"]
    (row,) = aside()
    assert "DecodeError" in row.reason or "ValidationError" in row.reason
    assert site.region_code.startswith(row.region_code)
    assert row.region_code


def test_a_value_the_table_refuses_is_set_aside(bad) -> None:
    put(seen("site:" + "9" * 100), seen("site:2"))
    assert inbox.take() == 2
    assert kept() == ["site:2"]
    assert "DataError" in aside()[0].reason


def test_a_fault_of_the_database_leaves_everything_for_another_try(bad, monkeypatch) -> None:
    def lost(*_: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(engine, "open_from_finding", lost)
    put(seen("site:3"))
    with pytest.raises(OperationalError):
        inbox.take()
    assert (waiting(), aside()) == (1, [])


def test_what_follows_waits_behind_and_is_done_in_order(bad) -> None:
    put(seen("site:1"))
    inbox.take()
    put(seen("site:1", Act.UPDATE, 2, value=9.0), seen("site:1", Act.CLEAR, 3))
    inbox.take()
    assert [(r.act, r.tries) for r in aside()] == [("raise", 1), ("update", 0), ("clear", 0)]
    bad.clear()
    who = caller(["*"], "33")
    done = who.post(f"/api/v1/cases/set-aside/{aside()[1].pk}/actions/retry")
    assert done.status_code == 200, done.content
    assert {r.state for r in aside()} == {"done"}
    finding = Finding.objects.unscoped("test").get()
    assert (finding.value, finding.cleared_at is not None) == (9.0, True)


def test_a_retry_that_fails_again_says_so_and_stays(bad) -> None:
    put(seen("site:1"))
    inbox.take()
    answer = caller(["*"], "33").post(f"/api/v1/cases/set-aside/{aside()[0].pk}/actions/retry")
    assert "仍未成功" in answer.content.decode()
    assert (aside()[0].state, aside()[0].tries) == ("waiting", 2)
    assert kept() == []


def test_dropping_needs_a_reason_and_lets_the_next_episode_through(bad) -> None:
    put(seen("site:1"))
    inbox.take()
    who, path = caller(["*"], "33"), f"/api/v1/cases/set-aside/{aside()[0].pk}/actions/drop"
    assert who.post(path).status_code == 422
    assert who.post(path, {"reason": "重复的测试数据"}).status_code == 200
    bad.clear()
    put(seen("site:1", Act.UPDATE, 2))
    inbox.take()
    assert len(aside()) == 1


def test_the_administrators_hear_of_it_once_a_day(bad) -> None:
    role = Role(code="platform_admin", title="管理员", permissions=["*"])
    role.save()
    admin = officer(["*"], "33")
    admin.posts.update(role=role)
    bad |= {"site:4"}
    put(seen("site:1"), seen("site:4"))
    inbox.take()
    told = Notice.objects.unscoped("test").get(account=admin)
    assert told.link == f"/cases/set-aside/{aside()[0].pk}/"


def test_a_finding_of_the_desk_is_offered_the_same_way(bad) -> None:
    assert inbox.offer(seen("site:1")) is False
    assert inbox.offer(seen("site:1")) is False
    assert [r.tries for r in aside()] == [1, 0]
    assert inbox.offer(seen("site:2")) is True


def test_a_deadline_that_raises_does_not_stop_the_clock(bad) -> None:
    now = timezone.now()

    def late(loop: str, n: int) -> Case:
        case = Case(
            number=f"PD{n}",
            loop=loop,
            title="测试",
            step="small_dispose",
            region_code=REGION,
            opened_at=now,
            step_since=now,
            deadline=now - dt.timedelta(minutes=n),
        )
        case.save()
        return case

    broken, sound = late("no_such_loop", 2), late("dust_equipment", 1)
    assert engine.fire_deadlines(now) == 1
    assert Case.objects.unscoped("test").get(pk=sound.pk).is_overdue
    (row,) = aside()
    assert (row.case_id, row.act) == (broken.pk, "deadline")
    assert engine.fire_deadlines(now) == 0
    assert len(aside()) == 1, "it is left alone until somebody settles it"
    Case.objects.unscoped("test").filter(pk=broken.pk).update(loop="dust_equipment")
    assert caller(["*"], "33").post(f"/api/v1/cases/set-aside/{row.pk}/actions/retry").status_code == 200
    assert engine.fire_deadlines(now) == 1


class TestSetAside(RegisterTests):
    page = pages.set_aside

    def make_row(self, region):
        row = SetAside(
            key=f"k{SetAside.objects.unscoped('test').count()}",
            act="raise",
            rule="r",
            region_code=region,
            message="说明",
            reason="KeyError：x",
            at=timezone.now(),
        )
        row.save()
        return row
