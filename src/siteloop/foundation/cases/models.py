"""Findings and cases: what the rules saw, and what became of it."""

from django.db import models
from django.db.models import Q

from siteloop.foundation.notice.requests import Request
from siteloop.framework.scope import Scope, ScopedModel


class Severity(models.TextChoices):
    """The four risk colours."""

    RED = "red", "红色"
    ORANGE = "orange", "橙色"
    YELLOW = "yellow", "黄色"
    BLUE = "blue", "蓝色"


class Circle(models.TextChoices):
    """The three loops (DISP-01)."""

    SMALL = "small", "小闭环·工地自治"
    MEDIUM = "medium", "中闭环·政企协同"
    LARGE = "large", "大闭环·部门联动"


class CaseState(models.TextChoices):
    """发现-处置-核查 and the end."""

    DISPOSING = "disposing", "处置中"
    VERIFYING = "verifying", "核查中"
    CLOSED = "closed", "已闭环"
    CANCELLED = "cancelled", "已撤销"


class Case(ScopedModel):
    """One dispatch (派单) on its way through a loop."""

    number = models.CharField("派单编号", max_length=40, unique=True)
    loop = models.CharField("闭环流程", max_length=40, db_index=True)
    title = models.CharField("标题", max_length=200)
    rule = models.CharField("触发规则", max_length=80, blank=True, db_index=True)
    subject = models.CharField("对象", max_length=80, blank=True)
    source = models.CharField(
        "来源",
        max_length=20,
        default="finding",
        choices=[
            ("finding", "系统发现"),
            ("manual", "人工立案"),
            ("complaint", "市民投诉"),
            ("inspection", "检查发现"),
        ],
    )
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    site = models.ForeignKey(
        "registry.Site", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="工地"
    )
    device = models.ForeignKey(
        "registry.Device", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="设备"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    severity = models.CharField("等级", max_length=10, choices=Severity.choices, default=Severity.YELLOW)
    state = models.CharField("状态", max_length=12, choices=CaseState.choices, default=CaseState.DISPOSING)
    step = models.CharField("环节", max_length=40)
    circle = models.CharField("闭环层级", max_length=10, choices=Circle.choices, default=Circle.SMALL)
    words = models.CharField("标注", max_length=80, blank=True)
    opened_at = models.DateTimeField("发现时间")
    step_since = models.DateTimeField("本环节开始")
    deadline = models.DateTimeField("本环节期限", null=True, blank=True, db_index=True)
    is_overdue = models.BooleanField("曾逾期", default=False)
    closed_at = models.DateTimeField("闭环时间", null=True, blank=True)
    recurrences = models.PositiveIntegerField("复发次数", default=0)
    machine_passed = models.BooleanField("系统核查", null=True, blank=True)
    machine_message = models.CharField("系统核查意见", max_length=500, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="并入派单"
    )

    #: the units of the project see its cases, so that they can urge together (DISP-09)
    scope = Scope(
        region="region_code",
        project="project_id",
        organisation=("duties__organisation", "project__parties__organisation_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "派单"
        verbose_name_plural = "派单"
        ordering = ("-opened_at", "-pk")
        indexes = (
            models.Index(fields=("rule", "subject", "state")),
            models.Index(fields=("state", "deadline")),
            models.Index(fields=("region_code", "state")),
            models.Index(fields=("-opened_at", "-id"), name="cases_newest_first"),
            # a city keeps the closed ones of years; what is open is asked for all day
            models.Index(
                fields=("deadline", "-opened_at"),
                name="cases_open_by_deadline",
                condition=models.Q(state__in=(CaseState.DISPOSING, CaseState.VERIFYING)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class CaseExtension(Request):
    """An application for more time at one step; only an authority grants it."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="extensions", verbose_name="派单")
    step = models.CharField("环节", max_length=40)
    until = models.DateTimeField("申请延至")
    reason = models.CharField("理由", max_length=500)

    scope = Scope(
        region="case__region_code",
        project="case__project_id",
        organisation=("case__duties__organisation", "case__project__parties__organisation_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "派单延期申请"
        verbose_name_plural = "派单延期申请"
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("case",), condition=models.Q(state="asked"), name="one_open_extension_a_case"
            ),
        )

    def __str__(self) -> str:
        return f"{self.case.number} 延期至 {self.until:%Y-%m-%d}"

    @property
    def about(self) -> str:
        """Its case."""
        return self.case.title

    @property
    def link(self) -> str:
        """The page of its case."""
        return f"/cases/cases/{self.case_id}/"


class Finding(ScopedModel):
    """The business copy of a rule's finding: one row an episode."""

    key = models.CharField("标识", max_length=200, unique=True)
    rule = models.CharField("规则", max_length=80, db_index=True)
    rule_version = models.IntegerField("规则版本", default=0)
    subject = models.CharField("对象", max_length=80)
    site = models.ForeignKey(
        "registry.Site", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="工地"
    )
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    device = models.ForeignKey(
        "registry.Device", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="设备"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    severity = models.CharField("等级", max_length=10, choices=Severity.choices)
    since = models.DateTimeField("开始", db_index=True)
    last_at = models.DateTimeField("最近")
    cleared_at = models.DateTimeField("恢复", null=True, blank=True)
    value = models.FloatField("数值", null=True, blank=True)
    limit = models.FloatField("限值", null=True, blank=True)
    unit = models.CharField("单位", max_length=20, blank=True)
    message = models.CharField("说明", max_length=500, blank=True)
    clause = models.CharField("依据", max_length=300, blank=True)
    evidence = models.JSONField("证据引用", default=list, blank=True)
    count = models.PositiveIntegerField("次数", default=1)
    shadow = models.BooleanField("试运行", default=False)
    case = models.ForeignKey(
        Case, models.SET_NULL, null=True, blank=True, related_name="findings", verbose_name="派单"
    )

    scope = Scope(
        region="region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "预警"
        verbose_name_plural = "预警"
        ordering = ("-since", "-pk")
        indexes = (
            models.Index(fields=("rule", "subject", "cleared_at")),
            models.Index(
                fields=("region_code", "rule"), condition=Q(cleared_at=None), name="findings_still_open"
            ),
        )

    def __str__(self) -> str:
        return self.message or self.key


class CaseDuty(models.Model):
    """Who a case is with, or was: the holder of the present step, and who is kept informed."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="duties")
    step = models.CharField("环节", max_length=40)
    title = models.CharField("角色", max_length=60)
    organisation = models.ForeignKey("authority.Organisation", models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey("authority.Account", models.PROTECT, null=True, related_name="+")
    is_holder = models.BooleanField("责任人", default=True)
    is_current = models.BooleanField("当前", default=True)
    since = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("is_current", "account")),
            models.Index(fields=("is_current", "organisation")),
        )

    def __str__(self) -> str:
        return f"{self.title} {self.account or self.organisation or ''}"


class CaseEvent(models.Model):
    """One line of a case's timeline; never changed once written."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="events")
    at = models.DateTimeField("时间")
    kind = models.CharField(
        "事项", max_length=30
    )  # found, step, reply, machine_check, pass, fail, overdue, …
    step = models.CharField("环节", max_length=40, blank=True)
    words = models.CharField("标注", max_length=80, blank=True)
    by = models.CharField("办理", max_length=80, blank=True)
    account = models.ForeignKey("authority.Account", models.PROTECT, null=True, blank=True, related_name="+")
    body = models.TextField("内容", blank=True)
    data = models.JSONField("数据", default=dict, blank=True)
    evidence = models.ManyToManyField("files.Evidence", blank=True, related_name="+")

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.kind} {self.words}"


class EnforcementKind(models.TextChoices):
    """What the enforcing department did (DUST-25)."""

    ORDER = "order", "责令改正"
    FILED = "filed", "立案"
    FINED = "fined", "罚款"
    DEVICES_ADDED = "devices_added", "督促补装设备"


class Enforcement(ScopedModel):
    """A recorded result of enforcement on a case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="enforcements", verbose_name="派单")
    project_id_copy = models.BigIntegerField("项目", null=True, editable=False)
    region_code = models.CharField("区划代码", max_length=12, db_index=True, editable=False)
    kind = models.CharField("结果", max_length=20, choices=EnforcementKind.choices)
    amount = models.DecimalField("罚款金额（元）", max_digits=12, decimal_places=2, null=True, blank=True)
    devices = models.PositiveIntegerField("补装设备（台）", null=True, blank=True)
    decision_number = models.CharField("文书编号", max_length=80, blank=True)
    decided_on = models.DateField("日期")
    basis = models.CharField("依据", max_length=300, blank=True)
    note = models.CharField("说明", max_length=500, blank=True)

    scope = Scope(region="region_code", project="project_id_copy", organisation="case__duties__organisation")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "执法结果"
        verbose_name_plural = "执法结果"
        ordering = ("-decided_on", "-pk")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.decision_number}"


class CaseCounter(models.Model):
    """The last number given out, one row a county and year."""

    county = models.CharField(max_length=6)
    year = models.IntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("county", "year"), name="one_counter"),)

    def __str__(self) -> str:
        return f"{self.county}-{self.year}"


class LockReach(models.TextChoices):
    """What a lock holds: the project's business, one business of it, or all business of the enterprise."""

    PROJECT = "project", "项目"
    BUSINESS = "business", "单项业务"
    ENTERPRISE = "enterprise", "企业"


class Lock(ScopedModel):
    """Business with the authority that is held until something is put right. Whoever meets it reads the reason."""

    reach = models.CharField("锁定范围", max_length=12, choices=LockReach.choices)
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="企业"
    )
    business = models.CharField("业务", max_length=60, blank=True, help_text="为空表示全部业务")
    reason = models.CharField("锁定原因", max_length=300)
    clause = models.CharField("依据", max_length=300, blank=True)
    remedy = models.CharField("解锁条件", max_length=200, blank=True)
    case = models.ForeignKey(
        Case, models.PROTECT, null=True, blank=True, related_name="locks", verbose_name="派单"
    )
    source = models.CharField("来源", max_length=80, db_index=True)
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    since = models.DateTimeField("锁定时间")
    lifted_at = models.DateTimeField("解锁时间", null=True, blank=True)
    lifted_reason = models.CharField("解锁说明", max_length=300, blank=True)

    scope = Scope(
        region="region_code",
        project="project_id",
        organisation=("organisation_id", "project__parties__organisation_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "业务锁定"
        verbose_name_plural = "业务锁定"
        ordering = ("-since", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("source",), condition=models.Q(lifted_at=None), name="one_open_lock_a_source"
            ),
        )
        indexes = (
            models.Index(fields=("project", "lifted_at")),
            models.Index(fields=("organisation", "lifted_at")),
        )

    def __str__(self) -> str:
        return f"{self.get_reach_display()}锁定：{self.reason}"

    def keep(self) -> None:
        """Save; `locks.hold` and `locks.lift` are the doors."""
        self.full_clean(exclude=("project", "organisation", "case"))
        self.save()


class SetAsideState(models.TextChoices):
    """What became of work that could not be done."""

    WAITING = "waiting", "待处理"
    DONE = "done", "已重办"
    DROPPED = "dropped", "已放弃"


class SetAside(ScopedModel):
    """A finding or a deadline whose handling failed by a fault of the program or its settings; kept so that nothing is lost.

    A finding keeps its message (`body`, msgpack of kernel.finding.Finding); a deadline names its case.
    """

    key = models.CharField("标识", max_length=200, db_index=True)
    act = models.CharField(
        "事项",
        max_length=10,
        choices=[("raise", "产生"), ("update", "更新"), ("clear", "恢复"), ("deadline", "到期")],
    )
    rule = models.CharField("规则", max_length=80, blank=True, db_index=True)
    subject = models.CharField("对象", max_length=80, blank=True)
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    message = models.CharField("说明", max_length=500, blank=True)
    body = models.BinaryField("原文", default=b"", editable=False)
    case = models.ForeignKey(
        Case, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="派单"
    )
    reason = models.CharField("搁置原因", max_length=500)
    place = models.CharField("出错位置", max_length=200, blank=True)
    tries = models.PositiveIntegerField("尝试次数", default=1)
    state = models.CharField(
        "状态", max_length=10, choices=SetAsideState.choices, default=SetAsideState.WAITING, db_index=True
    )
    at = models.DateTimeField("搁置时间")
    settled_at = models.DateTimeField("处理时间", null=True, blank=True)

    scope = Scope(region="region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "搁置事项"
        verbose_name_plural = "搁置事项"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.message or self.rule or self.key}"
