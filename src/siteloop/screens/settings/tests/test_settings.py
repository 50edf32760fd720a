"""A region's settings: nearest wins, within the room above, told by whom and why, previewed without a trace, undone again."""

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from siteloop.foundation.packs import resolve
from siteloop.foundation.packs.models import Pack, PackRule, PackValue
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.regions.models import Region
from siteloop.foundation.registry.tests import rows
from siteloop.framework.check.glossary import is_chinese
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import Caller, caller
from siteloop.screens.settings import system_views

pytestmark = pytest.mark.django_db
WHY = "test"
COUNTY = ["packs.packrule.*", "packs.packvalue.*", "registry.device.view"]
RULE = "/settings/rules/dust.pm25_high/"


@pytest.fixture(autouse=True)
def shipped(fast_plane: None) -> None:
    shipped_packs()
    places = (
        ("33", "浙江省", 1),
        ("3304", "嘉兴市", 2),
        ("330482", "平湖市", 3),
        ("330482001", "当湖街道", 4),
    )
    for code, name, level in places:
        parent = (
            Region.objects.unscoped(WHY)
            .filter(code__in=[code[:n] for n in (2, 4, 6)])
            .exclude(code=code)
            .order_by("-code")
            .first()
        )
        Region(code=code, name=name, level=level, parent=parent).save()


def _text(who: Caller, path: str, status: int = 200) -> str:
    answer = who.html.get(path)
    assert answer.status_code == status, answer.content[:300]
    return str(answer.content.decode())


def _post(who: Caller, path: str = RULE, **data: Any) -> Any:
    return who.html.post(f"{path}?region=330482", {k.replace("n_", "n-", 1): v for k, v in data.items()})


def _own() -> list[PackRule]:
    found = PackRule.objects.unscoped(WHY).filter(code="dust.pm25_high", pack__region_code="330482")
    return list(found.order_by("version"))


@pytest.mark.requirement("CFG-01", "CFG-13")
def test_every_number_in_force_is_listed_with_its_level_and_clause() -> None:
    page = _text(caller(COUNTY, "330482"), "/settings/")
    assert "平湖市" in page
    for key in resolve.rules("330482"):
        assert key in page
    values = _text(caller(COUNTY, "330482"), "/settings/?kind=values&own=1")
    assert "dust.refresh_s" in values  # Pinghu says so itself
    assert "people.keep_days" not in values  # the nation does
    assert "没有符合条件的设置" in _text(caller(COUNTY, "330482"), "/settings/?search=没有这个")


@pytest.mark.requirement("CFG-13", "CFG-14")
def test_a_county_sets_its_own_number_and_the_page_says_who_when_and_why() -> None:
    who = caller(COUNTY, "330482")
    before = resolve.rules("330482")["dust.pm25_high"].params["on"]
    assert _post(who, do="save", n_on="70", reason="冬季管控").status_code == 302
    assert before == 75
    assert resolve.rules("330482")["dust.pm25_high"].params["on"] == 70
    assert resolve.rules("3304")["dust.pm25_high"].params["on"] == 75  # the level above is untouched
    page = _text(who, f"{RULE}?region=330482")
    assert who.account.display_name in page
    assert "冬季管控" in page
    assert timezone.localtime().strftime("%Y-%m-%d") in page
    assert (
        TrailEntry.objects.unscoped(WHY)
        .filter(action="packs.packrule.override_rule", reason="冬季管控")
        .count()
        == 1
    )


@pytest.mark.requirement("CFG-13")
def test_the_room_above_holds_and_is_told() -> None:
    who = caller(COUNTY, "330482")
    page = _text(who, f"{RULE}?region=330482")
    assert "上级允许 35–115" in page
    for wrong, words in (("300", "35–115"), ("many", "不是数字"), ("50", "恢复值")):
        answer = _post(who, do="save", n_on=wrong, reason="试")
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert f'value="{wrong}"' in answer.content.decode()  # nothing typed is lost
    assert _post(who, do="save", n_on="70").status_code == 422  # no reason
    assert _post(who, do="save", n_on="75", reason="同").status_code == 422  # nothing changed
    past = (timezone.localdate() - dt.timedelta(days=2)).isoformat()
    assert _post(who, do="save", n_on="70", reason="补", effective_from=past).status_code == 422
    assert _own() == []


def test_a_preview_tells_the_reach_and_leaves_no_trace() -> None:
    rows.device("330482001")
    town = rows.device("330482002")
    pack = Pack(code="local/330482002", region_code="330482002", title="测试镇")
    pack.save()
    above = resolve.rules("330482")["dust.pm25_high"]
    PackRule(
        pack=pack, code=above.code, title=above.title, detector=above.detector, params={"on": 60, "off": 50}
    ).save()
    assert town
    answer = _post(caller(["*"], "330482"), do="preview", n_on="70").content.decode()
    assert "将要改变" in answer
    assert "1 个在建工地" in answer
    assert "1 台在用设备" in answer
    assert "330482002" in answer  # says it for itself
    assert _own() == []
    assert not Pack.objects.unscoped(WHY).filter(code="local/330482").exists()
    assert not TrailEntry.objects.unscoped(WHY).filter(action="packs.packrule.override_rule").exists()


