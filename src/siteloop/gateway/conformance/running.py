"""One run of the kit: the suite of the profile and side, against a real socket, into a report."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from siteloop.gateway.conformance import (
    events_device,
    events_line,
    events_platform,
    hj212,
    hj212_device,
    hj212_platform,
    http,
    jt808,
    lifting,
    modbus,
    mqtt,
    weighbridge,
)
from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.cases import Suite
from siteloop.kernel.conformance import FORMAT, PROFILES, Report, sealed
from siteloop.protocols.modbus.map import BadMap, load


@dataclass(frozen=True)
class Family:
    """Profiles of one protocol: the line, and what a device and a platform have to show."""

    line: Callable[[Asked], Any]
    device: Suite[Any]
    platform: Suite[Any]
    device_listens: bool = False  # a sensor that is asked


def _event_line(asked: Asked) -> "events_line.Line | events_platform.Asking":
    return events_line.Line(asked) if asked.listens else events_platform.Asking(asked)


FAMILIES: dict[str, Family] = {
    "hj212": Family(hj212.Line, hj212_device.SUITE, hj212_platform.SUITE),
    "jt808": Family(jt808.Line, jt808.DEVICE, jt808.PLATFORM),
    "lifting": Family(lifting.Line, lifting.DEVICE, lifting.PLATFORM),
    "mqtt": Family(mqtt.Line, mqtt.DEVICE, mqtt.PLATFORM),
    "http": Family(http.Line, http.DEVICE, http.PLATFORM),
    "weighbridge": Family(weighbridge.Line, weighbridge.DEVICE, weighbridge.PLATFORM),
    "modbus": Family(modbus.Line, modbus.DEVICE, modbus.PLATFORM, device_listens=True),
    "events": Family(_event_line, events_device.SUITE, events_platform.SUITE),
}


def tests_device(asked: Asked) -> bool:
    """Whether a device is tested; else a platform."""
    return asked.listens is not FAMILIES[asked.profile.partition("-")[0]].device_listens


class BadQuestion(ValueError):
    """The run cannot begin; the text says what is missing, in Chinese."""


def check(asked: Asked) -> None:
    """Raises BadQuestion."""
    if asked.profile not in PROFILES:
        raise BadQuestion(f"没有 {asked.profile} 的测试；可选：{'、'.join(PROFILES)}")
    if asked.profile == "modbus":
        try:
            load(asked.registers)
        except BadMap as wrong:
            raise BadQuestion(f"请用 --map 给出寄存器表：{wrong}") from wrong
        return
    if not asked.listens and not asked.code:
        raise BadQuestion("测试平台时请用 --code 给出已在该平台登记的设备编码")
    if not asked.listens and asked.profile in ("mqtt", "http", "events") and not asked.password:
        raise BadQuestion(f"测试 {PROFILES[asked.profile][0]} 平台时请用 --password 给出设备令牌")


async def run(
    asked: Asked,
    say: Callable[[str], None] = lambda words: None,
    ready: Callable[[int], None] = lambda port: None,
) -> Report:
    """Run every case. `ready` is told the port that is listened on. Raises BadQuestion, OSError when the address cannot be had."""
    check(asked)
    family, is_device = FAMILIES[asked.profile.partition("-")[0]], tests_device(asked)
    line = family.line(asked)
    began = time.time_ns() // 1000
    try:
        if asked.listens:
            await line.ear.listen(asked.address)
            ready(line.ear.port)
        else:
            await line.ear.call(asked.address)
        suite = family.device if is_device else family.platform
        results = await suite.run(line, asked.version, say)
    finally:
        await line.ear.close()
    return sealed(
        Report(
            siteloop_conformance=FORMAT,
            profile=asked.profile,
            role="device" if is_device else "platform",
            tool=metadata.version("siteloop"),
            peer=line.ear.peer,
            started_us=began,
            ended_us=time.time_ns() // 1000,
            results=results,
            code=asked.code or getattr(line, "code", "") or getattr(line, "terminal", ""),
            maker=asked.maker,
            model=asked.model,
            firmware=asked.firmware,
            tester=asked.tester,
        )
    )
