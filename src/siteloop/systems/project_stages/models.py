"""One register a stage, with the fields of the national data standard as far as they are known, and the ledger over them.

Field names of 建办市〔2018〕81号 and what they map to stand in `national.py`. Money is in 万元, area in ㎡. ID numbers of persons
are not kept here: persons stand in the people register.
"""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone

from siteloop.foundation.registry.models import PartyKind, PostKind, Project, WorkState
from siteloop.framework.scope import Scope, ScopedModel

WHY = "a record is compared with what is stored, for whoever changes it"


class StageCode(models.TextChoices):
    """The stages in their usual order."""

    TENDER = "tender", "招投标"
    SURVEY_DESIGN = "survey_design", "勘察设计"
    CONTRACT = "contract", "合同备案"
    DRAWING_REVIEW = "drawing_review", "施工图审查"
    PERMIT = "permit", "施工许可"
    SUPERVISION_FILING = "supervision_filing", "质安监督备案"
    PROGRESS = "progress", "形象进度"
    JOINT_ACCEPTANCE = "joint_acceptance", "联合验收"
    COMPLETION = "completion", "竣工验收"
    ARCHIVE = "archive", "归档"


class RecordState(models.TextChoices):
    """A record on its way through the authority's review."""

    DRAFT = "draft", "未提交"
    SUBMITTED = "submitted", "待审核"
    PASSED = "passed", "审核通过"
    RETURNED = "returned", "退回补正"


OPEN = (RecordState.DRAFT, RecordState.RETURNED)


class Reviewed(ScopedModel):
    """What every record of a project shares: submit, review, opinion."""

    #: a completed project takes no more of these
    after_completion: ClassVar[bool] = False

    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name="项目")
    state = models.CharField(
        "状态", max_length=10, choices=RecordState.choices, default=RecordState.DRAFT, editable=False
    )
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True, editable=False)
    submitted_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="提交人",
        editable=False,
    )
    reviewed_at = models.DateTimeField("审核时间", null=True, blank=True, editable=False)
    reviewed_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="审核人",
        editable=False,
    )
    opinion = models.CharField("审核意见", max_length=300, blank=True, editable=False)

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = True
        ordering = ("-pk",)

    def clean(self) -> None:
        """What was handed in is not changed behind the reviewer's back; a completed project takes no more papers."""
        super().clean()
        if self.pk is not None:
            kept = type(self).objects.unscoped(WHY).filter(pk=self.pk).values_list("state", flat=True).first()
            if kept in (RecordState.SUBMITTED, RecordState.PASSED):
                raise ValidationError("已提交或审核通过的记录不能修改；须由主管部门退回后补正")
        if self.project_id is None:
            return
        if self.project.state == WorkState.COMPLETED and not self.after_completion:
            raise ValidationError("项目已竣工，不再接收资料；档案可在“归档”中补充")
        self.fill()

    def fill(self) -> None:
        """Take over what the project already knows, so that it is typed once (BASE-09)."""
        for own, known in (("size_text", "size_text"), ("area", "floor_area")):
            if hasattr(self, own) and getattr(self, own) in (None, ""):
                setattr(self, own, getattr(self.project, known))


class StageRecord(Reviewed):
    """A record that is a stage of its project."""

    stage: ClassVar[StageCode]
    #: the field that names the record
    title_field: ClassVar[str] = ""

    class Meta(Reviewed.Meta):
        abstract = True

    def __str__(self) -> str:
        named = str(getattr(self, self.title_field, "") or "") if self.title_field else ""
        return f"{self.stage.label} {named}".strip()


def _wan(title: str) -> "models.DecimalField":  # type: ignore[type-arg]
    return models.DecimalField(f"{title}（万元）", max_digits=16, decimal_places=4, null=True, blank=True)


def _area(title: str = "建筑面积") -> "models.DecimalField":  # type: ignore[type-arg]
    return models.DecimalField(f"{title}（㎡）", max_digits=14, decimal_places=2, null=True, blank=True)


def _name(title: str) -> "models.CharField":  # type: ignore[type-arg]
    return models.CharField(f"{title}名称", max_length=200, blank=True)


def _code(title: str) -> "models.CharField":  # type: ignore[type-arg]
    return models.CharField(f"{title}统一社会信用代码", max_length=18, blank=True)


