"""Scores of a month with their measures, appeals against them, and accidents."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from siteloop.foundation.notice.requests import Request
from siteloop.foundation.registry.models import Party
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer


class SubjectKind(models.TextChoices):
    """Of whom a score is."""

    PARTY = "party", "参建单位"
    SITE = "site", "工地"
    REGION = "region", "区域监管"


LEVELS = [("A", "A 级"), ("B", "B 级"), ("C", "C 级"), ("D", "D 级")]


class Scorecard(ScopedModel):
    """The score of one subject in one month. `formula` keeps the weights it was worked out with."""

    subject = models.CharField("对象标识", max_length=60, editable=False)  # facts.Subject
    kind = models.CharField("评价对象", max_length=10, choices=SubjectKind.choices, db_index=True)
    name = models.CharField("名称", max_length=200)
    organisation = models.ForeignKey(
        "authority.Organisation", models.CASCADE, null=True, blank=True, related_name="+", verbose_name="单位"
    )
    site = models.ForeignKey(
        "registry.Site", models.CASCADE, null=True, blank=True, related_name="+", verbose_name="工地"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    month = models.DateField("月份", db_index=True)
    score = models.DecimalField("得分", max_digits=5, decimal_places=2, null=True, blank=True)
    level = models.CharField("等级", max_length=1, blank=True, choices=LEVELS)
    formula = models.JSONField("评分办法", default=dict)
    counted_at = models.DateTimeField("计算时间")

    scope = Scope(
        region="region_code",
        project="site__project_id",
        organisation=("organisation_id", "site__project__parties__organisation_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "评价得分"
        verbose_name_plural = "评价得分"
        ordering = ("-month", "score", "pk")
        constraints = (models.UniqueConstraint(fields=("subject", "month"), name="one_card_a_month"),)
        indexes = (models.Index(fields=("kind", "month", "level", "score")),)

    def __str__(self) -> str:
        return f"{self.name} {self.month:%Y-%m}"

    def speaks_for(self, viewer: Viewer) -> bool:
        """Whether the viewer belongs to whom the score is of."""
        if self.kind == SubjectKind.PARTY:
            return self.organisation_id in viewer.organisations
        if self.kind == SubjectKind.SITE and self.site is not None:
            units = Party.objects.unscoped("whose site it is").filter(project_id=self.site.project_id)
            mine = units.filter(organisation__in=viewer.organisations).exists()
            return self.site.project_id in viewer.projects or mine
        return viewer.user is not None and any(self.region_code == code for code in viewer.regions)


class ScoreItem(ScopedModel):
    """One measure of a score: its records are counted by the fact of that code."""

    card = models.ForeignKey(Scorecard, models.CASCADE, related_name="items", verbose_name="得分")
    fact = models.CharField("指标", max_length=40)
    title = models.CharField("指标名称", max_length=80)
    n = models.PositiveIntegerField("记录数")
    good = models.PositiveIntegerField("符合数")
    worth = models.DecimalField("满分", max_digits=5, decimal_places=2)
    points = models.DecimalField("得分", max_digits=5, decimal_places=2)
    order = models.PositiveSmallIntegerField("排序", default=0)
    void_why = models.CharField("不计原因", max_length=300, blank=True)

    scope = Scope(
        region="card__region_code",
        project="card__site__project_id",
        organisation=("card__organisation_id", "card__site__project__parties__organisation_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "评价指标"
        verbose_name_plural = "评价指标"
        ordering = ("card", "order")
        constraints = (models.UniqueConstraint(fields=("card", "fact"), name="one_item_a_fact"),)

    def __str__(self) -> str:
        return f"{self.card}：{self.title}"


class AppealState(models.TextChoices):
    """An appeal's life."""

    ASKED = "asked", "待处理"
    GRANTED = "granted", "申诉成立"
    DENIED = "denied", "申诉不成立"


class ScoreAppeal(Request):
    """A subject's objection to one measure of its score; granted, the measure does not count."""

    card = models.ForeignKey(Scorecard, models.CASCADE, related_name="appeals", verbose_name="得分")
    item = models.ForeignKey(ScoreItem, models.CASCADE, related_name="appeals", verbose_name="指标")
    statement = models.TextField("申诉理由", max_length=1000)
    evidence = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="材料")
    state = models.CharField(
        "状态", max_length=10, choices=AppealState.choices, default=AppealState.ASKED, db_index=True
    )
    notice_kind = "score_appeal"

    scope = Scope(
        region="card__region_code",
        project="card__site__project_id",
        organisation=("card__organisation_id", "card__site__project__parties__organisation_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "评价申诉"
        verbose_name_plural = "评价申诉"
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("item",), condition=models.Q(state="asked"), name="one_open_appeal_an_item"
            ),
        )

    def __str__(self) -> str:
        return f"{self.item}申诉"

    @property
    def about(self) -> str:
        """The measure."""
        return str(self.item)

    @property
    def link(self) -> str:
        """The page of the score."""
        return f"/evaluation/scores/{self.card_id}/"

    def is_own(self, viewer: Viewer) -> bool:
        """A region's score is appealed and decided inside the authority; else nobody decides for the own unit."""
        own_unit = self.card.kind != SubjectKind.REGION and self.card.speaks_for(viewer)
        return own_unit or super().is_own(viewer)


class Accident(ScopedModel):
    """A reported accident; KPI-06 counts those with lifting machines."""

    site = models.ForeignKey("registry.Site", models.PROTECT, related_name="+", verbose_name="工地")
    region_code = models.CharField("区划代码", max_length=12, db_index=True, editable=False)
    happened_at = models.DateTimeField("发生时间", db_index=True)
    kind = models.CharField(
        "事故类别",
        max_length=12,
        choices=[
            ("lifting", "起重机械"),
            ("fall", "高处坠落"),
            ("collapse", "坍塌"),
            ("struck", "物体打击"),
            ("electric", "触电"),
            ("fire", "火灾"),
            ("other", "其他"),
        ],
    )
    deaths = models.PositiveSmallIntegerField("死亡人数", default=0)
    injuries = models.PositiveSmallIntegerField("受伤人数", default=0)
    summary = models.CharField("经过和处置", max_length=500)

    scope = Scope(region="region_code", project="site__project_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "事故"
        verbose_name_plural = "事故"
        ordering = ("-happened_at", "-pk")

    def __str__(self) -> str:
        return f"{self.site} {self.get_kind_display()}事故"

    def clean(self) -> None:
        """The region is the site's; what has not happened is not registered."""
        if self.site_id is not None:
            self.region_code = self.site.region_code
        if self.happened_at and self.happened_at > timezone.now():
            raise ValidationError({"happened_at": "发生时间不能晚于现在"})
