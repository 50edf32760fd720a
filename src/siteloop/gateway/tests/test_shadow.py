"""A rule on trial is counted in the inbox and heard nowhere else: no live message, no command."""

from pathlib import Path
from typing import Any, cast

import msgspec
import psycopg
import pytest

from siteloop.gateway.bus import Bus
from siteloop.gateway.judging.judge import Judge
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.tests.listening import within
from siteloop.gateway.tests.planes import T0, Plane, StillBus, block_of
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Columns
from siteloop.kernel.finding import Command, Finding
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.rules.detector import Detector, Statement
from siteloop.rules.threshold import Threshold


class Ordering:
    """A detector that orders the device about at every block, on behalf of two rules."""

    name = "ordering"

    def configure(self, registry: Registry, rules: Any) -> None:
        """Nothing to know."""

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        return [
            Command("trial", 1, "spray_on", origin="rule:trial"),
            Command("trial-off", 1, "spray_off", origin="rule:trial"),
            Command("real", 1, "spray_on", origin="rule:real"),
        ]

    def tick(self, now_us: int) -> list[Statement]:
        return []

    def dump(self) -> bytes:
        return b""

    def load(self, data: bytes) -> None:
        """Nothing to know."""


class HeardBus(StillBus):
    """Keeps what is said to the live plane."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    async def say(self, subject: str, message: dict[str, Any]) -> None:
        self.said.append(message)


def _rule(code: str, shadow: bool) -> RuleEntry:
    return RuleEntry(code, "threshold", "", 1, {"field": "pm25", "on": 30}, "red", shadow=shadow)


@pytest.mark.requirement("DUST-26")
def test_a_rule_on_trial_counts_and_is_heard_nowhere(tmp_path: Path) -> None:
    async def test() -> None:
        plane, bus = Plane(tmp_path), HeardBus()
        registry = RegistrySource(plane.dsn)
        registry.use(
            Registry(
                1, (DeviceEntry(1, "D1", "dust", 4, "330482"),), (_rule("trial", True), _rule("real", False))
            )
        )
        kinds = cast(list[type[Detector]], [Threshold, Ordering])
        judge = Judge(plane.settings, cast(Bus, bus), registry, kinds)
        async with await psycopg.AsyncConnection.connect(plane.dsn, autocommit=True) as connection:
            await judge.start(connection)
            await judge.step(connection, [(1, blocks.encode(block_of([(1, T0)])))])
        found = [
            msgspec.msgpack.decode(bytes(b), type=Finding)
            for (b,) in plane.ask("SELECT body FROM fast.finding_inbox")
        ]
        assert {(f.rule, f.shadow) for f in found} == {("trial", True), ("real", False)}
        assert [m["rule"] for m in bus.said] == ["real"]
        # what runs may always be stopped, but nothing is started on trial
        assert set(plane.ask("SELECT id FROM fast.command")) == {("real",), ("trial-off",)}

    within(30, test)


def test_a_rule_taken_off_trial_orders_again(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    registry = RegistrySource(plane.dsn)
    device = DeviceEntry(1, "D1", "dust", 4, "330482")
    judge = Judge(plane.settings, cast(Bus, StillBus()), registry, ())
    order = Command("x", 1, "spray_on", origin="rule:real")
    for shadow in (True, False):
        registry.use(Registry(1 + shadow, (device,), (_rule("real", shadow),)))
        assert judge._is_on_trial(order) is shadow
