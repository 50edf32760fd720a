"""The HTTP intake over a real port: 2xx only when durable, every refusal with its reason."""

import asyncio
import datetime as dt
import json
from typing import Any

import httpx
import pytest

from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.tests.listening import TOKEN, listening, within

NOW = dt.datetime.now(dt.UTC)


async def _post(
    role: ListenerRole, body: Any, path: str = "dust", proof: str = f"Bearer D4:{TOKEN}"
) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{role.ports['intake']}", trust_env=False
    ) as client:
        return await client.post(
            f"/api/v1/intake/{path}", content=content, headers={"Authorization": proof}, timeout=10
        )


@pytest.mark.requirement("DUST-27")
@pytest.mark.parametrize("scheme", ["Bearer", "Device"])
def test_readings_are_taken_when_they_are_on_disk(scheme: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            bus.hold()
            rows = [
                {"at": NOW.isoformat(), "pm25": 80.5},
                {"at": NOW.timestamp() * 1000 - 60_000, "pm10": 9, "flags": {"pm10": "D"}},
            ]
            asking = asyncio.create_task(_post(role, rows, proof=f"{scheme} D4:{TOKEN}"))
            await bus.asked.wait()
            done, _ = await asyncio.wait([asking], timeout=0.1)
            assert not done
            bus.release()
            answer = await asking
            assert (answer.status_code, answer.json()) == (202, {"accepted": 2, "errors": []})
            assert bus.rows == 2

    within(20, test)


@pytest.mark.parametrize(
    ("body", "path", "proof", "status", "reason"),
    [
        ({"pm25": 1}, "dust", "Bearer D4:guess", 401, "wrong_password"),
        ({"pm25": 1}, "dust", f"Bearer NOBODY:{TOKEN}", 401, "unknown_device"),
        ({"pm25": 1}, "dust", "", 401, "unknown_device"),
        ({"pm25": 1}, "nonsense", f"Bearer D4:{TOKEN}", 404, "unsupported"),
        ({"running": 1}, "sprayer", f"Bearer D4:{TOKEN}", 403, "unsupported"),
        ({"pm25": 1}, "dust", f"Bearer OFF:{TOKEN}", 403, "device_disabled"),
        (b"x" * 1_100_000, "dust", f"Bearer D4:{TOKEN}", 413, "wrong_length"),
        (b"not json", "dust", f"Bearer D4:{TOKEN}", 422, "malformed"),
        ([], "dust", f"Bearer D4:{TOKEN}", 422, "malformed"),
        ({"pm25": True}, "dust", f"Bearer D4:{TOKEN}", 202, None),
        ({"pm25": 1e400}, "dust", f"Bearer D4:{TOKEN}", 422, None),
        ({"pm25": 10**400}, "dust", f"Bearer D4:{TOKEN}", 422, None),
        ({"pm25": 1, "at": "2020-01-01"}, "dust", f"Bearer D4:{TOKEN}", 422, "wrong_type"),
    ],
)
def test_each_refusal_says_why(body: Any, path: str, proof: str, status: int, reason: str | None) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            answer = await _post(role, body, path, proof)
            assert answer.status_code == status
            if status != 202:
                assert answer.headers["content-type"] == "application/problem+json"
            for gathering in role.gatherings.values():
                await gathering.durable()
            if reason is not None:
                assert bus.reasons == [reason]

    within(20, test)


def test_good_rows_are_kept_and_bad_ones_named() -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            answer = await _post(
                role,
                [{"pm25": 1}, {"pm25": "x"}, {"pm25": 2, "at": (NOW + dt.timedelta(hours=1)).isoformat()}],
            )
            assert answer.status_code == 207
            assert [(e["row"], e["reason"]) for e in answer.json()["errors"]] == [
                (1, "wrong_type"),
                (2, "in_the_future"),
            ]
            assert bus.rows == 1
            assert sum(b.received for b in bus.blocks) == 3

    within(20, test)


def test_a_bus_that_stays_away_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siteloop.gateway.listeners.http.CONFIRM_S", 0.1)

    async def test() -> None:
        async with listening() as (role, bus):
            bus.hold()
            answer = await _post(role, {"pm25": 1})
            assert answer.status_code == 503
            assert "retry-after" in answer.headers

    within(20, test)
