"""Finds the folders that make the program: every app under framework, foundation, systems and screens. No list to edit."""

from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
FLOORS = ("foundation", "systems", "screens")


def folders() -> list[str]:
    """Dotted names of all system folders, foundation first. A folder counts when it has a `system.py`."""
    found = []
    for floor in FLOORS:
        found += [f"siteloop.{floor}.{p.parent.name}" for p in sorted((SOURCE / floor).glob("*/system.py"))]
    return found


def apps() -> list[str]:
    """Django apps: the framework and every folder that has models, templates or anything else Django must know."""
    return ["siteloop.framework", *folders()]
