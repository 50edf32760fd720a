"""Watching a program under trial from outside: resident memory of every role while it works."""

import contextlib
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from siteloop.gateway.bench.trial import Program

EVERY_S = 1.0


def resident(pid: int) -> float:
    """MiB of a process that are in memory; 0 when it is gone."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
    return 0.0


class Watch:
    """Looks every second, in a thread, from `with` on until its end."""

    def __init__(self, running: Program) -> None:
        self.running = running
        self.seen: dict[str, list[float]] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(EVERY_S):
            with contextlib.suppress(OSError, ValueError):  # run.json is just being written
                state = self.running.state
                for role, pid in {**state["roles"], "nats": state["nats"]}.items():
                    self.seen.setdefault(role, []).append(resident(int(pid or 0)))

    def memory(self) -> dict[str, Any]:
        """By role: the most in each quarter of the time. Flat means that the later quarters do not grow."""
        quarters = {}
        for role, seen in self.seen.items():
            step = max(1, -(-len(seen) // 4))
            quarters[role] = [round(max(seen[i : i + step])) for i in range(0, len(seen), step)]
        return quarters
