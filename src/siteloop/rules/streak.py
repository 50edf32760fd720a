"""Streak: something holds for so many rows in a row and for so long, and ends when so many rows in a row are without it."""

from dataclasses import dataclass

import numpy as np

from siteloop.rules.hysteresis import Step
from siteloop.rules.state import Array, Spec, State

SPEC: Spec = {
    "active": ("?", False),
    "since": ("i8", 0),  # first row of the streak, µs
    "count": ("i4", 0),  # rows with it
    "calm": ("i4", 0),  # rows without it since the last one with it
    "told": ("i8", 0),
}


@dataclass
class Patience:
    """Per-slot: rows that make a streak, µs it must last, rows that end it, µs between updates."""

    rows: Array
    hold: Array
    clear: Array
    update: Array


def step(state: State, patience: Patience, slot: Array, at: Array, bad: Array) -> Step:
    """Move the devices `slot` (each at most once) by one row each."""
    active, count, calm = state["active"][slot], state["count"][slot], state["calm"][slot]
    starts = bad & ~active & (count == 0)
    since = np.where(starts, at, state["since"][slot])
    count = np.where(bad, count + 1, np.where(active, count, 0))
    calm = np.where(bad | ~active, 0, calm + 1)
    raised = bad & ~active & (count >= patience.rows[slot]) & (at - since >= patience.hold[slot])
    cleared = active & ~bad & (calm >= patience.clear[slot])
    updated = active & bad & (at - state["told"][slot] >= patience.update[slot])
    state["since"][slot] = since
    state["count"][slot] = np.where(cleared, 0, count)
    state["calm"][slot] = np.where(cleared, 0, calm)
    state["active"][slot] = (active | raised) & ~cleared
    state["told"][slot] = np.where(raised | updated, at, state["told"][slot])
    return Step(raised, updated, cleared)
