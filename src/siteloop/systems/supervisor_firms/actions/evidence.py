"""Evidence for a record of one project: must be the viewer's to see, and nobody else's project's proof."""

from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import file_under
from siteloop.framework.action import Act, Input, Refused

FILES = Input(
    "files",
    "照片或材料",
    "Photos or papers",
    kind="files",
    required=True,
    help="拍摄时间、位置与摘要值一并留存",
)


def given(act: Act) -> list[Evidence]:
    """The rows behind the keys that were sent, filed under the record's project. Raises Refused 422."""
    wanted = act.data.get("files") or []
    keys = [e.pk if isinstance(e, Evidence) else int(e) for e in wanted]
    found = list(Evidence.objects.visible_to(act.viewer).filter(pk__in=keys).order_by("pk"))
    if not found or len(found) != len(set(keys)):
        raise Refused("填写有误", status=422, errors={"files": ["附件不存在，请重新上传"]})
    file_under(found, act.obj.project_id, act.obj.project.region_code)
    return found
