"""What was drawn: checks, their lines and demerits, and what is published of them."""

import datetime as dt

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.double_random.models.draws import Draw
from siteloop.systems.double_random.models.people import Inspector
from siteloop.systems.double_random.models.plans import ItemLine


class TaskState(models.TextChoices):
    """A task's life; correcting runs as a case of the one engine."""

    ASSIGNED = "assigned", "待检查"
    NOTIFIED = "notified", "已送达检查通知"
    CORRECTING = "correcting", "责令改正中"
    DONE = "done", "已办结"
    VOID = "void", "随抽取作废"


class CheckTask(ScopedModel):
    """One drawn project and its group. The project sees it from the moment the check notice is delivered."""

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="tasks", verbose_name="抽取")
    place = models.PositiveSmallIntegerField("抽取次序")
    project = models.ForeignKey("registry.Project", models.PROTECT, related_name="+", verbose_name="检查对象")
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    told_project_id = models.BigIntegerField("已送达的项目", null=True, db_index=True)
    inspectors = models.ManyToManyField(Inspector, related_name="tasks", verbose_name="检查组")
    leader = models.ForeignKey(Inspector, models.PROTECT, related_name="+", verbose_name="组长")
    state = models.CharField(
        "状态", max_length=12, choices=TaskState.choices, default=TaskState.ASSIGNED, db_index=True
    )
    notified_at = models.DateTimeField("检查通知送达", null=True, blank=True)
    checked_at = models.DateTimeField("检查时间", null=True, blank=True)
    conclusion = models.CharField(
        "检查结果",
        max_length=12,
        blank=True,
        choices=[("qualified", "未发现问题"), ("problems", "责令改正")],
    )
    opinion = models.TextField("检查意见", max_length=1000, blank=True)
    case = models.ForeignKey(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="整改派单"
    )
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)

    scope = Scope(region="region_code", project="told_project_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "抽查任务"
        verbose_name_plural = "抽查任务"
        ordering = ("-draw", "place")
        constraints = (models.UniqueConstraint(fields=("draw", "project"), name="one_task_a_project"),)

    def __str__(self) -> str:
        return f"{self.draw}-{self.place:02d} {self.project}"


class CheckLine(ScopedModel):
    """One line of a task's record table."""

    task = models.ForeignKey(CheckTask, models.CASCADE, related_name="lines", verbose_name="抽查任务")
    item = models.ForeignKey(ItemLine, models.PROTECT, related_name="+", verbose_name="事项")
    verdict = models.CharField(
        "检查情况",
        max_length=10,
        blank=True,
        choices=[("", "未检查"), ("ok", "符合"), ("problem", "不符合"), ("absent", "不涉及")],
    )
    remark = models.CharField("问题描述", max_length=500, blank=True)

    scope = Scope(region="task__region_code", project="task__told_project_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查记录"
        verbose_name_plural = "检查记录"
        ordering = ("task", "item__list__kind", "item__number")
        constraints = (models.UniqueConstraint(fields=("task", "item"), name="one_record_a_line"),)

    def __str__(self) -> str:
        return f"{self.item}"


class Demerit(ScopedModel):
    """A violation that costs points (违规记分告知, DRAND-11, CRED-06); credit listens to `demerit_recorded`."""

    task = models.ForeignKey(CheckTask, models.PROTECT, related_name="demerits", verbose_name="抽查任务")
    line = models.OneToOneField(CheckLine, models.PROTECT, related_name="demerit", verbose_name="检查记录")
    project = models.ForeignKey("registry.Project", models.PROTECT, related_name="+", verbose_name="项目")
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="责任单位"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    points = models.PositiveSmallIntegerField("记分")
    reason = models.CharField("违规事实", max_length=500)
    clause = models.CharField("依据", max_length=200, blank=True)
    told_at = models.DateTimeField("告知时间")
    withdrawn_at = models.DateTimeField("撤销时间", null=True, blank=True)
    withdrawn_why = models.CharField("撤销原因", max_length=300, blank=True)

    scope = Scope(region="region_code", project="project_id", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "违规记分"
        verbose_name_plural = "违规记分"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.organisation} {self.points} 分"


class PublicationKind(models.TextChoices):
    """The five things that are published (DRAND-15)."""

    OBJECTS = "objects", "检查对象"
    INSPECTORS = "inspectors", "检查人员"
    PROCESS = "process", "检查过程"
    RESULTS = "results", "检查结果"
    USE = "use", "成果应用"


class Publication(ScopedModel):
    """One thing to be published by a day; `body` is what was published, word for word."""

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="publications", verbose_name="抽取")
    task = models.ForeignKey(
        CheckTask,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="publications",
        verbose_name="抽查任务",
    )
    kind = models.CharField("公示内容", max_length=12, choices=PublicationKind.choices)
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    due_at = models.DateTimeField("公示期限", null=True, db_index=True)
    published_at = models.DateTimeField("公示时间", null=True, blank=True)
    body = models.JSONField("公示正文", default=list)

    scope = Scope(region="region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "公示"
        verbose_name_plural = "公示"
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("draw", "task", "kind"), name="one_publication_a_thing", nulls_distinct=False
            ),
        )

    def __str__(self) -> str:
        return f"{self.draw} {self.get_kind_display()}" + (f" {self.task.project}" if self.task else "")

    def is_late(self, now: dt.datetime) -> bool:
        """Published after its day, or not yet though the day is over."""
        return self.due_at is not None and (self.published_at or now) > self.due_at
