"""A project's own limit from the person who sets it to the judge's finding."""

import asyncio
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import psycopg
import pytest
from django.db import connection

from siteloop.foundation.packs import actions, resolve
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.registry.publish import publish_registry
from siteloop.foundation.registry.tests import rows
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.gateway.bus import Bus
from siteloop.gateway.judging.judge import Judge
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.tests.planes import Plane
from siteloop.kernel import block as blocks
from siteloop.kernel import registry as registries
from siteloop.kernel.block import Columns
from siteloop.kernel.finding import Finding
from siteloop.kernel.profiles import DUST
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import MINUTE
from siteloop.rules.threshold import Threshold

CODE = "dust.pm10_high"
NOON = 1_772_424_000_000_000
COUNTY = Viewer(2, "平湖市管理员", frozenset({"packs.*", "registry.*.view"}), regions=("330482",))


def _minute(devices: tuple[int, ...], at: int) -> blocks.Block:
    """PM10 of 120 µg/m³ on each device."""
    values = np.full((len(DUST.fields), len(devices)), np.nan, np.float32)
    quality = np.full(values.shape, Quality.ABSENT, np.uint8)
    values[DUST.index("pm10")], quality[DUST.index("pm10")] = 120, Quality.NORMAL
    when = np.full(len(devices), at, np.int64)
    kind = np.zeros(len(devices), np.uint8)
    columns = Columns(np.array(devices, np.int32), when, when, values, quality, kind)
    return blocks.pack(listener="hj212", profile="dust", columns=columns, raw=[b"x"] * len(devices))


def _published() -> registries.Registry:
    publish_registry()
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM fast.registry")
        return registries.decode(bytes(cursor.fetchone()[0]))


@pytest.mark.django_db
@pytest.mark.requirement("CFG-13")
def test_a_projects_own_limit_raises_its_own_finding(tmp_path: Path, fast_plane: None) -> None:
    shipped_packs()
    mine, other = (rows.device("330482001") for _ in range(2))
    project = mine.site.project
    row = resolve.rules("330482001")[CODE]
    data = {"params": {"on": 100, "off": 90}, "project": project.pk}
    perform(actions.override_rule, COUNTY, row, data, "居民投诉")
    plane, registry = Plane(tmp_path), _published()

    async def judged() -> list[Finding]:
        source = RegistrySource(plane.dsn)
        source.use(registry)
        judge = Judge(plane.settings, cast(Bus, plane.bus), source, cast(Any, [Threshold]))
        async with await psycopg.AsyncConnection.connect(plane.dsn, autocommit=True) as fast:
            await judge.start(fast)
            for minute in range(40):
                block = _minute((mine.pk, other.pk), NOON + minute * MINUTE)
                await judge.step(fast, [(minute + 1, blocks.encode(block))])
        found = plane.ask("SELECT body FROM fast.finding_inbox")
        return [msgspec.msgpack.decode(bytes(b), type=Finding) for (b,) in found]

    found = [f for f in asyncio.run(judged()) if f.rule == CODE]
    assert [(f.device, f.limit) for f in found if f.act == "raise"] == [(mine.pk, 100)]
