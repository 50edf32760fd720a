"""The register of what left, and each person's wishes."""

import pytest

from siteloop.foundation.notice import pages
from siteloop.foundation.notice.models import Delivery, Notice, Preference
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import RegisterTests, caller
from siteloop.framework.testing.people import officer


def letter(region: str) -> Delivery:
    account = officer(["nothing"], region)
    notice = Notice.objects.create(account=account, kind="case", title="派单", level="red")
    row = Delivery(
        notice=notice,
        port="sms",
        state="dead",
        tries=8,
        answer="对方超时未应答",
        region_code=region,
        key=f"k{notice.pk}",
    )
    row.save()
    return row


class TestDeliveries(RegisterTests):
    page = pages.deliveries

    def make_row(self, region):
        return letter(region)

    def test_the_page_says_that_closed_channels_send_nothing(self, settings):
        settings.NOTICE_OUT = {}
        assert "短信：未配置，不外发" in self.local().html.get(self.desk).content.decode()

    def test_a_dead_letter_is_sent_again_only_by_an_open_channel(self, settings, tmp_path):
        row, who = letter(self.home), self.local()
        settings.NOTICE_OUT = {}
        assert who.post(f"{self.api}/{row.pk}/actions/send_again").status_code == 409
        settings.NOTICE_OUT = {"recorded": True, "folder": tmp_path}
        assert who.post(f"{self.api}/{row.pk}/actions/send_again").status_code == 200
        again = Delivery.objects.unscoped("test").get(pk=row.pk)
        assert (again.state, again.tries, again.answer) == ("waiting", 0, "")


@pytest.mark.django_db
@pytest.mark.parametrize("rights", [[], ["notice.preference.view"]])
def test_without_the_right_nobody_sets_wishes(rights: list[str]) -> None:
    who = caller(rights)
    assert who.html.get("/notice/preferences/").status_code == (200 if rights else 403)
    assert who.html.post("/notice/preferences/", {"phone": "10000000009"}).status_code == 403
    assert not Preference.objects.unscoped("test").exists()


@pytest.mark.django_db
def test_a_person_sets_his_wishes_and_sees_nobody_elses() -> None:
    mine, other = caller(["notice.preference.*"]), caller(["notice.preference.*"])
    page = mine.html.get("/notice/preferences/")
    assert page.status_code == 200
    assert "红色消息在任何时段都推送" in page.content.decode()
    form = {
        "sms_from": "orange",
        "dingtalk_from": "red",
        "wecom_from": "blue",
        "quiet_from": "22:00",
        "quiet_to": "07:00",
        "phone": "10000000009",
    }
    assert mine.html.post("/notice/preferences/", form).status_code == 302
    wish = Preference.objects.unscoped("test").get(account=mine.account)
    assert (wish.sms_from, wish.wecom_from, f"{wish.quiet_from:%H:%M}", wish.phone) == (
        "orange",
        "blue",
        "22:00",
        "10000000009",
    )
    shown = mine.html.get("/notice/preferences/").content.decode()
    assert "100****0009" in shown
    assert "10000000009" not in shown
    assert other.get("/api/v1/notice/preferences").json()["count"] == 0
    told = TrailEntry.objects.unscoped("test").get(action="notice.preference.save")
    assert "10000000009" not in f"{told.sentence}{told.changes}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"quiet_from": "22:00"}, "须同时填写"),
        ({"phone": "abc"}, "请填写手机号码"),
        ({"sms_from": "no"}, "不在可选范围内"),
        ({"quiet_from": "99:00", "quiet_to": "07:00"}, "格式"),
    ],
)
def test_wrong_wishes_are_refused_in_words(wrong: dict[str, str], words: str) -> None:
    who = caller(["notice.preference.*"])
    answer = who.html.post("/notice/preferences/", wrong)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Preference.objects.unscoped("test").exists()


@pytest.mark.django_db
def test_the_number_can_be_forgotten() -> None:
    who = caller(["notice.preference.*"])
    who.html.post("/notice/preferences/", {"phone": "10000000009"})
    who.html.post("/notice/preferences/", {"forget_phone": "1"})
    assert Preference.objects.unscoped("test").get(account=who.account).phone == ""


@pytest.mark.django_db
def test_a_notice_shows_how_it_left() -> None:
    who = caller(["notice.*"])
    notice = Notice.objects.create(account=who.account, kind="case", title="派单")
    assert "没有外部推送" in who.html.get(f"/notice/notices/{notice.pk}/").content.decode()
    Delivery(notice=notice, port="wecom", state="sent", answer="已送达群机器人").save()
    assert "已送达群机器人" in who.html.get(f"/notice/notices/{notice.pk}/").content.decode()


@pytest.mark.django_db
def test_the_demo_records_and_sends_nothing(settings, tmp_path) -> None:
    from siteloop.foundation.authority import demo as people
    from siteloop.foundation.notice import demo
    from siteloop.foundation.notice.send import notify
    from siteloop.foundation.notice.sending import send_due
    from siteloop.foundation.regions.models import Region

    Region(code=f"{people.COUNTY}001", name="某街道", level=4).save()
    settings.NOTICE_OUT = {"recorded": True, "folder": tmp_path}
    cast = next(a for a in people.accounts() if a.role == "project_manager")
    account = officer(["nothing"])
    type(account).objects.filter(pk=account.pk).update(username=cast.username)
    demo.load()
    demo.load()
    notify([account], "case", "喷雾未联动", level="yellow")
    assert send_due() == 1
    row = Delivery.objects.unscoped("test").get()
    assert (row.port, row.state, row.answer) == ("sms", "sent", "仅记录，未真正发出")
    assert "喷雾未联动" in (tmp_path / "notices.jsonl").read_text()
