"""How a check table is scored: JGJ 59-2011. Pure: numbers in, grade out.

Weights and the two limits 80 and 70 are taken from published sources; the rules on zero tables, guaranteed items, missing
items and several tables of one kind are common practice not checked against the text (未核实, standards.md §6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

HUNDRED = Decimal(100)
#: guaranteed items of a table sum to 60; below this sum the table counts as zero (未核实)
GUARANTEED_LEAST = Decimal(40)
EXCELLENT, PASSING = Decimal(80), Decimal(70)


class Grade(StrEnum):
    """优良 / 合格 / 不合格."""

    EXCELLENT = "excellent"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True)
class Mark:
    """One judged line: full points, points taken off, whether guaranteed, whether it applies to this site."""

    points: Decimal
    deducted: Decimal = Decimal(0)
    is_guaranteed: bool = False
    applies: bool = True

    @property
    def got(self) -> Decimal:
        """Points left; never below nought."""
        return max(Decimal(0), self.points - self.deducted)


def rounded(value: Decimal) -> Decimal:
    """To two places, half up."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def table_score(marks: Sequence[Mark]) -> Decimal | None:
    """0-100 of one table; None when nothing of it applies.

    Missing items: got ÷ applicable × 100. A guaranteed item at nought, or the guaranteed ones together below 40 of their
    60, make the whole table nought.
    """
    here = [m for m in marks if m.applies and m.points > 0]
    if not here:
        return None
    guaranteed = [m for m in here if m.is_guaranteed]
    if any(m.got == 0 for m in guaranteed):
        return Decimal(0)
    whole = sum((m.points for m in guaranteed), Decimal(0))
    # the 40 stand for 60 points; where guaranteed items are missing the share counts
    if whole and sum((m.got for m in guaranteed), Decimal(0)) * 60 < GUARANTEED_LEAST * whole:
        return Decimal(0)
    got, full = sum((m.got for m in here), Decimal(0)), sum((m.points for m in here), Decimal(0))
    return rounded(got * HUNDRED / full)


@dataclass(frozen=True)
class Judged:
    """One scored table of a category."""

    category: str
    weight: Decimal
    score: Decimal | None


@dataclass(frozen=True)
class Total:
    """The whole: score out of 100, grade, score of each category, and whether a table counts nought."""

    score: Decimal
    grade: Grade
    categories: dict[str, Decimal]
    has_zero: bool


def total(tables: Sequence[Judged]) -> Total | None:
    """Weighted over the categories that apply; several tables of one category give their mean. None when none applies."""
    found: dict[str, list[Decimal]] = {}
    weights: dict[str, Decimal] = {}
    for table in tables:
        if table.score is not None:
            found.setdefault(table.category, []).append(table.score)
            weights[table.category] = table.weight
    if not found:
        return None
    means = {c: sum(s, Decimal(0)) / len(s) for c, s in found.items()}
    score = rounded(sum((means[c] * weights[c] for c in means), Decimal(0)) / sum(weights.values()))
    has_zero = any(s == 0 for scores in found.values() for s in scores)
    return Total(score, grade(score, has_zero), {c: rounded(m) for c, m in means.items()}, has_zero)


def grade(score: Decimal, has_zero: bool) -> Grade:
    """优良 ≥ 80 and no zero table; 合格 ≥ 70 and no zero table; otherwise 不合格."""
    if has_zero or score < PASSING:
        return Grade.FAILED
    return Grade.EXCELLENT if score >= EXCELLENT else Grade.PASSED
