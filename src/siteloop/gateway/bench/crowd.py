"""Crowds: very many connections at once, and a flood of ten times the normal rate. Memory, latency, loss."""

import argparse
import time
from pathlib import Path
from typing import Any

from siteloop.gateway.bench.command import sent, start_load
from siteloop.gateway.bench.load import Load, Sent
from siteloop.gateway.bench.load_frames import READINGS
from siteloop.gateway.bench.trial import Program

NORMAL_S = 60.0


def memory(running: Program, role: str = "listener") -> float:
    """Resident MiB of a role."""
    text = Path(f"/proc/{running.state['roles'][role]}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def connections(running: Program, asked: argparse.Namespace) -> dict[str, Any]:
    """Every device on a socket of its own, first silent, then sending: memory of the listener, time to the answer."""
    before = most = memory(running)
    frames = asked.frames or asked.devices * 6
    # time to render the frames and to connect
    quiet = asked.devices / 400 + 5
    process = start_load(Load(*running.hj212, asked.devices, frames, asked.rate / READINGS, idle_s=quiet))
    while process.poll() is None:
        most = max(most, memory(running))
        time.sleep(0.5)
    done = sent(process, 60)
    running.settle(done.frames)
    rows, distinct = running.stored()
    return {
        "connections": done.connections,
        "listener_mib": {"before": round(before), "most": round(most)},
        "kib_a_connection": round((most - before) * 1024 / asked.devices, 1),
        **phase(done),
        "lost": done.frames - distinct,
        "doubled": rows - distinct,
        "holds": done.frames == distinct == rows,
    }


def flood(running: Program, asked: argparse.Namespace) -> dict[str, Any]:
    """The normal rate, ten times the normal rate, the normal rate again; each from devices of its own.

    The normal phases last a minute at most: the one behind the flood shows whether a minute is enough to come back.
    """
    each, long = asked.devices // 3, asked.seconds or 20.0
    report: dict[str, Any] = {}
    total = 0
    for i, (name, rate) in enumerate(
        (("before", asked.rate), ("flood", 10 * asked.rate), ("after", asked.rate))
    ):
        seconds = long if name == "flood" else min(long, NORMAL_S)
        frames = int(rate / READINGS * seconds)
        load = Load(*running.hj212, each, frames, rate / READINGS, first=1 + i * each)
        done = sent(start_load(load), 3 * seconds + 120)
        total += done.frames
        report[name] = {**phase(done), "listener_mib": round(memory(running))}
        if name == "flood":
            report[name]["stored_after_s"] = round(running.settle(total), 2)
    running.settle(total)
    rows, distinct = running.stored()
    holds = total == distinct == rows
    return {**report, "lost": total - distinct, "doubled": rows - distinct, "holds": holds}


def phase(done: Sent) -> dict[str, Any]:
    """What a load says about its frames and their answers."""
    return {
        "frames": done.frames,
        "answered": done.answered,
        "resent": done.resent,
        "readings_per_s": round(done.frames * READINGS / done.seconds),
        "answer_p50_s": round(done.p50_s, 3),
        "answer_p99_s": round(done.p99_s, 3),
    }
