"""`siteloop bench ingest | latency | crowd | garbage | flood | faults`: the real program under load, in a data folder of its own; prints JSON."""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import msgspec
import nats

from siteloop.gateway.bench.load import Load, Sent
from siteloop.gateway.bench.load_frames import READINGS, render
from siteloop.gateway.bench.trial import LIMIT, Program, program
from siteloop.gateway.bench.watching import Watch
from siteloop.kernel.times import SECOND

CROWDS = ("crowd", "connections")
PROBE_S = 0.1  # between probes
MOST_A_SECOND = 200_000  # frames: more than any machine of today answers


def start_load(load: Load) -> subprocess.Popen[bytes]:
    """The load in a process of its own."""
    command = [sys.executable, "-m", "siteloop.gateway.bench.load", msgspec.json.encode(load).decode()]
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own command


def sent(process: subprocess.Popen[bytes], seconds: float) -> Sent:
    """Wait for a load. Raises TimeoutExpired."""
    try:
        said, _ = process.communicate(timeout=seconds)
    finally:
        process.kill()  # whatever ended the waiting, no generator goes on behind it
    return msgspec.json.decode(said, type=Sent)


def ingest(running: Program, load: Load) -> dict[str, Any]:
    """Saturation of a freshly started program: every frame answered, stored and judged."""
    before, room = running.cpu_seconds(), running.disk_bytes()
    start = time.monotonic()
    with Watch(running) as watch:
        done = sent(start_load(load), load.seconds * 2 + 600)
        settle = running.settle(done.frames)
    running.settle_judge()
    wall = time.monotonic() - start
    after = running.cpu_seconds()
    rows, distinct = running.stored()
    readings = done.frames * READINGS
    by_role = {k: round((after[k] - before.get(k, 0.0)) * 1e6 / readings, 3) for k in after}
    return {
        "devices": load.devices,
        "connections": done.connections,
        "frames": done.frames,
        "answered": done.answered,
        "resent": done.resent,
        "seconds": round(done.seconds, 2),
        "frames_per_s": round(done.frames / done.seconds),
        "readings_per_s": round(readings / done.seconds),
        "stored_readings_per_s": round(readings / (done.seconds + settle)),
        "settled_s_after_last_answer": round(settle, 2),
        "answer_p50_s": round(done.p50_s, 3),
        "answer_p99_s": round(done.p99_s, 3),
        "wall_s": round(wall, 2),
        "cpu_s_per_million_readings": {**by_role, "all": round(sum(by_role.values()), 3)},
        "load_generator_cpu_s_per_million": round(done.cpu_s * 1e6 / readings, 3),
        "cores_used": round((sum(after.values()) - sum(before.values()) + done.cpu_s) / wall, 2),
        "bytes_per_reading": round((running.disk_bytes() - room) / max(rows * READINGS, 1), 1),
        "archive_bytes_per_reading": round(running.archive_bytes() / max(rows * READINGS, 1), 1),
        "memory_mib": watch.memory(),
        "load_average": os.getloadavg(),
        "lost": done.frames - distinct,
        "doubled": rows - distinct,
        "ledger": running.ledger(),
    }


async def alarms(running: Program, devices: int, rate: float, probes: int) -> dict[str, Any]:
    """Latency from writing a frame past the limit to the finding on the bus and in a browser's event stream.

    While `rate` readings a second come in. The probes are spread over ten seconds and more, ten a second.
    """
    frames = int(rate / READINGS * (probes * PROBE_S + 6))
    background = start_load(Load(*running.hj212, devices, frames, rate / READINGS))
    bus = await nats.connect(running.state["nats_url"])
    heard: dict[int, float] = {}
    seen: dict[int, float] = {}

    async def hear(message: Any) -> None:
        heard.setdefault(int(json.loads(message.data)["device"]), time.monotonic())

    await bus.subscribe("live.finding.>", cb=hear)
    token = await asyncio.to_thread(running.viewer_token)
    stream = asyncio.create_task(_browse(running.address["HTTP"], token, seen))
    await asyncio.sleep(4)
    _, writer = await asyncio.open_connection(*running.hj212)
    written: dict[int, float] = {}
    for number in range(devices + 1, devices + probes + 1):
        now = time.time_ns() // 1000 // SECOND * SECOND
        written[number] = time.monotonic()
        writer.write(render(number, now, LIMIT * 2)[1])
        await writer.drain()
        await asyncio.sleep(PROBE_S)
    await asyncio.sleep(2)
    writer.close()
    stream.cancel()
    await bus.close()
    done = await asyncio.to_thread(sent, background, 600)
    return {
        "background_readings_per_s": round(done.frames * READINGS / done.seconds),
        "answer_p99_s": round(done.p99_s, 3),
        "probes": probes,
        "on_the_bus": _latency(written, heard),
        "in_the_browser": _latency(written, seen),
        "load_average": os.getloadavg(),
    }


