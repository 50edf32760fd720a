"""Side supervision: nothing is signed without a photo, the photo's place is told, a signed record is final."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from siteloop.foundation.packs.tests.saying import project_says
from siteloop.framework.action import Refused
from siteloop.framework.perform import change, create, perform
from siteloop.systems.supervisor_firms import actions
from siteloop.systems.supervisor_firms.models import SideRecord
from siteloop.systems.supervisor_firms.tests import rows


def draft(county: rows.County, **more: Any) -> SideRecord:
    now = timezone.now()
    typed = {
        "project": county.project.pk,
        "process": "混凝土浇筑",
        "part": "2号楼三层板",
        "started_at": (now - dt.timedelta(hours=3)).isoformat(),
        "ended_at": (now - dt.timedelta(minutes=5)).isoformat(),
        "works": "C30 混凝土 120 m³",
        "supervision": "检查坍落度，全程旁站",
        **more,
    }
    row: SideRecord = create(SideRecord, county.view(county.engineer), typed)
    return row


def signed(county: rows.County, lon: float | None, lat: float | None) -> SideRecord:
    row, who = draft(county), county.view(county.engineer)
    proof = rows.photo(county.project, county.engineer, lon, lat)
    perform(actions.sides.attach, who, row, {"files": [proof.pk]})
    perform(actions.sides.sign, who, row)
    kept: SideRecord = rows.again(row)
    return kept


@pytest.mark.requirement("SUPV-02")
def test_a_record_is_signed_with_photo_place_and_post(county: rows.County) -> None:
    row = draft(county)
    with pytest.raises(Refused, match="照片"):
        perform(actions.sides.sign, county.view(county.engineer), row)
    row = signed(county, rows.LON + 0.001, rows.LAT)
    assert (row.state, row.place, row.is_on_post) == ("signed", "on_site", True)
    assert row.distance_m is not None and 90 <= row.distance_m <= 100, "0.001° of longitude at 30.7° N"
    away = signed(county, rows.LON + 0.1, rows.LAT)
    assert away.place == "away" and signed(county, None, None).place == "unknown"


@pytest.mark.requirement("SUPV-02")
def test_a_signed_record_is_final_and_is_voided_with_a_reason(county: rows.County) -> None:
    row = signed(county, rows.LON, rows.LAT)
    with pytest.raises(Refused) as no:
        change(row, county.view(county.engineer), {"part": "别处"})
    assert no.value.status == 422
    perform(actions.sides.void, county.view(county.engineer), row, {"reason": "部位填错"})
    assert (rows.again(row).state, rows.again(row).void_reason) == ("void", "部位填错")


@pytest.mark.requirement("SUPV-02")
def test_wrong_processes_and_times_are_refused_in_words(county: rows.County) -> None:
    with pytest.raises(Refused) as no:
        draft(county, process="看一看")
    assert "混凝土浇筑" in no.value.errors["process"][0]
    with pytest.raises(Refused) as no:
        draft(county, ended_at="2020-01-01T00:00")
    assert no.value.errors["ended_at"] == ["结束时间须晚于开始时间"]
    row = draft(county, ended_at=(timezone.now() + dt.timedelta(hours=1)).isoformat())
    perform(
        actions.sides.attach,
        county.view(county.engineer),
        row,
        {"files": [rows.photo(county.project, county.engineer).pk]},
    )
    with pytest.raises(Refused, match="尚未结束"):
        perform(actions.sides.sign, county.view(county.engineer), row)


@pytest.mark.requirement("SUPV-02", "CFG-13")
def test_a_project_may_name_its_own_processes(county: rows.County) -> None:
    project_says(county.project, "supervisor_firms.processes", ["沉管对接"])
    assert draft(county, process="沉管对接").pk
    with pytest.raises(Refused) as no:
        draft(county, process="混凝土浇筑")
    assert no.value.errors["process"] == ["旁站工序须为：沉管对接"]
