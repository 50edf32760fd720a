"""`siteloop new system NAME`: a whole working register folder, tests and first migration included."""

from siteloop.framework.scaffold.writing import write_system

__all__ = ["write_system"]
