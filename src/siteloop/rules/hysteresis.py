"""Hysteresis: enter above one value, leave at another, each held for a time. Vectorised over devices.

States of a device: quiet → (beyond `on`) pending → (held) active → (not beyond `off`, held) quiet.
"""

from dataclasses import dataclass

import numpy as np

from siteloop.rules.state import Array, Spec, State

SPEC: Spec = {
    "active": ("?", False),
    "pending": ("i8", 0),  # start of the excess that may become an episode, µs; 0 = none
    "calm": ("i8", 0),  # start of the recovery that may end it
    "since": ("i8", 0),
    "seen": ("i8", 0),  # newest valid value
    "told": ("i8", 0),  # last statement
    "count": ("i4", 0),  # readings the episode holds
    "peak": ("f8", 0.0),
}


@dataclass
class Limits:
    """Per-slot parameters. Times in µs; `above` False judges values below the limit."""

    on: Array
    off: Array
    hold: Array
    recover: Array
    gap: Array  # a silence longer than this breaks a hold
    update: Array  # at most one update in this time
    above: bool = True


@dataclass
class Step:
    """Which of the given positions raise, go on with something to tell, or clear."""

    raised: Array
    updated: Array
    cleared: Array


def busy(state: State) -> Array:
    """Slots that are not quiet."""
    found: Array = state["active"] | (state["pending"] != 0)
    return found


def beyond(value: Array, limit: Array, above: bool) -> Array:
    """Strictly past the limit."""
    return value > limit if above else value < limit


def step(
    state: State,
    limits: Limits,
    slot: Array,
    at: Array,
    value: Array,
    inside: Array,
    begin: Array | None = None,
) -> Step:
    """Move the devices `slot` (each at most once) by one valid value. `inside` False: the rule sleeps at that hour.

    `begin` is when the value's own period began (a window mean); by default the moment itself.
    """
    begin = at if begin is None else begin
    over = beyond(value, limits.on[slot], limits.above) & inside
    under = ~(beyond(value, limits.off[slot], limits.above) & inside)
    active = state["active"][slot]
    broken = (state["seen"][slot] > 0) & (at - state["seen"][slot] > limits.gap[slot])
    pending = np.where(broken | active, 0, state["pending"][slot])
    calm = np.where(broken, 0, state["calm"][slot])
    count, peak = state["count"][slot], state["peak"][slot]

    starts = ~active & over & (pending == 0)
    pending = np.where(starts, begin, np.where(over, pending, 0))
    raised = ~active & over & (at - pending >= limits.hold[slot])
    calm = np.where(active & under, np.where(calm == 0, at, calm), 0)
    cleared = active & under & (at - calm >= limits.recover[slot])
    counted = (~active & over) | (active & ~under)
    further = np.maximum(peak, value) if limits.above else np.minimum(peak, value)
    count = np.where(starts, 1, count + counted)
    peak = np.where(starts, value, np.where(counted, further, peak))
    updated = active & ~under & (at - state["told"][slot] >= limits.update[slot])

    state["since"][slot] = np.where(raised, pending, state["since"][slot])
    state["active"][slot] = (active | raised) & ~cleared
    state["pending"][slot] = np.where(raised | active, 0, pending)
    state["calm"][slot] = np.where(cleared, 0, calm)
    state["seen"][slot] = at
    state["told"][slot] = np.where(raised | updated, at, state["told"][slot])
    state["count"][slot] = count
    state["peak"][slot] = peak
    return Step(raised, updated, cleared)
