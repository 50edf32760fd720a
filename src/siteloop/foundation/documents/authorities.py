"""Which authority issues a document for a person who acts."""

from siteloop.foundation.authority.models import Organisation, Post
from siteloop.framework.action import Refused
from siteloop.framework.viewer import Viewer

WHY = "a document is issued by the authority of whoever acts, or the nearest one"
#: kinds of organisations that sign for a place where nobody's post says who does
OVER = (
    "county_authority",
    "supervision_body",
    "city_authority",
    "province_authority",
    "site_supervision",
)
#: kinds in whose name their own people sign
ISSUING = (*OVER, "town_government", "law_enforcement", "urban_management")


def issuing_for(viewer: Viewer, region_code: str, *preferred: str) -> Organisation:
    """That of the viewer's main post; else the nearest authority over the place. Raises Refused."""
    posts = Post.objects.unscoped(WHY).filter(
        account_id=viewer.user or 0, organisation__kind__in=ISSUING, organisation__is_active=True
    )
    post = posts.select_related("organisation").order_by("-is_main", "pk").first()
    return post.organisation if post is not None else nearest(region_code, *preferred)


def nearest(region_code: str, *preferred: str) -> Organisation:
    """The authority of the smallest place around; there the preferred kinds first, then as in OVER. Raises Refused."""
    rank = [*preferred, *OVER]
    places = [region_code[:n] for n in (9, 6, 4, 2) if len(region_code) >= n]
    found = Organisation.objects.unscoped(WHY).filter(kind__in=OVER, region_code__in=places, is_active=True)
    best = min(found, key=lambda o: (-len(o.region_code), rank.index(str(o.kind)), o.pk), default=None)
    if best is None:
        raise Refused("您没有监管部门岗位，本地也未登记监管部门，不能制作文书")
    return best
