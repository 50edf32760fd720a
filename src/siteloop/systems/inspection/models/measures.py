"""The catalogue of administrative measures (INSP-11)."""

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.framework.scope import Scope, ScopedModel


class MeasureKind(models.TextChoices):
    """What a measure does."""

    ORDER = "order", "责令整改"
    STOP = "stop", "停工"
    NOTICE = "notice", "通报约谈"
    DEMERIT = "demerit", "扣分"
    TRANSFER = "transfer", "移交处罚"
    FINE = "fine", "罚款"


class Measure(ScopedModel):
    """One administrative measure of the catalogue (INSP-11), with its legal basis and range of fine in yuan."""

    code = models.CharField("代码", max_length=40, unique=True)
    title = models.CharField("措施", max_length=80)
    title_en = models.CharField("英文", max_length=80, blank=True)
    kind = models.CharField("类别", max_length=10, choices=MeasureKind.choices)
    document_kind = models.CharField("文书", max_length=60, blank=True)
    instrument = models.CharField("依据", max_length=120)
    clause = models.CharField("条款", max_length=200, blank=True)
    text = models.CharField("原文", max_length=500, blank=True)
    fine_low = models.DecimalField("罚款下限（元）", max_digits=12, decimal_places=2, null=True, blank=True)
    fine_high = models.DecimalField("罚款上限（元）", max_digits=12, decimal_places=2, null=True, blank=True)
    region_code = models.CharField("适用区划", max_length=12, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    verified = models.BooleanField("条款已核实", default=False)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "行政措施"
        verbose_name_plural = "行政措施"
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """A range has its ends in order."""
        if self.fine_low is not None and self.fine_high is not None and self.fine_low > self.fine_high:
            raise ValidationError({"fine_high": "上限不得低于下限"})

    @property
    def basis(self) -> str:
        """As a document quotes it; an unverified clause says so."""
        words = f"{self.instrument}{self.clause}"
        return words if self.verified or "未核实" in words else f"{words}（未核实）"
