"""What double random keeps: who may be drawn, what is checked, each draw with its proof, and what became of it."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from siteloop.foundation.authority import absence
from siteloop.foundation.people.vault import EncryptedTextField
from siteloop.foundation.registry.models import PartyKind, WorkKind
from siteloop.framework.scope import Scope, ScopedModel

WHY_NUMBER = "a new number must differ from all others"
QUARTERS = [(1, "第一季度"), (2, "第二季度"), (3, "第三季度"), (4, "第四季度")]


class Speciality(ScopedModel):
    """What an inspector is competent in; `work_kind` set: a group that checks such works needs it."""

    code = models.SlugField("代码", max_length=30, unique=True)
    title = models.CharField("专业", max_length=40)
    title_en = models.CharField("英文名称", max_length=40, blank=True)
    work_kind = models.CharField(
        "必须配备的工程类别", max_length=20, choices=WorkKind.choices, blank=True, default=""
    )

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查专业"
        verbose_name_plural = "检查专业"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.title


class Inspector(ScopedModel):
    """One person of the inspector library (检查人员库). The name is public: inspectors of a draw are published."""

    code = models.CharField(
        "库内编号",
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z0-9-]+$", "只用字母、数字和连字符")],
    )
    name = models.CharField("姓名", max_length=40)
    account = models.OneToOneField(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="账号"
    )
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="所在单位"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    specialities = models.ManyToManyField(Speciality, related_name="+", verbose_name="专业")
    certificate_number = models.CharField("执法证号", max_length=40, blank=True)
    certificate_until = models.DateField("执法证有效期至", null=True, blank=True)
    is_active = models.BooleanField("在库", default=True)

    scope = Scope(region="region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查人员"
        verbose_name_plural = "检查人员"
        ordering = ("code",)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Leave(ScopedModel):
    """Days on which an inspector without an account cannot be drawn; whoever has one asks for leave at the office."""

    inspector = models.ForeignKey(Inspector, models.CASCADE, related_name="leaves", verbose_name="检查人员")
    from_on = models.DateField("自")
    to_on = models.DateField("至")
    reason = models.CharField("事由", max_length=100, blank=True)

    scope = Scope(region="inspector__region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "请假"
        verbose_name_plural = "请假"
        ordering = ("-from_on", "-pk")

    def __str__(self) -> str:
        return f"{self.inspector} {self.from_on}–{self.to_on}"

    def clean(self) -> None:
        """Ends after it begins; what the office knows of a person is not written a second time."""
        super().clean()
        if self.inspector_id and self.inspector.account_id and absence.PROVIDERS:
            words = "该人员有账号，请由本人在“办公—请假”中申请；批准后自动不参与抽取"
            raise ValidationError({"inspector": words})
        if self.from_on and self.to_on and self.to_on < self.from_on:
            raise ValidationError({"to_on": "不能早于开始日期"})


class RecusalKind(models.TextChoices):
    """Why somebody must not judge; the public page tells only that a recusal was declared."""

    KINSHIP = "kinship", "亲属关系"
    FORMER_EMPLOYER = "former_employer", "曾在该单位任职"
    INTEREST = "interest", "利害关系"
    OTHER = "other", "其他"


class Recusal(ScopedModel):
    """An inspector does not judge a project, or any project an organisation has a part in."""

    inspector = models.ForeignKey(Inspector, models.CASCADE, related_name="recusals", verbose_name="检查人员")
    kind = models.CharField("回避事由", max_length=20, choices=RecusalKind.choices)
    organisation = models.ForeignKey(
        "authority.Organisation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="回避单位",
    )
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="回避项目"
    )
    left_on = models.DateField(
        "离职日期", null=True, blank=True, help_text="曾任职的，自离职起按规则包规定的年数回避"
    )
    valid_to = models.DateField("回避至", null=True, blank=True, help_text="不填为长期")
    note = models.CharField("说明", max_length=200, blank=True, help_text="不公开")

    scope = Scope(region="inspector__region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "回避登记"
        verbose_name_plural = "回避登记"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.inspector} 回避 {self.organisation or self.project or ''}"

    def clean(self) -> None:
        """Says whom it is about."""
        super().clean()
        if self.organisation_id is None and self.project_id is None:
            raise ValidationError({"organisation": "请填写回避单位或回避项目"})
        if self.kind == RecusalKind.FORMER_EMPLOYER:
            if self.organisation_id is None:
                raise ValidationError({"organisation": "请填写曾任职的单位"})
            if self.left_on is None:
                raise ValidationError({"left_on": "请填写离职日期"})


class PlanState(models.TextChoices):
    """A plan's life."""

    DRAFT = "draft", "编制中"
    APPROVED = "approved", "已批准"