def test_reset_goes_back_to_what_is_inherited() -> None:
    who = caller(COUNTY, "330482")
    assert _post(who, do="reset", reason="没有的").status_code == 422
    _post(who, do="save", n_on="70", reason="冬季")
    assert "恢复继承" in _text(who, f"{RULE}?region=330482")
    assert _post(who, do="reset", reason="冬季已过").status_code == 302
    assert resolve.rules("330482")["dust.pm25_high"].params["on"] == 75


def test_a_value_with_parts_is_set_part_by_part() -> None:
    who = caller(COUNTY, "330482")
    path = "/settings/values/inspection.yellow/"
    assert "上级允许" in _text(who, f"{path}?region=330482") or "上级未限定" in _text(
        who, f"{path}?region=330482"
    )
    assert _post(who, path, do="save", n_amount="5", reason="加快").status_code == 302
    found = resolve.value("inspection.yellow", "330482")
    assert (found["amount"], found["unit"]) == (5, "day")
    plain = "/settings/values/dust.refresh_s/"
    assert _post(who, plain, do="save", n_value="240", reason="加密").status_code == 302
    assert resolve.value("dust.refresh_s", "330482") == 240
    assert (
        PackValue.objects.unscoped(WHY)
        .get(key="dust.refresh_s", pack__region_code="330482", edited=True)
        .set_by
    )


@pytest.mark.requirement("LVL-03")
def test_others_may_look_and_not_touch() -> None:
    town = caller(["packs.*.view"], "330482001")
    assert "不能为此地区调整" in _text(town, f"{RULE}?region=330482")
    assert _post(town, do="save", n_on="70", reason="试").status_code in (403, 422)
    neighbour = caller(COUNTY, "330411")
    assert "不能为此地区调整" in _text(neighbour, f"{RULE}?region=330482")
    assert _post(neighbour, do="save", n_on="70", reason="试").status_code in (403, 422)
    assert _own() == []
    assert caller(["registry.device.view"], "330482").html.get("/settings/").status_code == 403
    assert caller(COUNTY, "330482").html.get("/settings/rules/no.such/").status_code == 404
    assert caller(COUNTY, "330482").html.get("/settings/?region=999999").status_code == 404


@pytest.mark.requirement("SEC-09")
@pytest.mark.parametrize(
    "place",
    [
        "postgresql://postgres:geheim@db.example:5432/siteloop",
        "user=postgres password=geheim host=db.example port=5432 dbname=siteloop",
        "postgresql:///siteloop?host=db.example&port=5432&password=geheim",
    ],
)
def test_the_system_page_is_for_the_platform_and_shows_no_secret(
    place: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    assert caller(COUNTY, "330482").html.get("/settings/system/").status_code == 403
    settings.ENV = dataclasses.replace(
        settings.ENV, database_url=place, nats_url="nats://geheim@bus.example:4222", lifting=""
    )
    monkeypatch.setattr(system_views, "EXAMINERS", [])
    page = _text(caller(["*"], ""), "/settings/system/")
    assert "host=db.example port=5432 dbname=siteloop" in page
    assert "nats://bus.example:4222" in page
    assert "geheim" not in page
    assert settings.ENV.hj212 in page
    assert "SITELOOP_LIFTING" in page
    assert "未开放" in page
    assert "未配置" in page
    assert "人员个人信息保存期限" in page


def test_the_system_page_tells_what_is_archived() -> None:
    assert "数据归档</dt><dd>空" in _text(caller(["*"], ""), "/settings/system/")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO telemetry.archived_day (profile, day, part, state, rows, bytes) VALUES"
            " ('dust', '2025-01-02', 1, 'archived', 1440, 2048), ('dust', '2025-01-03', 1, 'leaving', 0, 0)"
        )
    page = _text(caller(["*"], ""), "/settings/system/")
    assert "数据归档</dt><dd>1440 行" in page
    assert "2025-01-02 – 2025-01-03" in page
    assert "1 个日分区未写完" in page


@pytest.mark.parametrize("kind", ["rules", "values"])
def test_an_english_reader_finds_every_pack_title_and_number_in_english(kind: str) -> None:
    who = caller(COUNTY, region="330482")
    who.html.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = _text(who, f"/settings/?region=330482&kind={kind}")
    titles = re.findall(rf'href="/settings/{kind}/[^"]*">([^<]*)</a>', page)
    assert len(titles) > 15
    assert not [one for one in titles if is_chinese(one)]
    found = _text(who, "/settings/?region=330482&kind=rules&search=above the night limit")
    assert "Noise above the night limit" in found and "PM10 jumps" not in found
    rule = _text(who, "/settings/rules/dust.pm10_high/?region=330482")
    assert "Limit 50–500, Recovery value 30–500" in rule
