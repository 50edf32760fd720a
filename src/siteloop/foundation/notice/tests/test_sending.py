"""Letters on their way out: as wished, once, most urgent first, again after a fault, given up with a reason."""

import datetime as dt

import pytest
from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.notice import sending
from siteloop.foundation.notice.models import Delivery, Preference
from siteloop.foundation.notice.ports import Answer, Outcome, RecordedPort
from siteloop.foundation.notice.send import notify
from siteloop.foundation.notice.sending import send_due

NIGHT = dt.datetime(2026, 6, 1, 15, 0, tzinfo=dt.UTC)  # 23:00 in Shanghai
FAULT = Answer(Outcome.AGAIN, "对方故障（HTTP 503）")


@pytest.fixture
def ports(settings, monkeypatch) -> dict[str, RecordedPort]:
    settings.NOTICE_OUT = {"public_url": "https://site.example"}
    opened = {"sms": RecordedPort("sms"), "dingtalk": RecordedPort("dingtalk", is_group=True)}
    monkeypatch.setattr("siteloop.foundation.notice.send.open_ports", lambda: opened)
    monkeypatch.setattr("siteloop.foundation.notice.sending.open_ports", lambda: opened)
    return opened


def person(name: str, **wishes: object) -> Account:
    account = Account.objects.create(username=name, display_name=name)
    wish = Preference(account=account, phone=f"1000000{account.pk:04d}"[:11], **wishes)
    wish.save()
    return account


def letters(**what: object) -> list[Delivery]:
    return list(Delivery.objects.unscoped("test").filter(**what).order_by("pk"))


def at(moment: dt.datetime) -> None:
    Delivery.objects.unscoped("test").update(created_at=moment, next_at=moment)


@pytest.mark.django_db
@pytest.mark.requirement("DISP-11")
def test_red_reaches_everybody_and_the_rest_only_who_wished_it(ports) -> None:
    plain, keen = person("plain"), person("keen", sms_from="yellow")
    notify([plain, keen], "case", "橙", level="orange", subject="a")
    notify([plain, keen], "case", "红", level="red", subject="b")
    assert send_due() == 4
    assert sorted((m.title, m.mobiles) for m in ports["sms"].sent) == sorted(
        [("橙", (_phone(keen),)), ("红", (_phone(keen),)), ("红", (_phone(plain),))]
    )
    assert ports["sms"].sent[0].title == "红", "the most urgent leaves first"


def _phone(account: Account) -> str:
    return Preference.objects.unscoped("test").get(account=account).phone


@pytest.mark.django_db
def test_with_every_channel_closed_nothing_is_even_written(settings) -> None:
    settings.NOTICE_OUT = {}
    notify([person("a")], "case", "红", level="red")
    assert letters() == []
    assert send_due() == 0


@pytest.mark.django_db
def test_a_group_gets_one_message_that_mentions_all(ports) -> None:
    people = [person("a"), person("b")]
    for one in people:
        notify([one], "case", "红", body="正文", link="/cases/cases/1/", level="red", subject="s")
    send_due()
    (letter,) = ports["dingtalk"].sent
    assert letter.mobiles == tuple(sorted(_phone(p) for p in people))
    assert letter.link == "https://site.example/cases/cases/1/"
    assert {d.state for d in letters(port="dingtalk")} == {"sent"}


@pytest.mark.django_db
def test_the_same_words_do_not_leave_twice_within_minutes(ports) -> None:
    one = person("a")
    notify([one], "x", "红", level="red")
    send_due()
    notify([one], "x", "红", level="red")
    assert send_due() == 0
    assert [d.state for d in letters(port="sms")] == ["sent", "merged"]
    notify([one], "x", "红", level="red")
    later = timezone.now() + dt.timedelta(minutes=11)
    assert send_due(later) == 2


@pytest.mark.django_db
def test_quiet_hours_hold_all_but_red(ports) -> None:
    one = person("a", sms_from="blue", quiet_from=dt.time(22), quiet_to=dt.time(7))
    notify([one], "x", "蓝", level="blue", subject="1")
    notify([one], "x", "红", level="red", subject="2")
    at(NIGHT)
    send_due(NIGHT)
    assert [m.title for m in ports["sms"].sent] == ["红"]
    (held,) = letters(port="sms", state="waiting")
    assert held.next_at == dt.datetime(2026, 6, 1, 23, 0, tzinfo=dt.UTC), "07:00 in Shanghai"
    assert "免打扰" in held.answer
    send_due(held.next_at)
    assert [m.title for m in ports["sms"].sent] == ["红", "蓝"]


@pytest.mark.parametrize(
    ("clock", "until"),
    [(dt.time(23), "06-02 07:00"), (dt.time(6, 59), "06-01 07:00"), (dt.time(7), ""), (dt.time(21, 59), "")],
)
def test_quiet_hours_cross_midnight(clock: dt.time, until: str) -> None:
    wish = Preference(quiet_from=dt.time(22), quiet_to=dt.time(7))
    local = dt.datetime.combine(dt.date(2026, 6, 1), clock, sending.timezone.get_default_timezone())
    found = wish.quiet_until(local)
    assert (found.strftime("%m-%d %H:%M") if found else "") == until


