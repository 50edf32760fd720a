"""What every installation has: the regional packs of the program."""

from siteloop.foundation.packs.loading import load_packs


def load() -> None:
    """Load new and changed files."""
    load_packs()