class CheckPlan(ScopedModel):
    """The year's double-random plan of a supervision body (DRAND-05)."""

    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="组织单位"
    )
    year = models.PositiveSmallIntegerField(
        "年度", validators=[MinValueValidator(2015), MaxValueValidator(2100)]
    )
    title = models.CharField("计划名称", max_length=120)
    basis = models.TextField("依据", max_length=600, blank=True)
    per_quarter = models.PositiveSmallIntegerField(
        "每季度抽查项目数", validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    group_size = models.PositiveSmallIntegerField(
        "每组人数", default=2, validators=[MinValueValidator(2), MaxValueValidator(5)]
    )
    needs = models.ManyToManyField(
        Speciality, related_name="+", blank=True, verbose_name="每组必须具备的专业"
    )
    state = models.CharField(
        "状态", max_length=10, choices=PlanState.choices, default=PlanState.DRAFT, editable=False
    )
    approved_at = models.DateTimeField("批准时间", null=True, blank=True, editable=False)

    scope = Scope(region="region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "抽查计划"
        verbose_name_plural = "抽查计划"
        ordering = ("-year", "-pk")
        constraints = (models.UniqueConstraint(fields=("organisation", "year"), name="one_plan_a_year"),)

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """What was approved stays as it was approved."""
        super().clean()
        if self.pk and self.state != PlanState.DRAFT:
            raise ValidationError("计划已批准，不能修改")


class ListKind(models.TextChoices):
    """The two lists of a quarter (DRAND-06)."""

    CHECK = "check", "监督检查事项清单"
    SCORING = "scoring", "监管记分评价事项清单"


class ItemList(ScopedModel):
    """One quarter's list of what is checked, or of what costs points."""

    plan = models.ForeignKey(CheckPlan, models.PROTECT, related_name="lists", verbose_name="抽查计划")
    quarter = models.PositiveSmallIntegerField("季度", choices=QUARTERS)
    kind = models.CharField("清单类别", max_length=10, choices=ListKind.choices)
    title = models.CharField("清单名称", max_length=120)
    progress = models.CharField(
        "本季度施工进度", max_length=200, blank=True, help_text="清单按在建工程的施工进度制定"
    )
    issued_at = models.DateTimeField("印发时间", null=True, blank=True, editable=False)

    scope = Scope(region="plan__region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "季度清单"
        verbose_name_plural = "季度清单"
        ordering = ("-plan__year", "-quarter", "kind")
        constraints = (
            models.UniqueConstraint(fields=("plan", "quarter", "kind"), name="one_list_a_quarter"),
        )

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """What was issued stays as it was issued."""
        super().clean()
        if self.issued_at is not None:
            raise ValidationError("清单已印发，不能修改")


class LineSubject(models.TextChoices):
    """The three parts of the record table (DRAND-09)."""

    BEHAVIOUR = "behaviour", "质量行为"
    DOCUMENTS = "documents", "工程资料"
    WORKS = "works", "工程实体"


class ItemLine(ScopedModel):
    """One line of a list. `points` is what a violation costs; 0 on a check list."""

    list = models.ForeignKey(ItemList, models.CASCADE, related_name="lines", verbose_name="清单")
    number = models.PositiveSmallIntegerField("序号")
    subject = models.CharField("类别", max_length=10, choices=LineSubject.choices)
    party = models.CharField("责任主体", max_length=20, choices=PartyKind.choices)
    content = models.CharField("事项", max_length=300)
    clause = models.CharField("依据", max_length=200, blank=True)
    points = models.PositiveSmallIntegerField("记分", default=0, validators=[MaxValueValidator(100)])

    scope = Scope(region="list__plan__region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "清单事项"
        verbose_name_plural = "清单事项"
        ordering = ("list", "number")
        constraints = (models.UniqueConstraint(fields=("list", "number"), name="one_line_a_number"),)

    def __str__(self) -> str:
        return f"{self.number}. {self.content}"

    def clean(self) -> None:
        """Lines of an issued list stay."""
        super().clean()
        if self.list_id and self.list.issued_at is not None:
            raise ValidationError("清单已印发，不能修改")


class DrawState(models.TextChoices):
    """plan → committed → frozen → drawn → published; void from any of the later ones, with a reason that is shown."""

    PLANNED = "planned", "待承诺"
    COMMITTED = "committed", "已公布种子承诺"
    FROZEN = "frozen", "名单已冻结"
    DRAWN = "drawn", "已抽取待公示"
    PUBLISHED = "published", "已公示"
    VOID = "void", "已作废"


class Draw(ScopedModel):
    """One draw with everything that proves it. The seed is encrypted and unseen until the lots are drawn."""

    number = models.CharField("抽取编号", max_length=40, unique=True, editable=False)
    plan = models.ForeignKey(CheckPlan, models.PROTECT, related_name="draws", verbose_name="抽查计划")
    quarter = models.PositiveSmallIntegerField("季度", choices=QUARTERS)
    region_code = models.CharField("区划代码", max_length=12, db_index=True, editable=False)
    count = models.PositiveSmallIntegerField(
        "抽取项目数", validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    check_from = models.DateField("检查自")
    check_to = models.DateField("检查至")
    beacon_source = models.CharField(
        "公共随机源",
        max_length=120,
        blank=True,
        help_text="名单冻结后才会产生的公开数值，如某期公开摇奖号码；抽取时填入，任何人无法预知",
    )
    state = models.CharField(
        "状态", max_length=12, choices=DrawState.choices, default=DrawState.PLANNED, editable=False
    )
    seed = EncryptedTextField("种子", blank=True, default="", editable=False)
    commitment = models.CharField("种子承诺（SHA-256）", max_length=64, blank=True, editable=False)
    commitment_sm3 = models.CharField("种子承诺（SM3）", max_length=64, blank=True, editable=False)
    committed_at = models.DateTimeField("承诺公布时间", null=True, blank=True, editable=False)
    committed_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    inputs_sha256 = models.CharField("名单摘要（SHA-256）", max_length=64, blank=True, editable=False)
    inputs_sm3 = models.CharField("名单摘要（SM3）", max_length=64, blank=True, editable=False)
    frozen_at = models.DateTimeField("冻结时间", null=True, blank=True, editable=False)
    frozen_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    beacon = models.CharField("公共随机值", max_length=120, blank=True, editable=False)
    result = models.JSONField("抽取结果", default=list, editable=False)
    drawn_at = models.DateTimeField("抽取时间", null=True, blank=True, editable=False)
    drawn_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    published_at = models.DateTimeField("公示时间", null=True, blank=True, editable=False)
    voided_at = models.DateTimeField("作废时间", null=True, blank=True, editable=False)
    void_reason = models.CharField("作废原因", max_length=300, blank=True, editable=False)
    redraw_of = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="redraw",
        verbose_name="重抽自",
        editable=False,
    )

    scope = Scope(region="region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "抽取"
        verbose_name_plural = "抽取"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.number or "新抽取"

    def clean(self) -> None:
        """Only a draw that has promised nothing yet can be changed."""
        super().clean()
        if self.pk and self.state != DrawState.PLANNED:
            raise ValidationError("已公布种子承诺，不能修改；确有错误的请作废后重抽")
        if self.plan_id and self.plan.state != PlanState.APPROVED:
            raise ValidationError({"plan": "抽查计划尚未批准"})
        if self.check_from and self.check_to and self.check_to < self.check_from:
            raise ValidationError({"check_to": "不能早于开始日期"})

    def save(self, *args: object, **kwargs: object) -> None:
        """Region and number come from the plan."""
        self.region_code = self.plan.region_code
        if not self.number:
            stem = f"DR{self.region_code}-{self.plan.year}Q{self.quarter}-"
            taken = Draw.objects.unscoped(WHY_NUMBER).filter(number__startswith=stem).count()
            self.number = f"{stem}{taken + 1:02d}"
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class FrozenLists(ScopedModel):
    """The inputs of a draw as they were frozen: the exact text whose digests the draw published."""

    draw = models.OneToOneField(Draw, models.PROTECT, related_name="frozen", verbose_name="抽取")
    text = models.TextField("冻结名单")

    scope = Scope(region="draw__region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "冻结名单"
        verbose_name_plural = "冻结名单"

    def __str__(self) -> str:
        return f"{self.draw} 冻结名单"


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
    told_project_id = models.BigIntegerField(null=True, db_index=True)
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
