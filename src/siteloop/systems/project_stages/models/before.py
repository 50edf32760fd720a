"""Before the works: tender, survey and design, contract, drawing review, permit, supervision filing."""

from django.db import models

from siteloop.systems.project_stages.models.records import (
    StageCode,
    StageRecord,
    area_field,
    code_field,
    name_field,
    wan_field,
)


class Tender(StageRecord):
    """招投标, after TBTenderInfo (PROJ-03)."""

    stage, title_field = StageCode.TENDER, "name"

    name = models.CharField("标段名称", max_length=200)
    number = models.CharField("中标通知书编号", max_length=60, blank=True)
    inner_number = models.CharField("中标通知书内部编号", max_length=60)
    tender_class = models.CharField("招标类型代码", max_length=10, blank=True)
    tender_type = models.CharField("招标方式代码", max_length=10, blank=True)
    result_date = models.DateField("中标日期", null=True, blank=True)
    money_wan = wan_field("中标金额")
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    area = area_field("面积")
    agency_name = name_field("招标代理单位")
    agency_code = code_field("招标代理单位")
    winner_name = name_field("中标单位")
    winner_code = code_field("中标单位")
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
    unit_code = code_field("承担单位")
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
    money_wan = wan_field("合同金额")
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    signed_on = models.DateField("签订日期", null=True, blank=True)
    owner_name = name_field("发包单位")
    owner_code = code_field("发包单位")
    contractor_name = name_field("承包单位")
    contractor_code = code_field("承包单位")
    union_name = name_field("联合体承包单位")
    union_code = code_field("联合体承包单位")

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
    body_name = name_field("审查机构")
    body_code = code_field("审查机构")
    finished_on = models.DateField("审查完成日期", null=True, blank=True)
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    survey_name = name_field("勘察单位")
    survey_code = code_field("勘察单位")
    design_name = name_field("设计单位")
    design_code = code_field("设计单位")
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
    contract_wan = wan_field("合同金额")
    area = area_field("面积")
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    issued_on = models.DateField("发证日期")
    survey_name = name_field("勘察单位")
    survey_code = code_field("勘察单位")
    design_name = name_field("设计单位")
    design_code = code_field("设计单位")
    contractor_name = name_field("施工单位")
    contractor_code = code_field("施工单位")
    supervisor_name = name_field("监理单位")
    supervisor_code = code_field("监理单位")
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
