"""Check tables and their lines, the same for everybody."""

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel


class Method(models.TextChoices):
    """How a table is filled."""

    DEDUCT = "deduct", "扣分"
    RECORD = "record", "记录"


class CheckTable(ScopedModel):
    """One check table. `condition` says at which sites it applies; empty means at all."""

    code = models.CharField("代码", max_length=60, unique=True)
    suite = models.CharField("检查表组", max_length=40, db_index=True)
    suite_title = models.CharField("检查表组名称", max_length=80)
    title = models.CharField("名称", max_length=80)
    standard = models.CharField("标准", max_length=120, blank=True)
    category = models.CharField("检查类别", max_length=60)
    weight = models.DecimalField("权重", max_digits=5, decimal_places=2, default=0)
    method = models.CharField("方式", max_length=10, choices=Method.choices, default=Method.RECORD)
    condition = models.JSONField("适用条件", default=dict, blank=True)
    order = models.PositiveSmallIntegerField("排序", default=0)
    verified = models.BooleanField("已核实", default=False)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查表"
        verbose_name_plural = "检查表"
        ordering = ("suite", "order", "pk")

    def __str__(self) -> str:
        return self.title if self.suite_title in self.title else f"{self.suite_title}·{self.title}"


class CheckItem(ScopedModel):
    """One line of a table with its clause; `points` are full marks of a scored line."""

    table = models.ForeignKey(CheckTable, models.CASCADE, related_name="items", verbose_name="检查表")
    number = models.PositiveSmallIntegerField("序号")
    section = models.CharField("检查对象", max_length=40, blank=True)
    title = models.CharField("检查内容", max_length=200)
    clause = models.CharField("依据", max_length=200, blank=True)
    points = models.DecimalField("应得分", max_digits=5, decimal_places=2, null=True, blank=True)
    is_guaranteed = models.BooleanField("保证项目", default=False)
    condition = models.JSONField("适用条件", default=dict, blank=True)
    verified = models.BooleanField("已核实", default=False)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查项"
        verbose_name_plural = "检查项"
        ordering = ("table", "number")
        constraints = (models.UniqueConstraint(fields=("table", "number"), name="one_item_a_number"),)

    def __str__(self) -> str:
        return self.title
