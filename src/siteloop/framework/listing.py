"""Listing: one engine behind the list page, the REST list and the export: scope, filter, search, sort, page."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from siteloop.framework.action import Refused
from siteloop.framework.fields import choices_of, title_of
from siteloop.framework.language import pick
from siteloop.framework.lookups import coded, shown_title
from siteloop.framework.masking import is_masked
from siteloop.framework.page import Column, Page
from siteloop.framework.pages_found import columns, field_at, path_of
from siteloop.framework.perform import permission_of, require
from siteloop.framework.scope import visible
from siteloop.framework.viewer import Viewer
from siteloop.framework.words import holding
from siteloop.kernel.times import SHANGHAI

PAGE_SIZES = (20, 50, 100, 200)
#: hits of a search that are kept by their keys
FEW = 1_000
RESERVED = {"page", "page_size", "search", "ordering"}


@dataclass(frozen=True)
class Filter:
    """One filter of a register as a form or a query string shows it."""

    name: str
    title: str
    kind: str  # choice | reference | bool | date | text
    choices: tuple[tuple[str, str], ...]
    value: str
    until: str = ""  # for dates: the end of the range
    source: str = ""  # path that searches what may be chosen


class Listing:
    """The rows of a page that a viewer may see, under the given query parameters. Raises Refused 403/422."""

    def __init__(self, page: Page, viewer: Viewer, params: Mapping[str, str]) -> None:
        require(viewer, permission_of(page.model, "view"))
        self.page, self.viewer = page, viewer
        self.params = {k: v for k, v in params.items() if v not in (None, "")}
        for name, value in self.params.items():
            if "\x00" in value:
                raise self._wrong(name)
        self.number = self._whole("page", 1)
        self.size = min(self._whole("page_size", 20), PAGE_SIZES[-1])
        self._count: int | None = None

    def _whole(self, name: str, default: int) -> int:
        try:
            value = int(self.params.get(name, default))
        except ValueError:
            value = 0
        if value < 1:
            raise Refused("页码须为正整数", status=422, errors={name: ["须为正整数"]})
        return value

    def check_names(self) -> None:
        """Raises Refused 422 for a parameter the register does not know (REST is strict, pages are not)."""
        known = RESERVED | {n for f in self.page.filters for n in (f, f"{f}__from", f"{f}__to")}
        unknown = sorted(set(self.params) - known)
        if unknown:
            raise Refused("未知的查询参数", status=422, errors={n: ["没有这个参数"] for n in unknown})

    def queryset(self) -> models.QuerySet[Any]:
        """Scope, filters, search and order; not yet cut into pages."""
        rows = self._fitting()
        if self.page.related:
            rows = rows.select_related(*self.page.related)
        if self.page.prefetch:
            rows = rows.prefetch_related(*self.page.prefetch)
        if self.page.annotate:
            rows = self.page.annotate(rows)
        return rows.order_by(*self.order())

    @property
    def count(self) -> int:
        """All rows that fit."""
        if self._count is None:
            self._count = self._fitting().count() if self._hits is None else len(self._hits)
        return self._count

    def _fitting(self) -> models.QuerySet[Any]:
        rows = visible(self.page.model, self.viewer)
        if self._hits is not None:
            return rows.filter(pk__in=self._hits)
        return rows.filter(self._filters(), self._search())

    @cached_property
    def _hits(self) -> list[Any] | None:
        """Keys of what a search found, when they are few: words are looked for once, not again to count and to sort."""
        if not (self.page.search and self.params.get("search", "").strip()):
            return None
        rows = visible(self.page.model, self.viewer).filter(self._filters(), self._search())
        keys = list(rows.order_by().values_list("pk", flat=True)[: FEW + 1])
        return keys if len(keys) <= FEW else None

    @property
    def pages(self) -> int:
        """Number of pages, at least one."""
        return max(1, -(-self.count // self.size))

    def rows(self) -> list[Any]:
        """The rows of the present page."""
        start = (self.number - 1) * self.size
        return list(self.queryset()[start : start + self.size])

    def stream(self) -> Iterator[Any]:
        """All fitting rows, without holding them in memory."""
        return self.queryset().iterator(chunk_size=1000)

    # ---- search and sort

    def _search(self) -> Q:
        if not self.page.search:
            return Q()
        return holding(self.page.model, self.page.search, self.params.get("search", ""))

    def sortable(self) -> dict[str, str]:
        """Column name -> lookup to sort by."""
        return self.sortable_of(self.page)

    @staticmethod
    def sortable_of(page: Page) -> dict[str, str]:
        """The same for any register; encrypted columns have no order worth the name."""
        found = {}
        for column in columns(page):
            field = field_at(page.model, column.name)
            if field is not None and is_masked(field):
                continue
            lookup = column.sort or (column.name if field is not None else "")
            if lookup:
                found[column.name] = lookup
        return found

    def order(self) -> list[str]:
        """Lookups in order, always ending in the key so that pages never overlap."""
        wanted = self.params.get("ordering", "")
        if not wanted:
            return [*self.page.ordering, "-pk"]
        sign, name = ("-", wanted[1:]) if wanted.startswith("-") else ("", wanted)
        lookup = self.sortable().get(name)
        if lookup is None:
            raise Refused("不能按此列排序", status=422, errors={"ordering": ["不能按此列排序"]})
        return [sign + lookup, "-pk"]

    # ---- filters

    def filters(self) -> list[Filter]:
        """The filters with their present values."""
        return [self._shown(name) for name in self.page.filters]

    def _shown(self, name: str) -> Filter:
        field = field_at(self.page.model, name)
        assert field is not None, "checked at start"
        title = title_of(field)
        value = self.params.get(name, "")
        if isinstance(field, models.DateField):
            return Filter(
                name,
                title,
                "date",
                (),
                self.params.get(f"{name}__from", ""),
                self.params.get(f"{name}__to", ""),
            )
        if isinstance(field, models.BooleanField):
            return Filter(
                name, title, "bool", (("true", pick("是", "yes")), ("false", pick("否", "no"))), value
            )
        if field.choices:
            return Filter(name, title, "choice", self._choices(field, value), value)
        source = f"{path_of(self.page)}lookup/{name}"
        if field.is_relation:
            return Filter(name, title, "reference", self._chosen(name, field, value), value, source=source)
        codes = coded(name)
        if codes is not None:
            chosen = ((value, codes.title(value) or value),) if value else ()
            return Filter(name, shown_title(name, title), "reference", chosen, value, source=source)
        return Filter(name, title, "text", (), value)

    @staticmethod
    def _choices(field: Any, value: str) -> tuple[tuple[str, str], ...]:
        """All choices; several at once, as a link may ask for, stand as one more line."""
        every = choices_of(field)
        if "," not in value:
            return every
        words = dict(every)
        return (*every, (value, pick("、", ", ").join(words.get(v, v) for v in value.split(","))))

    def _chosen(self, name: str, field: Any, value: str) -> tuple[tuple[str, str], ...]:
        """Only the chosen reference; others are searched for as the person types."""
        if not value.isdigit():
            return ()
        # the name is shown when the person may see the record itself or a row of this list that refers to it
        shown = visible(self.page.model, self.viewer).filter(**{name: value}).select_related(name).first()
        if shown is not None:
            row = shown
            for part in name.split("__"):
                row = getattr(row, part)
        else:
            row = visible(field.related_model, self.viewer).filter(pk=value).first()
        return ((value, str(row)),) if row is not None else ()

    def _filters(self) -> Q:
        found = Q()
        for name in self.page.filters:
            field = field_at(self.page.model, name)
            if isinstance(field, models.DateField):
                found &= self._range(name, isinstance(field, models.DateTimeField))
                continue
            value = self.params.get(name, "")
            if value:
                found &= self._equal(name, field, value)
        return found

    def _equal(self, name: str, field: Any, value: str) -> Q:
        if isinstance(field, models.BooleanField):
            if value not in ("true", "false"):
                raise self._wrong(name)
            return Q(**{name: value == "true"})
        values = value.split(",")
        codes = coded(name) if not field.is_relation and not field.choices else None
        if codes is not None and codes.subtree:
            found = Q()
            for one in filter(None, values):
                found |= Q(**{f"{name}__startswith": one})
            return found
        if field.choices and not set(values) <= {str(k) for k, _ in field.flatchoices}:
            raise self._wrong(name)
        try:
            target = field.target_field if field.is_relation else field
            typed = [target.to_python(v) for v in values]
        except ValidationError as wrong:
            raise self._wrong(name) from wrong
        return Q(**{f"{name}__in": typed})

    def _range(self, name: str, has_time: bool) -> Q:
        found = Q()
        for end, lookup in (("from", "gte"), ("to", "lte")):
            text = self.params.get(f"{name}__{end}", "")
            if not text:
                continue
            try:
                if not has_time:
                    found &= Q(**{f"{name}__{lookup}": dt.date.fromisoformat(text)})
                    continue
                moment = dt.datetime.fromisoformat(text)
            except ValueError as wrong:
                raise self._wrong(f"{name}__{end}") from wrong
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=SHANGHAI)
            if end == "to" and len(text) == 10:
                moment += dt.timedelta(days=1)
                lookup = "lt"
            found &= Q(**{f"{name}__{lookup}": moment})
        return found

    @staticmethod
    def _wrong(name: str) -> Refused:
        return Refused("筛选条件有误", status=422, errors={name: ["取值有误"]})


def titles(page: Page, only: Iterable[str] | None = None) -> list[tuple[Column, str]]:
    """Columns with their shown titles: all, or only the named ones, in the declared order."""
    wanted = None if only is None else set(only)
    shown = []
    for column in columns(page):
        if wanted is not None and column.name not in wanted:
            continue
        field = field_at(page.model, column.name)
        own = pick(column.title, column.title_en)
        shown.append((column, own or title_of(field, column.name)))
    return shown
