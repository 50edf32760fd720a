"""What the page of a score shows: its measures with their records, its formula, its appeals."""

from typing import Any
from urllib.parse import urlencode

from siteloop.foundation.cases import facts
from siteloop.foundation.cases.facts import Period
from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.systems.evaluation import appeals
from siteloop.systems.evaluation.models import Scorecard


def records_link(fact: str, period: Period, subject: str = "", **more: str) -> str:
    """The page that lists the records behind a number."""
    asked = {"fact": fact, "from": f"{period.start}", "to": f"{period.end}", "subject": subject, **more}
    return "/centres/records/?" + urlencode({k: v for k, v in asked.items() if v})


def lines(card: Scorecard) -> list[dict[str, Any]]:
    """Each measure: weight, records, good ones, worth, points, why it does not count, and where its records are."""
    period, known = Period.month(card.month), facts.known()
    deduct = card.formula.get("deduct", {})
    return [
        {
            "item": item,
            "title": known[item.fact].shown if item.fact in known else item.title,
            "weight": card.formula.get("weights", {}).get(item.fact),
            "deduct": deduct.get(item.fact),
            "rate": item.good / item.n if item.n else None,
            "good": pick(*known[item.fact].good) if item.fact in known else "",
            "link": records_link(item.fact, period, card.subject),
        }
        for item in card.items.order_by("order")
    ]


def items(card: Scorecard, viewer: Viewer) -> dict[str, Any]:
    """Panel: the score line by line."""
    return {"card": card, "lines": lines(card), "until": appeals.until(card)}


def objections(card: Scorecard, viewer: Viewer) -> dict[str, Any]:
    """Panel: the appeals of a score."""
    return {"appeals": list(card.appeals.select_related("item", "asked_by", "decided_by"))}
