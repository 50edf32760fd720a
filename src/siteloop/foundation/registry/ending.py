"""Leases and upkeep contracts of devices that end (IOT-04): who can renew them hears of it in time, once a stage.

A contract that another one of the same device and kind outlasts is renewed and not told of. Purchases do not end.
"""

import datetime as dt

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.models import OperationContract, PostKind

WHY = "the end of a contract is watched for every device"
KINDS = ("lease", "operation")
POSTS = (PostKind.PROJECT_MANAGER, PostKind.SAFETY_OFFICER)
FIRST, LAST, PAST = 30, 7, 0  # days before the end from which a stage lasts; each is told once
LEVELS = {FIRST: "blue", LAST: "yellow", PAST: "orange"}
LONGEST_PAST = dt.timedelta(days=30)  # what ended before that is history


def ending(today: dt.date) -> QuerySet[OperationContract]:
    """Contracts of devices in use that end within thirty days, or have ended lately, with nothing after them."""
    contracts = OperationContract.objects.unscoped(WHY)
    longer = contracts.filter(device=OuterRef("device"), kind=OuterRef("kind")).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("valid_to"))
    )
    soon = today + dt.timedelta(days=FIRST)
    return (
        contracts.filter(kind__in=KINDS, valid_to__range=(today - LONGEST_PAST, soon), device__state="active")
        .exclude(Exists(longer))
        .select_related("device__site__project", "organisation")
        .order_by("valid_to", "pk")
    )


def tell(on: dt.date | None = None) -> int:
    """Returns how many contracts were told of now."""
    today, told = on or timezone.localdate(), 0
    for row in ending(today):
        assert row.valid_to is not None, "it ends"
        left = (row.valid_to - today).days
        stage = PAST if left < 0 else LAST if left <= LAST else FIRST
        how = f"已于 {row.valid_to} 到期" if left < 0 else f"将于 {row.valid_to} 到期（还有 {left} 天）"
        told += bool(
            notify(
                _receivers(row),
                "contract_ending",
                f"设备{row.get_kind_display()}合同{how}：{row.device}",
                body=f"承接单位：{row.organisation}；工地：{row.device.site}。请续签并登记新合同，避免设备无人运维。",
                link=f"/registry/contracts/{row.pk}/",
                level=LEVELS[stage],
                subject=f"contract:{row.pk}:{row.valid_to}:{stage}",
            )
        )
    return told


def _receivers(row: OperationContract) -> list[Account]:
    """Key posts of the project, people of the contracted unit and of the supplier, as far as they may see the contract."""
    units = [row.organisation_id, row.device.supplier_id]
    today = timezone.localdate()
    found = Account.objects.filter(
        Q(project_posts__project=row.device.site.project_id, project_posts__kind__in=POSTS)
        | Q(posts__organisation__in=[u for u in units if u])
        & (Q(posts__valid_to__isnull=True) | Q(posts__valid_to__gte=today)),
        is_active=True,
    ).distinct()
    return [a for a in found if _may_see(a, row)]


def _may_see(account: Account, row: OperationContract) -> bool:
    viewer = viewer_for(account)
    mine = OperationContract.objects.visible_to(viewer).filter(pk=row.pk)
    return viewer.may("registry.operationcontract.view") and mine.exists()
