"""Regional rule packs as editable rows: rules, values, eligibility; each with clause, effective dates and bounds."""

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel


class Pack(ScopedModel):
    """One region's overlay."""

    code = models.CharField("代码", max_length=80, unique=True)
    title = models.CharField("名称", max_length=120)
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    zone = models.CharField("功能区", max_length=40, blank=True)
    effective_from = models.DateField("施行日期", null=True, blank=True)
    effective_to = models.DateField("废止日期", null=True, blank=True)
    digest = models.CharField("来源摘要", max_length=64, blank=True, editable=False)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "规则包"
        verbose_name_plural = "规则包"
        ordering = ("region_code", "zone")

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

    scope = Scope(public=True)

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
