"""The back-test says what the judge would have said, shows what other numbers change, and refuses what makes no sense."""

import asyncio

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from siteloop.gateway.history.stored_history import STEP, steps
from siteloop.gateway.judging.backtest import BackTest, back_test
from siteloop.gateway.judging.backtest_reach import NoSuchRule, Place
from siteloop.gateway.tests.planes import NORMAL_ROW, Plane, block_of
from siteloop.kernel import block as blocks
from siteloop.kernel import registry as registries
from siteloop.kernel.block import Block, Columns
from siteloop.kernel.finding import Act, Finding
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import MINUTE, SECOND
from siteloop.rules.catalogue import DETECTORS
from siteloop.rules.threshold import Threshold

T0 = 1_790_000_040_000_000  # a whole minute
DEVICES = tuple(
    DeviceEntry(n, f"D{n}", "dust", 10 + n, "330482" if n < 3 else "330411", interval_s=60) for n in (1, 2, 3)
)
RULES = (
    RuleEntry("pm25", "threshold", "", 3, {"field": "pm25", "on": 75, "off": 60}, "red", title="PM2.5 超限"),
    RuleEntry("trial", "threshold", "", 1, {"field": "pm10", "on": 150}, "blue", shadow=True),
    RuleEntry("silent", "absence", "", 1, {"intervals": 3}, "blue"),
    RuleEntry("county", "threshold", "330411", 1, {"field": "pm25", "on": 10}, "blue"),
    RuleEntry("gone", "off", "", 1, {}, "blue"),
    RuleEntry("strange", "unheard_of", "", 1, {}, "blue"),
)


REGISTRY = Registry(1, DEVICES, RULES)


def _row(device: int, minute: int, pm25: float, late: int = 0) -> tuple[int, int, list[float], int]:
    return device, T0 + minute * MINUTE, [pm25, *NORMAL_ROW[1:]], late


def _block(rows: list[tuple[int, int, list[float], int]]) -> Block:
    made = blocks.columns(block_of([r[:3] for r in rows]))
    received = made.at + np.array([r[3] for r in rows], np.int64) * SECOND + 500_000
    columns = Columns(made.device, made.at, received, made.values, made.quality, made.kind)
    return blocks.pack(listener="hj212", profile="dust", columns=columns)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Plane:
    return Plane(tmp_path_factory.mktemp("backtest"))


