"""Kept files that an act names: there, visible to whoever acts, and from then on filed under the record they prove."""

from collections.abc import Iterable

from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import file_under
from siteloop.framework.action import Act, Refused
from siteloop.framework.viewer import Viewer


def named(
    viewer: Viewer,
    files: Iterable[Evidence | int | str],
    project_id: int | None,
    region_code: str,
    field: str = "files",
) -> list[Evidence]:
    """The files in the order they were kept. Raises Refused 422 at `field` when one is missing or another project's."""
    keys = {f.pk if isinstance(f, Evidence) else int(f) for f in files}
    found = list(Evidence.objects.visible_to(viewer).filter(pk__in=keys).order_by("pk"))
    if len(found) != len(keys):
        words = "附件不存在，请重新上传"
        raise Refused(words, status=422, errors={field: [words]})
    file_under(found, project_id, region_code)
    return found


def picked(act: Act, field: str, project_id: int | None, region_code: str) -> list[Evidence]:
    """The files of one input of an act; none where nothing was picked."""
    return named(act.viewer, act.data.get(field) or [], project_id, region_code, field)
