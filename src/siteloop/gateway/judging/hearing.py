"""When our own side could hear nothing: then the silence of a device says nothing about the device.

After an outage of the platform, and when this machine's clock jumped or the machine slept, rules of silence count from now on.
"""

import logging
import time
from collections.abc import Iterable

from siteloop.gateway.lease import Connection
from siteloop.rules.detector import Detector
from siteloop.rules.lane import LaneDetector

log = logging.getLogger("siteloop.judge")
DEAF_S = 60.0  # shorter pauses are those of a role that was started anew


class Clock:
    """Our clock beside the one that does not jump."""

    def __init__(self) -> None:
        self._before: float | None = None

    def jump(self) -> float:
        """Seconds by which the wall clock went its own way since the last look."""
        off = time.time_ns() / 1e9 - time.monotonic()
        before, self._before = self._before, off
        return 0.0 if before is None else off - before


async def pause(connection: Connection) -> float:
    """Seconds since any judge saved its state last; 0 where none ever did. Raises psycopg.OperationalError."""
    cursor = await connection.execute(
        "SELECT coalesce(extract(epoch FROM now() - max(saved_at)), 0)::float8 FROM fast.judge_state"
    )
    row = await cursor.fetchone()
    return float(row[0]) if row else 0.0


def was_deaf(detectors: Iterable[Detector], seconds: float, why: str) -> None:
    """Tell the detectors that nothing could be heard until now, if it was long enough."""
    if abs(seconds) <= DEAF_S:
        return
    log.warning("%s (%.0f s): silence is counted from now on", why, seconds)
    for detector in detectors:
        if isinstance(detector, LaneDetector):
            detector.deaf(time.time_ns() // 1000)
