"""Position moved: a device that says where it is says it is elsewhere than registered.

A device of any kind tells it as a row of the profile `position`; vehicles move and are none of this rule's business, unless a rule
names their profile. The registered point is the device's, else its site's. Parameters: those of a doubt (`min_count` 3), `radius_m` (300).
"""

from typing import ClassVar

import numpy as np

from siteloop.kernel.profiles import POSITION
from siteloop.rules import words
from siteloop.rules.detector import Statement
from siteloop.rules.doubt import DoubtLane
from siteloop.rules.lane import LaneDetector
from siteloop.rules.roster import Batch
from siteloop.rules.state import Array, Spec
from siteloop.rules.streak import SPEC as STREAK
from siteloop.rules.whereabouts import metres_between


class PositionMovedLane(DoubtLane):
    """Told position against the registered one."""

    SPEC: ClassVar[Spec] = {
        **STREAK,
        "far": ("f8", np.nan),
        "lon": ("f8", np.nan),
        "lat": ("f8", np.nan),
    }
    ended = "设备位置已回到登记点附近"

    def prepare(self) -> None:
        """Registered points. Raises KeyError for a profile without a position."""
        super().prepare()
        self.columns = self.profile.index("lon"), self.profile.index("lat")
        self.radius = self.number("radius_m", 300)
        if (self.radius[self.applies] <= 0).any():
            raise ValueError(f"{self.code}: radius_m must be positive")
        devices = self.roster.devices
        self.lon: Array = np.array([np.nan if d.lon is None else d.lon for d in devices])
        self.lat: Array = np.array([np.nan if d.lat is None else d.lat for d in devices])
        self.applies &= np.isfinite(self.lon) & np.isfinite(self.lat)

    def see(self, batch: Batch) -> list[Statement]:
        """Measure how far every told position is from the registered one; 0, 0 is a receiver without a fix."""
        lon, good_lon = batch.values(self.columns[0])
        lat, good_lat = batch.values(self.columns[1])
        valid = good_lon & good_lat & ((lon != 0) | (lat != 0))
        said: list[Statement] = []
        for rows in batch.rounds(valid & self.applies[batch.slot]):
            slot = batch.slot[rows]
            far = metres_between(self.lon[slot], self.lat[slot], lon[rows], lat[rows])
            state = self.state
            state["far"][slot], state["lon"][slot], state["lat"][slot] = far, lon[rows], lat[rows]
            said += self.advance(slot, batch.at[rows], far > self.radius[slot])
        return said

    def explain(self, slot: int, at: int) -> tuple[str, float | None, float | None, str]:
        """Both points and the distance."""
        state, far = self.state, float(self.state["far"][slot])
        sentence = (
            f"设备位置 {float(state['lon'][slot]):.5f}, {float(state['lat'][slot]):.5f} 距登记点"
            f" {self.lon[slot]:.5f}, {self.lat[slot]:.5f} {words.metres(far)}，允许 {words.metres(float(self.radius[slot]))}"
        )
        return sentence, round(far, 1), float(self.radius[slot]), "m"


class PositionMoved(LaneDetector):
    """Moved devices."""

    name: ClassVar[str] = "position_moved"
    lane = PositionMovedLane
    layered = True
    of_any: ClassVar[frozenset[str]] = frozenset({POSITION.code})
