"""A page offers nothing that would be refused: decided records, acts a lock stops; a token is told once and kept nowhere."""

import datetime as dt

import pytest
from django.utils import timezone

from siteloop.foundation.registry.actions import retire
from siteloop.foundation.registry.models import Device
from siteloop.foundation.registry.tests import rows
from siteloop.framework import perform
from siteloop.framework.action import Refused
from siteloop.framework.models import KeptAnswer
from siteloop.framework.testing import caller
from siteloop.framework.viewer import NOBODY
from siteloop.systems.dust.models import Complaint

pytestmark = pytest.mark.django_db


def text(path: str) -> str:
    answer = caller(["*"], "330482").html.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_decided_record_offers_no_edit_and_says_why() -> None:
    site = rows.site("330482")
    complaint = Complaint._base_manager.create(
        site=site, topic="dust", occurred_at=timezone.now(), received_at=timezone.now(), content="尘土很大"
    )
    path = f"/dust/complaints/{complaint.pk}/"
    assert f'href="{path}edit"' in text(path)
    Complaint._base_manager.filter(pk=complaint.pk).update(state="answered")
    shown = text(path)
    assert f'href="{path}edit"' not in shown
    assert "投诉已答复办结，不能修改" in shown


def test_what_names_a_field_can_be_put_right_and_keeps_the_edit() -> None:
    complaint = Complaint(site=rows.site("330482"), topic="dust", content="x", occurred_at=timezone.now())
    complaint.occurred_at += dt.timedelta(days=1)
    assert perform.closed(complaint, NOBODY) == ""


def test_an_act_that_a_guard_stops_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    device = rows.device("330482")
    path = f"/registry/devices/{device.pk}/"
    link = f'href="{path}actions/retire"'
    assert link in text(path)

    def held(action: object, viewer: object, row: object) -> None:
        if action is retire:
            raise Refused("业务已锁定：红色督办未整改")

    monkeypatch.setattr(perform, "GUARDS", [held])
    shown = text(path)
    assert link not in shown
    assert "业务已锁定：红色督办未整改" in shown


@pytest.mark.requirement("SEC-06")
def test_an_issued_token_is_told_once_and_not_kept_under_the_idempotency_key() -> None:
    device = rows.device("330482")
    who = caller(["registry.*"], "330482")
    path = f"/api/v1/registry/devices/{device.pk}/actions/issue_token"
    first = who.post(path, {}, Idempotency_Key="token-1")
    assert first.status_code == 200
    token = first.json()["message"].split("：")[1].split("；")[0]
    hashed = Device._base_manager.get(pk=device.pk).token_hash
    again = who.post(path, {}, Idempotency_Key="token-1")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "已显示过一次" in again.json()["message"]
    assert Device._base_manager.get(pk=device.pk).token_hash == hashed
    kept = KeptAnswer.objects.get(key="token-1")
    assert len(token) > 16
    assert token not in str(kept.body)
