"""不良行为记录 (SUPV-05): told first, heard, decided, published for a term; a withdrawn one leaves the portal at once."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.supervisor_firms.models.of_firm import WHY


class Subject(models.TextChoices):
    """Whose behaviour."""

    FIRM = "firm", "监理企业"
    PERSON = "person", "从业人员"


class Behaviour(ScopedModel):
    """One bad behaviour of the table, with its clause and how long it is published."""

    code = models.CharField("代码", max_length=60, unique=True)
    title = models.CharField("行为", max_length=160)
    subject = models.CharField("对象", max_length=8, choices=Subject.choices)
    months = models.PositiveSmallIntegerField("公布期（月）", default=12)
    clause = models.CharField("依据", max_length=200, blank=True)
    verified = models.BooleanField("条款已核实", default=False)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "不良行为目录"
        verbose_name_plural = "不良行为目录"
        ordering = ("subject", "code")

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Published for at least a month."""
        if self.months is not None and self.months < 1:
            raise ValidationError({"months": "公布期至少一个月"})

    @property
    def basis(self) -> str:
        """The clause as documents quote it; an unverified one says so."""
        words = self.clause or "依据未录入"
        return words if self.verified or "未核实" in words else f"{words}（未核实）"


class MisconductState(models.TextChoices):
    """Nothing is published that its subject was not told of and could not speak to."""

    PROPOSED = "proposed", "拟记录"
    TOLD = "told", "已告知"
    PUBLISHED = "published", "已公布"
    DROPPED = "dropped", "不予记录"
    WITHDRAWN = "withdrawn", "已撤销"


class Misconduct(ScopedModel):
    """One record of a firm, or of one of its people."""

    behaviour = models.ForeignKey(Behaviour, models.PROTECT, related_name="+", verbose_name="不良行为")
    firm = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="监理单位"
    )
    person = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="从业人员"
    )
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    happened_on = models.DateField("行为日期")
    fact = models.TextField("事实")
    source_title = models.CharField("来源", max_length=120, blank=True)
    source_link = models.CharField("来源记录", max_length=200, blank=True)
    state = models.CharField(
        "状态",
        max_length=10,
        choices=MisconductState.choices,
        default=MisconductState.PROPOSED,
        editable=False,
        db_index=True,
    )
    clause = models.CharField("认定依据", max_length=220, blank=True, editable=False)
    told_at = models.DateTimeField("告知时间", null=True, blank=True, editable=False)
    hear_until = models.DateTimeField("陈述申辩截止", null=True, blank=True, editable=False)
    statement = models.TextField("陈述申辩", blank=True, editable=False)
    decided_at = models.DateTimeField("认定时间", null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="认定人",
        editable=False,
    )
    told_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="告知人",
        editable=False,
    )
    opinion = models.CharField("认定意见", max_length=500, blank=True, editable=False)
    published_at = models.DateTimeField("公布时间", null=True, blank=True, editable=False, db_index=True)
    public_until = models.DateField("公布至", null=True, blank=True, editable=False)
    ended_at = models.DateTimeField("撤销时间", null=True, blank=True, editable=False)
    ended_reason = models.CharField("撤销原因", max_length=300, blank=True, editable=False)

    scope = Scope(region="region_code", organisation="firm_id", owner="person__account_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "不良行为记录"
        verbose_name_plural = "不良行为记录"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.subject_name}：{self.behaviour}"

    @property
    def subject_name(self) -> str:
        """The firm by name; a person masked, with the firm."""
        return f"{self.person}（{self.firm}）" if self.person is not None else str(self.firm)

    def clean(self) -> None:
        """What its subject was told stays; firm and person fit the behaviour and each other."""
        if self.pk is not None:
            kept = Misconduct.objects.unscoped(WHY).filter(pk=self.pk).values_list("state", flat=True).first()
            if kept != MisconductState.PROPOSED:
                raise ValidationError("已告知当事人，不能修改；可作出不予记录的认定后重新提出")
        if self.happened_on and self.happened_on > timezone.localdate():
            raise ValidationError({"happened_on": "不能晚于今天"})
        if self.behaviour_id is None or self.firm_id is None:
            return
        if self.firm.kind != "supervisor_firm":
            raise ValidationError({"firm": "请选择监理单位"})
        if (self.behaviour.subject == Subject.PERSON) != (self.person is not None):
            words = "该行为的对象是从业人员，请选择人员" if self.person is None else "该行为的对象是企业"
            raise ValidationError({"person": words})
        if self.person is not None and self.person.organisation_id != self.firm_id:
            raise ValidationError({"person": "该人员不属于所选监理单位"})
