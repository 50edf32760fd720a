"""Matters: what a case is about where no device saw it, such as a promise, a report that is late, an order.

A matter is a record of a system. It is told to the loop engine as a finding like any other, and the case finds the record again
by its subject: a word for the kind of record and the record's key.
"""

import datetime as dt

from siteloop.foundation.cases import inbox
from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import Project, Site
from siteloop.kernel.finding import Act, Severity
from siteloop.kernel.finding import Finding as KernelFinding
from siteloop.kernel.times import to_us

WHY = "a matter is told for everybody, whoever brought it up"


def finding(
    rule: str,
    subject: str,
    since: dt.datetime,
    severity: Severity,
    message: str,
    *,
    project: Project | None = None,
    region: str = "",
) -> KernelFinding:
    """The matter as the engine hears it, from `since` on; a matter of no project names its region."""
    return KernelFinding(
        act=Act.RAISE,
        rule=rule,
        subject=subject,
        since=to_us(since),
        at=to_us(since),
        site=_first_site(project),
        project=project.pk if project is not None else 0,
        region=project.region_code if project is not None else region,
        severity=severity,
        message=message,
    )


def _first_site(project: Project | None) -> int:
    sites = Site.objects.unscoped(WHY).filter(project=project) if project is not None else Site.objects.none()
    return sites.order_by("pk").values_list("pk", flat=True).first() or 0


def open_case(
    rule: str,
    subject: str,
    since: dt.datetime,
    severity: Severity,
    message: str,
    *,
    project: Project | None = None,
    region: str = "",
    now: dt.datetime | None = None,
) -> Case:
    """Open the case of a matter, or join the one that is open. Its terms run from `now`, which is `since` unless given.

    A loop must be declared to open on the rule.
    """
    told = finding(rule, subject, since, severity, message, project=project, region=region)
    row = inbox.apply(told, now or since)
    assert row is not None and row.case is not None, f"a loop opens on {rule}"
    return row.case


def key(case: Case) -> int:
    """Key of the record a case is about; 0 where it is about none."""
    return int(case.subject.rpartition(":")[2] or 0)
