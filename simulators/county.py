"""The demo county's talking devices and its stories, against the real ports: `python -m simulators.county`.

Stories (sites chosen by systems/dust/demo.py): a dusty afternoon whose spray works; a dead sprayer left to the visitor;
a dead sprayer that robots carry to the urban-management squad; a site that heals in the small loop; a silent device.
The expired inspection needs no actor: the register shows it.
"""

import asyncio
import json
import math
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from simulators.device import Behaviour, Device
from simulators.event_device import EventDevice
from simulators.hj212_device import Hj212Device
from simulators.http_device import HttpDevice
from simulators.sprayer import Sprayer

CYCLE_S = 480.0  # a dusty afternoon every eight minutes
CALM, DUSTY = 34.0, 128.0


@dataclass
class Air:
    """The air over one site: calm, or rising and falling; a running sprayer settles the dust."""

    seed: int
    story: str
    sprayers: list[Sprayer]
    started: float = 0.0
    settled: float = 0.0

    def pm25(self) -> float:
        """µg/m³ now."""
        dice = random.Random(self.seed * 7919 + int(time.time() // 15))
        base = 22 + 18 * (self.seed % 7) / 7 + dice.uniform(-3, 3)
        if self.story not in ("dusty", "dead_sprayer", "robot_dead_sprayer", "heals"):
            return base
        phase = (time.monotonic() - self.started) % CYCLE_S
        if phase < 1:
            self.settled = 0.0
        height = (
            (DUSTY - CALM) * min(1.0, phase / 70)
            if phase < 330
            else (DUSTY - CALM) * max(0.0, 1 - (phase - 330) / 60)
        )
        if any(s.is_running for s in self.sprayers):
            self.settled = min(1.0, self.settled + 0.12)
        else:
            self.settled = max(0.0, self.settled - 0.01)
        return CALM + height * (1 - 0.75 * self.settled) + dice.uniform(-2, 2)

    def behaviour(self, place: int) -> Behaviour:
        """Readings of one monitor of the site."""

        def behave(now_us: int) -> dict[str, float] | None:
            dice = random.Random(now_us // 1000 * 31 + self.seed * 101 + place)
            pm25 = max(3.0, self.pm25() + place * 1.5)
            hour = (now_us / 3.6e9 + 8) % 24
            day = math.sin((hour - 8) / 24 * 2 * math.pi)
            return {
                "pm25": round(pm25, 1),
                "pm10": round(pm25 * 1.7 + dice.uniform(-3, 3), 1),
                "tsp": round(pm25 * 2.6 + dice.uniform(-5, 5), 1),
                "noise": round(49 + 6 * max(0.0, day) + dice.uniform(-2, 2), 1),
                "temperature": round(17 + 6 * day + dice.uniform(-0.3, 0.3), 1),
                "humidity": round(62 - 12 * day + dice.uniform(-1, 1), 1),
                "pressure": round(101.6 + dice.uniform(-0.1, 0.1), 2),
                "wind_speed": round(max(0.0, 2.2 + dice.uniform(-1, 1)), 1),
                "wind_direction": float(dice.randrange(0, 360)),
            }

        return behave


class Crew:
    """Robots that act as people through the public API, so that a story runs while a visitor only watches."""

    def __init__(
        self, base: str, password: str, sprayers: dict[str, list[Sprayer]], stories: dict[str, Any]
    ) -> None:
        self.base, self.password, self.sprayers, self.stories = base, password, sprayers, stories
        self.repaired: set[str] = set()
        self._tokens: dict[str, str] = {}

    async def run(self) -> None:
        """Look every few seconds at what the story sites' cases wait for."""
        async with httpx.AsyncClient(base_url=self.base, timeout=15) as client:
            while True:
                try:
                    await self._heals(client)
                    await self._robot(client)
                except (httpx.HTTPError, KeyError, ValueError):
                    self._tokens.clear()
                await asyncio.sleep(5)

    async def _as(self, client: httpx.AsyncClient, who: str) -> dict[str, str]:
        if who not in self._tokens:
            answer = await client.post("/api/v1/token", json={"username": who, "password": self.password})
            answer.raise_for_status()
            self._tokens[who] = answer.json()["access"]
        return {"Authorization": f"Bearer {self._tokens[who]}"}

    async def _cases(self, client: httpx.AsyncClient, story: str) -> list[dict[str, Any]]:
        site = self.stories[story]["site"]
        answer = await client.get(
            "/api/v1/cases/cases",
            params={"site": site, "rule": "dust.spray_not_linked", "state": "disposing,verifying"},
            headers=await self._as(client, "county"),
        )
        answer.raise_for_status()
        return list(answer.json()["results"])

    async def _act(
        self, client: httpx.AsyncClient, who: str, case: dict[str, Any], action: str, words: str
    ) -> None:
        await client.post(
            f"/api/v1/cases/cases/{case['id']}/actions/{action}",
            json={"body": words},
            headers=await self._as(client, who),
        )

    async def _heals(self, client: httpx.AsyncClient) -> None:
        """The manager has the sprayer mended and tried, reports it, and the supervision department passes the check."""
        for case in await self._cases(client, "heals"):
            if case["step"].endswith("_dispose"):
                if "heals" not in self.repaired:
                    self.repaired.add("heals")
                    await asyncio.sleep(20)
                for sprayer in self.sprayers["heals"]:
                    sprayer.start(60)
                await asyncio.sleep(8)
                await self._act(
                    client,
                    self.stories["heals"]["manager"],
                    case,
                    "reply",
                    "已更换水泵并试喷，设备运行正常（演示）",
                )
            elif case["state"] == "verifying":
                await self._act(
                    client, "supervision", case, "pass_check", "系统核查有运行记录，现场复核正常（演示）"
                )

    async def _robot(self, client: httpx.AsyncClient) -> None:
        """The manager reports without having mended anything; the machine fails it; then nobody acts until it is overdue."""
        for case in await self._cases(client, "robot_dead_sprayer"):
            if case["step"] == "small_dispose":
                await asyncio.sleep(10)
                await self._act(
                    client,
                    self.stories["robot_dead_sprayer"]["manager"],
                    case,
                    "reply",
                    "已通知班组处理（演示）",
                )


def _address(name: str, default: str) -> tuple[str, int]:
    host, _, port = os.environ.get(name, default).rpartition(":")
    return host, int(port)


async def run(told: dict[str, Any]) -> None:
    """Everybody talks until cancelled; `told` is what the demo wrote about its devices."""
    hj212 = _address("SITELOOP_HJ212", "127.0.0.1:9212")
    mqtt = _address("SITELOOP_MQTT", "127.0.0.1:1883")
    http = _address("SITELOOP_HTTP", "127.0.0.1:8000")
    crew_sprayers: dict[str, list[Sprayer]] = {}
    crew = Crew(f"http://{http[0]}:{http[1]}", told["password"], crew_sprayers, told["stories"])
    by_site: dict[int, list[Sprayer]] = {}
    devices: list[Device] = []
    for d in told["devices"]:
        if d["profile"] == "sprayer":
            story = d["story"]
            works = _works(story, crew)
            one = Sprayer(
                mqtt,
                d["code"],
                d["token"],
                interval_s=d["interval_s"],
                first_s=random.uniform(0, 10),
                works=works,
            )
            by_site.setdefault(d["site"], []).append(one)
            crew_sprayers.setdefault(story, []).append(one)
            devices.append(one)
    airs: dict[int, Air] = {}
    places: dict[int, int] = {}
    for d in told["devices"]:
        if d["profile"] == "sprayer" or d["story"] == "silent":
            continue
        site = d["site"]
        air = airs.setdefault(
            site,
            Air(
                site,
                d["story"],
                by_site.get(site, []),
                time.monotonic() - (CYCLE_S if d["story"] != "dusty" else 0),
            ),
        )
        place = places[site] = places.get(site, -1) + 1
        interval = (
            5.0
            if d["story"] in ("dusty", "dead_sprayer", "robot_dead_sprayer", "heals")
            else float(d["interval_s"])
        )
        first = random.uniform(0, min(interval, 15))
        behave = air.behaviour(place)
        if d["protocol"] == "http":
            devices.append(
                HttpDevice(http, d["code"], d["token"], behave, interval_s=interval, first_s=first)
            )
        else:
            devices.append(
                Hj212Device(hj212, d["code"], behave, d["password"], interval_s=interval, first_s=first)
            )
    async with asyncio.TaskGroup() as group:
        group.create_task(crew.run())
        for device in devices:
            group.create_task(device.run())
        for d in told.get("cameras", ()):
            camera = EventDevice(http, d["code"], d["token"], d["maker"], float(d["interval_s"]))
            group.create_task(camera.run())


def _works(story: str, crew: Crew) -> Any:
    if story in ("dead_sprayer", "robot_dead_sprayer"):
        return lambda: False
    if story == "heals":
        return lambda: "heals" in crew.repaired
    return lambda: True


def main() -> int:
    """Needs SITELOOP_DEMO_DEVICES: the file the demo wrote."""
    asyncio.run(run(json.loads(Path(os.environ["SITELOOP_DEMO_DEVICES"]).read_text())))
    return 0


if __name__ == "__main__":
    main()
