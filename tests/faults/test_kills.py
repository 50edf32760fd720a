"""Everything is killed once under a stream of answered frames: nothing lost, nothing doubled, the ledger adds up."""

from pathlib import Path

import pytest

from siteloop.entry import testing_base
from siteloop.gateway.bench import faults
from siteloop.gateway.bench.trial import Program


@pytest.mark.engines
@pytest.mark.timeout(240)
def test_every_answered_frame_is_stored_exactly_once(tmp_path: Path) -> None:
    testing_base.spare_first_start(tmp_path / "data")
    running = Program(tmp_path / "data")
    try:
        running.start()
        running.register(20)
        report = faults.run(running, devices=20, frames=2_000, rate=120)
    finally:
        running.stop()
    assert report["came_back"] == dict.fromkeys(faults.VICTIMS, True)
    assert (report["lost"], report["doubled"], report["ledger_adds_up"]) == (0, 0, True)
    assert report["holds"], report
