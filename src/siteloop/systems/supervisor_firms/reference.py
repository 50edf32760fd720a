"""What every installation has: the tables of qualification and of bad behaviour."""

from siteloop.systems.supervisor_firms import loading


def load() -> None:
    """Load what is new."""
    loading.load()
