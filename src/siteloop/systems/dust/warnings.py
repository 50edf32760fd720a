"""A high reading warns and makes no dispatch (AMB-22): the people of the project hear of it, once an hour a site and rule.

Builder, contractor and supervisor firm can act at once (DUST-08); the spray has been asked for by the rule already.
"""

from django.db import transaction

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases.models import Finding
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.cases.titles import titles
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.models import Party, ProjectPost
from siteloop.kernel.times import SHANGHAI

WHY = "a warning finds its receivers for the engine"
WARNED = (
    "dust.pm25_high",
    "dust.pm10_high",
    "dust.tsp_high",
    "dust.noise_day",
    "dust.noise_night",
    "dust.noise_night_max",
    "dust.no_sprayer",
)
POSTS = ("project_manager", "safety_officer", "chief_supervisor", "builder_leader")
PARTIES = ("builder", "contractor", "supervisor_firm")


def tell(finding: int, rule: str, region: str, site: int | None) -> None:
    """Heard after a finding was written; rules on trial tell nobody."""
    if rule not in WARNED or site is None:
        return
    row = (
        Finding.objects.unscoped(WHY).filter(pk=finding, shadow=False).select_related("site__project").first()
    )
    if row is None or row.site is None:
        return
    hour = row.since.astimezone(SHANGHAI)
    with transaction.atomic():
        notify(
            receivers(row.site.project_id),
            "warning",
            f"{titles([rule]).get(rule, rule)} · {row.site.name}",
            body=f"{hour:%m-%d %H:%M} {row.message}",
            link=f"/places/sites/{row.site_id}/",
            level=row.severity,
            subject=f"warning:{rule}:{row.site_id}:{hour:%Y%m%d%H}",
        )


def receivers(project: int) -> list[Account]:
    """Holders of the key posts, and the people of the three units."""
    posts = ProjectPost.objects.unscoped(WHY).filter(project=project, kind__in=POSTS, account__is_active=True)
    parties = Party.objects.unscoped(WHY).filter(project=project, kind__in=PARTIES)
    found = {p.account.pk: p.account for p in posts.select_related("account") if p.account is not None}
    for party in parties.select_related("organisation"):
        found.update({a.pk: a for a in members(party.organisation)})
    return list(found.values())
