"""Faults: kill -9 of every part in turn under a stream of answered frames; each is stored exactly once, the ledger adds up."""

import contextlib
import os
import signal
import time
from typing import Any

from siteloop.gateway.bench.command import sent, start_load
from siteloop.gateway.bench.load import Load
from siteloop.gateway.bench.trial import Program

VICTIMS = ("listener", "sink", "judge", "nats", "postgres")


def pid_of(running: Program, victim: str) -> int:
    """Process number at the moment; 0 when it is down."""
    state = running.state
    return int(state["roles"].get(victim) or state.get(victim) or 0)


def kill(running: Program, victim: str, seconds: float = 30) -> bool:
    """kill -9, and wait for its successor; whether one came."""
    old = pid_of(running, victim)
    if not old:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(old, signal.SIGKILL)
    end = time.monotonic() + seconds
    while pid_of(running, victim) in (0, old):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def run(
    running: Program, devices: int, frames: int, rate: float = 0.0, seconds: float = 300
) -> dict[str, Any]:
    """Stream `frames` at `rate` a second (default: so that all kills fall into the stream) while everything dies once."""
    rate = rate or min(frames / 25, 5_000)
    process = start_load(Load(*running.hj212, devices, frames, rate))
    came_back = {}
    for victim in VICTIMS:
        time.sleep(1.5)
        came_back[victim] = kill(running, victim)
    done = sent(process, seconds)
    running.settle(done.frames)
    rows, distinct = running.stored()
    ledger = running.ledger()
    adds_up = ledger["received"] == ledger["stored"] + ledger["control"] + ledger["rejected"]
    once = rows == distinct == done.frames == done.answered and ledger["stored"] == rows
    return {
        "frames": done.frames,
        "answered": done.answered,
        "resent": done.resent,
        "connections": done.connections,
        "came_back": came_back,
        "rows": rows,
        "lost": done.frames - distinct,
        "doubled": rows - distinct,
        "ledger": ledger,
        "ledger_adds_up": adds_up,
        "holds": adds_up and once and all(came_back.values()),
    }
