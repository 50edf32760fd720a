"""Change of units and key persons."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from siteloop.foundation.registry.grants import works_on
from siteloop.foundation.registry.models import PartyKind, PostKind, Project
from siteloop.framework.action import Refused
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer
from siteloop.systems.project_stages.models.records import Reviewed


class PlaceChange(Reviewed):
    """变更申请: another unit or another key person, effective only when the authority has approved it."""

    subject = models.CharField(
        "变更事项", max_length=6, choices=[("party", "参建单位"), ("post", "关键岗位")]
    )
    kind = models.CharField("单位类别或岗位", max_length=30, choices=[*PartyKind.choices, *PostKind.choices])
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="变更后单位"
    )
    person = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="变更后人员"
    )
    account = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="变更后账号",
    )
    effective_on = models.DateField("生效日期", default=timezone.localdate)
    reason = models.CharField("变更原因", max_length=300)

    class Meta(Reviewed.Meta):
        abstract = False
        verbose_name = "单位人员变更"
        verbose_name_plural = "单位人员变更"

    def __str__(self) -> str:
        return f"{self.get_kind_display()}变更为{self.person or self.account or self.organisation}"

    def typed_by(self, viewer: Viewer) -> None:
        """Raises Refused 403 for those who have no place in the project: a change is asked for, not ordered."""
        if not works_on(viewer, self.project):
            raise Refused("只有项目的参建单位可以申请变更", status=403)

    def clean(self) -> None:
        """A unit takes a unit's place, a person a post's."""
        super().clean()
        wrong: dict[str, str] = {}
        if self.kind and self.subject == "party" and self.kind not in PartyKind.values:
            wrong["kind"] = "变更参建单位须选择单位类别"
        if self.kind and self.subject == "post" and self.kind not in PostKind.values:
            wrong["kind"] = "变更关键岗位须选择岗位"
        if self.subject == "post" and self.person_id is None and self.account_id is None:
            wrong["person"] = "请选择变更后的人员或账号"
        if wrong:
            raise ValidationError(wrong)


class FormerPlace(ScopedModel):
    """Who held a place in a project before: kept with its dates, never changed."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name="项目")
    subject = models.CharField("事项", max_length=6, choices=[("party", "参建单位"), ("post", "关键岗位")])
    kind = models.CharField("单位类别或岗位", max_length=30, choices=[*PartyKind.choices, *PostKind.choices])
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="单位"
    )
    person = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="人员"
    )
    account = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="账号"
    )
    from_on = models.DateField("自", null=True, blank=True)
    to_on = models.DateField("至")
    why = models.CharField("原因", max_length=300)
    change = models.ForeignKey(
        PlaceChange, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="变更申请"
    )

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "历任单位人员"
        verbose_name_plural = "历任单位人员"
        ordering = ("-to_on", "-pk")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.person or self.account or self.organisation}"
