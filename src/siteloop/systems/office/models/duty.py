"""The duty roster (值班) and how two people swap."""

from django.db import models

from siteloop.framework.scope import Scope
from siteloop.systems.office.models.row import OfficeRow, person


class Slot(models.TextChoices):
    """What a shift is."""

    LEAD = "lead", "带班"
    DAY = "day", "白班"
    NIGHT = "night", "夜班"


class DutyShift(OfficeRow):
    """One person's duty on one day. Whether that person is away is asked of the leave, never kept here."""

    on = models.DateField("日期", db_index=True)
    slot = models.CharField("班次", max_length=10, choices=Slot.choices, default=Slot.DAY)
    account = person("值班人")
    note = models.CharField("备注", max_length=100, blank=True)

    scope = Scope(region="region_code", owner="account_id")

    class Meta(OfficeRow.Meta):
        abstract = False
        verbose_name = "值班"
        verbose_name_plural = "值班"
        ordering = ("-on", "slot")
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "on", "slot", "account"),
                name="one_place_a_shift",
                violation_error_message="此人已在该班次值班",
            ),
        )

    def __str__(self) -> str:
        return f"{self.on} {self.get_slot_display()} {self.account}"


class SwapState(models.TextChoices):
    """A swap's life."""

    ASKED = "asked", "待对方确认"
    ACCEPTED = "accepted", "已换班"
    REFUSED = "refused", "对方未同意"
    WITHDRAWN = "withdrawn", "已撤回"


class DutySwap(OfficeRow):
    """换班: the taker does the shift; `in_return`, where named, goes to the giver."""

    shift = models.ForeignKey(DutyShift, models.CASCADE, related_name="swaps", verbose_name="换出班次")
    giver = person("换班人")
    taker = person("接班人")
    in_return = models.ForeignKey(
        DutyShift, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="换回班次"
    )
    reason = models.CharField("原因", max_length=200)
    state = models.CharField(
        "状态", max_length=10, choices=SwapState.choices, default=SwapState.ASKED, db_index=True
    )
    asked_at = models.DateTimeField("提出时间", auto_now_add=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    words = models.CharField("答复", max_length=200, blank=True)

    scope = Scope(region="region_code", owner=("giver_id", "taker_id"), oversee="office.dutyshift.oversee")

    class Meta(OfficeRow.Meta):
        abstract = False
        verbose_name = "换班"
        verbose_name_plural = "换班"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.shift} → {self.taker}"
