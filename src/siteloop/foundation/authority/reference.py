"""What every installation has: the roles."""

from siteloop.foundation.authority.loading import load_roles


def load() -> None:
    """Load once; a later program version adds new roles."""
    load_roles()
