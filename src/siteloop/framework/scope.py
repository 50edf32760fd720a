"""Scope: which rows a viewer may see, in the query and closed by default.

A model declares `scope = Scope(region="region_code", project="project_id", organisation="owner_id")`; a viewer sees a row
when ANY of the declared axes matches one of the viewer's grants. `Model.objects` refuses to run a query that was
neither `.visible_to(viewer)` nor `.unscoped("reason")`.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.db import models
from django.db.models import Q

from siteloop.framework.own_rows import once
from siteloop.framework.viewer import Viewer


class UnscopedRead(RuntimeError):
    """A query on a scoped model that names no viewer."""


@dataclass(frozen=True)
class Scope:
    """Lookups from the model to its region code, project id and organisation id. `public` rows are for every viewer.

    `oversee` names a permission without which the region opens nothing: such a viewer sees the rows that are his own.
    """

    region: str = ""
    project: str = ""
    organisation: str | tuple[str, ...] = ""
    owner: str | tuple[str, ...] = ""  # user id: rows that belong to one person, such as notices
    oversee: str = ""
    public: bool = False

    def through(self, relation: str, *organisations: str) -> "Scope":
        """The scope of what belongs to such a row: every lookup goes over the relation. `organisations`: who else sees it."""
        return replace(
            self,
            region=f"{relation}__{self.region}" if self.region else "",
            project=f"{relation}__{self.project}" if self.project else "",
            organisation=(*(f"{relation}__{name}" for name in _each(self.organisation)), *organisations),
            owner=tuple(f"{relation}__{name}" for name in _each(self.owner)),
        )

    def q(self, viewer: Viewer) -> Q:
        """The filter; matches nothing when no axis applies."""
        if viewer.is_system or self.public:
            return Q()
        found = Q(pk__in=[])
        if self.region and (not self.oversee or viewer.may(self.oversee)):
            for code in viewer.regions:
                found |= Q(**{f"{self.region}__startswith": code}) if code else Q(pk__isnull=False)
        if self.project and viewer.projects:
            found |= Q(**{f"{self.project}__in": viewer.projects})
        if viewer.organisations:
            for lookup in _each(self.organisation):
                found |= Q(**{f"{lookup}__in": viewer.organisations})
        if viewer.user is not None:
            for lookup in _each(self.owner):
                found |= Q(**{lookup: viewer.user})
        return found


def _each(lookups: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, (lookups,) if isinstance(lookups, str) else lookups))


M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(models.QuerySet[M]):
    """Refuses to reach the database until it knows for whom."""

    _opened = False

    def _clone(self) -> "ScopedQuerySet[M]":
        clone: ScopedQuerySet[M] = super()._clone()  # type: ignore[misc]
        clone._opened = self._opened
        return clone

    def visible_to(self, viewer: Viewer) -> "ScopedQuerySet[M]":
        """Rows inside the viewer's scope. A region code of "" (the nation) opens all regions."""
        scope: Scope = self.model.scope  # type: ignore[attr-defined]
        clone = self._clone()
        clone._opened = True
        return clone.filter(once(self.model, scope.q(viewer)))

    def unscoped(self, reason: str) -> "ScopedQuerySet[M]":
        """Open the query without a viewer; `reason` says why that is right and is found by `siteloop check`."""
        if not reason:
            raise ValueError("an unscoped read needs a reason")
        clone = self._clone()
        clone._opened = True
        return clone

    def none(self) -> "ScopedQuerySet[M]":
        """Nothing, which everybody may see."""
        clone = super().none()
        clone._opened = True
        return clone

    def _check(self) -> None:
        if not self._opened:
            raise UnscopedRead(f"{self.model.__name__}: use .visible_to(viewer) or .unscoped(reason)")

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._check()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._check()
        return super().count()

    def exists(self) -> bool:
        self._check()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._check()
        return super().update(**kwargs)

    def delete(self) -> Any:
        self._check()
        return super().delete()


class ScopedModel(models.Model):
    """Base of every register row that belongs to somebody. Subclasses set `scope`.

    Django's own machinery (unique checks, reverse relations of an object already seen) uses the plain manager
    `_machinery`; our code never does, `siteloop check` looks for it.
    """

    scope = Scope()

    _machinery = models.Manager()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True
        default_manager_name = "_machinery"


def visible(model: type[models.Model], viewer: Viewer) -> models.QuerySet[Any]:
    """Rows of any model the viewer may see; a model without a scope is a shared table, open to read."""
    if issubclass(model, ScopedModel):
        return model.objects.visible_to(viewer)
    return model._default_manager.all()
