"""A device says where it stands, beside its readings: over MQTT and HTTP, into its own table, before the rule that knows where it should be."""

import json
import time
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import psycopg
import pytest

from siteloop.gateway.judging.backtest import back_test
from siteloop.gateway.quarantine.reparse import judge
from siteloop.gateway.tests.listening import TOKEN, device, listening, settled, within
from siteloop.gateway.tests.planes import Plane
from siteloop.kernel import block as blocks
from siteloop.kernel import registry as registries
from siteloop.kernel.finding import Finding
from siteloop.kernel.registry import Registry, RuleEntry
from siteloop.kernel.times import MINUTE, SECOND
from siteloop.rules.catalogue import DETECTORS
from siteloop.rules.position_moved import PositionMoved

DEVICES = (
    device(4, "D4", lon=120.75, lat=30.75),
    device(31, "TRUCK", profile="vehicle", lon=120.75, lat=30.75),
)
RULE = RuleEntry(
    "site.position_moved", "position_moved", "33", 1, {"profile": "position", "min_count": 2}, "orange"
)
THERE = {"lon": 120.76, "lat": 30.75}


def _now() -> int:
    return time.time_ns() // 1_000_000


async def _post(role: Any, path: str, body: Any, code: str = "D4") -> int:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{role.ports['intake']}") as client:
        proof = {"Authorization": f"Bearer {code}:{TOKEN}"}
        return (await client.post(f"/api/v1/intake/{path}", json=body, headers=proof, timeout=10)).status_code


@pytest.mark.requirement("SEC-09", "DUST-17")
def test_a_told_position_is_kept_once_beside_the_readings_and_judged(tmp_path: Path) -> None:
    async def test() -> None:
        at = _now()
        async with listening(DEVICES) as (role, bus):
            assert await _post(role, "dust", {"at": at, "pm25": 30.5}) == 202
            assert await _post(role, "position", [{"at": at + n * 1000, **THERE} for n in range(2)]) == 202
            assert await _post(role, "position", {"at": at, **THERE}) == 202  # sent again
            signed_in = aiomqtt.Client(
                "127.0.0.1", role.ports["mqtt"], username="D4", password=TOKEN, timeout=2
            )
            async with signed_in as client:
                position = {"at": at + 2000, **THERE}
                await client.publish("siteloop/position/D4", json.dumps(position), qos=1)
            assert await _post(role, "position", {"at": at, "pm25": 3}) == 422
            await settled(role)
            assert bus.reasons == ["wrong_type"]
        plane = Plane(tmp_path)
        connection = await plane.connect()
        for block in bus.blocks:
            await plane.store(connection, block)
        await connection.close()
        told = plane.ask("SELECT device, round(lon::numeric, 2)::float8 FROM telemetry.position ORDER BY at")
        assert told == [(4, 120.76)] * 3
        assert plane.ask('SELECT profile, "values"[1] FROM telemetry.latest') == [("dust", 30.5)]
        assert plane.ask("SELECT count(*) FROM telemetry.position_rollup") == [(0,)]
        received, stored, control, rejected = plane.ledger()
        assert (received, stored, control) == (6, 4, 0) and rejected == 2  # a duplicate and the wrong one

        registry = Registry(1, DEVICES, (RULE,))
        with psycopg.connect(plane.dsn) as kept:
            kept.execute(
                "INSERT INTO fast.registry (id, version, body) VALUES (1, 1, %s)",
                [registries.encode(registry)],
            )
        past = back_test(plane.dsn, DETECTORS, RULE.code, at * 1000 - MINUTE, at * 1000 + MINUTE)
        assert (past.devices, [(hit.device, hit.unit) for hit in past.today]) == (2, [(4, "m")])

        detector = PositionMoved()
        detector.configure(registry, (RULE,))
        said = [s for b in bus.blocks if b.rows for s in detector.see(b, blocks.columns(b))]
        (raised,) = said
        assert isinstance(raised, Finding) and raised.device == 4
        assert "120.76" in raised.message and "120.75000" in raised.message and raised.limit == 300

    within(60, test)


@pytest.mark.requirement("SEC-09")
def test_nobody_tells_the_position_of_another(tmp_path: Path) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            with pytest.raises(aiomqtt.MqttError):
                async with aiomqtt.Client(
                    "127.0.0.1", role.ports["mqtt"], username="D4", password=TOKEN, timeout=2
                ) as client:
                    await client.publish("siteloop/position/TRUCK", json.dumps(THERE), qos=1)
            await settled(role)
            assert (bus.rows, bus.reasons) == (0, ["unsupported"])

    within(20, test)


def test_a_refused_position_is_judged_again_as_one() -> None:
    now = time.time_ns() // 1000
    late = json.dumps({"at": (now + 7200 * SECOND) // 1000, **THERE}).encode()
    judged = judge(late, "http", now, lambda _: None, DEVICES[0])
    assert (judged.explanation.reason, judged.rows) == ("in_the_future", ())
    good = judge(json.dumps({"at": now // 1000, **THERE}).encode(), "mqtt", now, lambda _: None, DEVICES[0])
    assert (good.profile, len(good.rows)) == ("position", 1)
    assert [v.field for v in good.explanation.values] == ["lon", "lat"]
    own = judge(json.dumps(THERE).encode(), "mqtt", now, lambda _: None, DEVICES[1])
    assert own.profile == "", "a vehicle's own rows say where it is"
