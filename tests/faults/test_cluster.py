"""A cluster of three servers and two of each fast role: one of each dies under load, nothing is lost, doubled or said twice."""

from pathlib import Path

import pytest

from siteloop.entry import cluster_trial
from siteloop.entry.cluster_trial import Cluster


@pytest.mark.engines
@pytest.mark.timeout(280)
def test_one_of_each_kind_dies_and_every_answered_frame_counts_once(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    try:
        cluster.start(devices=24)
        report = cluster_trial.run(cluster, devices=24, frames=1_200, rate=80, pause=1.5)
    finally:
        cluster.stop()
    assert report["came_back"] == dict.fromkeys((*cluster_trial.FAST, "nats"), True)
    assert (report["lost"], report["doubled"]) == (0, 0), report
    assert (report["findings_lost"], report["findings_doubled_or_untrue"]) == (0, 0), report
    assert report["findings"] > 0
    assert report["leases"] == {"sink": 4, "judge": 5, "poller": 1}
    assert report["holds"], report
