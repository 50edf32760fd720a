"""The truth checks row by row in plain Python, as slow and obvious as possible: what the vectorised ones are held to."""

import math
from collections import defaultdict, deque
from statistics import median

import numpy as np

from siteloop.kernel.block import Kind
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import OFFSET, SECOND


class Streak:
    """One device's streak."""

    def __init__(self, rows=3, hold=0, clear=3):
        self.rows, self.hold, self.clear = rows, hold, clear
        self.active, self.count, self.calm, self.since = False, 0, 0, 0

    def step(self, at, bad):
        """raise, clear or None."""
        if bad:
            if not self.active and self.count == 0:
                self.since = at
            self.count, self.calm = self.count + 1, 0
            if not self.active and self.count >= self.rows and at - self.since >= self.hold:
                self.active = True
                return "raise"
            return None
        if not self.active:
            self.count = 0
            return None
        self.calm += 1
        if self.calm >= self.clear:
            self.active, self.count, self.calm = False, 0, 0
            return "clear"
        return None


class Naive:
    """Base: lets fresh real-time rows of known devices through, one at a time."""

    def __init__(self, devices, **params):
        self.devices = {d.number: d for d in devices}
        self.params = params
        self.last = {}
        self.said = []
        patience = (params.get("min_count", self.ROWS), params.get("hold_s", self.HOLD) * SECOND)
        self.streaks = defaultdict(lambda: Streak(*patience, params.get("clear_count", self.CLEAR)))

    ROWS, HOLD, CLEAR = 3, 0, 3

    def see(self, rows):
        """Rows of `support.row`."""
        for r in rows:
            device = self.devices.get(r["device"])
            if device is None or r["kind"] != Kind.REALTIME or r["at"] <= self.last.get(r["device"], 0):
                continue
            self.last[r["device"]] = r["at"]
            self.row(device, r)

    def judge(self, device, at, bad):
        act = self.streaks[device.number].step(at, bad)
        if act:
            self.said.append((act, device.number, at))

    @staticmethod
    def value(r, name, profile="dust"):
        """A valid value or None."""
        if name not in r["values"] or r["flags"].get(name, Quality.NORMAL) != Quality.NORMAL:
            return None
        return round(float(np.float32(r["values"][name])), 4)


class OutOfPhysics(Naive):
    def row(self, device, r):
        self.judge(device, r["at"], Quality.OUT_OF_PHYSICS in r["flags"].values())


class ClockDrift(Naive):
    ROWS, HOLD = 5, 600

    def __init__(self, *args, **params):
        super().__init__(*args, **params)
        self.lag = {}

    def row(self, device, r):
        streak, lag = self.streaks[device.number], r["late"]
        large = abs(lag) > self.params.get("limit_s", 120) * SECOND
        if large and not streak.active:
            first = self.lag.get(device.number, 0)
            if streak.count and abs(lag - first) > self.params.get("jitter_s", 60) * SECOND:
                streak.count = 0
            if streak.count == 0:
                self.lag[device.number] = lag
        elif large and streak.count == 0:
            self.lag[device.number] = lag
        self.judge(device, r["at"], large)


class PositionMoved(Naive):
    def row(self, device, r):
        lon, lat = self.value(r, "lon"), self.value(r, "lat")
        if lon is None or lat is None or (lon == 0 and lat == 0) or device.lon is None:
            return
        a, b = math.radians(device.lat), math.radians(lat)
        half = math.sin((b - a) / 2) ** 2
        half += math.cos(a) * math.cos(b) * math.sin(math.radians(lon - device.lon) / 2) ** 2
        far = 2 * 6_371_008.8 * math.asin(math.sqrt(half))
        self.judge(device, r["at"], far > self.params.get("radius_m", 300))


