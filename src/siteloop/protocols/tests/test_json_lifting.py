"""Cranes and hoists by the common JSON profile."""

import math
from pathlib import Path

import pytest

from siteloop.kernel.lifting import CraneAlarm, mask
from siteloop.kernel.profiles import PROFILES, RECORDS
from siteloop.kernel.quality import Quality
from siteloop.protocols.json_profile import reading
from siteloop.protocols.rows import NoReading

NOW = 1_790_000_000_000_000
DOCS = Path(__file__).parents[4] / "docs" / "protocols"


@pytest.mark.requirement("TC-13", "SHR-09")
def test_a_crane_reports_in_json_with_bits_and_flags() -> None:
    said = {
        "at": "2026-03-04T05:06:07+08:00",
        "load": 4.0,
        "moment_percent": 104.0,
        "slewing": 270,
        "alarm_bits": mask(CraneAlarm.MOMENT),
        "wind_speed": 5.2,
        "flags": {"wind_speed": "D"},
    }
    row = reading(said, "tower_crane", {}, NOW)
    index = PROFILES["tower_crane"].index
    assert row.values[index("moment_percent")] == 104
    assert row.values[index("alarm_bits")] == 8
    assert row.quality[index("wind_speed")] == Quality.FAULT
    assert row.quality[index("radius")] == Quality.ABSENT
    assert math.isnan(row.values[index("radius")])


def test_a_hoist_field_beyond_physics_is_kept_and_flagged() -> None:
    row = reading({"persons": 400, "height": 12.5}, "hoist", {}, NOW)
    assert row.quality[PROFILES["hoist"].index("persons")] == Quality.OUT_OF_PHYSICS
    assert (row.flagged, row.at) == (1, NOW)


def test_a_field_of_another_profile_is_refused() -> None:
    with pytest.raises(NoReading):
        reading({"floor": 3}, "tower_crane", {}, NOW)


def test_no_profile_has_more_fields_than_the_quality_word_holds() -> None:
    assert all(len(p.fields) <= 15 for p in PROFILES.values())
    assert set(PROFILES) >= RECORDS


@pytest.mark.requirement("IOT-05")
@pytest.mark.parametrize("profile", ["dust", "sprayer", "position", "camera", "gate"])
def test_every_field_of_the_common_json_stands_in_the_docs(profile: str) -> None:
    page = (DOCS / "json.md").read_text()
    assert [f.name for f in PROFILES[profile].fields if f"| {f.name} |" not in page] == []


@pytest.mark.parametrize("profile", ["tower_crane", "hoist", "crane_cycle", "hoist_cycle"])
def test_every_field_stands_in_the_docs(profile: str) -> None:
    page = (DOCS / "lifting.md").read_text()
    assert [f.name for f in PROFILES[profile].fields if f.name not in page] == []
