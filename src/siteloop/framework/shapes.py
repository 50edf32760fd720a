"""The shape a person gives a list: which columns, how dense. Kept per account and register."""

from dataclasses import dataclass

from siteloop.framework.models import ListShape
from siteloop.framework.page import Page
from siteloop.framework.pages_found import columns, path_of
from siteloop.framework.viewer import Viewer


@dataclass(frozen=True)
class Shape:
    """`columns` are names in the declared order; the column that opens the record always stays."""

    columns: tuple[str, ...]
    dense: bool = False
    is_own: bool = False  # the person chose it


def of(page: Page, viewer: Viewer) -> Shape:
    """The person's own shape, else the declared one. A column that no longer exists is forgotten."""
    every = tuple(c.name for c in columns(page))
    kept = ListShape.objects.filter(account=viewer.user or 0, page=path_of(page)).first()
    if kept is None:
        return Shape(every)
    wanted = {*kept.columns, *fixed(page)} if kept.columns else set(every)
    return Shape(tuple(n for n in every if n in wanted), kept.dense, is_own=True)


def fixed(page: Page) -> tuple[str, ...]:
    """The first column that opens the record, else the first column."""
    declared = columns(page)
    return tuple(c.name for c in declared if c.link)[:1] or tuple(c.name for c in declared)[:1]


def keep(page: Page, viewer: Viewer, names: list[str], dense: bool) -> None:
    """Remember the shape; unknown names are left out."""
    known = [c.name for c in columns(page) if c.name in names]
    ListShape.objects.update_or_create(
        account=viewer.user or 0, page=path_of(page), defaults={"columns": known, "dense": dense}
    )


def forget(page: Page, viewer: Viewer) -> None:
    """Back to the declared shape."""
    ListShape.objects.filter(account=viewer.user or 0, page=path_of(page)).delete()