def _fill(plane: Plane, made: list[Block], registry: Registry = REGISTRY) -> None:
    with psycopg.connect(plane.dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM telemetry.dust")
        connection.execute("DELETE FROM telemetry.latest")
        connection.execute("DELETE FROM fast.position")
        connection.execute(
            "INSERT INTO fast.registry (id, version, body) VALUES (1, 1, %s) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            [registries.encode(registry)],
        )

    async def store() -> None:
        plane.seq = iter(range(1, 10**6))  # type: ignore[assignment]
        async with await plane.connect() as connection:
            for block in made:
                await plane.store(connection, block)

    asyncio.run(store())


def _test(plane: Plane, code: str = "pm25", minutes: int = 240, **more: object) -> BackTest:
    return back_test(plane.dsn, DETECTORS, code, T0 - MINUTE, T0 + minutes * MINUTE, **more)  # type: ignore[arg-type]


STORY = [
    [_row(n, m, 90 if n == 1 and 30 <= m < 60 else 70 if n == 2 else 20) for n in (1, 2, 3)]
    for m in range(120)
]


@pytest.mark.requirement("DUST-26")
def test_it_counts_what_the_rule_says_and_where(plane: Plane) -> None:
    _fill(plane, [_block(rows) for rows in STORY])
    found = _test(plane)
    assert (found.title, found.devices, found.rows, found.readings) == ("PM2.5 超限", 3, 360, 3240)
    (hit,) = found.today
    assert (hit.device, hit.since, hit.until) == (1, T0 + 30 * MINUTE, T0 + 60 * MINUTE)
    assert (hit.value, hit.limit, hit.unit) == (90, 75, "µg/m³")
    assert found.candidate == found.today and not found.only_candidate and found.both == 1
    (place,) = found.places
    assert (place.site, place.device, place.code, place.today, place.candidate) == (11, 1, "D1", 1, 1)


def test_other_numbers_show_what_would_come_and_go(plane: Plane) -> None:
    _fill(plane, [_block(rows) for rows in STORY])
    lower = _test(plane, changes={"on": 65, "off": 60})
    assert [h.device for h in lower.only_candidate] == [2]
    assert (lower.both, len(lower.only_today)) == (1, 0)
    assert lower.only_candidate[0].until is None  # still open at the end
    higher = _test(plane, changes={"on": 95})
    assert (len(higher.candidate), [h.device for h in higher.only_today]) == (0, [1])
    assert {(p.device, p.today, p.candidate) for p in lower.places} == {(1, 1, 1), (2, 0, 1)}


def test_a_region_or_a_device_narrows_and_a_rule_of_a_county_speaks_of_its_devices(plane: Plane) -> None:
    _fill(plane, [_block(rows) for rows in STORY])
    assert _test(plane, place=Place("330411")).rows == 120
    assert _test(plane, place=Place(device="D1")).rows == 120
    county = _test(plane, "county")
    assert (county.devices, [h.device for h in county.today]) == (1, [3])
    assert [h.message for h in _test(plane, "trial").today] == []


@pytest.mark.requirement("DUST-26")
def test_a_project_is_tested_alone_and_a_region_without_those_that_speak_for_themselves(plane: Plane) -> None:
    devices = tuple(structs.replace(d, project=70 + d.number) for d in DEVICES)
    own = structs.replace(
        RULES[0], region="330482", project=72, params={"field": "pm25", "on": 68, "off": 60}
    )
    _fill(plane, [_block(rows) for rows in STORY], Registry(1, devices, (*RULES, own)))
    lower = {"on": 65, "off": 60}
    whole = _test(plane, changes=lower, place=Place("330482"))
    assert (whole.rows, whole.devices, whole.left_out) == (120, 1, 1)  # device 2 has its project's word
    assert [[h.device for h in hits] for hits in (whole.today, whole.candidate)] == [[1], [1]]
    mine = _test(plane, changes={"on": 72}, place=Place("330482", 72))
    assert (mine.rows, mine.devices, mine.project) == (120, 1, 72)
    assert [h.device for h in mine.only_today] == [2] and not mine.candidate
    as_it_is = _test(plane, place=Place("330482"))
    assert sorted(h.device for h in as_it_is.today) == [1, 2]


def test_absence_is_seen_when_it_was_and_not_after_the_end(plane: Plane) -> None:
    _fill(
        plane, [_block([r for r in rows if not (r[0] == 2 and 40 <= m < 70)]) for m, rows in enumerate(STORY)]
    )
    found = _test(plane, "silent", minutes=120)
    assert [(h.device, h.until) for h in found.today] == [(2, T0 + 70 * MINUTE)]


def test_what_the_judge_really_wrote_is_counted_beside_it(plane: Plane) -> None:
    _fill(plane, [_block(rows) for rows in STORY])
    with psycopg.connect(plane.dsn, autocommit=True) as connection:
        for key, act in (("pm25|device:1|5", "raise"), ("pm25|device:1|5", "clear"), ("pm25x|d|5", "raise")):
            connection.execute(
                "INSERT INTO fast.finding_inbox (key, act, at_us, body) VALUES (%s, %s, %s, '') ON CONFLICT DO NOTHING",
                [key, act, T0 + MINUTE],
            )
    assert _test(plane).recorded == 1
    assert _test(plane, place=Place("330482")).recorded == 1
    assert _test(plane, place=Place("330411")).recorded == 0  # not about its devices


def test_what_began_before_the_start_warms_up_and_does_not_count(plane: Plane) -> None:
    _fill(plane, [_block(rows) for rows in STORY])
    later = back_test(plane.dsn, DETECTORS, "pm25", T0 + 40 * MINUTE, T0 + 120 * MINUTE)
    assert later.today == []
    silent = back_test(plane.dsn, DETECTORS, "silent", T0 + 100 * MINUTE, T0 + 120 * MINUTE)
    assert silent.today == []  # its devices were heard before


@pytest.mark.parametrize("code", ["nothing", "gone", "strange"])
def test_an_unknown_rule_is_told_with_those_there_are(plane: Plane, code: str) -> None:
    _fill(plane, [])
    with pytest.raises(NoSuchRule, match=r"现有规则：.*pm25|未安装"):
        _test(plane, code)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"minutes": -5}, "结束时间"),
        ({"changes": {"on": "many"}}, "应为数字"),
        ({"changes": {"off": 100}}, "参数不合理"),
        ({"changes": {"field": "colour"}}, "参数不合理"),
        ({"changes": {"onn": 100}}, "没有参数 onn；可用参数：.*hold_s"),
        ({"place": Place("99")}, "没有符合条件的设备"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(plane: Plane, more: dict[str, object], words: str) -> None:
    _fill(plane, [])
    with pytest.raises(ValueError, match=words):
        _test(plane, **more)  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.integers(0, 60 * 24 * 2),
            st.sampled_from([50.0, 80.0, 90.0]),
            st.sampled_from([0, 0, 0, 30, 4000, 200_000]),
        ),
        max_size=60,
    )
)
def test_rows_go_in_order_of_arrival_and_say_what_the_judge_said(
    plane: Plane, drawn: list[tuple[int, int, float, int]]
) -> None:
    rows = {(d, m): _row(d, m, v, late) for d, m, v, late in drawn}
    arrived = sorted(rows.values(), key=lambda r: (r[1] + r[3] * SECOND, r[0]))
    _fill(plane, [_block([r]) for r in arrived])
    judge, said = Threshold(), []
    judge.configure(Registry(1, DEVICES, RULES), [RULES[0]])
    for one in arrived:
        block = _block([one])
        said += [s for s in judge.see(block, blocks.columns(block)) if isinstance(s, Finding)]
    expected = {s.key for s in said if s.act is Act.RAISE and s.rule == "pm25"}
    found = _test(plane, minutes=60 * 24 * 2 + 5)
    assert found.rows == len(rows)
    assert {f"pm25|{h.subject}|{h.since}" for h in found.today} == expected
    with psycopg.connect(plane.dsn) as connection:
        seen = [
            (int(r), int(d))
            for step in steps(connection, T0 - MINUTE, T0 + 3 * 24 * 60 * MINUTE, [1, 2, 3], ["dust"], 1000.0)
            for _, c in step.parts
            for r, d in zip(c.received_at, c.device, strict=True)
        ]
    assert [r for r, _ in seen] == sorted(r for r, _ in seen)
    assert len(seen) == len(rows)


def test_time_passes_evenly_and_never_backwards(plane: Plane) -> None:
    _fill(plane, [])
    with psycopg.connect(plane.dsn) as connection:
        told = [s.until for s in steps(connection, T0, T0 + 3 * 60 * MINUTE, [1], ["dust"], 10**6)]
    assert told == sorted(told)
    assert set(np.diff(sorted(set(told)))) == {STEP}
