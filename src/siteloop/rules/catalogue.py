"""The generic rule kinds. Systems add their own in `systems/*/rules.py`."""

from siteloop.rules.absence import Absence
from siteloop.rules.beside_neighbours import BesideNeighbours
from siteloop.rules.clock_drift import ClockDrift
from siteloop.rules.detector import Detector
from siteloop.rules.flat_line import FlatLine
from siteloop.rules.history_gap import HistoryGap
from siteloop.rules.out_of_physics import OutOfPhysics
from siteloop.rules.position_moved import PositionMoved
from siteloop.rules.rate import Rate
from siteloop.rules.silent_at_work import SilentAtWork
from siteloop.rules.spray_effect import SprayEffect
from siteloop.rules.threshold import Threshold
from siteloop.rules.twin_streams import TwinStreams
from siteloop.rules.window_mean import WindowMean

DETECTORS: tuple[type[Detector], ...] = (
    Threshold,
    WindowMean,
    Absence,
    FlatLine,
    Rate,
    OutOfPhysics,
    TwinStreams,
    PositionMoved,
    ClockDrift,
    BesideNeighbours,
    SprayEffect,
    SilentAtWork,
    HistoryGap,
)
