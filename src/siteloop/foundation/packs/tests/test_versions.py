"""What a version may say, from which day on, and that a day on which nobody was awake at midnight gets its rules all the same."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from siteloop.foundation.packs import actions, jobs, publishing, resolve
from siteloop.foundation.packs.loading import load_packs
from siteloop.foundation.packs.models import Pack, PackRule, PackValue
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.regions.models import Region
from siteloop.foundation.registry.publish import publish_registry
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer

pytestmark = pytest.mark.django_db
COUNTY = Viewer(2, "秀洲区管理员", frozenset({"packs.*"}), regions=("330411",))
WHY = "test"


@pytest.fixture(autouse=True)
def shipped(db):
    shipped_packs()
    for code, name, level in (("33", "浙江省", 1), ("3304", "嘉兴市", 2), ("330411", "秀洲区", 3)):
        Region.objects.create(code=code, name=name, level=level)


def _day(ahead: int) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=ahead)


def _province(code: str, since: dt.date, on: list[float], until: dt.date | None = None) -> None:
    """The province leaves less room from a day on."""
    pack, _ = Pack.objects.unscoped(WHY).get_or_create(
        code="zj", defaults={"title": "浙江", "region_code": "33"}
    )
    params = {"field": "pm10", "on": on[0], "off": on[0]}
    known = PackRule.objects.unscoped(WHY).filter(pack=pack, code=code).count()
    PackRule.objects.create(
        pack=pack,
        code=code,
        title="PM10",
        detector="threshold",
        params=params,
        bounds={"on": on},
        effective_from=since,
        effective_to=until,
        version=known + 1,
    )


def _says(on: float, since: dt.date | None = None) -> str:
    row = resolve.rules("330411")["dust.pm10_high"]
    data = {"params": {"on": on, "off": 60}, "region_code": "330411", "effective_from": since}
    return str(perform(actions.override_rule, COUNTY, row, data))


@pytest.mark.requirement("CFG-13")
def test_the_room_is_that_of_the_day_on_which_a_version_begins():
    _province("dust.pm10_high", _day(-9), [60, 100], until=_day(4))
    with pytest.raises(Refused, match="60–100"):
        _says(120)
    assert "施行" in _says(120, _day(5))
    with pytest.raises(Refused, match="50–500"):
        _says(600, _day(5))


@pytest.mark.requirement("CFG-13")
def test_a_room_that_is_known_to_become_less_binds_what_would_last_into_it():
    _province("dust.pm10_high", _day(30), [60, 100])
    with pytest.raises(Refused, match=f"自 {_day(30)} 起超出上级允许的范围.*60–100"):
        _says(120)
    assert "施行" in _says(90)


@pytest.mark.requirement("CFG-13")
def test_numbers_that_were_not_touched_have_to_fit_as_well():
    _says(120)
    _province("dust.pm10_high", _day(0), [60, 100])
    row = resolve.rules("330411")["dust.pm10_high"]
    with pytest.raises(Refused, match="60–100"):
        perform(actions.override_rule, COUNTY, row, {"params": {"off": 50}})


@pytest.mark.requirement("CFG-13")
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ('{"amount": "11"}', "amount 类型不符"),
        ('{"amount": true}', "amount 类型不符"),
        ('{"amount": NaN}', "不是有效数字"),
        ('{"amount": 1e999}', "不是有效数字"),
        ('{"unit": 3}', "unit 类型不符"),
        ('{"amount": 11}', "1–10"),
        ("3", "形式"),
    ],
)
def test_a_number_in_another_dress_does_not_leave_the_room(typed, words):
    row = resolve.row("dust.loop.verify", "330411")
    with pytest.raises(Refused, match=words) as no:
        perform(actions.override_value, COUNTY, row, {"value": typed, "region_code": "330411"})
    assert no.value.status == 422


def test_no_number_is_a_plain_value():
    row = PackValue.objects.unscoped(WHY).get(key="dust.recurs_within_days", pack__code="national")
    for typed in ("NaN", '"60"', "true", "[60]"):
        with pytest.raises(Refused):
            perform(actions.override_value, COUNTY, row, {"value": typed, "region_code": "330411"})


@pytest.mark.requirement("CFG-01")
def test_a_worker_that_slept_through_midnight_publishes_the_new_day_when_it_wakes(monkeypatch):
    published = []
    monkeypatch.setattr(publishing, "publish_later", lambda: published.append(1))
    publish_registry()
    jobs.new_day(timestamp=0)
    assert published == [], "today's rules are there"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fast.registry SET published_at = now() - interval '1 day'")
    jobs.new_day(timestamp=0)
    assert published == [1]


def _province_file(folder, on, since):
    (folder / "zj.toml").write_text(
        'code = "zj"\ntitle = "浙江"\nregion = "33"\n[[rule]]\ncode = "dust.pm10_high"\ntitle = "PM10"\n'
        f'detector = "threshold"\neffective_from = {since}\nparams = {{ field = "pm10", on = {on[0]}, off = {on[0]} }}\n'
        f"bounds = {{ on = {on} }}\n"
        '[[value]]\nkey = "dust.loop.verify"\ntitle = "核查"\nvalue = { amount = 1, unit = "day", counts = "working" }\n'
        "bounds = { amount = [1, 2] }\n"
    )
    return load_packs(folder)


@pytest.mark.requirement("CFG-13")
def test_what_stands_outside_a_room_that_becomes_less_is_held_to_it(tmp_path):
    assert "施行" in _says(120)
    row = resolve.row("dust.loop.verify", "330411")
    perform(actions.override_value, COUNTY, row, {"value": {"amount": 9}, "region_code": "330411"}, "人手少")
    county = resolve.rules("330411")["dust.pm10_high"].pack.code
    done = _province_file(tmp_path, [60, 100], _day(20))
    assert sorted(done.held) == [f"{county}:dust.loop.verify", f"{county}:dust.pm10_high"]
    assert resolve.value("dust.loop.verify", "330411")["amount"] == 2
    before, after = (resolve.rules("330411", _day(n))["dust.pm10_high"] for n in (19, 20))
    assert (before.params["on"], after.params["on"], after.params["off"]) == (120, 100, 60)
    assert "on 120→100" in after.reason and after.set_by == "规则包"
    Pack.objects.unscoped(WHY).update(digest="")
    assert _province_file(tmp_path, [60, 100], _day(20)).held == []


@pytest.mark.requirement("CFG-13")
def test_a_version_that_is_to_begin_later_still_begins(tmp_path):
    _says(120)
    _says(80, _day(30))
    _province_file(tmp_path, [60, 100], _day(10))
    said = [resolve.rules("330411", _day(n))["dust.pm10_high"].params["on"] for n in (9, 10, 29, 30)]
    assert said == [120, 100, 100, 80]
