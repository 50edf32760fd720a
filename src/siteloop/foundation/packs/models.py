"""Rule packs of regions and of single projects as editable rows: rules, values, eligibility; each with clause, effective dates and bounds."""

from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from siteloop.foundation.registry.models import Project
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer

#: what the judge appends to a rule's code for the numbers on trial beside it
TRIAL = "@trial"


@dataclass(frozen=True)
class PackScope(Scope):
    """What a region states is public to read; what is stated for one project, only for those who see the project."""

    pack: str = ""  # lookup prefix from the model to its pack

    def q(self, viewer: Viewer) -> Q:
        """The filter."""
        if viewer.is_system:
            return Q()
        return Q(**{f"{self.pack}project": None}) | Scope(region=self.region, project=self.project).q(viewer)


class Pack(ScopedModel):
    """The overlay of one region, or of one project, which stands below every region."""

    code = models.CharField("代码", max_length=80, unique=True)
    title = models.CharField("名称", max_length=120)
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    zone = models.CharField("功能区", max_length=40, blank=True)
    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="packs", verbose_name="项目"
    )
    effective_from = models.DateField("施行日期", null=True, blank=True)
    effective_to = models.DateField("废止日期", null=True, blank=True)
    digest = models.CharField("来源摘要", max_length=64, blank=True, editable=False)

    scope = PackScope(region="region_code", project="project_id", public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "规则包"
        verbose_name_plural = "规则包"
        ordering = ("region_code", "zone")
        constraints = (
            models.UniqueConstraint(
                fields=("project",), condition=Q(project__isnull=False), name="one_pack_a_project"
            ),
        )

    def __str__(self) -> str:
        return self.title


class _Row(ScopedModel):
    """Common part of what a pack states. A change is a new version; of those in force the highest counts.

    `edited` versions come from people, the others from the pack's file. `proposed` is a file's change that met an edit:
    it waits for somebody to adopt it and counts for nothing until then.
    """

    pack = models.ForeignKey(Pack, models.CASCADE, related_name="%(class)ss", verbose_name="规则包")
    title = models.CharField("名称", max_length=120)
    clause = models.CharField("依据条款", max_length=300, blank=True)
    clause_verified = models.BooleanField("条款已核实", default=False)
    effective_from = models.DateField("施行日期", null=True, blank=True)
    effective_to = models.DateField("废止日期", null=True, blank=True)
    version = models.PositiveIntegerField("版本", default=1, editable=False)
    edited = models.BooleanField("已人工修改", default=False, editable=False)
    proposed = models.BooleanField("待确认", default=False, editable=False)
    reason = models.CharField("修改理由", max_length=300, blank=True, editable=False)
    set_by = models.CharField("修改人", max_length=80, blank=True, editable=False)
    set_at = models.DateTimeField("修改时间", null=True, editable=False)

    scope = PackScope(region="pack__region_code", project="pack__project_id", public=True, pack="pack__")

    class Meta(ScopedModel.Meta):
        abstract = True


class PackRule(_Row):
    """One rule of the judge, in the numbers of one region."""

    code = models.CharField("规则代码", max_length=80, db_index=True)
    detector = models.CharField("检测器", max_length=60)
    params = models.JSONField("参数", default=dict)
    bounds = models.JSONField("下级可调范围", default=dict, blank=True)
    severity = models.CharField(
        "等级",
        max_length=10,
        default="yellow",
        choices=[("red", "红色"), ("orange", "橙色"), ("yellow", "黄色"), ("blue", "蓝色")],
    )
    enabled = models.BooleanField("启用", default=True)
    shadow = models.BooleanField("试运行", default=False)

    class Meta(_Row.Meta):
        abstract = False
        verbose_name = "预警规则"
        verbose_name_plural = "预警规则"
        ordering = ("code", "pack", "-version")
        constraints = (
            models.UniqueConstraint(fields=("pack", "code", "version"), name="one_rule_a_version"),
        )

    def __str__(self) -> str:
        return f"{self.title} · {self.pack}"


class PackValue(_Row):
    """One number, term or text of a region."""

    key = models.CharField("键", max_length=80, db_index=True)
    value = models.JSONField("值")
    unit = models.CharField("单位", max_length=20, blank=True)
    bounds = models.JSONField("下级可调范围", default=dict, blank=True)

    class Meta(_Row.Meta):
        abstract = False
        verbose_name = "参数"
        verbose_name_plural = "参数"
        ordering = ("key", "pack", "-version")
        constraints = (
            models.UniqueConstraint(fields=("pack", "key", "version"), name="one_value_a_version"),
        )

    def __str__(self) -> str:
        return f"{self.title} · {self.pack}"


class Outcome(models.TextChoices):
    """What an eligibility rule says (CFG-01)."""

    MUST = "must", "必须安装"
    NOT_REQUIRED = "not_required", "不要求"
    AUTHORITY = "authority", "由主管部门确定"


class EligibilityRule(_Row):
    """Which projects must join (CFG-02…15). `condition` is a list of {field, op, value} joined by AND.

    `already_started` is what counts for projects begun before the rule took effect (CFG-11).
    """

    code = models.CharField("代码", max_length=80)
    outcome = models.CharField("结论", max_length=20, choices=Outcome.choices)
    condition = models.JSONField("条件", default=list)
    order = models.PositiveIntegerField("次序", default=100)
    already_started = models.CharField(
        "施行前已开工项目", max_length=20, choices=Outcome.choices, default=Outcome.AUTHORITY
    )

    class Meta(_Row.Meta):
        abstract = False
        verbose_name = "应装规则"
        verbose_name_plural = "应装规则"
        ordering = ("pack", "order", "code", "-version")
        constraints = (
            models.UniqueConstraint(fields=("pack", "code", "version"), name="one_eligibility_a_version"),
        )

    def __str__(self) -> str:
        return f"{self.title} · {self.pack}"


class TrialOutcome(models.TextChoices):
    """What became of a trial."""

    RUNNING = "running", "试行中"
    DROPPED = "dropped", "未采用"
    ADOPTED = "adopted", "已采用"


class RuleTrial(ScopedModel):
    """Other numbers of a rule, judged beside the rule in force over the same readings: counted, told to nobody.

    It is tried in a region, or for one project there. The judge knows it as the rule `trial_code`; places and projects
    below that state or try the rule for themselves are left out.
    """

    rule = models.ForeignKey(PackRule, models.CASCADE, related_name="trials", verbose_name="对照的规则版本")
    code = models.CharField("规则代码", max_length=80, db_index=True)
    title = models.CharField("名称", max_length=120)
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    changes = models.JSONField("试行数值", default=dict)
    params = models.JSONField("全部参数", default=dict)
    until = models.DateField("试行至")
    reason = models.CharField("理由", max_length=300)
    started_at = models.DateTimeField("开始", db_index=True)
    started_by = models.CharField("发起人", max_length=80)
    ended_at = models.DateTimeField("结束", null=True, blank=True)
    ended_by = models.CharField("结束人", max_length=80, blank=True)
    outcome = models.CharField(
        "结果", max_length=10, choices=TrialOutcome.choices, default=TrialOutcome.RUNNING
    )

    scope = Scope(region="region_code", project="project_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "试运行"
        verbose_name_plural = "试运行"
        ordering = ("-started_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("code", "region_code"),
                condition=Q(outcome="running", project=None),
                name="one_trial_a_rule_and_region",
            ),
            models.UniqueConstraint(
                fields=("code", "project"),
                condition=Q(outcome="running", project__isnull=False),
                name="one_trial_a_rule_and_project",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} {self.started_at:%Y-%m-%d}"

    @property
    def trial_code(self) -> str:
        """What the judge calls it."""
        return f"{self.code}{TRIAL}"


class BackTestState(models.TextChoices):
    """How far a back-test is."""

    QUEUED = "queued", "排队"
    RUNNING = "running", "运行中"
    DONE = "done", "完成"
    FAILED = "failed", "失败"
    CANCELLED = "cancelled", "已取消"


class BackTestRun(ScopedModel):
    """A rule over stored history of a region or of one project, with the numbers in force and with others; the result is kept."""

    rule = models.ForeignKey(
        PackRule, models.CASCADE, related_name="back_tests", verbose_name="对照的规则版本"
    )
    code = models.CharField("规则代码", max_length=80, db_index=True)
    title = models.CharField("名称", max_length=120)
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    changes = models.JSONField("试验数值", default=dict)
    start = models.DateTimeField("时段起")
    end = models.DateTimeField("时段止")
    state = models.CharField(
        "状态", max_length=10, choices=BackTestState.choices, default=BackTestState.QUEUED, db_index=True
    )
    progress = models.FloatField("进度", default=0.0)
    asked_by = models.CharField("发起人", max_length=80)
    asked_at = models.DateTimeField("发起时间", db_index=True)
    started_at = models.DateTimeField("开始", null=True, blank=True)
    beat_at = models.DateTimeField("最近进展", null=True, blank=True, editable=False)
    ended_at = models.DateTimeField("结束", null=True, blank=True)
    error = models.CharField("失败原因", max_length=500, blank=True)
    result = models.JSONField("结果", null=True, blank=True)

    scope = Scope(region="region_code", project="project_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "回溯测试"
        verbose_name_plural = "回溯测试"
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("region_code",),
                condition=Q(state__in=("queued", "running"), project=None),
                name="one_back_test_a_region",
            ),
            models.UniqueConstraint(
                fields=("project",),
                condition=Q(state__in=("queued", "running"), project__isnull=False),
                name="one_back_test_a_project",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} 回溯测试 {self.pk or ''}".strip()
