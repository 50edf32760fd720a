"""What the linkage remembers: which monitor asks for spray, which sprayer runs on whose order, and the orders' names.

All times are µs of the platform's clock (receive time, tick), so that a wrong device clock cannot hold a pump open.
"""

import heapq
import uuid
from collections.abc import Iterable, Iterator

import msgspec

from siteloop.kernel.finding import Command
from siteloop.kernel.times import SECOND

SPACE = uuid.UUID("7d0a6f0c-6b1e-5b0e-9a53-0c6f2d1f8a11")
OFF_WITHIN = 300 * SECOND  # an order to stop stays worth sending this long


class Timing(msgspec.Struct):
    """Parameters of one rule, µs."""

    min_run: int = 180 * SECOND
    max_run: int = 1800 * SECOND
    rest: int = 600 * SECOND
    proof: int = 120 * SECOND
    manual: int = 1800 * SECOND
    max_age: int = 900 * SECOND

    @classmethod
    def of(cls, params: dict[str, float | int | str | bool]) -> "Timing":
        """From rule parameters in seconds; missing ones keep their defaults."""
        return cls(
            **{
                name: int(float(params[f"{name}_s"]) * SECOND)
                for name in cls.__struct_fields__
                if f"{name}_s" in params
            }
        )


class Demand(msgspec.Struct):
    """One monitor's excess that asks for spray."""

    monitor: int
    since: int  # device time of the first excess; names the episode
    began: int
    value: float = 0.0
    commands: list[str] = []  # of the present attempt
    sprayers: list[int] = []
    deadline: int = 0  # proof is due; 0 = nothing ordered yet
    proven: bool = False
    proof: tuple[str, tuple[str, ...]] | None = None  # words and evidence not told yet
    failed: bool = False
    ended: bool = False  # the air is clean again; kept until its proof is judged
    locked: str = ""  # why nothing is ordered
    told: bool = False  # the lock has been told
    next_try: int = 0
    due: int = 0  # when time alone may change something

    @property
    def waits(self) -> bool:
        """Ordered, and neither proven nor judged yet."""
        return bool(self.deadline) and not (self.proven or self.failed)


class Run(msgspec.Struct):
    """One sprayer under automatic control."""

    sprayer: int
    monitors: set[int] = set()  # that ask for it now
    joined: set[int] = set()  # whose demand the present order serves, for its proof
    phase: str = "idle"  # idle | on | rest
    origin: str = ""
    command: str = ""
    on_at: int = 0
    deadline: int = 0
    proven: bool = False
    proof: tuple[str, tuple[str, ...]] | None = None
    rest_until: int = 0
    manual_until: int = 0
    starts: int = 0
    timing: Timing = msgspec.field(default_factory=Timing)
    due: int = 0

    def next_due(self) -> int:
        """When time alone changes something next, 0 = never."""
        if self.phase == "on":
            return self.on_at + (self.timing.max_run if self.monitors else self.timing.min_run)
        return self.rest_until if self.phase == "rest" else self.manual_until

    def is_free(self, now: int) -> bool:
        """Neither running, resting nor in somebody's hands."""
        return self.phase == "idle" and now >= self.manual_until

    def is_done(self, now: int) -> bool:
        """Nothing left to remember."""
        return self.is_free(now) and not self.monitors


class Agenda:
    """What falls due when, so that a tick costs nothing while nothing does. Entries overtaken by a newer one are skipped."""

    def __init__(self, things: Iterable[Demand | Run] = ()) -> None:
        self._heap: list[tuple[int, int, int, Demand | Run]] = []
        self._serial = 0
        for thing in things:
            self.plan(thing, thing.due)

    def plan(self, thing: Demand | Run, at: int) -> None:
        """Look at it then, and no more at the time planned before. 0 = not at all."""
        thing.due = at
        if at:
            self._serial += 1
            heapq.heappush(self._heap, (at, isinstance(thing, Demand), self._serial, thing))

    def pop(self, now: int) -> Iterator[Demand | Run]:
        """Everything due, runs before demands; may be planned again while being handled."""
        while self._heap and self._heap[0][0] <= now:
            at, _, _, thing = heapq.heappop(self._heap)
            if thing.due == at:
                thing.due = 0
                yield thing


def order_id(rule: str, monitor: int, sprayer: int, since: int, what: str, turn: int) -> str:
    """The same order has the same name, however often the readings are replayed."""
    return uuid.uuid5(SPACE, f"{rule}|{monitor}|{sprayer}|{since}|{what}|{turn}").hex


def spray_on(run: Run, rule: str, demand: Demand, now: int, reason: str) -> Command:
    """Start a sprayer and remember it; the device gets its longest run along, should the order to stop be lost."""
    run.starts += 1
    run.phase, run.on_at, run.proven, run.proof, run.origin = "on", now, False, None, rule
    run.joined = {demand.monitor}
    run.command = order_id(rule, demand.monitor, run.sprayer, demand.since, "on", run.starts)
    run.deadline = now + run.timing.proof
    return Command(
        id=run.command,
        device=run.sprayer,
        command="spray_on",
        args={"seconds": run.timing.max_run // SECOND},
        issued_at=now,
        expires_at=run.deadline,
        origin=f"rule:{rule}",
        reason=reason,
    )


def spray_off(run: Run, now: int, reason: str, rest: bool = False) -> Command:
    """Stop a sprayer, for good or for its rest."""
    run.phase = "rest" if rest else "idle"
    run.rest_until = now + run.timing.rest if rest else 0
    return Command(
        id=uuid.uuid5(SPACE, f"{run.command}|off").hex,
        device=run.sprayer,
        command="spray_off",
        issued_at=now,
        expires_at=now + OFF_WITHIN,
        origin=f"rule:{run.origin}",
        reason=reason,
    )
