"""Filing conformance reports with their device models, and showing them."""

from typing import Any

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.utils import timezone

from siteloop.foundation.files.store import keep
from siteloop.foundation.registry.models import ConformanceReport, DeviceModel
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.kernel import conformance
from siteloop.kernel.conformance import BadReport, Verdict
from siteloop.kernel.times import from_us

SHOWN = 20


def with_devices(rows: models.QuerySet[DeviceModel]) -> models.QuerySet[DeviceModel]:
    """With `device_count`: how many devices of the model are registered and not taken down."""
    return rows.annotate(
        device_count=models.Count("devices", filter=~models.Q(devices__state="retired"), distinct=True)
    )


def device_count(row: DeviceModel) -> int:
    """Column: what `with_devices` counted."""
    return int(getattr(row, "device_count", 0))


def _read(upload: "UploadedFile[Any]") -> tuple[bytes, conformance.Report]:
    """Raises Refused 422 with what is wrong with the file."""
    if (upload.size or 0) > conformance.LARGEST:
        raise Refused("填写有误", status=422, errors={"report": ["报告文件过大"]})
    data = upload.read()
    upload.seek(0)
    try:
        return data, conformance.decode(data)
    except BadReport as wrong:
        raise Refused("填写有误", status=422, errors={"report": [str(wrong)]}) from wrong


def _file(act: Act) -> str:
    model: DeviceModel = act.obj
    _, report = _read(act.data["report"])
    differing = [
        f"{title}“{told}”"
        for title, told, ours in (
            ("型号", report.model, model.name),
            ("固件版本", report.firmware, model.firmware),
        )
        if told and ours and told != ours
    ]
    if differing:
        message = f"报告测试的是{'、'.join(differing)}，与本型号不符"
        raise Refused("填写有误", status=422, errors={"report": [message]})
    region = next(iter(act.viewer.regions), "")
    kept = keep(act.viewer, act.data["report"], region_code=region, device_note=str(model))
    if ConformanceReport.objects.unscoped("a report is filed once a model").filter(
        model=model, sha256=kept.sha256
    ):
        raise Refused("这份报告已归档")
    made = ConformanceReport(
        model=model,
        profile=report.profile,
        role=report.role,
        verdict=report.verdict.value,
        passed=report.count(Verdict.PASS),
        failed=report.count(Verdict.FAIL),
        not_shown=report.count(Verdict.NOT_SHOWN),
        tested_at=from_us(report.started_us),
        tester=report.tester[:80],
        tool=report.tool[:40],
        sha256=kept.sha256,
        evidence=kept,
        body=[_builtins(r) for r in report.results],
        filed_at=timezone.now(),
    )
    made.save()
    newest = model.reports.order_by("-tested_at").first()
    assert newest is not None, "one was filed just now"
    model.verdict, model.tested_at = newest.verdict, newest.tested_at
    model.save()
    return f"已归档：{made.get_verdict_display()}，通过 {made.passed} 项、不通过 {made.failed} 项、未出现 {made.not_shown} 项"


def _builtins(result: conformance.Result) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(result)
    return found


file_report = Action(
    "file_report",
    "归档测试报告",
    "File a report",
    DeviceModel,
    _file,
    fields=(
        Input(
            "report",
            "report.json",
            "report.json",
            kind="upload",
            required=True,
            help="siteloop conformance 写出的文件；原件按哈希作为证据保存",
        ),
    ),
    log="{actor}归档{obj}的符合性测试报告",
    event="conformance_filed",
)


def reports(row: DeviceModel, viewer: Viewer) -> dict[str, Any]:
    """Panel of a model: its reports, the newest first."""
    return {"reports": list(row.reports.order_by("-tested_at")[:SHOWN])}


def cases(row: ConformanceReport, viewer: Viewer) -> dict[str, Any]:
    """Panel of a report: every case with what was expected and found, failures first."""
    order = {"fail": 0, "not_shown": 1, "pass": 2}
    told = sorted(row.body, key=lambda c: order.get(c["verdict"], 3))
    shown = [
        {
            **c,
            "title": pick(c["title"], c["title_en"]),
            "verdict_title": pick(*conformance.TITLES[Verdict(c["verdict"])]),
            "frames": c.get("seen", []),
        }
        for c in told
    ]
    return {"cases": shown, "evidence": row.evidence}
