"""Notices to colleagues and units, and who has read them."""

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.office.models.row import OfficeRow, nobody_yet, person


class BulletinState(models.TextChoices):
    """A notice's life."""

    DRAFT = "draft", "未发布"
    PUBLISHED = "published", "已发布"
    WITHDRAWN = "withdrawn", "已撤回"


class Bulletin(OfficeRow):
    """通知公告: said once to named units and persons, each of whom confirms having read it."""

    title = models.CharField("标题", max_length=120)
    body = models.TextField("内容", max_length=4000)
    units = models.ManyToManyField(
        "authority.Organisation", blank=True, related_name="+", verbose_name="发至单位"
    )
    people = models.ManyToManyField(
        "authority.Account", blank=True, related_name="+", verbose_name="发至个人"
    )
    read_by = models.DateField("阅读期限", null=True, blank=True)
    state = models.CharField(
        "状态", max_length=10, choices=BulletinState.choices, default=BulletinState.DRAFT, editable=False
    )
    published_at = models.DateTimeField("发布时间", null=True, blank=True, editable=False)
    published_by = nobody_yet("发布人")
    withdrawn_why = models.CharField("撤回原因", max_length=300, blank=True, editable=False)

    scope = Scope(region="region_code", owner="receipts__account_id", oversee="office.bulletin.oversee")

    class Meta(OfficeRow.Meta):
        abstract = False
        verbose_name = "通知公告"
        verbose_name_plural = "通知公告"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """What was published stays as people read it."""
        if self.pk and self.state != BulletinState.DRAFT:
            raise ValidationError("通知已发布，不能修改；确有错误的请撤回后重发")


class Receipt(ScopedModel):
    """阅读回执: one person of a notice, told and, in time, read."""

    bulletin = models.ForeignKey(Bulletin, models.CASCADE, related_name="receipts", verbose_name="通知公告")
    account = person("收件人")
    told_at = models.DateTimeField("送达时间")
    read_at = models.DateTimeField("已阅时间", null=True, blank=True, db_index=True)
    reminded = models.PositiveSmallIntegerField("催阅次数", default=0)
    reminded_at = models.DateTimeField("最近催阅", null=True, blank=True)

    scope = Scope(region="bulletin__region_code", owner="account_id", oversee="office.bulletin.oversee")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "阅读回执"
        verbose_name_plural = "阅读回执"
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("bulletin", "account"), name="one_receipt_a_person"),)

    def __str__(self) -> str:
        return str(self.bulletin)
