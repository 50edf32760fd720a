"""The library of inspectors: who may be drawn, when not, and for whom not."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from siteloop.foundation.authority import absence
from siteloop.foundation.registry.models import WorkKind
from siteloop.framework.scope import Scope, ScopedModel


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