class Tender(StageRecord):
    """招投标, after TBTenderInfo (PROJ-03)."""

    stage, title_field = StageCode.TENDER, "name"

    name = models.CharField("标段名称", max_length=200)
    number = models.CharField("中标通知书编号", max_length=60, blank=True)
    inner_number = models.CharField("中标通知书内部编号", max_length=60)
    tender_class = models.CharField("招标类型代码", max_length=10, blank=True)
    tender_type = models.CharField("招标方式代码", max_length=10, blank=True)
    result_date = models.DateField("中标日期", null=True, blank=True)
    money_wan = _wan("中标金额")
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    area = _area("面积")
    agency_name = _name("招标代理单位")
    agency_code = _code("招标代理单位")
    winner_name = _name("中标单位")
    winner_code = _code("中标单位")
    leader_name = models.CharField("项目负责人", max_length=40, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "招投标"
        verbose_name_plural = "招投标"
        constraints = (
            models.UniqueConstraint(fields=("project", "inner_number"), name="one_tender_a_number"),
        )


class SurveyDesign(StageRecord):
    """勘察设计 (PROJ-04). The standard keeps it in contracts and drawing reviews; it has no table of its own."""

    stage, title_field = StageCode.SURVEY_DESIGN, "unit_name"

    kind = models.CharField("类别", max_length=10, choices=[("survey", "勘察"), ("design", "设计")])
    unit_name = models.CharField("承担单位名称", max_length=200)
    unit_code = _code("承担单位")
    contract_number = models.CharField("合同编号", max_length=60, blank=True)
    leader_name = models.CharField("项目负责人", max_length=40, blank=True)
    finished_on = models.DateField("成果交付日期", null=True, blank=True)
    size_text = models.CharField("建设规模", max_length=300, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "勘察设计"
        verbose_name_plural = "勘察设计"


class Contract(StageRecord):
    """合同备案, after TBContractRecordManage. The codes of the kinds are 未核实 (standards.md §4)."""

    stage, title_field = StageCode.CONTRACT, "name"

    name = models.CharField("合同备案名称", max_length=200)
    number = models.CharField("合同备案编号", max_length=60, blank=True)
    inner_number = models.CharField("合同备案内部编号", max_length=60)
    contract_number = models.CharField("合同编号", max_length=60, blank=True)
    kind = models.CharField(
        "合同类别",
        max_length=3,
        blank=True,
        choices=[
            ("100", "勘察"),
            ("200", "设计"),
            ("301", "施工总包"),
            ("302", "施工分包"),
            ("303", "劳务分包"),
            ("400", "监理"),
        ],
    )
    money_wan = _wan("合同金额")
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    signed_on = models.DateField("签订日期", null=True, blank=True)
    owner_name = _name("发包单位")
    owner_code = _code("发包单位")
    contractor_name = _name("承包单位")
    contractor_code = _code("承包单位")
    union_name = _name("联合体承包单位")
    union_code = _code("联合体承包单位")

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "合同备案"
        verbose_name_plural = "合同备案"
        constraints = (
            models.UniqueConstraint(fields=("project", "inner_number"), name="one_contract_a_number"),
        )


class DrawingReview(StageRecord):
    """施工图审查, after TBProjectCensorInfo (PROJ-05)."""

    stage, title_field = StageCode.DRAWING_REVIEW, "number"

    number = models.CharField("审查合格书编号", max_length=60)
    inner_number = models.CharField("审查合格书内部编号", max_length=60, blank=True)
    body_name = _name("审查机构")
    body_code = _code("审查机构")
    finished_on = models.DateField("审查完成日期", null=True, blank=True)
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    survey_name = _name("勘察单位")
    survey_code = _code("勘察单位")
    design_name = _name("设计单位")
    design_code = _code("设计单位")
    passed_first = models.BooleanField("一次审查通过", null=True, blank=True)
    violations = models.PositiveIntegerField("一次审查违反强条数", null=True, blank=True)
    violation_text = models.CharField("一次审查违反的强条条目", max_length=500, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "施工图审查"
        verbose_name_plural = "施工图审查"
        constraints = (
            models.UniqueConstraint(fields=("project", "number"), name="one_drawing_review_a_number"),
        )


class Permit(StageRecord):
    """施工许可, after TBBuilderLicenceManage (PROJ-06)."""

    stage, title_field = StageCode.PERMIT, "number"

    name = models.CharField("工程名称", max_length=200, blank=True)
    number = models.CharField("施工许可证编号", max_length=60)
    inner_number = models.CharField("施工许可证内部编号", max_length=60, blank=True)
    land_permit_number = models.CharField("用地规划许可证编号", max_length=100, blank=True)
    plan_permit_number = models.CharField("工程规划许可证编号", max_length=100, blank=True)
    drawing_number = models.CharField("施工图审查合格书编号", max_length=60, blank=True)
    contract_wan = _wan("合同金额")
    area = _area("面积")
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    issued_on = models.DateField("发证日期")
    survey_name = _name("勘察单位")
    survey_code = _code("勘察单位")
    design_name = _name("设计单位")
    design_code = _code("设计单位")
    contractor_name = _name("施工单位")
    contractor_code = _code("施工单位")
    supervisor_name = _name("监理单位")
    supervisor_code = _code("监理单位")
    safety_licence = models.CharField("安全生产许可证编号", max_length=60, blank=True)
    leader_name = models.CharField("项目经理", max_length=40, blank=True)
    chief_name = models.CharField("总监理工程师", max_length=40, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "施工许可"
        verbose_name_plural = "施工许可"
        constraints = (models.UniqueConstraint(fields=("project", "number"), name="one_permit_a_number"),)


class SupervisionFiling(StageRecord):
    """质量、安全监督备案. The standard names zj_gcjbxx and aj_gcjbxx, whose columns are 未核实."""

    stage, title_field = StageCode.SUPERVISION_FILING, "quality_number"

    quality_number = models.CharField("质量监督编号", max_length=60)
    safety_number = models.CharField("安全监督编号", max_length=60, blank=True)
    body_name = models.CharField("监督机构名称", max_length=200, blank=True)
    filed_on = models.DateField("备案日期")
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "质安监督备案"
        verbose_name_plural = "质安监督备案"


class VisibleProgress(StageRecord):
    """形象进度 (PROJ-09): the stage of the works as the region's pack names them, how far, with photos."""

    stage, title_field = StageCode.PROGRESS, "part"

    part = models.CharField("施工阶段", max_length=40, help_text="按本地规则填写，如：基础、主体、装饰")
    work = models.ForeignKey(
        "registry.SingleWork",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="单体工程",
    )
    percent = models.PositiveSmallIntegerField("完成（%）", validators=[MaxValueValidator(100)])
    begun_on = models.DateField("阶段开始", null=True, blank=True)
    reported_on = models.DateField("填报日期", default=timezone.localdate)
    note = models.CharField("部位与说明", max_length=300, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "形象进度"
        verbose_name_plural = "形象进度"

    def __str__(self) -> str:
        return f"{self.part} {self.percent}%"

    def clean(self) -> None:
        """The part must be one of the region's; no report from the future; the work must be the project's."""
        from siteloop.systems.project_stages import settings

        super().clean()
        wrong: dict[str, str] = {}
        if self.project_id is not None and self.part:
            known = settings.parts(self.project.region_code)
            if known and self.part not in known:
                wrong["part"] = f"本地规定的施工阶段为：{'、'.join(known)}"
        if self.reported_on and self.reported_on > timezone.localdate():
            wrong["reported_on"] = "填报日期不能晚于今天"
        if self.begun_on and self.reported_on and self.begun_on > self.reported_on:
            wrong["begun_on"] = "阶段开始不能晚于填报日期"
        if self.work is not None and self.work.project_id != self.project_id:
            wrong["work"] = "单体工程不属于该项目"
        if wrong:
            raise ValidationError(wrong)


class Completion(StageRecord):
    """竣工验收, after TBProjectFinishManage. Passing it closes the project's devices, posts and uploads."""

    stage, title_field = StageCode.COMPLETION, "name"

    name = models.CharField("竣工备案名称", max_length=200)
    number = models.CharField("竣工备案编号", max_length=60, blank=True)
    inner_number = models.CharField("竣工备案内部编号", max_length=60)
    permit_number = models.CharField("施工许可证编号", max_length=60, blank=True)
    body_name = _name("质量检测机构")
    body_code = _code("质量检测机构")
    cost_wan = _wan("实际造价")
    area = _area("实际面积")
    size_text = models.CharField("实际建设规模", max_length=300, blank=True)
    structure_type = models.CharField("结构体系代码", max_length=10, blank=True)
    started_on = models.DateField("实际开工日期", null=True, blank=True)
    finished_on = models.DateField("实际竣工验收日期")
    mark = models.CharField("备注", max_length=300, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "竣工验收"
        verbose_name_plural = "竣工验收"
        constraints = (
            models.UniqueConstraint(fields=("project", "inner_number"), name="one_completion_a_number"),
        )

    def fill(self) -> None:
        """The permit and the start are known."""
        super().fill()
        self.permit_number = self.permit_number or self.project.permit_number
        self.started_on = self.started_on or self.project.started_on


class Archive(StageRecord):
    """归档: what was handed to the archive of urban construction."""

    stage, title_field, after_completion = StageCode.ARCHIVE, "number", True

    number = models.CharField("档号", max_length=60)
    volumes = models.PositiveIntegerField("卷数", default=1)
    keeper_name = models.CharField("接收单位", max_length=200, blank=True)
    handed_on = models.DateField("移交日期")
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta(StageRecord.Meta):
        abstract = False
        verbose_name = "归档"
        verbose_name_plural = "归档"


class StageMark(ScopedModel):
    """The ledger: how far a project is, one row a stage it has reached. Kept by the acts on the records."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="stage_marks", verbose_name="项目")
    stage = models.CharField("环节", max_length=20, choices=StageCode.choices)
    state = models.CharField("状态", max_length=10, choices=RecordState.choices)
    record = models.BigIntegerField("记录", null=True, blank=True)
    at = models.DateTimeField("时间")
    title = models.CharField("内容", max_length=200, blank=True)

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "全过程台账"
        verbose_name_plural = "全过程台账"
        ordering = ("-at", "-pk")
        constraints = (models.UniqueConstraint(fields=("project", "stage"), name="one_mark_a_stage"),)

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {self.get_state_display()}"


class StagePaper(ScopedModel):
    """One paper or photo of a record, kept as evidence."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name="项目")
    stage = models.CharField("环节", max_length=20, choices=StageCode.choices)
    record = models.BigIntegerField("记录")
    title = models.CharField("材料名称", max_length=120)
    evidence = models.ForeignKey("files.Evidence", models.PROTECT, related_name="+", verbose_name="文件")
    at = models.DateTimeField("上传时间")

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "环节材料"
        verbose_name_plural = "环节材料"
        ordering = ("pk",)
        indexes = (models.Index(fields=("stage", "record")),)

    def __str__(self) -> str:
        return self.title


class PlaceChange(Reviewed):
    """变更申请: another unit or another key person, effective only when the authority has approved it."""

    subject = models.CharField(
        "变更事项", max_length=6, choices=[("party", "参建单位"), ("post", "关键岗位")]
    )
    kind = models.CharField("单位类别或岗位", max_length=30, choices=[*PartyKind.choices, *PostKind.choices])
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="变更后单位"
    )
    person = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="变更后人员"
    )
    account = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="变更后账号",
    )
    effective_on = models.DateField("生效日期", default=timezone.localdate)
    reason = models.CharField("变更原因", max_length=300)

    class Meta(Reviewed.Meta):
        abstract = False
        verbose_name = "单位人员变更"
        verbose_name_plural = "单位人员变更"

    def __str__(self) -> str:
        return f"{self.get_kind_display()}变更为{self.person or self.account or self.organisation}"

    def clean(self) -> None:
        """A unit takes a unit's place, a person a post's."""
        super().clean()
        wrong: dict[str, str] = {}
        if self.kind and self.subject == "party" and self.kind not in PartyKind.values:
            wrong["kind"] = "变更参建单位须选择单位类别"
        if self.kind and self.subject == "post" and self.kind not in PostKind.values:
            wrong["kind"] = "变更关键岗位须选择岗位"
        if self.subject == "post" and self.person_id is None and self.account_id is None:
            wrong["person"] = "请选择变更后的人员或账号"
        if wrong:
            raise ValidationError(wrong)


class FormerPlace(ScopedModel):
    """Who held a place in a project before: kept with its dates, never changed."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name="项目")
    subject = models.CharField("事项", max_length=6, choices=[("party", "参建单位"), ("post", "关键岗位")])
    kind = models.CharField("单位类别或岗位", max_length=30, choices=[*PartyKind.choices, *PostKind.choices])
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="单位"
    )
    person = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="人员"
    )
    account = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="账号"
    )
    from_on = models.DateField("自", null=True, blank=True)
    to_on = models.DateField("至")
    why = models.CharField("原因", max_length=300)
    change = models.ForeignKey(
        PlaceChange, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="变更申请"
    )

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "历任单位人员"
        verbose_name_plural = "历任单位人员"
        ordering = ("-to_on", "-pk")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.person or self.account or self.organisation}"
