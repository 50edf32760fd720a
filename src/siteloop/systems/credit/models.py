"""Rules of credit, the records that give and take points, the file of each subject, blacklist, requests, awards."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer

#: whose rows they are: region, the enterprise itself or the person's employer, and the person
OF_SUBJECT = Scope(
    region="region_code",
    organisation=("organisation_id", "person__organisation_id"),
    owner="person__account_id",
)
ONE_SUBJECT = Q(organisation__isnull=False, person__isnull=True) | Q(
    organisation__isnull=True, person__isnull=False
)


class RuleKind(models.TextChoices):
    """Whether points are taken or given."""

    DEMERIT = "demerit", "扣分"
    MERIT = "merit", "加分"


class Subject(models.TextChoices):
    """Whose behaviour."""

    ENTERPRISE = "enterprise", "企业"
    PERSON = "person", "人员"


class Field(models.TextChoices):
    """The two fields of the evaluation (CRED-01)."""

    MARKET = "market", "建筑市场"
    SITE = "site", "施工现场"


class Level(models.TextChoices):
    """How grave."""

    MINOR = "minor", "轻微"
    COMMON = "common", "一般"
    SERIOUS = "serious", "严重"


class CreditRule(ScopedModel):
    """One behaviour: points, how long they count, its level and clause. `source` names the fact it is recorded from."""

    code = models.CharField("代码", max_length=60, unique=True)
    title = models.CharField("行为", max_length=120)
    title_en = models.CharField("英文", max_length=120, blank=True)
    kind = models.CharField("加扣分", max_length=10, choices=RuleKind.choices)
    subject = models.CharField("对象", max_length=12, choices=Subject.choices)
    field = models.CharField("场域", max_length=10, choices=Field.choices, default=Field.SITE)
    level = models.CharField("等级", max_length=10, choices=Level.choices, default=Level.COMMON)
    points = models.PositiveSmallIntegerField("分值", help_text="0 表示按来源文书载明的分值")
    term_months = models.PositiveSmallIntegerField("有效期（月）", default=12)
    source = models.CharField("自动来源", max_length=60, blank=True, db_index=True)
    needs_review = models.BooleanField("须复核后生效", default=True)
    is_public = models.BooleanField("公示", default=False)
    repairable = models.BooleanField("可信用修复", default=True)
    clause = models.CharField("依据", max_length=300, blank=True)
    verified = models.BooleanField("条款已核实", default=False)
    region_code = models.CharField("适用区划代码", max_length=12, blank=True)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "记分规则"
        verbose_name_plural = "记分规则"
        ordering = ("kind", "code")

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """A rule that counts has points, a term, and points of its own unless its source states them."""
        if not self.points and not self.source:
            raise ValidationError({"points": "人工记分的规则须有分值"})
        if not self.term_months:
            raise ValidationError({"term_months": "有效期至少一个月"})

    @property
    def basis(self) -> str:
        """The clause as a document quotes it; an unverified one says so."""
        words = self.clause or "依据未录入"
        return words if self.verified or "未核实" in words else f"{words}（未核实）"


class OfSubject(ScopedModel):
    """What belongs to one enterprise or one person."""

    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="企业"
    )
    person = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="人员"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)

    scope = OF_SUBJECT

    class Meta(ScopedModel.Meta):
        abstract = True

    @property
    def subject_name(self) -> str:
        """The enterprise by name, the person masked, with the employer."""
        if self.organisation is not None:
            return self.organisation.name
        assert self.person is not None, "a row has one subject"
        employer = self.person.organisation
        return f"{self.person}（{employer.name}）" if employer is not None else str(self.person)

    @property
    def subject_key(self) -> tuple[int | None, int | None]:
        """(organisation, person)."""
        return self.organisation_id, self.person_id

    def is_own(self, viewer: Viewer) -> bool:
        """Whether the viewer speaks for the subject: the enterprise's people, or the person."""
        if self.organisation_id is not None:
            return self.organisation_id in viewer.organisations
        account = self.person.account_id if self.person is not None else None
        return account is not None and account == viewer.user


class RecordState(models.TextChoices):
    """A record counts from its review on; a withdrawn one stays, cancelled by a second line."""

    PROPOSED = "proposed", "待复核"
    IN_FORCE = "in_force", "已生效"
    REJECTED = "rejected", "不予记分"
    WITHDRAWN = "withdrawn", "已撤销"