async def _browse(address: str, token: str, seen: dict[int, float]) -> None:
    """Listen as a browser does; when the finding of each device arrived."""
    host, port = address.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    ask = f"GET /api/v1/live?topics=finding HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(ask.encode())
    try:
        if b" 200 " not in await reader.readline():
            raise RuntimeError("the event stream was refused")
        while line := await reader.readline():
            if line.startswith(b"data: ") and b'"device"' in line:
                seen.setdefault(int(json.loads(line[6:])["device"]), time.monotonic())
    finally:
        writer.close()


def _latency(written: dict[int, float], heard: dict[int, float]) -> dict[str, Any]:
    took = sorted(heard[n] - t for n, t in written.items() if n in heard)
    return {
        "heard": len(took),
        "p50_s": round(took[len(took) // 2], 3) if took else None,
        "p99_s": round(took[min(len(took) - 1, int(len(took) * 0.99))], 3) if took else None,
    }


def main(argv: list[str]) -> int:
    """Measure, print JSON; 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(prog="siteloop bench")
    parser.add_argument(
        "what", choices=("ingest", "latency", "crowd", "connections", "garbage", "flood", "faults")
    )
    parser.add_argument("--devices", type=int, default=0, help="200, and 10,000 of a crowd")
    parser.add_argument(
        "--seconds", type=float, default=0, help="of the ingest, or of each phase of a flood (20)"
    )
    parser.add_argument(
        "--connections", type=int, default=0, help="of the ingest (one a device), or of noise (10,000)"
    )
    parser.add_argument("--plain", action="store_true", help="without the compiled decoder")
    parser.add_argument("--frames", type=int, default=0)
    parser.add_argument(
        "--rate",
        type=float,
        default=0,
        help="readings a second, 20,000; 500,000 behind the probes of latency",
    )
    parser.add_argument("--probes", type=int, default=0, help="frames past the limit, 200 of latency")
    parser.add_argument(
        "--runs", type=int, default=1, help="repeat with a fresh program and give the medians"
    )
    asked = parser.parse_args([a for a in argv if a != "--"])
    asked.devices = asked.devices or (10_000 if asked.what in CROWDS else 200)
    asked.probes = asked.probes or (200 if asked.what == "latency" else 0)
    asked.rate = asked.rate or (500_000 if asked.what == "latency" else 20_000)
    reports = [_once(asked) for _ in range(asked.runs)]
    report = reports[0] if asked.runs == 1 else {"medians": medians(reports), "runs": reports}
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0 if all(r["holds"] for r in reports) else 1


def _once(asked: argparse.Namespace) -> dict[str, Any]:
    """One measurement of a program whose data folder is new."""
    with program({"SITELOOP_ACCELERATE": "0"} if asked.plain else {}) as running:
        running.register(asked.devices, asked.probes)
        if asked.what in (*CROWDS, "flood"):
            from siteloop.gateway.bench import crowd

            return (crowd.flood if asked.what == "flood" else crowd.connections)(running, asked)
        if asked.what == "garbage":
            from siteloop.gateway.bench import noise

            return noise.beside(running, asked)
        if asked.what == "latency":
            found = asyncio.run(alarms(running, asked.devices, asked.rate, asked.probes))
            return {**found, "holds": found["in_the_browser"]["heard"] == asked.probes}
        if asked.what == "faults":
            from siteloop.gateway.bench import faults

            return faults.run(running, asked.devices, asked.frames or 50_000)
        frames = asked.frames or (int(asked.seconds * MOST_A_SECOND) if asked.seconds else 100_000)
        load = Load(
            *running.hj212, asked.devices, frames, seconds=asked.seconds, connections=asked.connections
        )
        report = ingest(running, load)
        report["holds"] = not report["lost"] and not report["doubled"]
        if asked.probes:
            report["alarm"] = asyncio.run(alarms(running, asked.devices, asked.rate, asked.probes))
        return report


def medians(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The middle value of every figure over several runs."""
    found: dict[str, Any] = {}
    for name, first in reports[0].items():
        if isinstance(first, dict):
            found[name] = medians([r[name] for r in reports])
        elif isinstance(first, int | float) and not isinstance(first, bool):
            found[name] = statistics.median(r[name] for r in reports)
    return found
