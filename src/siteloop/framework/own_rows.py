"""One row once: a filter over a to-many relation is asked as keys, so that no join doubles rows and each part keeps its index.

`region LIKE '3304%' OR duties.organisation IN (…) OR project.parties.organisation IN (…)` as joins would make a row of every
duty times every party before anything is left out; as `region LIKE '3304%' OR id IN (…) OR id IN (…)` it makes none.
"""

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.db.models.constants import LOOKUP_SEP


def once(model: type[models.Model], wanted: Q) -> Q:
    """The same rows as `wanted`, each once: every condition that crosses a to-many relation becomes a subquery of keys.

    A negated part of `wanted` is taken as a whole.
    """
    if not _leaves_cross(model, wanted):
        return wanted
    if wanted.negated:
        return Q(pk__in=model._base_manager.filter(wanted).values("pk"))
    found = Q()
    found.connector = wanted.connector
    for child in wanted.children:
        if isinstance(child, Q):
            child = once(model, child)
        elif isinstance(child, tuple) and _crosses(model, child[0]):
            child = ("pk__in", model._base_manager.filter(child).values("pk"))
        found.children.append(child)
    return found


def _leaves_cross(model: type[models.Model], wanted: Q) -> bool:
    return any(
        _leaves_cross(model, child) if isinstance(child, Q) else _crosses(model, child[0])
        for child in wanted.children
        if isinstance(child, Q | tuple)
    )


def _crosses(model: type[models.Model], lookup: str) -> bool:
    """Whether a lookup's path passes a relation with several rows on its far side."""
    at: type[models.Model] | None = model
    for name in lookup.split(LOOKUP_SEP):
        if at is None or name == "pk":
            return False
        try:
            field = at._meta.get_field(name)
        except FieldDoesNotExist:
            return False  # the rest is a kind of comparison
        if field.one_to_many or field.many_to_many:
            return True
        related = field.related_model if field.is_relation else None
        at = related if isinstance(related, type) else None
    return False
