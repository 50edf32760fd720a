"""Yearly plans and their lists of items."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from siteloop.foundation.registry.models import PartyKind
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.double_random.models.people import Speciality

QUARTERS = [(1, "第一季度"), (2, "第二季度"), (3, "第三季度"), (4, "第四季度")]


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
