"""Accounts, organisations, posts, roles and grants: who may do what, where."""

from collections.abc import Iterable
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from stdnum.cn import uscc

from siteloop.framework.action import Refused
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer


class OrganisationKind(models.TextChoices):
    """Every kind of actor the requirements name (ACT-01…33)."""

    PROVINCE_AUTHORITY = "province_authority", "省级住建主管部门"
    CITY_AUTHORITY = "city_authority", "市级住建主管部门"
    COUNTY_AUTHORITY = "county_authority", "县级住建主管部门"
    TOWN_GOVERNMENT = "town_government", "镇街"
    SUPERVISION_BODY = "supervision_body", "质量安全监督机构"
    SITE_SUPERVISION = "site_supervision", "工地监管部门"
    URBAN_MANAGEMENT = "urban_management", "城管执法中队"
    LAW_ENFORCEMENT = "law_enforcement", "执法局"
    ECOLOGY = "ecology", "生态环境局"
    PUBLIC_SECURITY = "public_security", "公安交管"
    TRANSPORT = "transport", "交通、水务、园林"
    INVESTMENT_GROUP = "investment_group", "城投集团"
    BUILDER = "builder", "建设单位"
    CONTRACTOR = "contractor", "施工单位"
    SUPERVISOR_FIRM = "supervisor_firm", "监理单位"
    SURVEY = "survey", "勘察单位"
    DESIGN = "design", "设计单位"
    MONITORING = "monitoring", "监测单位"
    TESTING = "testing", "检测机构"
    SUPPLIER = "supplier", "设备服务单位"
    OPERATOR = "operator", "通信运营单位"
    EXPERT_BODY = "expert_body", "行业专家组"
    PLATFORM_SUPPORT = "platform_support", "平台技术支持方"
    OPERATION_CENTRE = "operation_centre", "运行管理中心"
    GOVERNMENT_DEPARTMENT = "government_department", "其他政府部门"


def check_uscc(value: str) -> None:
    """统一社会信用代码, GB 32100."""
    if value and not uscc.is_valid(value):
        raise ValidationError("统一社会信用代码校验不通过")


