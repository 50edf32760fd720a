"""Figures of the fast roles for /metrics: what each hop holds, how old it is, what was refused or lost.

Each role's process counts for itself; the web role gathers them and adds the role as a label (entry/figures.py).
"""

import time

from prometheus_client import Counter, Gauge

TAKEN = Counter("siteloop_listener_messages", "Messages with a reading, taken in and durable", ["listener"])
REFUSED = Counter("siteloop_listener_refused", "Messages refused, by reason", ["listener", "reason"])
CONTROL = Counter("siteloop_listener_control", "Messages that carry no reading", ["listener"])
ANSWERED = Counter(
    "siteloop_listener_answers", "Answers given, each after its block was on disk", ["listener"]
)
WAITING = Gauge("siteloop_listener_waiting", "Messages taken in and not yet on disk", ["listener"])
WAITING_S = Gauge("siteloop_listener_flush_seconds", "How long the last flush to disk took", ["listener"])
THROTTLED = Gauge(
    "siteloop_listener_throttled", "1 while sockets are not read because the bus is behind", ["listener"]
)
PUBLISHED = Gauge("siteloop_listener_published", "Messages made durable since start", ["listener"])
CONNECTIONS = Gauge("siteloop_listener_connections", "Open device connections", ["listener"])

STREAM_BLOCKS = Gauge("siteloop_stream_blocks", "Blocks in the stream: not yet stored or not yet judged")
STREAM_BYTES = Gauge("siteloop_stream_bytes", "Bytes in the stream")
STREAM_FULL = Gauge(
    "siteloop_stream_full_share", "Share of the stream's room that is used; at 1 devices get no answer"
)

LAG_BLOCKS = Gauge("siteloop_lag_blocks", "Blocks in the stream that the role has not worked off", ["of"])
PARTITIONS = Gauge("siteloop_partitions_held", "Partitions of the stream this process works on", ["of"])
LAG_S = Gauge("siteloop_lag_seconds", "Age of the oldest block that the role has not worked off", ["of"])
ROWS = Counter("siteloop_sink_rows", "Rows committed")
COMMIT_S = Gauge("siteloop_sink_commit_seconds", "How long the last transaction took")
PUT_ASIDE = Counter("siteloop_blocks_put_aside", "Blocks that could not be read or stored", ["of"])
STATE_BYTES = Gauge("siteloop_judge_state_bytes", "Bytes of the detectors' saved state")
STATE_S = Gauge(
    "siteloop_judge_save_seconds", "How long saving findings, state and position took the last time"
)
FAULTS = Counter("siteloop_judge_faults", "Times a detector failed", ["detector"])
SAID = Counter("siteloop_judge_statements", "Findings and commands the judge wrote", ["what"])

LISTENERS = Gauge("siteloop_live_streams", "Open event streams")
TOLD = Counter("siteloop_live_events", "Events handed to streams", ["topic"])
DROPPED = Counter(
    "siteloop_live_dropped", "Events a slow reader did not get; it was told to read again", ["topic"]
)
ENDED = Counter("siteloop_live_ended", "Streams we ended, by reason", ["reason"])

REGISTRY = Gauge(
    "siteloop_registry_version", "Version of the devices and rules that this process works with, 0 before one"
)

EDGE_UP = Gauge("siteloop_edge_linked", "1 while an edge and its centre hear each other", ["edge"])
EDGE_BLOCKS = Gauge("siteloop_edge_blocks", "Blocks that wait at the edge for the centre", ["edge"])
EDGE_BYTES = Gauge("siteloop_edge_bytes", "Bytes of them", ["edge"])
EDGE_OLDEST_S = Gauge("siteloop_edge_oldest_seconds", "Age of the oldest of them", ["edge"])
EDGE_SILENT_S = Gauge("siteloop_edge_silent_seconds", "Since the edge was heard at the centre", ["edge"])
EDGE_FORWARDED = Gauge("siteloop_edge_forwarded", "Blocks this edge forwarded since start")


def lag(of: str, blocks: int, oldest: float | None) -> None:
    """Note how far a role is behind: `blocks` not worked off, the oldest written at `oldest` (seconds since the epoch)."""
    LAG_BLOCKS.labels(of).set(max(0, blocks))
    LAG_S.labels(of).set(max(0.0, time.time() - oldest) if blocks > 0 and oldest is not None else 0.0)