@pytest.mark.django_db
def test_a_person_gets_no_more_than_the_hourly_number(ports, monkeypatch) -> None:
    monkeypatch.setattr(sending, "PER_HOUR", 2)
    one = person("a", sms_from="blue")
    for n in range(3):
        notify([one], "x", f"蓝{n}", level="blue")
    notify([one], "x", "红", level="red")
    now = timezone.now()
    send_due(now)
    assert [m.title for m in ports["sms"].sent] == ["红", "蓝0", "蓝1"]
    (held,) = letters(port="sms", state="waiting")
    assert held.next_at == now + dt.timedelta(hours=1)
    send_due(held.next_at)
    assert ports["sms"].sent[-1].title == "蓝2"


@pytest.mark.django_db
def test_a_fault_is_tried_again_with_longer_waits_and_then_given_up(ports) -> None:
    notify([person("a")], "x", "红", level="red")
    Delivery.objects.unscoped("test").filter(port="dingtalk").delete()
    ports["sms"].answers = [FAULT] * sending.MOST_TRIES
    now = timezone.now()
    waits = []
    for _ in range(sending.MOST_TRIES):
        assert send_due(now) == 0
        (row,) = letters()
        waits.append(round((row.next_at - now).total_seconds() / 60))
        now = max(row.next_at, now)
    assert tuple(waits[:-1]) == sending.BACK_OFF_MINUTES
    assert (row.state, row.tries) == ("dead", sending.MOST_TRIES)
    assert "HTTP 503" in row.answer


@pytest.mark.django_db
def test_a_fault_of_one_channel_does_not_stop_the_other(ports) -> None:
    notify([person("a"), person("b")], "x", "红", level="red")
    ports["sms"].answers = [FAULT, FAULT]
    assert send_due() == 1
    assert len(ports["dingtalk"].sent) == 1
    assert len(ports["sms"].answers) == 1, "one fault lets the channel rest until the next run"


@pytest.mark.django_db
def test_a_slow_down_costs_no_try_and_quiets_the_whole_channel(ports) -> None:
    notify([person("a")], "x", "红一", level="red")
    notify([person("b")], "x", "红二", level="red")
    Delivery.objects.unscoped("test").filter(port="dingtalk").delete()
    ports["sms"].answers = [Answer(Outcome.BUSY, "限流", wait_s=600)]
    now = timezone.now()
    assert send_due(now) == 0
    assert {(d.state, d.tries, d.next_at) for d in letters()} == {
        ("waiting", 0, now + dt.timedelta(minutes=10))
    }


@pytest.mark.django_db
def test_without_a_number_the_letter_is_dead_with_its_reason(ports) -> None:
    Account.objects.create(username="none")
    notify([Account.objects.get(username="none")], "x", "红", level="red")
    send_due()
    (row,) = letters(port="sms")
    assert (row.state, row.answer) == ("dead", "未登记手机号")


@pytest.mark.django_db
def test_a_closed_channel_and_a_letter_of_yesterday_are_given_up(ports) -> None:
    notify([person("a")], "x", "红", level="red")
    send_due(ports={"dingtalk": ports["dingtalk"]})
    (row,) = letters(port="sms")
    assert (row.state, row.answer) == ("dead", "通道未配置或已关闭")
    notify([person("b")], "x", "红二", level="red")
    at(timezone.now() - dt.timedelta(hours=25))
    assert send_due() == 0
    assert {d.state for d in letters(notice__title="红二")} == {"dead"}


@pytest.mark.django_db
def test_a_letter_lost_in_a_crash_is_offered_again(ports) -> None:
    notify([person("a")], "x", "红", level="red")
    now = timezone.now()
    Delivery.objects.unscoped("test").update(state="sending", claimed_at=now)
    assert send_due(now + dt.timedelta(minutes=9)) == 0
    assert send_due(now + dt.timedelta(minutes=11)) == 2


@pytest.mark.django_db
@pytest.mark.requirement("SEC-01")
def test_numbers_are_kept_masked_in_the_register_and_encrypted_in_the_wishes(ports) -> None:
    from django.db import connection

    one = person("a")
    notify([one], "x", "红", level="red")
    send_due()
    (row,) = letters(port="sms")
    assert "****" in row.to
    assert _phone(one) not in f"{row.to}{row.text}{row.answer}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM notice_preference")
        assert _phone(one) not in cursor.fetchone()[0]


@pytest.mark.django_db
def test_new_letters_wake_the_job_once(ports, django_capture_on_commit_callbacks) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    with django_capture_on_commit_callbacks(execute=True):
        notify([person("a")], "x", "红", level="red")
        notify([person("b")], "x", "红二", level="red")
    assert ProcrastinateJob.objects.filter(task_name="notice.at_once").count() == 1
