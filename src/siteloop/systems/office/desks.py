"""Who sits where: the organisation a viewer acts for, and who in it may decide."""

from django.core.exceptions import ValidationError

from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.authority.viewers import posts_of, viewer_for
from siteloop.foundation.cases.receivers import members
from siteloop.framework import trail
from siteloop.framework.action import Act, Refused
from siteloop.framework.scope import ScopedModel
from siteloop.framework.viewer import Viewer

WHY = "the office finds colleagues for whoever acts"


def account_of(viewer: Viewer) -> Account:
    """The person acting. Raises Refused for the program itself."""
    found = Account.objects.filter(pk=viewer.user).first() if viewer.user is not None else None
    if found is None:
        raise Refused("此操作须由本人办理")
    return found


def desk_of(account: Account) -> Organisation:
    """The organisation of the main post. Raises Refused where there is none."""
    posts = posts_of(account)
    if not posts:
        raise Refused(f"{account}没有有效岗位，请联系管理员登记岗位")
    return posts[0].organisation


def may(account: Account, permission: str) -> bool:
    """Whether somebody holds a permission today."""
    return viewer_for(account).may(permission)


def refuse_unless(account: Account, permission: str, field: str) -> None:
    """Work is not given to somebody who could not do it. Raises Refused 422 at the input's field."""
    if not account.is_active or not may(account, permission):
        raise Refused("填写有误", status=422, errors={field: [f"{account}没有办理此事的权限，请另选人员"]})


def deciders(organisation: Organisation, permission: str) -> list[Account]:
    """Who decides: members of the organisation with the right, else of those above it, else of the place's authority."""
    asked: set[int] = set()
    above: Organisation | None = organisation
    while above is not None and above.pk not in asked:
        asked.add(above.pk)
        found = [a for a in members(above) if may(a, permission)]
        if found:
            return found
        above = above.parent
    authorities = Organisation.objects.unscoped(WHY).filter(
        kind="county_authority", region_code=organisation.region_code[:6], is_active=True
    )
    return [a for one in authorities for a in members(one) if may(a, permission)]


def write(act: Act, row: ScopedModel) -> None:
    """Save a row that an act on the register made for the person acting, and tell it in the row's own trail."""
    try:
        row.full_clean()
    except ValidationError as wrong:
        raise Refused("填写有误", status=422, errors=wrong.message_dict) from wrong
    row.save()
    words = f"{act.viewer.name}提交{row._meta.verbose_name}{row}"
    trail.record(act.viewer, f"{row._meta.label_lower}.create", row, words)
