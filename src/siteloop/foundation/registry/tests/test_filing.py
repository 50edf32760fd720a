"""Device models and their conformance reports: filed once, checked, kept as evidence, the newest verdict shown."""

import datetime as dt
from itertools import count
from typing import Any

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.registry import filing, pages
from siteloop.foundation.registry.models import ConformanceReport, Device, DeviceModel
from siteloop.foundation.registry.tests import rows
from siteloop.framework import perform
from siteloop.framework.action import Refused
from siteloop.framework.testing import RegisterTests, caller, officer
from siteloop.kernel import conformance
from siteloop.kernel.conformance import Report, Result, Seen, Verdict
from siteloop.kernel.times import to_us

_serial = count(1)
WHY = "test"


def device_model(**more: Any) -> DeviceModel:
    told = {"maker": "测试厂", "name": f"T-{next(_serial)}", "profile": "dust", "protocol": "hj212-2017"}
    row = DeviceModel(**{**told, **more})
    row.save()
    return row


def report(verdict: Verdict = Verdict.PASS, day: int = 1, **more: Any) -> bytes:
    at = to_us(dt.datetime(2026, 3, day, tzinfo=dt.UTC))
    seen = (Seen(at, "in", "##0100QN=1"),)
    cases = (
        Result("crc", "CRC 校验", "CRC", "附录A", "正确", "BEEF", verdict, seen),
        Result("history", "补传", "History", "C.49", "9012", "", Verdict.NOT_SHOWN),
    )
    told = {"profile": "hj212-2017", "role": "device", "tool": "0.1.0", "peer": "10.0.0.1:4001"}
    return conformance.encode(Report(1, **told, started_us=at, ended_us=at + 60, results=cases, **more))


def upload(model: DeviceModel, body: bytes) -> str:
    """What the officer is told. Raises Refused."""
    file = SimpleUploadedFile("report.json", body)
    viewer = viewer_for(officer(["*"], "330482"))
    return str(perform.perform(filing.file_report, viewer, model, {"report": file}))


class TestModels(RegisterTests):
    page = pages.device_models

    def make_row(self, region: str) -> DeviceModel:
        return device_model()

    def new_data(self, region: str) -> dict[str, Any]:
        return {"maker": "新厂", "name": "N-1", "profile": "dust", "protocol": "hj212-2017"}


class TestReports(RegisterTests):
    page = pages.conformance_reports

    def make_row(self, region: str) -> ConformanceReport:
        model = device_model()
        upload(model, report(tester=f"测试员{next(_serial)}"))
        row: ConformanceReport = model.reports.get()
        return row


@pytest.mark.django_db
@pytest.mark.requirement("IOT-03", "SHR-25")
def test_a_filed_report_is_kept_as_it_came_and_its_verdict_stands_with_the_model() -> None:
    model, body = device_model(), report()
    assert "通过 1 项、不通过 0 项、未出现 1 项" in upload(model, body)
    model.refresh_from_db()
    assert model.verdict == "pass"
    filed = model.reports.get()
    evidence = Evidence.objects.unscoped(WHY).get(pk=filed.evidence_id)
    assert (evidence.sha256, evidence.size, evidence.content_type) == (
        filed.sha256,
        len(body),
        "application/json",
    )
    with pytest.raises(Refused, match="已归档"):
        upload(model, body)
    upload(model, report(Verdict.FAIL, day=2))
    upload(model, report(day=1, tester="后补的旧报告"))
    model.refresh_from_db()
    assert model.verdict == "fail", "the newest test counts, not the newest filing"


@pytest.mark.django_db
def test_what_is_no_sound_report_of_this_model_is_refused_with_the_reason() -> None:
    model = device_model(firmware="2.0")
    forged = report(Verdict.FAIL).replace(b'"fail"', b'"pass"')
    for body, words in (
        (b"not json", "不是符合性测试报告"),
        (b'{"a": 1}', "不是符合性测试报告"),
        (forged, "摘要不符"),
        (report(model="X-9"), "型号“X-9”"),
        (report(firmware="1.0"), "固件版本“1.0”"),
    ):
        with pytest.raises(Refused) as no:
            upload(model, body)
        assert no.value.status == 422
        assert words in no.value.errors["report"][0]
    model.refresh_from_db()
    assert model.verdict == "untested"
    assert not model.reports.exists()


@pytest.mark.django_db
def test_the_pages_show_the_cases_and_how_many_devices_there_are() -> None:
    model = device_model()
    for _ in range(2):
        device = rows.device("330482")
        device.model = model
        device.save()
    gone = rows.device("330482")
    gone.model, gone.state = model, "retired"
    gone.save()
    who = caller(["*"], "330482")
    file = SimpleUploadedFile("report.json", report(Verdict.FAIL))
    assert who.html.get(f"/registry/device-models/{model.pk}/").content.count(b"file_report")
    sent = who.html.post(f"/registry/device-models/{model.pk}/actions/file_report", {"report": file})
    assert sent.status_code in (200, 204, 302), sent.content[:500]
    listed = filing.with_devices(DeviceModel.objects.unscoped(WHY).filter(pk=model.pk)).get()
    assert filing.device_count(listed) == 2
    assert "不通过" in who.html.get(f"/registry/device-models/{model.pk}/").content.decode()
    filed = model.reports.get()
    page = who.html.get(f"/registry/conformance-reports/{filed.pk}/").content.decode()
    for words in ("CRC 校验", "附录A", "BEEF", "##0100QN=1", f"/files/{filed.evidence_id}"):
        assert words in page


@pytest.mark.django_db
def test_a_device_is_of_its_model_s_kind() -> None:
    model = device_model(profile="sprayer")
    answer = caller(["*"], "330482").post(
        "/api/v1/registry/devices",
        {"code": "KIND-1", "profile": "dust", "site": rows.site("330482").pk, "model": model.pk},
    )
    assert answer.status_code == 422
    assert "喷淋" in answer.json()["errors"]["model"][0]
    assert not Device.objects.unscoped(WHY).filter(code="KIND-1").exists()


def test_a_report_survives_its_file_and_every_change_is_seen() -> None:
    body = report()
    found = conformance.decode(body)
    assert (found.verdict, found.count(Verdict.NOT_SHOWN)) == (Verdict.PASS, 1)
    assert body.startswith(b'{\n "siteloop')
    for other in (b"{}", body.replace(b"BEEF", b"BEEE"), body.replace(b"10.0.0.1", b"10.0.0.2")):
        with pytest.raises(conformance.BadReport):
            conformance.decode(other)
    bare = msgspec.structs.replace(found, results=())
    with pytest.raises(conformance.BadReport, match="没有测试项"):
        conformance.decode(conformance.encode(bare))
