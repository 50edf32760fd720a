"""What the region's packs say about supervisor firms."""

from siteloop.foundation.cases.deadlines import Term
from siteloop.foundation.packs import resolve


def _term(key: str, region_code: str, default: Term) -> Term:
    stated = resolve.value(key, region_code)
    return Term.of(stated) if stated else default


def monthly_term(region_code: str) -> Term:
    """Time to report after the end of a month."""
    return _term("supervisor_firms.monthly_due", region_code, Term(5, "day", "working"))


def hear_term(region_code: str) -> Term:
    """Time to be heard before a bad behaviour is recorded."""
    return _term("supervisor_firms.hear_within", region_code, Term(5, "day", "working"))


def remind_days(region_code: str) -> list[int]:
    """Days before the end of a report's term on which the firm is reminded, the farthest first."""
    stated = resolve.value("supervisor_firms.remind_days", region_code)
    return sorted((int(d) for d in stated if int(d) > 0), reverse=True) if isinstance(stated, list) else []


def processes(region_code: str) -> list[str]:
    """Critical parts and processes that are stood beside; empty where no pack names them."""
    stated = resolve.value("supervisor_firms.processes", region_code)
    return [str(p) for p in stated] if isinstance(stated, list) else []


def near_m(region_code: str) -> int:
    """Metres around a site's point that count as on site."""
    return int(resolve.value("supervisor_firms.near_m", region_code) or 500)


def presence_rate(kind: str, region_code: str) -> float | None:
    """Least share of the days owed on which a post must be there; None where no pack demands it."""
    stated = resolve.value("supervisor_firms.presence_rate", region_code)
    share = stated.get(kind) if isinstance(stated, dict) else None
    return float(share) if share is not None else None
