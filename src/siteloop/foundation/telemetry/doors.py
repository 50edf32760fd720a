"""Doors by their names, so that nobody types a code to filter by one."""

from siteloop.foundation.telemetry.ledger import LISTENERS, listener_title
from siteloop.framework.lookups import Choice, Coded
from siteloop.framework.viewer import Viewer


def search(_: Viewer, words: str) -> list[Choice]:
    """Doors by name or code, as the ledger lists them."""
    found = [(code, listener_title(code)) for code in LISTENERS]
    return [Choice(code, title) for code, title in found if words.lower() in f"{title} {code}".lower()]


DOORS = Coded(search=search, title=listener_title)
