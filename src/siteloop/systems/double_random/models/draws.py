"""Draws and the inputs frozen for them."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from siteloop.foundation.people.vault import EncryptedTextField
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.double_random.models.plans import QUARTERS, CheckPlan, PlanState

WHY_NUMBER = "a new number must differ from all others"


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
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name="承诺人",
    )
    inputs_sha256 = models.CharField("名单摘要（SHA-256）", max_length=64, blank=True, editable=False)
    inputs_sm3 = models.CharField("名单摘要（SM3）", max_length=64, blank=True, editable=False)
    frozen_at = models.DateTimeField("冻结时间", null=True, blank=True, editable=False)
    frozen_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name="名单冻结人",
    )
    beacon = models.CharField("公共随机值", max_length=120, blank=True, editable=False)
    result = models.JSONField("抽取结果", default=list, editable=False)
    drawn_at = models.DateTimeField("抽取时间", null=True, blank=True, editable=False)
    drawn_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name="抽取人",
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
