"""Evidence: a file with its hash, time and place, kept as it came."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q

from siteloop.foundation.authority.viewers import employers
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer

#: organisations -> keys of the projects they are a party of, as a subquery; the registry fills it
PROJECTS_OF_UNITS: list[Callable[[Collection[int]], Any]] = []


@dataclass(frozen=True)
class EvidenceScope(Scope):
    """Whoever may see the record a file proves may see the file; until it proves one, the uploader and his colleagues may."""

    def q(self, viewer: Viewer) -> Q:
        """The filter."""
        found = super().q(viewer)
        if viewer.is_system or viewer.user is None:
            return found
        if viewer.organisations:
            for projects in PROJECTS_OF_UNITS:
                found |= Q(project_id__in=projects(viewer.organisations))
        return found | Q(project_id=None, region_code="", organisation__in=employers(viewer.user))


class Evidence(ScopedModel):
    """One kept file. The bytes live under their SHA-256; the row says who brought them, when and where."""

    sha256 = models.CharField("SHA-256", max_length=64, db_index=True)
    sm3 = models.CharField("SM3", max_length=64)
    size = models.PositiveBigIntegerField("大小（字节）")
    content_type = models.CharField("类型", max_length=80)
    original_name = models.CharField("文件名", max_length=200)
    received_at = models.DateTimeField("接收时间")
    taken_at = models.DateTimeField("拍摄时间", null=True, blank=True)
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)
    device_note = models.CharField("采集设备", max_length=120, blank=True)
    uploaded_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, related_name="+", verbose_name="上传人"
    )
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, null=True, related_name="+", verbose_name="上传单位"
    )
    project_id = models.BigIntegerField("项目", null=True, db_index=True)
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    reused_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reuses", verbose_name="与此前文件相同"
    )

    scope = EvidenceScope(region="region_code", project="project_id", owner="uploaded_by")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "证据材料"
        verbose_name_plural = "证据材料"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.original_name

    @property
    def is_picture(self) -> bool:
        """Whether it can be shown as an image."""
        return self.content_type.startswith("image/")

    @property
    def url(self) -> str:
        """Where the file is served, through the scope."""
        return f"/files/{self.pk}"
