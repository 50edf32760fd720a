"""What the region's packs say about credit."""

from siteloop.foundation.cases.deadlines import Term
from siteloop.foundation.packs import resolve
from siteloop.systems.credit.scoring import GRADES, Scale


def scale(region_code: str) -> Scale:
    """Base, limits and grades."""
    stated = resolve.value("credit.scale", region_code)
    return Scale.of(stated if isinstance(stated, dict) else None)


def hear_within(region_code: str) -> Term:
    """Time to be heard before an entry into the blacklist; 5 working days where no pack states it."""
    stated = resolve.value("credit.hear_within", region_code)
    return Term.of(stated) if stated else Term(5, "day", "working")


def repair_after_months(region_code: str) -> int:
    """Months after which repair may be asked for; 3 where no pack states it."""
    return int(resolve.value("credit.repair_after_months", region_code) or 3)


def manager_limits(region_code: str) -> tuple[int, int]:
    """Points in force at which a project manager is warned, and at which the limit is reached."""
    stated = resolve.value("credit.manager_limits", region_code)
    table = stated if isinstance(stated, dict) else {}
    return int(table.get("warn", 6)), int(table.get("stop", 12))


def least_for_award(region_code: str) -> str:
    """The lowest grade that is still awarded; B where no pack states it."""
    stated = str(resolve.value("credit.award_least", region_code) or "B")
    return stated if stated in GRADES else "B"
