"""What every record of a stage shares, and the fields of the national tables."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.foundation.registry.models import Project, WorkState
from siteloop.framework.scope import Scope, ScopedModel

WHY = "a record is compared with what is stored, for whoever changes it"


class StageCode(models.TextChoices):
    """The stages in their usual order."""

    TENDER = "tender", "招投标"
    SURVEY_DESIGN = "survey_design", "勘察设计"
    CONTRACT = "contract", "合同备案"
    DRAWING_REVIEW = "drawing_review", "施工图审查"
    PERMIT = "permit", "施工许可"
    SUPERVISION_FILING = "supervision_filing", "质安监督备案"
    PROGRESS = "progress", "形象进度"
    JOINT_ACCEPTANCE = "joint_acceptance", "联合验收"
    COMPLETION = "completion", "竣工验收"
    ARCHIVE = "archive", "归档"


class RecordState(models.TextChoices):
    """A record on its way through the authority's review."""

    DRAFT = "draft", "未提交"
    SUBMITTED = "submitted", "待审核"
    PASSED = "passed", "审核通过"
    RETURNED = "returned", "退回补正"


OPEN = (RecordState.DRAFT, RecordState.RETURNED)


class Reviewed(ScopedModel):
    """What every record of a project shares: submit, review, opinion."""

    #: a completed project takes no more of these
    after_completion: ClassVar[bool] = False

    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name="项目")
    state = models.CharField(
        "状态", max_length=10, choices=RecordState.choices, default=RecordState.DRAFT, editable=False
    )
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True, editable=False)
    submitted_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="提交人",
        editable=False,
    )
    reviewed_at = models.DateTimeField("审核时间", null=True, blank=True, editable=False)
    reviewed_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="审核人",
        editable=False,
    )
    opinion = models.CharField("审核意见", max_length=300, blank=True, editable=False)

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = True
        ordering = ("-pk",)

    def clean(self) -> None:
        """What was handed in is not changed behind the reviewer's back; a completed project takes no more papers."""
        super().clean()
        if self.pk is not None:
            kept = type(self).objects.unscoped(WHY).filter(pk=self.pk).values_list("state", flat=True).first()
            if kept in (RecordState.SUBMITTED, RecordState.PASSED):
                raise ValidationError("已提交或审核通过的记录不能修改；须由主管部门退回后补正")
        if self.project_id is None:
            return
        if self.project.state == WorkState.COMPLETED and not self.after_completion:
            raise ValidationError("项目已竣工，不再接收资料；档案可在“归档”中补充")
        self.fill()

    def fill(self) -> None:
        """Take over what the project already knows, so that it is typed once (BASE-09)."""
        for own, known in (("size_text", "size_text"), ("area", "floor_area")):
            if hasattr(self, own) and getattr(self, own) in (None, ""):
                setattr(self, own, getattr(self.project, known))


class StageRecord(Reviewed):
    """A record that is a stage of its project."""

    stage: ClassVar[StageCode]
    #: the field that names the record
    title_field: ClassVar[str] = ""

    class Meta(Reviewed.Meta):
        abstract = True

    def __str__(self) -> str:
        named = str(getattr(self, self.title_field, "") or "") if self.title_field else ""
        return f"{self.stage.label} {named}".strip()


def wan_field(title: str) -> "models.DecimalField":  # type: ignore[type-arg]
    return models.DecimalField(f"{title}（万元）", max_digits=16, decimal_places=4, null=True, blank=True)


def area_field(title: str = "建筑面积") -> "models.DecimalField":  # type: ignore[type-arg]
    return models.DecimalField(f"{title}（㎡）", max_digits=14, decimal_places=2, null=True, blank=True)


def name_field(title: str) -> "models.CharField":  # type: ignore[type-arg]
    return models.CharField(f"{title}名称", max_length=200, blank=True)


def code_field(title: str) -> "models.CharField":  # type: ignore[type-arg]
    return models.CharField(f"{title}统一社会信用代码", max_length=18, blank=True)