class CreditRecord(OfSubject):
    """One line of the score. `signed` is what it adds; rule, points and clause are copied, so later rules change nothing."""

    rule = models.ForeignKey(CreditRule, models.PROTECT, related_name="+", verbose_name="行为")
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    kind = models.CharField("加扣分", max_length=10, choices=RuleKind.choices)
    level = models.CharField("等级", max_length=10, choices=Level.choices)
    points = models.PositiveSmallIntegerField("分值")
    signed = models.SmallIntegerField("计分")
    happened_on = models.DateField("行为日期", db_index=True)
    reason = models.CharField("事实", max_length=500)
    clause = models.CharField("依据", max_length=300, blank=True)
    source_key = models.CharField("来源标识", max_length=120, blank=True, db_index=True)
    source_title = models.CharField("来源", max_length=200, blank=True)
    source_link = models.CharField("来源记录", max_length=200, blank=True)
    state = models.CharField("状态", max_length=10, choices=RecordState.choices, db_index=True)
    counts_from = models.DateField("计分起", null=True, blank=True, db_index=True)
    counts_until = models.DateField("计分止", null=True, blank=True)
    proposed_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提出人"
    )
    proposed_at = models.DateTimeField("提出时间")
    reviewed_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="复核人"
    )
    reviewed_at = models.DateTimeField("复核时间", null=True, blank=True)
    opinion = models.CharField("复核意见", max_length=300, blank=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name="冲销的记录"
    )
    withdrawn_at = models.DateTimeField("撤销时间", null=True, blank=True)
    withdrawn_why = models.CharField("撤销原因", max_length=300, blank=True)
    is_public = models.BooleanField("公示", default=False)
    suspended = models.BooleanField("申诉中暂停公示", default=False)
    evidence = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="证据")
    document = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="文书"
    )

    scope = OF_SUBJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "信用记录"
        verbose_name_plural = "信用记录"
        ordering = ("-happened_on", "-pk")
        constraints = (
            models.CheckConstraint(condition=ONE_SUBJECT, name="record_of_one_subject"),
            models.UniqueConstraint(
                fields=("source_key", "organisation", "person"),
                condition=~Q(source_key=""),
                nulls_distinct=False,
                name="one_record_a_fact",
            ),
        )
        indexes = (
            models.Index(fields=("organisation", "counts_from")),
            models.Index(fields=("person", "counts_from")),
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.signed:+d} 分"

    def counts_on(self, day: dt.date) -> bool:
        """Whether it adds to the score on a day."""
        return (
            self.counts_from is not None
            and self.counts_from <= day
            and (self.counts_until is None or day < self.counts_until)
        )


class CreditFile(OfSubject):
    """The standing of one subject as of a day. Kept for lists; the panel works it out anew from the records."""

    score = models.SmallIntegerField("信用分", default=100, db_index=True)
    grade = models.CharField("等级", max_length=1, default="B", db_index=True)
    demerits = models.PositiveIntegerField("有效扣分", default=0)
    merits = models.PositiveIntegerField("有效加分", default=0)
    is_listed = models.BooleanField("在黑名单", default=False)
    is_manager = models.BooleanField("项目经理", default=False)
    warned = models.PositiveSmallIntegerField(
        "项目经理警示", default=0, choices=[(0, "无"), (1, "警示"), (2, "达到上限")]
    )
    as_of = models.DateField("截至")

    scope = OF_SUBJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "信用档案"
        verbose_name_plural = "信用档案"
        ordering = ("score", "pk")
        constraints = (
            models.CheckConstraint(condition=ONE_SUBJECT, name="file_of_one_subject"),
            models.UniqueConstraint(
                fields=("organisation", "person"), nulls_distinct=False, name="one_file_a_subject"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject_name}信用档案"


class EntryState(models.TextChoices):
    """From the proposal over the hearing to the end."""

    PROPOSED = "proposed", "拟列入"
    TOLD = "told", "已告知"
    HEARD = "heard", "已陈述申辩"
    LISTED = "listed", "已列入"
    DROPPED = "dropped", "不予列入"
    EXPIRED = "expired", "期满移出"
    REPAIRED = "repaired", "修复移出"
    REVOKED = "revoked", "撤销列入"


class BlacklistEntry(OfSubject):
    """One entry of the two-way blacklist (CRED-02): told and heard before, listed for a term, then out by itself."""

    cause = models.CharField("事由", max_length=500)
    basis = models.CharField("法律依据", max_length=300)
    basis_verified = models.BooleanField("依据已核实", default=False)
    term_months = models.PositiveSmallIntegerField("期限（月）")
    records = models.ManyToManyField(
        CreditRecord, blank=True, related_name="entries", verbose_name="相关信用记录"
    )
    evidence = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="证据")
    state = models.CharField(
        "状态", max_length=10, choices=EntryState.choices, default=EntryState.PROPOSED, db_index=True
    )
    proposed_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="提出人"
    )
    proposed_at = models.DateTimeField("提出时间")
    told_at = models.DateTimeField("告知时间", null=True, blank=True)
    hear_until = models.DateTimeField("陈述申辩期限", null=True, blank=True)
    statement = models.TextField("陈述申辩", blank=True)
    stated_at = models.DateTimeField("陈述时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="决定人"
    )
    opinion = models.CharField("决定意见", max_length=500, blank=True)
    listed_on = models.DateField("列入日期", null=True, blank=True, db_index=True)
    until = models.DateField("期满日期", null=True, blank=True)
    ended_on = models.DateField("移出日期", null=True, blank=True)
    ended_why = models.CharField("移出原因", max_length=300, blank=True)
    suspended = models.BooleanField("申诉中暂停公示", default=False)

    scope = OF_SUBJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "黑名单"
        verbose_name_plural = "黑名单"
        ordering = ("-pk",)
        constraints = (models.CheckConstraint(condition=ONE_SUBJECT, name="entry_of_one_subject"),)

    def __str__(self) -> str:
        return f"{self.subject_name}：{self.cause}"[:120]

    @property
    def basis_shown(self) -> str:
        """An unverified basis says so."""
        return self.basis if self.basis_verified or "未核实" in self.basis else f"{self.basis}（未核实）"

    def is_on(self, day: dt.date) -> bool:
        """Whether the subject is on the list that day: by the dates alone, whether a job has run or not."""
        return (
            self.listed_on is not None
            and self.until is not None
            and self.listed_on <= day < min(self.until, self.ended_on or self.until)
        )


