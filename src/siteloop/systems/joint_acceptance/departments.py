"""Which bodies examine, who belongs to them, and which projects they therefore see."""

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Post
from siteloop.foundation.cases.receivers import members
from siteloop.framework.action import Refused
from siteloop.framework.scope import ScopedQuerySet
from siteloop.framework.viewer import Viewer
from siteloop.systems.joint_acceptance import settings
from siteloop.systems.joint_acceptance.models import Department, DepartmentOpinion
from siteloop.systems.joint_acceptance.settings import Examiner

WHY = "all departments of a place examine, whoever accepts the application"


def over(region_code: str) -> list[tuple[Examiner, Department]]:
    """Departments the pack names with the nearest body registered for each. Raises Refused naming those nobody is registered for."""
    stated = settings.examiners(region_code)
    if not stated:
        raise Refused("规则库未规定本地的联合验收参验部门，请联系管理员")
    known = Department.objects.unscoped(WHY).filter(is_active=True, code__in=[e.code for e in stated])
    nearest: dict[str, Department] = {}
    for one in sorted(known.select_related("organisation"), key=lambda d: len(d.region_code)):
        if region_code.startswith(one.region_code):
            nearest[one.code] = one
    missing = [e.title for e in stated if e.code not in nearest]
    if missing:
        raise Refused(f"本地未登记参验部门：{'、'.join(missing)}。请先在“参验部门”中登记")
    return [(e, nearest[e.code]) for e in stated]


def is_own(row: DepartmentOpinion, viewer: Viewer) -> bool:
    """Whether the viewer belongs to the department: nobody gives another department's opinion."""
    if viewer.is_system:
        return True
    return viewer.user is not None and any(
        account.pk == viewer.user for account in members(row.department.organisation)
    )


def _valid_posts() -> ScopedQuerySet[Post]:
    today = timezone.localdate()
    return Post.objects.unscoped(WHY).filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=today),
        Q(valid_to__isnull=True) | Q(valid_to__gte=today),
    )


def projects_of(account: Account) -> set[int]:
    """Projects that the bodies of the account's valid posts examine or have examined."""
    bodies = _valid_posts().filter(account=account).values("organisation")
    rows = DepartmentOpinion.objects.unscoped(WHY).filter(department__organisation__in=bodies)
    return set(rows.order_by().values_list("application__project", flat=True))
