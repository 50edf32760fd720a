"""Uploaded files that an act names: kept already, visible to whoever acts, and from then on the project's."""

from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import file_under
from siteloop.framework.action import Act, Refused
from siteloop.systems.joint_acceptance.models import JointApplication


def named(act: Act, field: str, application: JointApplication) -> list[Evidence]:
    """The files of an input, filed under the project. Raises Refused 422 for one that is not there."""
    keys = {e.pk if isinstance(e, Evidence) else int(e) for e in act.data.get(field) or []}
    found = list(Evidence.objects.visible_to(act.viewer).filter(pk__in=keys).order_by("pk"))
    if len(found) != len(keys):
        raise Refused("填写有误", status=422, errors={field: ["附件不存在，请重新上传"]})
    file_under(found, application.project_id, application.region_code)
    return found
