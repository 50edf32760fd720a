"""旁站记录 (SUPV-02): where, when, which process, what was seen, with photos whose place is compared with the site."""

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.framework.scope import ScopedModel
from siteloop.systems.supervisor_firms import settings
from siteloop.systems.supervisor_firms.models.duty import PlaceCheck
from siteloop.systems.supervisor_firms.models.of_firm import WHY, OfFirm


class SideState(models.TextChoices):
    """A signed record is final; a wrong one is voided with a reason and stays."""

    DRAFT = "draft", "填写中"
    SIGNED = "signed", "已签字"
    VOID = "void", "已作废"


class SideRecord(OfFirm):
    """One stand beside a critical part or process."""

    work = models.ForeignKey(
        "registry.SingleWork", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="单体"
    )
    process = models.CharField("旁站工序", max_length=40, help_text="按本地规则中的旁站工序填写")
    part = models.CharField("部位", max_length=120)
    started_at = models.DateTimeField("旁站开始")
    ended_at = models.DateTimeField("旁站结束")
    works = models.TextField("施工情况")
    supervision = models.TextField("监理情况")
    problems = models.TextField("发现问题", blank=True)
    handling = models.TextField("处理情况", blank=True)
    state = models.CharField(
        "状态",
        max_length=10,
        choices=SideState.choices,
        default=SideState.DRAFT,
        editable=False,
        db_index=True,
    )
    photos = models.ManyToManyField(
        "files.Evidence", blank=True, related_name="+", verbose_name="照片", editable=False
    )
    place = models.CharField(
        "位置核验", max_length=10, choices=PlaceCheck.choices, default=PlaceCheck.UNKNOWN, editable=False
    )
    distance_m = models.PositiveIntegerField("距工地（m）", null=True, blank=True, editable=False)
    signer = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="旁站监理",
        editable=False,
    )
    is_on_post = models.BooleanField("签字人为本项目监理", default=False, editable=False)
    signed_at = models.DateTimeField("签字时间", null=True, blank=True, editable=False)
    void_reason = models.CharField("作废原因", max_length=300, blank=True, editable=False)

    scope = OfFirm.scope

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "旁站记录"
        verbose_name_plural = "旁站记录"
        ordering = ("-started_at", "-pk")
        indexes = (models.Index(fields=("project", "started_at")),)

    def __str__(self) -> str:
        return f"{self.process} {self.part}"

    def clean(self) -> None:
        """A signed record is not changed; the process is one of the project's or its region's; the end follows the start."""
        if self.pk is not None:
            kept = SideRecord.objects.unscoped(WHY).filter(pk=self.pk).values_list("state", flat=True).first()
            if kept != SideState.DRAFT:
                raise ValidationError("旁站记录已签字，不能修改；确有错误请作废后重新填写")
        if self.started_at and self.ended_at and self.ended_at <= self.started_at:
            raise ValidationError({"ended_at": "结束时间须晚于开始时间"})
        if self.project_id is None:
            return
        known = settings.processes(self.project)
        if known and self.process not in known:
            raise ValidationError({"process": f"旁站工序须为：{'、'.join(known)}"})
        if self.work is not None and self.work.project_id != self.project_id:
            raise ValidationError({"work": "单体不属于该项目"})
