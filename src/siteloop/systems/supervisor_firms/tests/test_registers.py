"""The given tests of every register of the system."""

import datetime as dt
from itertools import count
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.registry.models import ProjectPost
from siteloop.framework.testing import RegisterTests
from siteloop.systems.supervisor_firms import pages
from siteloop.systems.supervisor_firms.models import (
    Behaviour,
    DangerReport,
    DutyMonth,
    FirmCheck,
    FirmFile,
    Leave,
    Misconduct,
    Presence,
    SideRecord,
    Standard,
    SupervisionReport,
)
from siteloop.systems.supervisor_firms.models.of_firm import firm_of
from siteloop.systems.supervisor_firms.tests.rows import firm_at, organisation, project

_serial = count(1)


def parts(region: str) -> dict[str, Any]:
    one = project(region)
    return {"project": one, "firm": firm_of(one)}


def post(region: str) -> ProjectPost:
    one = parts(region)
    row = ProjectPost(project=one["project"], kind="chief_supervisor", organisation=one["firm"])
    row.save()
    return row


def of_post(region: str) -> dict[str, Any]:
    held = post(region)
    return {
        "post": held,
        "project": held.project,
        "firm": held.organisation,
        "kind": held.kind,
        "holder": "测试总监",
    }


def firm_file(region: str) -> FirmFile:
    unit: Organisation = organisation("测试监理企业", "supervisor_firm", region)
    row = FirmFile(
        organisation=unit,
        region_code=region,
        level="grade_c",
        speciality="building",
        certificate_number=f"E{next(_serial)}",
        valid_until=dt.date(2030, 1, 1),
    )
    row.save()
    return row


def behaviour() -> Behaviour:
    row = Behaviour(code=f"t{next(_serial)}", title=f"测试行为{next(_serial)}", subject="firm")
    row.save()
    return row


class TestReports(RegisterTests):
    page = pages.reports

    def make_row(self, region: str) -> SupervisionReport:
        row = SupervisionReport(**parts(region), title=f"测试专报{next(_serial)}")
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "project": project(region).pk,
            "title": f"专报{next(_serial)}",
            "demand": "说明脚手架监理情况",
        }


class TestDangers(RegisterTests):
    page = pages.dangers

    def employer(self) -> Organisation:
        return firm_at(self.home)

    def _data(self) -> dict[str, Any]:
        return {
            "place": f"部位{next(_serial)}",
            "field": "safety",
            "level": "major",
            "danger": "测试",
            "order_number": "监理停-1",
            "ordered_on": "2026-01-05",
            "conduct": "refused",
        }

    def make_row(self, region: str) -> DangerReport:
        row = DangerReport(**parts(region), **{**self._data(), "ordered_on": dt.date(2026, 1, 5)})
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        return {**self._data(), "project": project(region).pk}


class TestSides(RegisterTests):
    page = pages.sides

    def employer(self) -> Organisation:
        return firm_at(self.home)

    def _data(self) -> dict[str, Any]:
        return {
            "process": f"测试工序{next(_serial)}",
            "part": "三层",
            "works": "浇筑",
            "supervision": "全程旁站",
        }

    def make_row(self, region: str) -> SideRecord:
        now = timezone.now()
        row = SideRecord(
            **parts(region), **self._data(), started_at=now - dt.timedelta(hours=2), ended_at=now
        )
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        hours = {"started_at": "2026-01-05T08:00", "ended_at": "2026-01-05T11:00"}
        return {**self._data(), **hours, "project": project(region).pk}


class TestDutyMonths(RegisterTests):
    page = pages.duty_months

    def make_row(self, region: str) -> DutyMonth:
        row = DutyMonth(
            **of_post(region), month=dt.date(2026, 1, 1), days_due=20, days_present=10, days_leave=1, rate=0.5
        )
        row.save()
        return row


class TestPresences(RegisterTests):
    page = pages.presences

    def make_row(self, region: str) -> Presence:
        row = Presence(**of_post(region), day=dt.date(2026, 1, 5), arrived_at=timezone.now(), place="on_site")
        row.save()
        return row


class TestLeaves(RegisterTests):
    page = pages.leaves

    def employer(self) -> Organisation:
        return firm_at(self.home)

    def make_row(self, region: str) -> Leave:
        row = Leave(**of_post(region), from_on=dt.date(2026, 1, 5), to_on=dt.date(2026, 1, 6), reason="培训")
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        return {"post": post(region).pk, "from_on": "2026-01-05", "to_on": "2026-01-06", "reason": "培训"}


class TestFirms(RegisterTests):
    page = pages.firms

    def make_row(self, region: str) -> FirmFile:
        return firm_file(region)

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "organisation": organisation("新监理企业", "supervisor_firm", region).pk,
            "region_code": region,
            "level": "grade_b",
            "speciality": "municipal",
            "certificate_number": f"N{next(_serial)}",
            "valid_until": "2031-05-01",
        }

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"certificate_number": f"C{next(_serial)}"}


class TestChecks(RegisterTests):
    page = pages.checks

    def make_row(self, region: str) -> FirmCheck:
        row = FirmCheck(file=firm_file(region), at=timezone.now(), by="测试", verdict="met")
        row.save()
        return row


class TestStandards(RegisterTests):
    page = pages.standards

    def make_row(self, region: str) -> Standard:
        row = Standard(code=f"s{next(_serial)}", title="测试要求", kind="certificate")
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        return {"code": f"n{next(_serial)}", "title": "新要求", "kind": "staff", "amount": 3}


class TestMisconducts(RegisterTests):
    page = pages.misconducts

    def make_row(self, region: str) -> Misconduct:
        row = Misconduct(
            behaviour=behaviour(),
            firm=organisation("测试监理企业", "supervisor_firm", region),
            region_code=region,
            happened_on=dt.date(2026, 1, 5),
            fact="测试事实",
        )
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "behaviour": behaviour().pk,
            "firm": organisation("新监理企业", "supervisor_firm", region).pk,
            "region_code": region,
            "happened_on": "2026-01-05",
            "fact": "未报送月报",
        }

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"fact": f"另一事实{next(_serial)}"}


class TestBehaviours(RegisterTests):
    page = pages.behaviours

    def make_row(self, region: str) -> Behaviour:
        return behaviour()

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "code": f"b{next(_serial)}",
            "title": f"新行为{next(_serial)}",
            "subject": "firm",
            "months": 6,
        }