class TwinStreams(Naive):
    """Whole windows compared with whole windows of all others."""

    CLEAR = 12

    def __init__(self, *args, **params):
        super().__init__(*args, **params)
        self.windows = defaultdict(lambda: deque(maxlen=12))
        self.owner = {}
        self.twin = {}

    def row(self, device, r):
        names = [f.name for f in PROFILES["dust"].fields]
        values = tuple((n, self.value(r, n)) for n in names if self.value(r, n) is not None)
        if len(values) < 3:
            return
        window = self.windows[device.number]
        window.append(values)
        twin = 0
        moves = sum(a != b for a, b in zip(window, list(window)[1:], strict=False))
        if len(window) == 12 and moves >= self.params.get("min_moves", 6):
            owner, _ = self.owner.get(tuple(window), (0, 0))
            if owner in (0, device.number):
                self.owner[tuple(window)] = (device.number, r["at"])
            else:
                twin = owner
        if twin and self.streaks[twin].active and self.twin.get(twin) == device.number:
            twin = 0
        if twin:
            self.twin[device.number] = twin
        self.judge(device, r["at"], bool(twin))


class BesideNeighbours(Naive):
    CLEAR = 1

    def __init__(self, devices, **params):
        super().__init__(devices, **params)
        self.sums = defaultdict(list)
        self.judged = 0

    def row(self, device, r):
        value = self.value(r, self.params["field"])
        if value is not None:
            window = self.params["window_s"] * SECOND
            self.sums[device.number, r["at"] - (r["at"] + OFFSET) % window].append(value)

    def tick(self, now):
        window = self.params["window_s"] * SECOND
        over = now - self.params["grace_s"] * SECOND
        start = over - (over + OFFSET) % window - window
        if start <= self.judged:
            return
        self.judged = start
        means = {}
        for number, device in self.devices.items():
            found = self.sums.get((number, start), [])
            if len(found) >= max(1, 0.5 * (window // (device.interval_s * SECOND))):
                means[number] = round(sum(found) / len(found), 4)
        for number, device in sorted(self.devices.items()):
            near = self._near(device)
            around = [means[n] for n in near if n in means]
            if len(near) < 3 or number not in means or len(around) < 3:
                continue
            middle = median(around)
            apart = abs(means[number] - middle)
            limit = max(self.params["absolute"], self.params["ratio"] * abs(middle))
            self.judge(device, start + window, apart > limit)

    def _near(self, device):
        found = []
        for other in self.devices.values():
            if other.number != device.number and None not in (other.lon, device.lon):
                x = math.radians(other.lon - device.lon) * math.cos(math.radians(device.lat))
                y = math.radians(other.lat - device.lat)
                if math.hypot(x, y) * 6_371_008.8 <= self.params["radius_m"]:
                    found.append(other.number)
        return found


class SprayEffect(Naive):
    ROWS, CLEAR = 2, 1

    def __init__(self, *args, **params):
        super().__init__(*args, **params)
        self.on = set()
        self.state = defaultdict(lambda: {"value": math.nan, "start": 0})

    def spray(self, number, runs, at):
        if runs == (number in self.on):
            return
        before = set(self.on)
        (self.on.add if runs else self.on.discard)(number)
        for device in self.devices.values():
            if number not in device.linked:
                continue
            mine, state = set(device.linked), self.state[device.number]
            if self.on & mine and not before & mine:
                state |= {"start": at, "base": state["value"], "low": math.inf}
            elif not self.on & mine:
                state["start"] = 0

    def row(self, device, r):
        value, state, at = self.value(r, self.params["field"]), self.state[device.number], r["at"]
        if device.profile != "dust" or value is None:
            return
        state["value"] = value
        if not state["start"] or at <= state["start"]:
            return
        state["low"] = min(state["low"], value)
        if at - state["start"] >= self.params["effect_s"] * SECOND and state["base"] >= self.params["on"]:
            self.judge(device, at, 1 - state["low"] / state["base"] < self.params["min_drop"] - 1e-9)
            state["start"] = 0
