"""What every installation has: the specialities of inspectors."""

from siteloop.systems.double_random.loading import load

__all__ = ["load"]
