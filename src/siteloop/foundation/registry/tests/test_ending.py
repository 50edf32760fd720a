"""Contracts that end are told of in time, once a stage, to who may see them."""

import datetime as dt

import pytest

from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry import ending
from siteloop.foundation.registry.models import Device, OperationContract, ProjectPost
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import caller, officer

END = dt.date(2026, 6, 30)
pytestmark = [pytest.mark.django_db, pytest.mark.requirement("IOT-04")]


def contract(device: Device, kind: str = "operation", end: dt.date | None = END) -> OperationContract:
    row = OperationContract(
        device=device,
        kind=kind,
        organisation=rows.organisation("330482", "supplier"),
        valid_from=dt.date(2025, 7, 1),
        valid_to=end,
    )
    row.save()
    return row


def days_before(days: int) -> dt.date:
    return END - dt.timedelta(days=days)


def notices(account: object) -> list[tuple[str, str]]:
    found = Notice.objects.unscoped("the test looks").filter(account=account, kind="contract_ending")
    return [(n.level, n.title) for n in found.order_by("pk")]


def test_the_manager_hears_a_month_a_week_before_and_when_it_is_over_each_once() -> None:
    row = contract(rows.device("330482"))
    project = row.device.site.project
    manager, blind = officer(["registry.*"], sees="project"), officer([], sees="project")
    for account in (manager, blind):
        ProjectPost(project=project, kind="project_manager", account=account).save()
    assert [ending.tell(days_before(d)) for d in (31, 30, 29, 7, 6, 0, -1, -2, -31)] == [
        0,
        1,
        0,
        1,
        0,
        0,
        1,
        0,
        0,
    ]
    assert [level for level, _ in notices(manager)] == ["blue", "yellow", "orange"]
    assert notices(manager)[0][1].startswith("设备运维合同将于 2026-06-30 到期（还有 30 天）")
    assert "已于 2026-06-30 到期" in notices(manager)[2][1]
    assert notices(blind) == []


def test_the_supplier_s_people_hear_of_their_devices_only() -> None:
    row = contract(rows.device("330482"), "lease")
    row.device.supplier = row.organisation
    row.device.save()
    own = officer(["registry.*"], sees="organisation", organisation=row.organisation)
    other = officer(["registry.*"], sees="organisation", organisation=rows.organisation("330482", "supplier"))
    assert ending.tell(END) == 1
    assert len(notices(own)) == 1
    assert notices(other) == []


def test_what_is_renewed_bought_or_out_of_use_is_not_told_of() -> None:
    renewed, open_ended = rows.device("330482"), rows.device("330482")
    contract(renewed), contract(renewed, end=dt.date(2027, 6, 30))
    contract(open_ended), contract(open_ended, end=None)
    contract(rows.device("330482"), "purchase")
    stopped = rows.device("330482")
    contract(stopped)
    stopped.state = "stopped"
    stopped.save()
    other_kind = contract(rows.device("330482"))
    contract(other_kind.device, "lease", None)
    assert list(ending.ending(END)) == [other_kind]


def test_the_register_finds_contracts_by_their_end() -> None:
    contract(rows.device("330482"))
    page = caller(["*"]).html.get("/registry/contracts/?valid_to__from=2026-06-01&valid_to__to=2026-07-01")
    assert page.status_code == 200
    assert "2026-06-30" in page.content.decode()
