"""Incoming and outgoing papers (收文、发文), and the opinions asked on their way."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.documents.store import DEFAULT_PATTERN, numbered, take_numbers
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.office.models.row import OfficeRow, nobody_yet, person


class PaperState(models.TextChoices):
    """A paper's way; the outgoing one is signed where the incoming one is done."""

    OPEN = "open", "待办"
    CIRCULATING = "circulating", "传阅会签中"
    DONE = "done", "已办结"
    ARCHIVED = "archived", "已归档"


WORKED_ON = (PaperState.OPEN, PaperState.CIRCULATING)


class Urgency(models.TextChoices):
    """How fast (党政机关公文: 特急、加急)."""

    PLAIN = "plain", "平件"
    URGENT = "urgent", "加急"
    MOST = "most", "特急"


class Paper(OfficeRow):
    """What both directions share."""

    title = models.CharField("标题", max_length=200)
    number = models.CharField("编号", max_length=60, blank=True, editable=False, db_index=True)
    urgency = models.CharField("紧急程度", max_length=10, choices=Urgency.choices, default=Urgency.PLAIN)
    due_on = models.DateField("办理期限", null=True, blank=True, db_index=True)
    state = models.CharField(
        "状态",
        max_length=12,
        choices=PaperState.choices,
        default=PaperState.OPEN,
        editable=False,
        db_index=True,
    )
    done_at = models.DateTimeField("办结时间", null=True, blank=True, editable=False)
    done_by = nobody_yet("签发办结人")
    result = models.CharField("办理结果", max_length=500, blank=True, editable=False)
    archive_number = models.CharField("归档号", max_length=60, blank=True, editable=False)
    archived_at = models.DateTimeField("归档时间", null=True, blank=True, editable=False)
    files = models.ManyToManyField("files.Evidence", blank=True, related_name="+", editable=False)

    class Meta(OfficeRow.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()

    def clean(self) -> None:
        """A paper that was done stays as it was done."""
        if self.pk and self.state not in WORKED_ON:
            raise ValidationError("公文已办结，不能修改")

    def take_number(self, word: str) -> str:
        """The organisation's next number of this year for a word; runs in the caller's transaction."""
        year = timezone.now().astimezone(SHANGHAI).year
        (serial,) = take_numbers(self.organisation, word, year)
        return numbered(DEFAULT_PATTERN, word, year, serial)


class IncomingPaper(Paper):
    """收文: registered with a number of the organisation and the year as soon as it is written in."""

    sender = models.CharField("来文单位", max_length=120)
    sender_number = models.CharField("来文字号", max_length=60, blank=True)
    received_on = models.DateField("收文日期", default=timezone.localdate)
    keeper = person("承办人", null=True, blank=True)

    scope = Scope(
        region="region_code",
        owner=("keeper_id", "opinions__account_id"),
        oversee="office.incomingpaper.oversee",
    )

    class Meta(Paper.Meta):
        abstract = False
        verbose_name = "收文"
        verbose_name_plural = "收文"
        ordering = ("-pk",)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The first save takes the number; a save that fails gives it back."""
        with transaction.atomic():
            if not self.number:
                self.number = self.take_number("收文")
            super().save(*args, **kwargs)


class OutgoingKind(models.TextChoices):
    """What is sent; each a kind of printed document."""

    NOTICE = "notice", "通知"
    LETTER = "letter", "函"
    REPORT = "report", "报告"


class OutgoingPaper(Paper):
    """发文: drafted, countersigned, signed; the signature numbers it and sets the print."""

    kind = models.CharField("文种", max_length=10, choices=OutgoingKind.choices, default=OutgoingKind.NOTICE)
    addressee = models.CharField("主送", max_length=200)
    copies_to = models.CharField("抄送", max_length=200, blank=True)
    body = models.TextField("正文", max_length=8000)
    keeper = person("拟稿人")
    document = models.ForeignKey(
        "documents.Document",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="文书",
        editable=False,
    )

    scope = Scope(
        region="region_code",
        owner=("keeper_id", "opinions__account_id"),
        oversee="office.outgoingpaper.oversee",
    )

    class Meta(Paper.Meta):
        abstract = False
        verbose_name = "发文"
        verbose_name_plural = "发文"
        ordering = ("-pk",)


class Asked(models.TextChoices):
    """What somebody is asked to do with a paper."""

    PROPOSE = "propose", "拟办"
    READ = "read", "阅知"
    HANDLE = "handle", "承办"
    COUNTERSIGN = "countersign", "会签"


class Verdict(models.TextChoices):
    """What somebody answers; a disagreement of the last word stops the signature."""

    AGREE = "agree", "同意"
    DISAGREE = "disagree", "不同意"
    NOTED = "noted", "已阅"


class Opinion(ScopedModel):
    """One person's turn on the way of one paper."""

    incoming = models.ForeignKey(
        IncomingPaper, models.CASCADE, null=True, blank=True, related_name="opinions", verbose_name="收文"
    )
    outgoing = models.ForeignKey(
        OutgoingPaper, models.CASCADE, null=True, blank=True, related_name="opinions", verbose_name="发文"
    )
    account = person("办理人")
    asked = models.CharField("办理事项", max_length=12, choices=Asked.choices)
    asked_by = nobody_yet("交办人")
    asked_at = models.DateTimeField("交办时间")
    words = models.CharField("交办说明", max_length=300, blank=True)
    due_on = models.DateField("期限", null=True, blank=True, db_index=True)
    verdict = models.CharField("结论", max_length=10, choices=Verdict.choices, blank=True)
    opinion = models.CharField("意见", max_length=500, blank=True)
    given_at = models.DateTimeField("办理时间", null=True, blank=True, db_index=True)

    scope = Scope(
        owner=(
            "account_id",
            "incoming__keeper_id",
            "outgoing__keeper_id",
            "incoming__opinions__account_id",
            "outgoing__opinions__account_id",
        )
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "公文意见"
        verbose_name_plural = "公文意见"
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(incoming__isnull=True) ^ Q(outgoing__isnull=True), name="opinion_on_one_paper"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_asked_display()} {self.paper}"

    @property
    def paper(self) -> IncomingPaper | OutgoingPaper:
        """The paper it is about."""
        found = self.incoming or self.outgoing
        assert found is not None, "the database demands one of them"
        return found

    @property
    def link(self) -> str:
        """Where the paper is opened."""
        return f"/office/{'incoming' if self.incoming_id else 'outgoing'}/{self.incoming_id or self.outgoing_id}/"
