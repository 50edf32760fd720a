"""Hand-over of work (移交) from one account to another: a list, an acceptance, a trail."""

from django.db import models

from siteloop.foundation.authority.belongings import BELONGINGS
from siteloop.framework.language import pick
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.office.models.row import OfficeRow, person


class HandOverState(models.TextChoices):
    """A hand-over's life."""

    OFFERED = "offered", "待接收"
    ACCEPTED = "accepted", "已接收"
    REFUSED = "refused", "未接收"
    WITHDRAWN = "withdrawn", "已撤回"


class HandOver(OfficeRow):
    """One list of work on its way from the giver to the taker; nothing moves before the taker accepts."""

    giver = person("移交人")
    taker = person("接收人")
    reason = models.CharField("移交原因", max_length=200)
    state = models.CharField(
        "状态", max_length=10, choices=HandOverState.choices, default=HandOverState.OFFERED, db_index=True
    )
    offered_at = models.DateTimeField("移交时间")
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    words = models.CharField("接收意见", max_length=300, blank=True)

    scope = Scope(region="region_code", owner=("giver_id", "taker_id"), oversee="office.handover.oversee")

    class Meta(OfficeRow.Meta):
        abstract = False
        verbose_name = "工作移交"
        verbose_name_plural = "工作移交"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.giver} → {self.taker}：{self.reason}"


class LineState(models.TextChoices):
    """What became of one line."""

    LISTED = "listed", "待移交"
    MOVED = "moved", "已移交"
    GONE = "gone", "已不在移交人名下"


class HandOverLine(ScopedModel):
    """One thing on the list: its kind (`authority.belongings`), its key, and its name as it was."""

    hand_over = models.ForeignKey(HandOver, models.CASCADE, related_name="lines", verbose_name="工作移交")
    kind = models.CharField("类别代码", max_length=40)
    kind_title = models.CharField("类别", max_length=40)
    key = models.BigIntegerField("记录")
    title = models.CharField("事项", max_length=300)
    link = models.CharField("链接", max_length=200, blank=True)
    state = models.CharField("状态", max_length=10, choices=LineState.choices, default=LineState.LISTED)

    scope = Scope(
        region="hand_over__region_code",
        owner=("hand_over__giver_id", "hand_over__taker_id"),
        oversee="office.handover.oversee",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "移交事项"
        verbose_name_plural = "移交事项"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.kind_title} {self.title}"

    @property
    def shown_kind(self) -> str:
        """Its kind in the language of the reader; as it was written for a kind that is gone."""
        kind = BELONGINGS.get(self.kind)
        return pick(kind.title, kind.title_en) if kind else self.kind_title
