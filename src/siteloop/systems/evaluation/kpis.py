"""Indicators of the requirements (KPI-05…08, 17, 21), each worked out from counted facts whose records can be opened."""

from collections import defaultdict
from dataclasses import dataclass

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.cases import facts
from siteloop.foundation.cases.facts import Counted, Period, Subject
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.systems.evaluation.shown import records_link

#: KPI-21: what is open with an enterprise, in this order
PROBLEMS = ("orders_open", "orders_yellow", "orders_red", "duties_open", "duties_overdue")


@dataclass(frozen=True)
class Part:
    """One number of a formula and the page of its records."""

    title: str
    n: int
    link: str


@dataclass(frozen=True)
class Kpi:
    """One indicator. `value` is a share (0..1), a ratio or a count, None when there is nothing to divide by."""

    code: str
    title: str
    formula: str
    target: str
    value: float | None
    kind: str  # share | ratio | count
    parts: tuple[Part, ...]

    @property
    def shown(self) -> str:
        """As people read it."""
        if self.value is None:
            return "—"
        if self.kind == "share":
            return f"{self.value:.1%}"
        return f"{self.value:.2f}" if self.kind == "ratio" else f"{self.value:.0f}"


@dataclass(frozen=True)
class Asked:
    """Whose numbers, of which days, compared with which, in which region ("" = all the viewer sees)."""

    viewer: Viewer
    period: Period
    before: Period
    region: str = ""

    def total(self, fact: str, is_before: bool = False) -> Counted:
        """All records of a fact."""
        period = self.before if is_before else self.period
        return facts.total(facts.get(fact), self.viewer, period, self.region)

    def part(self, title: str, fact: str, n: int, is_before: bool = False, only: str = "") -> Part:
        """A number with its records."""
        period = self.before if is_before else self.period
        return Part(title, n, records_link(fact, period, region=self.region, only=only))


def _divided(a: float, b: float) -> float | None:
    return a / b if b else None


def reduction(q: Asked) -> Kpi:
    """KPI-05: (before − after) ÷ before."""
    now, before = q.total("dangers").n, q.total("dangers", True).n
    return Kpi(
        "KPI-05",
        pick("工地安全隐患减少率", "Reduction of site hidden dangers"),
        pick("（对比期隐患数 − 本期隐患数）÷ 对比期隐患数", "(before − after) ÷ before"),
        "＞70%",
        _divided(before - now, before),
        "share",
        (
            q.part(pick("本期隐患（派单）", "Dangers now"), "dangers", now),
            q.part(pick("对比期隐患（派单）", "Dangers before"), "dangers", before, True),
        ),
    )


def lifting(q: Asked) -> Kpi:
    """KPI-06: accidents registered in the period."""
    n = q.total("lifting_accidents").n
    return Kpi(
        "KPI-06",
        pick("起重机械设备事故", "Lifting-machine accidents"),
        pick("本期登记的起重机械事故起数", "accidents registered in the period"),
        "0",
        n,
        "count",
        (q.part(pick("事故", "Accidents"), "lifting_accidents", n),),
    )


def orders(q: Asked) -> Kpi:
    """KPI-07: counts by kind."""
    kinds = (
        ("issued_rectify", pick("整改单", "To rectify")),
        ("issued_stop", pick("停工单", "Stop work")),
        ("issued_transfer", pick("移交行政处罚", "Transfers")),
        ("penalties", pick("处罚决定", "Penalties decided")),
    )
    parts = tuple(q.part(title, fact, q.total(fact).n) for fact, title in kinds)
    return Kpi(
        "KPI-07",
        pick("监管文书数量", "Orders issued"),
        pick("本期开具且未撤回的文书，按种类计", "papers issued and not withdrawn, by kind"),
        "—",
        sum(p.n for p in parts),
        "count",
        parts,
    )


