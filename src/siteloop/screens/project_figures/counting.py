"""Projects counted by one property and by state, with floor area and cost. Each number is the list it opens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Count, F, Field, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Left, Length

from siteloop.foundation.regions.names import name as region_name
from siteloop.foundation.registry.models import Project, WorkState
from siteloop.framework.language import term
from siteloop.framework.viewer import Viewer

COUNTY, TOWN = 6, 9  # digits of their codes
LIST = "/registry/projects/"


def _choice(name: str) -> Callable[[str], str]:
    column = Project._meta.get_field(name)
    assert isinstance(column, Field), "groupings name columns of the register"
    titles = {str(k): str(v) for k, v in column.flatchoices}
    return lambda key: titles.get(key, key)


@dataclass(frozen=True)
class Grouping:
    """By what is counted. `column` is the register's filter that opens a group; `digits` where it is a place."""

    code: str
    title: str
    title_en: str
    column: str
    digits: int = 0

    @property
    def key(self) -> Combinable:
        """What the rows are grouped by."""
        return Left(self.column, self.digits) if self.digits else F(self.column)

    def name(self) -> Callable[[str], str]:
        """How a group is called."""
        return region_name if self.digits else _choice(self.column)


GROUPINGS = (
    Grouping("town", "镇街道", "Town", "region_code", TOWN),
    Grouping("county", "县（市、区）", "County", "region_code", COUNTY),
    Grouping("kind", "工程类别", "Kind of works", "work_kind"),
    Grouping("investment", "重点投资", "Key investment", "key_investment"),
    Grouping("standard", "标化申报", "Standardisation", "standardisation"),
)


@dataclass
class Sum3:
    """How many projects, their floor area in ㎡ and their cost in 万元, as far as both are registered."""

    n: int = 0
    area: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    def add(self, other: "Sum3") -> None:
        """Count the other in."""
        self.n, self.area, self.cost = self.n + other.n, self.area + other.area, self.cost + other.cost

    @property
    def area_wan(self) -> Decimal:
        """万㎡."""
        return self.area / 10_000

    @property
    def cost_yi(self) -> Decimal:
        """亿元."""
        return self.cost / 10_000


@dataclass
class Row:
    """One group: its states in their order, and all together. `where` is the filter of its list."""

    title: str
    where: dict[str, str]
    states: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WorkState.values, 0))
    all: Sum3 = field(default_factory=Sum3)

    @property
    def link(self) -> str:
        """The list of the group."""
        return _listed(self.where)

    @property
    def cells(self) -> list[tuple[str, int, str]]:
        """(state in words, how many, their list)."""
        return [
            (term(str(WorkState(code).label)), n, _listed({**self.where, "state": code}))
            for code, n in self.states.items()
        ]


def _listed(where: dict[str, str]) -> str:
    return LIST + ("?" + urlencode(where) if where else "")


def counted(viewer: Viewer, by: Grouping, region: str = "") -> tuple[list[Row], Row]:
    """The groups, the largest first, and everything together. Two queries.

    A project registered with its county alone belongs to no town: it is in the total, not in a group of towns.
    """
    rows = Project.objects.visible_to(viewer).filter(region_code__startswith=region).order_by()
    inside = {"region_code": region} if region else {}
    total = Row("", inside)
    groups: dict[str, Row] = {}
    name = by.name()
    measured = {"n": Count("pk"), "area": Sum("floor_area"), "cost": Sum("cost_wan")}
    for state, n, area, cost in rows.values_list("state").annotate(**measured):
        total.states[state] += n
        total.all.add(Sum3(n, area or Decimal(0), cost or Decimal(0)))
    grouped = rows.annotate(width=Length("region_code")).filter(width__gte=by.digits)
    for key, state, n, area, cost in (
        grouped.annotate(key=by.key).values_list("key", "state").annotate(**measured)
    ):
        row = groups.setdefault(key, Row(name(key), {**inside, by.column: key}))
        row.states[state] += n
        row.all.add(Sum3(n, area or Decimal(0), cost or Decimal(0)))
    return sorted(groups.values(), key=lambda r: (-r.all.n, r.title)), total
