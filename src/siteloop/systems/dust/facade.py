"""What other rooms may ask about dust: frozen answers, in the asker's scope, a fixed number of queries each."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from siteloop.foundation.registry.models import Site, WorkState
from siteloop.framework.language import term
from siteloop.framework.perform import perform
from siteloop.framework.scope import ScopedQuerySet
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.systems.dust import complaints, installation, kpis
from siteloop.systems.dust.models import Complaint
from siteloop.systems.dust.newest import Overview, Reading, Spot, overview, pm25_limit, readings, spots

__all__ = ("Overview", "Reading", "Spot", "overview", "pm25_limit", "readings", "spots")


def towns(viewer: Viewer) -> list[installation.TownRate]:
    """Installation rate by town (DUST-31)."""
    return installation.rates_by_town(viewer)


def sprayed(viewer: Viewer) -> list[installation.TownSpray]:
    """Sites with a spray system by town (DUST-07)."""
    return installation.sprayed_by_town(viewer)


def enforcement(viewer: Viewer) -> kpis.Enforced:
    """KPI-12."""
    return kpis.enforced(viewer)


@dataclass(frozen=True)
class TrackedComplaint:
    """What the holder of a tracking code is told of a complaint: nothing of what was written, nothing of the readings."""

    site: str
    topic: str
    received_at: dt.datetime
    state: str
    state_title: str
    case_state: str
    answer: str
    answered_at: dt.datetime | None


@dataclass(frozen=True)
class PublicSite:
    """A site as its notice board at the gate names it."""

    key: int
    name: str
    address: str
    project: str


def sites_like(words: str, most: int = 20) -> list[PublicSite]:
    """Sites under construction whose name, address or project holds the words; a citizen finds the one meant."""
    asked = words.strip()[:40]
    if len(asked) < 2:
        return []
    rows = _in_view().filter(
        Q(name__icontains=asked) | Q(address__icontains=asked) | Q(project__name__icontains=asked)
    )
    return [PublicSite(s.pk, s.name, s.address, s.project.name) for s in rows[:most]]


def newest_sites(most: int = 20) -> tuple[list[PublicSite], int]:
    """The sites that came last under construction, and how many there are: where a citizen begins who has no name."""
    rows = _in_view()
    newest = rows.order_by("-pk")[:most]
    return [PublicSite(s.pk, s.name, s.address, s.project.name) for s in newest], rows.count()


def _in_view() -> ScopedQuerySet[Site]:
    rows = Site.objects.unscoped("a site under construction stands in public view")
    return rows.filter(state=WorkState.UNDER_CONSTRUCTION).select_related("project").order_by("name")


def file_complaint(site: int, topic: str, occurred_at: dt.datetime, content: str, contact: str) -> str:
    """Take in a citizen's complaint from the portal; returns the tracking code, which is kept nowhere else.

    Raises Refused 422 with a message for each field.
    """
    data = {
        "site": site,
        "topic": topic,
        "occurred_at": occurred_at,
        "content": content,
        "contact": contact,
    }
    return str(perform(complaints.file_online, system_viewer("公众门户"), None, data))


def track(code: str) -> TrackedComplaint | None:
    """The complaint of a tracking code; None for a code that was never given."""
    row = (
        Complaint.objects.unscoped("whoever holds the code may follow the complaint")
        .select_related("site", "case")
        .filter(tracking=complaints.tracking_hash(code))
        .exclude(tracking="")
        .first()
    )
    if row is None:
        return None
    return TrackedComplaint(
        site=row.site.name,
        topic=term(row.get_topic_display()),
        received_at=row.received_at,
        state=row.state,
        state_title=term(row.get_state_display()),
        case_state=term(row.case.get_state_display()) if row.case else "",
        answer=row.answer,
        answered_at=row.answered_at,
    )
