"""`siteloop new system NAME`: a whole working register folder, tests and first migration included."""

from siteloop.framework.scaffold.writing import new_system

__all__ = ["new_system"]
