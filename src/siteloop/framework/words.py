"""Rows that hold words. Names of another table are looked up there, not in a join: 5,000 sites are read instead of 100,000 cases."""

from collections.abc import Sequence

from django.db import models
from django.db.models import Q

from siteloop.framework.pages_found import field_at


def holding(model: type[models.Model], lookups: Sequence[str], words: str) -> Q:
    """Rows of which every word stands in one of the fields `lookups` names (`__` paths), whatever its case."""
    wanted = Q()
    for word in words.split():
        one = Q(pk__in=[])
        for lookup in lookups:
            one |= _holds(model, lookup, word)
        wanted &= one
    return wanted


def _holds(model: type[models.Model], lookup: str, word: str) -> Q:
    reference, _, rest = lookup.rpartition("__")
    far = field_at(model, reference) if reference else None
    # words without case, such as Chinese and numbers, need no folding of every row
    how = "contains" if word.upper() == word.lower() else "icontains"
    if far is None or not isinstance(far, models.ForeignKey) or "__" in reference:
        return Q(**{f"{lookup}__{how}": word})
    known = far.related_model._base_manager.filter(**{f"{rest}__{how}": word})
    return Q(**{f"{reference}__in": known.values("pk")})
