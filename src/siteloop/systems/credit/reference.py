"""What every installation has: the rules of credit."""

from siteloop.systems.credit.loading import load

__all__ = ["load"]
