"""What one project says for itself, as a row of a test."""

from typing import Any

from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.registry.models import Project

WHY = "test"


def project_says(project: Project, key: str, value: Any) -> PackValue:
    """The project's own word for a key, without asking for the room above."""
    pack = Pack.objects.unscoped(WHY).filter(project=project).first()
    if pack is None:
        pack = Pack(
            code=f"project/{project.pk}", title="项目", project=project, region_code=project.region_code
        )
        pack.save()
    row = PackValue(pack=pack, key=key, title=key, value=value)
    row.save()
    return row
