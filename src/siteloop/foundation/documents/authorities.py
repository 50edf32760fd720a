"""Which authority issues a document for a person who acts."""

from siteloop.foundation.authority.models import Organisation, Post
from siteloop.framework.action import Refused
from siteloop.framework.viewer import Viewer

WHY = "a document is issued by the authority of whoever acts, or the nearest one"
#: kinds of organisations in whose name documents are issued, the first preferred where nobody's post says it
ISSUING = (
    "county_authority",
    "supervision_body",
    "city_authority",
    "province_authority",
    "site_supervision",
)


def issuing_for(viewer: Viewer, region_code: str) -> Organisation:
    """That of the viewer's main post; else the nearest authority over the place. Raises Refused."""
    posts = Post.objects.unscoped(WHY).filter(
        account_id=viewer.user or 0, organisation__kind__in=ISSUING, organisation__is_active=True
    )
    post = posts.select_related("organisation").order_by("-is_main", "pk").first()
    if post is not None:
        return post.organisation
    over = [region_code[:n] for n in (9, 6, 4, 2) if len(region_code) >= n]
    found = Organisation.objects.unscoped(WHY).filter(kind__in=ISSUING, region_code__in=over, is_active=True)
    nearest = min(found, key=lambda o: (-len(o.region_code), ISSUING.index(str(o.kind)), o.pk), default=None)
    if nearest is None:
        raise Refused("您没有监管部门岗位，本地也未登记主管部门，不能制作文书")
    return nearest
