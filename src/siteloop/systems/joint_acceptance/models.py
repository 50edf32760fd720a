"""One application, the departments that examine it side by side, their visit to the site and what they found."""

import datetime as dt
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from siteloop.foundation.files.papers import Paper
from siteloop.foundation.registry.applying import ProjectApplication
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.joint_acceptance import settings


class State(models.TextChoices):
    """Where an application stands."""

    DRAFT = "draft", "未提交"
    SUBMITTED = "submitted", "待受理"
    CORRECTING = "correcting", "待补正"
    EXAMINING = "examining", "并联验收中"
    PASSED = "passed", "验收通过"
    FAILED = "failed", "验收不通过"
    WITHDRAWN = "withdrawn", "已撤回"


#: the applicant's turn
OPEN = (State.DRAFT, State.CORRECTING)
#: no further application of the project is needed
RUNNING = (State.DRAFT, State.SUBMITTED, State.CORRECTING, State.EXAMINING, State.PASSED)


class Department(ScopedModel):
    """参验部门: which body of a place is the one the pack names. Its opinions tell how long it takes."""

    code = models.CharField(
        "部门代码", max_length=30, help_text="规则库“联合验收参验部门”中的代码，如 planning、fire"
    )
    title = models.CharField("参验部门", max_length=60, editable=False)
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="单位"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    is_active = models.BooleanField("参加验收", default=True)

    scope = Scope(region="region_code", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "参验部门"
        verbose_name_plural = "参验部门"
        ordering = ("region_code", "pk")
        constraints = (
            models.UniqueConstraint(fields=("region_code", "code"), name="one_body_a_joint_department"),
        )

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """The pack knows the code; its title is the pack's."""
        stated = settings.examiner(self.code, self.region_code or "")
        if stated is None:
            known = "、".join(f"{e.code}（{e.title}）" for e in settings.examiners(self.region_code or ""))
            raise ValidationError({"code": f"规则库未规定该部门；本地可填：{known or '无'}"})
        self.title = stated.title


class JointApplication(ProjectApplication):
    """联合验收申请: one for all departments."""

    with_applicant: ClassVar[tuple[str, ...]] = OPEN

    extent = models.CharField("验收范围", max_length=200, help_text="整个工程，或申请验收的单位工程")
    contact = models.CharField("联系人", max_length=40, blank=True)
    state = models.CharField(
        "状态", max_length=10, choices=State.choices, default=State.DRAFT, editable=False, db_index=True
    )
    lead = models.ForeignKey(
        "authority.Organisation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="牵头部门",
        editable=False,
    )
    number = models.CharField("意见书编号", max_length=60, blank=True, editable=False)
    conclusion = models.CharField("综合意见", max_length=500, blank=True, editable=False)
    concluded_at = models.DateTimeField("办结时间", null=True, blank=True, editable=False)
    withdrawn_why = models.CharField("撤回原因", max_length=500, blank=True, editable=False)

    class Meta(ProjectApplication.Meta):
        abstract = False
        verbose_name = "联合验收申请"
        verbose_name_plural = "联合验收申请"
        constraints = (
            models.UniqueConstraint(
                fields=("project", "extent"),
                condition=models.Q(state__in=RUNNING),
                name="one_joint_acceptance_at_a_time",
                violation_error_message="该项目的这一验收范围已有联合验收申请，不必重复申请",
            ),
        )

    def __str__(self) -> str:
        return f"联合验收：{self.project}（{self.extent}）"

    def handed_in(self) -> ValidationError:
        """Its lead gives it back."""
        return ValidationError("申请已提交，不能修改；须由牵头部门退回补正，或撤回后重新申请")


class JointPaper(Paper):
    """One paper of an application, kept as evidence."""

    application = models.ForeignKey(
        JointApplication, models.PROTECT, related_name="papers", verbose_name="申请"
    )

    scope = JointApplication.scope.through("application")

    class Meta(Paper.Meta):
        abstract = False
        verbose_name = "联合验收材料"
        verbose_name_plural = "联合验收材料"


class OpinionState(models.TextChoices):
    """A department's part, from the acceptance of the application to its opinion."""

    EXAMINING = "examining", "审查中"
    CORRECTING = "correcting", "待整改"
    RECHECKING = "rechecking", "待复查"
    PASSED = "passed", "合格"
    NOT_CONCERNED = "not_concerned", "不涉及"
    FAILED = "failed", "不合格"
    VOID = "void", "已终止"


#: the department's own clock runs
WITH_DEPARTMENT = (OpinionState.EXAMINING, OpinionState.RECHECKING)
GIVEN = (OpinionState.PASSED, OpinionState.NOT_CONCERNED, OpinionState.FAILED)
UNDECIDED = (*WITH_DEPARTMENT, OpinionState.CORRECTING)


class DepartmentOpinion(ScopedModel):
    """部门意见: one department's part. Its clock stands still while the applicant puts things right."""

    application = models.ForeignKey(
        JointApplication, models.PROTECT, related_name="opinions", verbose_name="申请"
    )
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="opinions", verbose_name="参验部门"
    )
    state = models.CharField(
        "状态", max_length=14, choices=OpinionState.choices, default=OpinionState.EXAMINING, db_index=True
    )
    began_at = models.DateTimeField("开始时间")
    turn_at = models.DateTimeField("本轮开始", null=True, blank=True)
    due_at = models.DateTimeField("本轮期限", null=True, blank=True, db_index=True)
    used_s = models.PositiveIntegerField("已用时长（秒）", default=0)
    is_overdue = models.BooleanField("逾期未出具", default=False, db_index=True)
    was_late = models.BooleanField("曾逾期", default=False)
    words = models.CharField("意见", max_length=500, blank=True)
    given_at = models.DateTimeField("出具时间", null=True, blank=True)
    given_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="出具人"
    )
    case = models.ForeignKey(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="逾期派单"
    )

    scope = JointApplication.scope.through("application", "department__organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "部门意见"
        verbose_name_plural = "部门意见"
        ordering = ("-application_id", "pk")
        constraints = (
            models.UniqueConstraint(fields=("application", "department"), name="one_opinion_a_department"),
        )

    def __str__(self) -> str:
        return f"{self.department}意见（{self.application.project}）"

    @property
    def region_code(self) -> str:
        """Where the project lies."""
        return self.application.project.region_code

    def seconds(self, now: dt.datetime | None = None) -> int:
        """Seconds it has lain with the department up to now, all rounds together."""
        if self.turn_at is None:
            return self.used_s
        return self.used_s + max(0, int(((now or timezone.now()) - self.turn_at).total_seconds()))


class VisitState(models.TextChoices):
    """A visit to the site."""

    PLANNED = "planned", "已安排"
    HELD = "held", "已踏勘"
    CANCELLED = "cancelled", "已取消"


class SiteVisit(ScopedModel):
    """联合踏勘: all departments at the site at once."""

    application = models.ForeignKey(
        JointApplication, models.PROTECT, related_name="visits", verbose_name="申请"
    )
    at = models.DateTimeField("踏勘时间", db_index=True)
    place = models.CharField("集合地点", max_length=200)
    note = models.CharField("说明", max_length=300, blank=True)
    state = models.CharField("状态", max_length=10, choices=VisitState.choices, default=VisitState.PLANNED)
    people = models.TextField("参加人员", blank=True, help_text="每行一人：部门 姓名")
    summary = models.TextField("踏勘情况", blank=True)
    photos = models.ManyToManyField("files.Evidence", related_name="+", blank=True, verbose_name="照片")
    cancelled_why = models.CharField("取消原因", max_length=300, blank=True)

    scope = JointApplication.scope.through("application")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "联合踏勘"
        verbose_name_plural = "联合踏勘"
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{timezone.localtime(self.at):%Y-%m-%d %H:%M} 联合踏勘（{self.application.project}）"


class FindingKind(models.TextChoices):
    """What a department says: to be put right, or advice."""

    PROBLEM = "problem", "须整改"
    ADVICE = "advice", "建议"


class FindingState(models.TextChoices):
    """A problem until it is put right; advice is only noted."""

    OPEN = "open", "待整改"
    CORRECTED = "corrected", "待复查"
    CLOSED = "closed", "已整改"
    NOTED = "noted", "已告知"


class JointFinding(ScopedModel):
    """验收问题: what one department found, how it was put right, and whether the department agrees."""

    opinion = models.ForeignKey(
        DepartmentOpinion, models.PROTECT, related_name="findings", verbose_name="部门意见"
    )
    visit = models.ForeignKey(
        SiteVisit, models.PROTECT, null=True, blank=True, related_name="findings", verbose_name="联合踏勘"
    )
    kind = models.CharField("类别", max_length=10, choices=FindingKind.choices)
    content = models.CharField("问题", max_length=300)
    place = models.CharField("部位", max_length=100, blank=True)
    state = models.CharField(
        "状态", max_length=10, choices=FindingState.choices, default=FindingState.OPEN, db_index=True
    )
    photos = models.ManyToManyField("files.Evidence", related_name="+", blank=True, verbose_name="照片")
    raised_at = models.DateTimeField("提出时间")
    raised_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, related_name="+", verbose_name="提出人"
    )
    correction = models.CharField("整改情况", max_length=500, blank=True)
    correction_photos = models.ManyToManyField(
        "files.Evidence", related_name="+", blank=True, verbose_name="整改照片"
    )
    corrected_at = models.DateTimeField("整改时间", null=True, blank=True)
    recheck = models.CharField("复查意见", max_length=300, blank=True)
    rechecked_at = models.DateTimeField("复查时间", null=True, blank=True)
    returns = models.PositiveSmallIntegerField("退回次数", default=0)

    scope = DepartmentOpinion.scope.through("opinion")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "验收问题"
        verbose_name_plural = "验收问题"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.opinion.department}：{self.content}"[:200]
