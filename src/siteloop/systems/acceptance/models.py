"""Applications of four kinds, their papers, what was promised to be handed in later, and the officers who handle them."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.foundation.files.papers import Paper
from siteloop.foundation.registry.applying import ProjectApplication
from siteloop.framework.scope import Scope, ScopedModel


class Kind(models.TextChoices):
    """The four kinds of business (BIZ-01)."""

    QUALITY = "quality", "质量"
    SAFETY = "safety", "安全"
    CIVIL_DEFENCE = "civil_defence", "人防"
    FIRE = "fire", "消防"


class State(models.TextChoices):
    """Where an application stands."""

    DRAFT = "draft", "未提交"
    SUBMITTED = "submitted", "待受理"
    CORRECTING = "correcting", "待补正"
    ACCEPTED = "accepted", "已受理"
    GRANTED = "granted", "准予"
    REFUSED = "refused", "不予"
    WITHDRAWN = "withdrawn", "已撤回"


OPEN = (State.DRAFT, State.CORRECTING)
#: on an officer's desk
WORKED_ON = (State.SUBMITTED, State.CORRECTING, State.ACCEPTED)


class Officer(ScopedModel):
    """Who handles applications: which kinds and where. Who is away the office knows (authority.absence)."""

    account = models.OneToOneField(
        "authority.Account", models.PROTECT, related_name="acceptance_officer", verbose_name="账号"
    )
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="受理机关"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    does_quality = models.BooleanField("质量", default=True)
    does_safety = models.BooleanField("安全", default=True)
    does_civil_defence = models.BooleanField("人防", default=False)
    does_fire = models.BooleanField("消防", default=False)
    does_checks = models.BooleanField("事后核查", default=False)
    is_active = models.BooleanField("参与分派", default=True)
    last_given_at = models.DateTimeField("上次分派", null=True, blank=True, editable=False)

    scope = Scope(region="region_code", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "受理人员"
        verbose_name_plural = "受理人员"
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.account.display_name


class Application(ProjectApplication):
    """One application of a builder or contractor."""

    with_applicant: ClassVar[tuple[str, ...]] = OPEN

    kind = models.CharField("业务类别", max_length=14, choices=Kind.choices)
    matter = models.CharField("申请事项", max_length=200)
    contact = models.CharField("经办人", max_length=40, blank=True)
    number = models.CharField("受理编号", max_length=60, blank=True, editable=False)
    state = models.CharField(
        "状态", max_length=10, choices=State.choices, default=State.DRAFT, editable=False, db_index=True
    )
    officer = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="承办人",
        editable=False,
    )
    officer_why = models.CharField("分派说明", max_length=300, blank=True, editable=False)
    due_at = models.DateTimeField("办结期限", null=True, blank=True, editable=False)
    opinion = models.CharField("办理意见", max_length=500, blank=True, editable=False)
    decided_at = models.DateTimeField("决定时间", null=True, blank=True, editable=False)
    lot = models.CharField("事后核查抽取", max_length=300, blank=True, editable=False)

    class Meta(ProjectApplication.Meta):
        abstract = False
        verbose_name = "业务申请"
        verbose_name_plural = "业务申请"
        indexes = (models.Index(fields=("officer", "state")),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}业务：{self.matter}"

    def handed_in(self) -> ValidationError:
        """Its officer gives it back."""
        return ValidationError("申请已提交，不能修改；须由承办人退回补正，或撤回后重新申请")


class ApplicationPaper(Paper):
    """One paper of an application, kept as evidence."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="papers", verbose_name="申请")

    scope = Application.scope.through("application")

    class Meta(Paper.Meta):
        abstract = False
        verbose_name = "申请材料"
        verbose_name_plural = "申请材料"


class CommitmentState(models.TextChoices):
    """A promise from its making to its keeping."""

    PROMISED = "promised", "待受理"
    OPEN = "open", "倒计时中"
    HANDED_IN = "handed_in", "待核验"
    OVERDUE = "overdue", "逾期锁定"
    KEPT = "kept", "已兑现"
    VOID = "void", "已失效"


class Commitment(ScopedModel):
    """承诺事项 (BIZ-02): a paper promised for later. Its countdown is a case that locks when it runs out."""

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="commitments", verbose_name="申请"
    )
    title = models.CharField("承诺材料", max_length=120)
    promise = models.CharField("承诺内容", max_length=300)
    state = models.CharField(
        "状态",
        max_length=10,
        choices=CommitmentState.choices,
        default=CommitmentState.PROMISED,
        db_index=True,
    )
    promised_at = models.DateTimeField("承诺时间")
    due_at = models.DateTimeField("兑现期限", null=True, blank=True, db_index=True)
    case = models.ForeignKey(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="倒计时派单"
    )
    kept_at = models.DateTimeField("兑现时间", null=True, blank=True)

    scope = Application.scope.through("application")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "承诺事项"
        verbose_name_plural = "承诺事项"
        ordering = ("due_at", "-pk")
        constraints = (models.UniqueConstraint(fields=("application", "title"), name="one_promise_a_paper"),)

    def __str__(self) -> str:
        return f"承诺“{self.title}”"


class CheckState(models.TextChoices):
    """An after-check from its lot to its end."""

    DRAWN = "drawn", "待核查"
    MENDING = "mending", "整改中"
    RECHECKING = "rechecking", "待复查"
    PASSED = "passed", "核查合格"
    MENDED = "mended", "整改合格"
    VOID = "void", "已撤销"


class AfterCheck(ScopedModel):
    """事后核查 (BIZ-05): a granted application that the lot fell on. Its steps and terms are those of its case."""

    application = models.OneToOneField(
        Application, models.PROTECT, related_name="after_check", verbose_name="业务申请"
    )
    checker = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="核查人"
    )
    state = models.CharField(
        "状态", max_length=10, choices=CheckState.choices, default=CheckState.DRAWN, db_index=True
    )
    was_failed = models.BooleanField("核查不合格", default=False)
    drawn_at = models.DateTimeField("抽取时间")
    case = models.ForeignKey(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="派单"
    )
    words = models.CharField("核查意见", max_length=500, blank=True)
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)

    scope = Application.scope.through("application")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "事后核查"
        verbose_name_plural = "事后核查"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.application}（事后核查）"
