"""Finds the detectors: the generic kinds and every system's `rules.py`; none of them loads Django."""

import importlib
import importlib.util

from siteloop.entry import rooms
from siteloop.rules.detector import Detector


def detectors() -> list[type[Detector]]:
    """All kinds, generic first, each once."""
    found: list[type[Detector]] = list(importlib.import_module("siteloop.rules.catalogue").DETECTORS)
    for path in sorted((rooms.SOURCE / "systems").glob("*/rules.py")):
        module = importlib.import_module(f"siteloop.systems.{path.parent.name}.rules")
        found += [kind for kind in getattr(module, "DETECTORS", ()) if kind not in found]
    return found
