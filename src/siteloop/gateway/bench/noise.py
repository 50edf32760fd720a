"""Noise: many connections that send bytes which never become a frame, beside devices that speak properly.

Started as `python -m siteloop.gateway.bench.noise HOST PORT CONNECTIONS`; prints a line once all are open, sends until ended.
"""

import argparse
import asyncio
import itertools
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from siteloop.gateway import files
from siteloop.gateway.bench.command import sent, start_load
from siteloop.gateway.bench.crowd import memory, phase
from siteloop.gateway.bench.load import Load
from siteloop.gateway.bench.load_frames import READINGS
from siteloop.gateway.bench.trial import Program
from siteloop.gateway.bench.watching import Watch

EVERY_S = 2.0
OPENING = 200  # connections opened at once


def beside(running: Program, asked: argparse.Namespace) -> dict[str, Any]:
    """Good traffic while `connections` (10,000) senders of noise hold the same port: what it costs, and what is lost (nothing)."""
    senders = asked.connections or 10_000
    seconds = asked.seconds or 20.0
    before = memory(running)
    host, port = running.hj212
    command = [sys.executable, "-m", "siteloop.gateway.bench.noise", host, str(port), str(senders)]
    noise = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own command
    try:
        assert noise.stdout is not None, "it is a pipe"
        opened = int(noise.stdout.readline() or 0)
        with Watch(running) as watch:
            frames = int(asked.rate / READINGS * seconds)
            done = sent(start_load(Load(host, port, asked.devices, frames, asked.rate / READINGS)), 600)
        most = memory(running)
    finally:
        noise.terminate()
        noise.wait()
    running.settle(done.frames)
    rows, distinct = running.stored()
    return {
        "noisy_connections": opened,
        "listener_mib": {"before": round(before), "after": round(most)},
        "kib_a_noisy_connection": round((most - before) * 1024 / max(opened, 1), 1),
        "memory_mib": watch.memory(),
        **phase(done),
        "ledger": running.ledger(),
        "lost": done.frames - distinct,
        "doubled": rows - distinct,
        "holds": opened == senders and done.frames == distinct == rows,
    }


def garbage(dice: random.Random) -> Iterator[bytes]:
    """Pieces that never frame: any bytes, giant and senseless lengths, beginnings without an end, marks without content."""
    kinds: tuple[Callable[[], bytes], ...] = (
        lambda: dice.randbytes(200).replace(b"##", b"  "),
        lambda: b"##9999QN=" + b"1" * 100,
        lambda: b"##abcdQN=20260101;",
        lambda: b"##0100" + b"x" * 100 + b"0000\r\n",
        lambda: b"#" * 150,
    )
    for kind in itertools.cycle(kinds):
        yield kind()


async def make(host: str, port: int, connections: int) -> None:
    """Open the connections, say how many are open, send noise for ever; one that is put out comes back."""
    gate, opened = asyncio.Semaphore(OPENING), asyncio.Semaphore(0)

    async def one(number: int) -> None:
        pieces = garbage(random.Random(number))  # noqa: S311 - noise
        is_first = True
        while True:
            with suppress(OSError):
                async with gate:
                    _, writer = await asyncio.open_connection(host, port)
                if is_first:
                    opened.release()
                    is_first = False
                while not writer.is_closing():
                    writer.write(next(pieces))
                    await writer.drain()
                    await asyncio.sleep(EVERY_S)
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(one(n)) for n in range(connections)]
    for _ in range(connections):
        await opened.acquire()
    print(connections, flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    files.more()
    asyncio.run(make(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
