"""Walking the tree by code alone."""

from siteloop.foundation.regions.names import ancestors

__all__ = ["ancestors", "is_inside", "parent"]


def parent(code: str) -> str:
    """Code one level up, "" above a province."""
    chain = ancestors(code)
    return chain[-2] if len(chain) > 1 else ""


def is_inside(code: str, subtree: str) -> bool:
    """Whether a division lies in the subtree of another; everything lies in ""."""
    return code.startswith(subtree)
