"""Where each stage of a project stands, and its papers."""

from django.db import models

from siteloop.foundation.files.papers import Paper
from siteloop.foundation.registry.models import Project
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.project_stages.models.records import RecordState, StageCode


class StageMark(ScopedModel):
    """The ledger: how far a project is, one row a stage it has reached. Kept by the acts on the records."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="stage_marks", verbose_name="项目")
    stage = models.CharField("环节", max_length=20, choices=StageCode.choices)
    state = models.CharField("状态", max_length=10, choices=RecordState.choices)
    record = models.BigIntegerField("记录", null=True, blank=True)
    at = models.DateTimeField("时间")
    title = models.CharField("内容", max_length=200, blank=True)

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "全过程台账"
        verbose_name_plural = "全过程台账"
        ordering = ("-at", "-pk")
        constraints = (models.UniqueConstraint(fields=("project", "stage"), name="one_mark_a_stage"),)

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {self.get_state_display()}"


class StagePaper(Paper):
    """One paper or photo of a record, kept as evidence."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name="项目")
    stage = models.CharField("环节", max_length=20, choices=StageCode.choices)
    record = models.BigIntegerField("记录")

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(Paper.Meta):
        abstract = False
        verbose_name = "环节材料"
        verbose_name_plural = "环节材料"
        indexes = (models.Index(fields=("stage", "record")),)