class Organisation(ScopedModel):
    """A department, enterprise or body."""

    name = models.CharField("名称", max_length=120, unique=True)
    short_name = models.CharField("简称", max_length=40, blank=True)
    kind = models.CharField("类别", max_length=30, choices=OrganisationKind.choices, db_index=True)
    uscc = models.CharField("统一社会信用代码", max_length=18, blank=True, validators=[check_uscc])
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级单位"
    )
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(region="region_code", organisation="id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "单位"
        verbose_name_plural = "单位"
        ordering = ("region_code", "name")

    def __str__(self) -> str:
        return self.short_name or self.name


class Account(AbstractUser):
    """One sign-in. Rights come from posts and grants, never from Django's staff flags."""

    display_name = models.CharField("姓名", max_length=40, blank=True)
    language = models.CharField(
        "语言", max_length=10, default="zh-hans", choices=[("zh-hans", "中文"), ("en", "English")]
    )
    theme = models.CharField(
        "主题", max_length=10, default="light", choices=[("light", "浅色"), ("dark", "深色")]
    )
    must_change_password = models.BooleanField("须修改密码", default=False)
    password_changed_at = models.DateTimeField("密码修改时间", null=True, blank=True)
    tokens_from = models.DateTimeField("接口令牌自此有效", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "账号"
        verbose_name_plural = "账号"
        ordering: ClassVar = ("username",)

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def demands_second_factor(self) -> bool:
        """Whether a role of the account must use a second factor."""
        from siteloop.foundation.authority.viewers import demands_second_factor

        return demands_second_factor(self)


class SignIn(models.Model):
    """One sign-in at the desk: where from, with what, until when. Ending it closes the session behind it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.CharField("来源地址", max_length=64, blank=True)
    agent = models.CharField("浏览器", max_length=200, blank=True)
    at = models.DateTimeField("登录时间")
    seen_at = models.DateTimeField("最近活动")
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        verbose_name = "登录记录"
        verbose_name_plural = "登录记录"
        indexes = (models.Index(fields=("account", "-seen_at")),)

    def __str__(self) -> str:
        return f"{self.account_id} {self.address} {self.at:%Y-%m-%d %H:%M}"


class PastPassword(models.Model):
    """Hashes of earlier passwords, so that they are not used again."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="past_passwords")
    password = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.account_id} {self.at:%Y-%m-%d}"


class Sees(models.TextChoices):
    """How far a role looks."""

    REGION = "region", "所在区划及下级"
    ORGANISATION = "organisation", "本单位及其项目"
    PROJECT = "project", "所任职项目"


def _only_own_rights(viewer: Viewer, permissions: Iterable[str]) -> None:
    """Nobody gives away what he does not hold. Raises Refused 403."""
    foreign = [p for p in permissions if not viewer.may_give(str(p))]
    if foreign:
        raise Refused("不能授予自己没有的权限", status=403)


class Role(ScopedModel):
    """A named set of permission patterns; loaded from `roles.py`, editable. `shipped` = what the program last gave it."""

    code = models.CharField("代码", max_length=40, unique=True)
    title = models.CharField("名称", max_length=60)
    title_en = models.CharField("英文名称", max_length=60, blank=True)
    permissions = models.JSONField("权限", default=list)
    shipped = models.JSONField("程序自带权限", default=list, editable=False)
    sees = models.CharField("可见范围", max_length=20, choices=Sees.choices, default=Sees.REGION)
    demands_mfa = models.BooleanField("须双因素认证", default=False)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "角色"
        verbose_name_plural = "角色"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.title

    def guard(self, viewer: Viewer) -> None:
        """A role holds no more than the one who writes it."""
        _only_own_rights(viewer, self.permissions)


class Post(ScopedModel):
    """An account's place in an organisation with a role, for a time."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="posts", verbose_name="账号")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="posts", verbose_name="单位")
    role = models.ForeignKey(Role, models.PROTECT, related_name="posts", verbose_name="角色")
    title = models.CharField("职务", max_length=60, blank=True)
    region_code = models.CharField("管辖区划", max_length=12, blank=True, db_index=True)
    is_main = models.BooleanField("主要岗位", default=True)
    valid_from = models.DateField("起始", null=True, blank=True)
    valid_to = models.DateField("截止", null=True, blank=True)

    scope = Scope(region="organisation__region_code", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "岗位"
        verbose_name_plural = "岗位"
        ordering = ("organisation", "account")

    def __str__(self) -> str:
        return f"{self.organisation} {self.title or self.role}"

    def guard(self, viewer: Viewer) -> None:
        """A post reaches no further, and may do no more, than the one who fills it."""
        _only_own_rights(viewer, self.role.permissions)
        reach = self.region_code or self.organisation.region_code
        if self.role.sees == Sees.REGION and not viewer.covers(reach):
            raise Refused("不能授予超出自己管辖范围的岗位", status=403)


class ProjectGrant(ScopedModel):
    """One account may look into one project, for a reason and a time."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="project_grants", verbose_name="账号")
    project_id = models.BigIntegerField("项目")
    reason = models.CharField("理由", max_length=200)
    valid_to = models.DateField("截止", null=True, blank=True)

    scope = Scope(project="project_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "项目授权"
        verbose_name_plural = "项目授权"

    def __str__(self) -> str:
        return f"{self.account} → {self.project_id}"


class GrantState(models.TextChoices):
    """A department applies to read; an officer decides (SHR-05)."""

    APPLIED = "applied", "申请中"
    APPROVED = "approved", "已批准"
    REFUSED = "refused", "未批准"


class DepartmentGrant(ScopedModel):
    """A department's right to read in a region beyond its own post (SHR-04, SHR-05)."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="grants", verbose_name="部门")
    region_code = models.CharField("区划代码", max_length=12)
    permissions = models.JSONField("权限", default=list)
    purpose = models.CharField("用途", max_length=200)
    state = models.CharField("状态", max_length=10, choices=GrantState.choices, default=GrantState.APPLIED)
    valid_to = models.DateField("截止", null=True, blank=True)
    opinion = models.CharField("审批意见", max_length=200, blank=True)

    scope = Scope(region="region_code", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "部门调阅授权"
        verbose_name_plural = "部门调阅授权"

    def __str__(self) -> str:
        return f"{self.organisation} {self.region_code}"

    def guard(self, viewer: Viewer) -> None:
        """Anybody may apply; only the authority over the region, holding the rights itself, can approve."""
        if self.state == GrantState.APPROVED:
            _only_own_rights(viewer, self.permissions)
            if not viewer.covers(self.region_code):
                raise Refused("只能批准本辖区的调阅申请", status=403)