class RequestKind(models.TextChoices):
    """What the subject asks for."""

    APPEAL = "appeal", "申诉"
    REPAIR = "repair", "信用修复"


class RequestState(models.TextChoices):
    """A request's life."""

    SUBMITTED = "submitted", "待审查"
    GRANTED = "granted", "同意"
    DENIED = "denied", "不同意"
    TAKEN_BACK = "taken_back", "已撤回"


class CreditRequest(OfSubject):
    """An appeal against, or the repair of, a record or a blacklist entry; reviewed by someone who did not decide it."""

    kind = models.CharField("类别", max_length=10, choices=RequestKind.choices)
    record = models.ForeignKey(
        CreditRecord, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name="信用记录"
    )
    entry = models.ForeignKey(
        BlacklistEntry, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name="黑名单"
    )
    statement = models.TextField("理由")
    evidence = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="材料")
    state = models.CharField(
        "状态", max_length=12, choices=RequestState.choices, default=RequestState.SUBMITTED, db_index=True
    )
    asked_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="申请人"
    )
    asked_at = models.DateTimeField("申请时间")
    reviewed_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审查人"
    )
    reviewed_at = models.DateTimeField("审查时间", null=True, blank=True)
    opinion = models.CharField("审查意见", max_length=500, blank=True)

    scope = OF_SUBJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "申诉修复"
        verbose_name_plural = "申诉修复"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=ONE_SUBJECT, name="request_of_one_subject"),
            models.UniqueConstraint(
                fields=("record",), condition=Q(state="submitted"), name="one_open_request_a_record"
            ),
            models.UniqueConstraint(
                fields=("entry",), condition=Q(state="submitted"), name="one_open_request_an_entry"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject_name}{self.get_kind_display()}"


class AwardState(models.TextChoices):
    """An award's life."""

    NOMINATED = "nominated", "已推荐"
    GRANTED = "granted", "已授予"
    DECLINED = "declined", "未授予"


class Award(OfSubject):
    """评优评先 (CRED-09, CRED-10): refused to whoever's credit stands against it, and a merit once it is granted."""

    title = models.CharField("奖项", max_length=120)
    giver = models.CharField("授予单位", max_length=120)
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    state = models.CharField(
        "状态", max_length=10, choices=AwardState.choices, default=AwardState.NOMINATED, db_index=True
    )
    checked = models.JSONField("信用审查", default=list)  # sentences as they stood at the nomination
    nominated_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="推荐人"
    )
    nominated_at = models.DateTimeField("推荐时间")
    decided_on = models.DateField("决定日期", null=True, blank=True)
    opinion = models.CharField("意见", max_length=300, blank=True)
    record = models.ForeignKey(
        CreditRecord, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="信用记录"
    )

    scope = OF_SUBJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "评优评先"
        verbose_name_plural = "评优评先"
        ordering = ("-pk",)
        constraints = (models.CheckConstraint(condition=ONE_SUBJECT, name="award_of_one_subject"),)

    def __str__(self) -> str:
        return f"{self.subject_name} {self.title}"
