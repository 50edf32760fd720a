"""Which of the records that a page refers to its viewer may open: a name he may read is a link only where it leads somewhere."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from siteloop.framework.pages_found import page_for
from siteloop.framework.perform import permission_of
from siteloop.framework.scope import visible
from siteloop.framework.viewer import Viewer

Openable = frozenset[tuple[type[models.Model], Any]]


def openable(referred: Iterable[Any], viewer: Viewer) -> Openable:
    """(model, key) of those rows that stand in a register and in the viewer's scope; one query a model."""
    wanted: dict[type[models.Model], set[Any]] = {}
    for row in referred:
        if isinstance(row, models.Model) and page_for(type(row)) is not None:
            wanted.setdefault(type(row), set()).add(row.pk)
    return frozenset(
        (model, key)
        for model, keys in wanted.items()
        if viewer.may(permission_of(model, "view"))
        for key in visible(model, viewer).filter(pk__in=keys).values_list("pk", flat=True)
    )
