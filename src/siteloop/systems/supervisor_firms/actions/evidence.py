"""Evidence for a record of one project: must be the viewer's to see, and nobody else's project's proof."""

from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.named import picked
from siteloop.framework.action import Act, Input

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
    return picked(act, "files", act.obj.project_id, act.obj.project.region_code)
