"""The card on a project's page: which rules and terms it has of its own, what is on trial for it, and the way to its settings."""

from typing import Any

from siteloop.foundation.packs import ladder, places, resolve
from siteloop.foundation.packs.models import PackRule, PackValue, RuleTrial
from siteloop.foundation.registry.models import Project
from siteloop.foundation.registry.panels import ProjectPanel
from siteloop.framework.viewer import Viewer
from siteloop.screens.settings import asking, showing

MOST = 6


def of_project(project: Project, viewer: Viewer) -> dict[str, Any] | None:
    """None for those who may not look at rules."""
    if not viewer.may("packs.packrule.view"):
        return None
    own = _own(project)
    place = asking.query(places.Place(project.region_code, project))
    running = RuleTrial.objects.visible_to(viewer).filter(project=project, outcome="running")
    return {
        "place": place,
        "own": [_line(row, place) for row in own[:MOST]],
        "more": max(0, len(own) - MOST),
        "trials": [(t, f"/settings/rules/{t.code}/trial/?{place}") for t in running.order_by("until")],
        "may_change": viewer.may("packs.packrule.override_rule") and viewer.covers(project.region_code),
    }


def _own(project: Project) -> list[ladder.Row]:
    """What the project's pack says today, rules first."""
    book = resolve.book()
    packs = [pack.pk for pack in book.packs() if pack.project_id == project.pk]
    return [*book.newest(PackRule, packs), *book.newest(PackValue, packs)]


def _line(row: ladder.Row, place: str) -> dict[str, str]:
    kind, key = ("rules", row.code) if isinstance(row, PackRule) else ("values", row.key)
    is_off = isinstance(row, PackRule) and not row.enabled
    return {
        "title": row.title,
        "href": f"/settings/{kind}/{key}/?{place}",
        "words": showing.words(row),
        "off": "1" if is_off else "",
    }


PANEL = ProjectPanel(
    "规则与期限", "Rules and terms", "settings/parts/project.html", of_project, side=True, order=90
)
