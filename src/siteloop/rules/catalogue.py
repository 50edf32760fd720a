"""The generic rule kinds. Systems add their own in `systems/*/rules.py`."""

from siteloop.rules.absence import Absence
from siteloop.rules.detector import Detector
from siteloop.rules.flat_line import FlatLine
from siteloop.rules.history_gap import HistoryGap
from siteloop.rules.rate import Rate
from siteloop.rules.threshold import Threshold
from siteloop.rules.window_mean import WindowMean

DETECTORS: tuple[type[Detector], ...] = (Threshold, WindowMean, Absence, FlatLine, Rate, HistoryGap)