def effective(q: Asked) -> Kpi:
    """KPI-08: effective orders ÷ checks."""
    issued, visits = q.total("issued").n, q.total("visits").n
    before = _divided(q.total("issued", True).n, q.total("visits", True).n)
    rate = _divided(issued, visits)
    title = pick("有效开单率", "Effective order rate")
    return Kpi(
        "KPI-08",
        title + _times(rate, before),
        pick("有效开单 ÷ 监督检查", "effective orders ÷ inspections"),
        pick("为去年全年的 4 倍以上", "4 times the year before"),
        rate,
        "share",
        (
            q.part(pick("有效开单", "Effective orders"), "issued", issued),
            q.part(pick("监督检查", "Inspections"), "visits", visits),
        ),
    )


def closure(q: Asked) -> Kpi:
    """KPI-08: settled ÷ issued."""
    now, before = q.total("issued"), q.total("issued", True)
    return Kpi(
        "KPI-08",
        pick("整改闭合率", "Rectification closure rate") + _times(now.rate, before.rate),
        pick("已闭合 ÷ 已开具（整改、停工）", "settled ÷ issued"),
        pick("为去年全年的 4 倍以上", "4 times the year before"),
        now.rate,
        "share",
        (
            q.part(pick("已闭合", "Settled"), "issued", now.good, only="good"),
            q.part(pick("已开具", "Issued"), "issued", now.n),
        ),
    )


def _times(now: float | None, before: float | None) -> str:
    """（为对比期 1.25 倍）."""
    if now is None or not before:
        return pick("（对比期无数据）", " (nothing before)")
    return pick(f"（为对比期 {now / before:.2f} 倍）", f" ({now / before:.2f} × before)")


def coverage(q: Asked) -> Kpi:
    """KPI-17: joined ÷ should join."""
    found = q.total("joined")
    return Kpi(
        "KPI-17",
        pick("新开工规模以上项目纳入率", "Coverage of new above-scale starts"),
        pick("已纳入 ÷ 应纳入（按本地规模规则）", "joined ÷ should join, by the region's rule"),
        "80%",
        found.rate,
        "share",
        (
            q.part(pick("已纳入", "Joined"), "joined", found.good, only="good"),
            q.part(pick("应纳入", "Should join"), "joined", found.n),
        ),
    )


ALL = (reduction, lifting, orders, effective, closure, coverage)


def kpis(q: Asked) -> list[Kpi]:
    """Every indicator but the table of enterprises."""
    return [one(q) for one in ALL]


@dataclass(frozen=True)
class Enterprise:
    """KPI-21: what is open with one enterprise; numbers by fact with the pages of their records."""

    key: int
    name: str
    parts: tuple[Part, ...]

    @property
    def weight(self) -> tuple[int, ...]:
        """What it is ordered by: red, yellow, overdue, all."""
        n = dict(zip(PROBLEMS, (p.n for p in self.parts), strict=True))
        return n["orders_red"], n["orders_yellow"], n["duties_overdue"], n["orders_open"] + n["duties_open"]


def enterprises(viewer: Viewer, period: Period, region: str = "") -> list[Enterprise]:
    """Enterprises with anything open, the worst first."""
    found: dict[Subject, dict[str, int]] = defaultdict(dict)
    for code in PROBLEMS:
        for subject, told in facts.counted(facts.get(code), "party", viewer, period).items():
            if subject.region.startswith(region[: facts.COUNTY]):
                found[subject][code] = told.n
    named = Organisation.objects.unscoped("an enterprise with open problems is named to whoever sees them")
    names = dict(named.filter(pk__in={s.key for s in found}).values_list("pk", "name"))
    rows = [
        Enterprise(
            subject.key,
            names.get(subject.key, ""),
            tuple(
                Part(facts.get(c).shown, told.get(c, 0), records_link(c, period, str(subject)))
                for c in PROBLEMS
            ),
        )
        for subject, told in found.items()
    ]
    return sorted(rows, key=lambda r: (tuple(-n for n in r.weight), r.name))
