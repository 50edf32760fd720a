"""What every installation has: the program's check tables and the catalogue of measures."""

from siteloop.systems.inspection.loading import load_all


def load() -> None:
    """Load what is new."""
    load_all()
