"""Locks: business that is held until something is put right. Any system may set, lift and ask; `guard` stops the business.

An action says which business it is by `extra={"business": "registration"}`; it is refused while a lock reaches it.
What a lock reaches is the region's decision: a pack value {"reach": "project | business | enterprise", "business": ""}.
Set with `hold`, lifted with `lift`, both inside the act that is the reason.
"""

import datetime as dt
from typing import Any

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.cases.models import Case, Lock, LockReach
from siteloop.foundation.cases.notes import Note
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Party, Project, Site
from siteloop.framework import events
from siteloop.framework.action import Action, Refused
from siteloop.framework.viewer import Viewer

WHY = "a lock counts for everybody who does business, whoever may see it"


def hold(
    source: str,
    reason: str,
    *,
    pack_key: str,
    region_code: str,
    project: Project | None = None,
    organisation: Organisation | None = None,
    case: Case | None = None,
    clause: str = "",
    remedy: str = "",
    now: dt.datetime | None = None,
) -> Lock:
    """Lock as far as the region's pack says; the same source locks once. Without a word of the pack: the project."""
    stated = resolve.value(pack_key, region_code)
    rule = stated if isinstance(stated, dict) else {}
    found = Lock.objects.unscoped(WHY).select_for_update().filter(source=source, lifted_at=None).first()
    lock: Lock = found or Lock(source=source, since=now or timezone.now(), region_code=region_code)
    lock.reach = str(rule.get("reach", LockReach.PROJECT))
    lock.business = str(rule.get("business", ""))
    lock.project, lock.organisation, lock.case = project, organisation, case
    lock.reason, lock.clause, lock.remedy = reason[:300], clause[:300], remedy[:200]
    lock.keep()
    events.emit("lock_set", lock=lock.pk, project=lock.project_id, organisation=lock.organisation_id)
    return lock


def lift(source: str, reason: str, now: dt.datetime | None = None) -> int:
    """Lift what that source locked; returns how many locks that were."""
    rows = list(Lock.objects.unscoped(WHY).select_for_update().filter(source=source, lifted_at=None))
    for lock in rows:
        lock.lifted_at, lock.lifted_reason = now or timezone.now(), reason[:300]
        lock.keep()
        events.emit("lock_lifted", lock=lock.pk, project=lock.project_id, organisation=lock.organisation_id)
    return len(rows)


def standing(project: Project | None = None, organisation: Organisation | None = None) -> list[Lock]:
    """Open locks that reach a project (its own, and those of its enterprises) or an enterprise, oldest first."""
    meets = Q(pk__in=[])
    if project is not None:
        units = Party.objects.unscoped(WHY).filter(project=project).values("organisation")
        meets |= Q(project=project, reach__in=(LockReach.PROJECT, LockReach.BUSINESS))
        meets |= Q(organisation__in=units, reach=LockReach.ENTERPRISE)
        meets |= Q(organisation__in=units, reach=LockReach.BUSINESS, project=None)
    if organisation is not None:
        meets |= Q(organisation=organisation, reach__in=(LockReach.ENTERPRISE, LockReach.BUSINESS))
    rows = Lock.objects.unscoped(WHY).filter(meets, lifted_at=None)
    return list(rows.select_related("project", "organisation", "case").order_by("since", "pk"))


def holding(
    business: str, project: Project | None = None, organisation: Organisation | None = None
) -> list[Lock]:
    """Of these the ones that stop a business: a lock on one business stops that one only."""
    return [
        lock
        for lock in standing(project, organisation)
        if lock.reach != LockReach.BUSINESS or lock.business in ("", business)
    ]


def refuse_if_held(
    business: str, project: Project | None = None, organisation: Organisation | None = None
) -> None:
    """Raises Refused 409 with the reason, the basis and what lifts the lock."""
    found = holding(business, project, organisation)
    if found:
        raise Refused("业务已锁定，不能办理。" + "；".join(sentence(lock) for lock in found))


def sentence(lock: Lock) -> str:
    """Why it is locked and what lifts it."""
    return (
        lock.reason
        + (f"（{lock.clause}）" if lock.clause else "")
        + (f"。解锁条件：{lock.remedy}" if lock.remedy else "")
    )


def noted(project: Project, viewer: Viewer) -> list[Note]:
    """The locks as the project's page shows them."""
    return [
        Note(
            "red",
            f"{lock.get_reach_display()}业务锁定",
            f"Business is locked ({lock.reach})",
            sentence(lock),
            f"/cases/cases/{lock.case_id}/" if lock.case_id else "",
        )
        for lock in standing(project)
    ]


def guard(action: Action, viewer: Viewer, obj: Any) -> None:
    """Stops acts that declare themselves a business while a lock reaches their project or enterprise."""
    business = action.extra.get("business")
    if not business or viewer.is_system:
        return
    project = obj if isinstance(obj, Project) else getattr(obj, "project", None)
    if isinstance(obj, Site):
        project = obj.project
    organisation = obj if isinstance(obj, Organisation) else None
    refuse_if_held(str(business), project if isinstance(project, Project) else None, organisation)
