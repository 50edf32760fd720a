"""The formula of a score. Pure; weights come from the pack.

Shares: each measure that has records is worth its weight ÷ the weights of all that have, of 100 points; it earns that
worth × good ÷ all. Deductions take so many points a record, up to a most. The sum, not below 0, is the score; where no
share has a record there is no score. A measure set aside by a granted appeal counts as if it had no records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
LEVELS = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Formula:
    """Weights of the shares, {each, most} of the deductions, lowest scores of A, B, C; and where it comes from.

    `asdict` gives a table that `of` reads again: so a card keeps the formula it was made with.
    """

    weights: Mapping[str, int]
    deduct: Mapping[str, Mapping[str, int]]
    levels: Mapping[str, int]
    clause: str = ""
    verified: bool = False

    @classmethod
    def of(cls, stated: Mapping[str, Any], clause: str = "", verified: bool = False) -> "Formula":
        """From a pack's table. Raises KeyError, TypeError or ValueError for a broken one."""
        return cls(
            {code: int(weight) for code, weight in stated["weights"].items()},
            {
                code: {"each": int(d["each"]), "most": int(d["most"])}
                for code, d in stated.get("deduct", {}).items()
            },
            {level: int(stated["levels"][level]) for level in ("a", "b", "c")},
            clause,
            verified,
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """Every fact that the formula asks for, shares first."""
        return (*self.weights, *self.deduct)

    def level(self, score: Decimal | None) -> str:
        """A to D; "" without a score."""
        if score is None:
            return ""
        floors = (self.levels["a"], self.levels["b"], self.levels["c"])
        return next((level for level, least in zip(LEVELS, floors, strict=False) if score >= least), "D")


@dataclass(frozen=True)
class Measured:
    """One measure of one subject: records, good ones, and what they are worth."""

    code: str
    n: int
    good: int
    is_void: bool = False
    worth: Decimal = Decimal(0)  # most it can earn; 0 for a deduction
    points: Decimal = Decimal(0)  # signed


def settle(formula: Formula, told: Sequence[Measured]) -> tuple[list[Measured], Decimal | None]:
    """Worth and points of each measure, and the score."""
    counting = {m.code for m in told if m.n and not m.is_void}
    shares = sum(weight for code, weight in formula.weights.items() if code in counting)
    found = [_settled(m, formula, shares) if m.code in counting else _nothing(m) for m in told]
    if not shares:
        return [_nothing(m) for m in told], None
    return found, max(Decimal(0), sum((m.points for m in found), Decimal(0)))


def _nothing(m: Measured) -> Measured:
    return replace(m, worth=Decimal(0), points=Decimal(0))


def _settled(m: Measured, formula: Formula, shares: int) -> Measured:
    if m.code in formula.deduct:
        by = formula.deduct[m.code]
        return replace(m, worth=Decimal(0), points=-Decimal(min(by["most"], by["each"] * (m.n - m.good))))
    worth = Decimal(100 * formula.weights[m.code]) / shares if shares else Decimal(0)
    return replace(m, worth=_round(worth), points=_round(worth * m.good / m.n))


def _round(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
