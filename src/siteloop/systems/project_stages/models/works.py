"""The works: visible progress, completion, archive."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone

from siteloop.systems.project_stages.models.records import (
    StageCode,
    StageRecord,
    area_field,
    code_field,
    name_field,
    wan_field,
)


class VisibleProgress(StageRecord):
    """形象进度 (PROJ-09): the stage of the works as the region's pack names them, how far, with photos."""

    stage, title_field = StageCode.PROGRESS, "part"

    part = models.CharField("施工阶段", max_length=40, help_text="按本地规则填写，如：基础、主体、装饰")
    work = models.ForeignKey(
        "registry.SingleWork",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="单体工程",
    )
    percent = models.PositiveSmallIntegerField("完成（%）", validators=[MaxValueValidator(100)])
    begun_on = models.DateField("阶段开始", null=True, blank=True)
    reported_on = models.DateField("填报日期", default=timezone.localdate)
    note = models.CharField("部位与说明", max_length=300, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "形象进度"
        verbose_name_plural = "形象进度"

    def __str__(self) -> str:
        return f"{self.part} {self.percent}%"

    def clean(self) -> None:
        """The part must be one of the project's or its region's; no report from the future; the work must be the project's."""
        from siteloop.systems.project_stages import settings

        super().clean()
        wrong: dict[str, str] = {}
        if self.project_id is not None and self.part:
            known = settings.parts(self.project)
            if known and self.part not in known:
                wrong["part"] = f"规定的施工阶段为：{'、'.join(known)}"
        if self.reported_on and self.reported_on > timezone.localdate():
            wrong["reported_on"] = "填报日期不能晚于今天"
        if self.begun_on and self.reported_on and self.begun_on > self.reported_on:
            wrong["begun_on"] = "阶段开始不能晚于填报日期"
        if self.work is not None and self.work.project_id != self.project_id:
            wrong["work"] = "单体工程不属于该项目"
        if wrong:
            raise ValidationError(wrong)


class Completion(StageRecord):
    """竣工验收, after TBProjectFinishManage. Passing it closes the project's devices, posts and uploads."""

    stage, title_field = StageCode.COMPLETION, "name"

    name = models.CharField("竣工备案名称", max_length=200)
    number = models.CharField("竣工备案编号", max_length=60, blank=True)
    inner_number = models.CharField("竣工备案内部编号", max_length=60)
    permit_number = models.CharField("施工许可证编号", max_length=60, blank=True)
    body_name = name_field("质量检测机构")
    body_code = code_field("质量检测机构")
    cost_wan = wan_field("实际造价")
    area = area_field("实际面积")
    size_text = models.CharField("实际建设规模", max_length=300, blank=True)
    structure_type = models.CharField("结构体系代码", max_length=10, blank=True)
    started_on = models.DateField("实际开工日期", null=True, blank=True)
    finished_on = models.DateField("实际竣工验收日期")
    mark = models.CharField("备注", max_length=300, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "竣工验收"
        verbose_name_plural = "竣工验收"
        constraints = (
            models.UniqueConstraint(fields=("project", "inner_number"), name="one_completion_a_number"),
        )

    def fill(self) -> None:
        """The permit and the start are known."""
        super().fill()
        self.permit_number = self.permit_number or self.project.permit_number
        self.started_on = self.started_on or self.project.started_on


class Archive(StageRecord):
    """归档: what was handed to the archive of urban construction."""

    stage, title_field, after_completion = StageCode.ARCHIVE, "number", True

    number = models.CharField("档号", max_length=60)
    volumes = models.PositiveIntegerField("卷数", default=1)
    keeper_name = models.CharField("接收单位", max_length=200, blank=True)
    handed_on = models.DateField("移交日期")
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "归档"
        verbose_name_plural = "归档"
