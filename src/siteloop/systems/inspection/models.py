"""Check tables, inspections, orders and penalties."""

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.framework.action import Refused
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer

#: kinds of organisations whose members inspect
AUTHORITIES = (
    "province_authority",
    "city_authority",
    "county_authority",
    "supervision_body",
    "site_supervision",
    "town_government",
    "law_enforcement",
    "urban_management",
)
LEAST_INSPECTORS = 2
OF_PROJECT = Scope(
    region="region_code", project="project_id", organisation="project__parties__organisation_id"
)


class Method(models.TextChoices):
    """How a table is filled."""

    DEDUCT = "deduct", "扣分"
    RECORD = "record", "记录"


class CheckTable(ScopedModel):
    """One check table. `condition` says at which sites it applies; empty means at all."""

    code = models.CharField("代码", max_length=60, unique=True)
    suite = models.CharField("检查表组", max_length=40, db_index=True)
    suite_title = models.CharField("检查表组名称", max_length=80)
    title = models.CharField("名称", max_length=80)
    standard = models.CharField("标准", max_length=120, blank=True)
    category = models.CharField("检查类别", max_length=60)
    weight = models.DecimalField("权重", max_digits=5, decimal_places=2, default=0)
    method = models.CharField("方式", max_length=10, choices=Method.choices, default=Method.RECORD)
    condition = models.JSONField("适用条件", default=dict, blank=True)
    order = models.PositiveSmallIntegerField("排序", default=0)
    verified = models.BooleanField("已核实", default=False)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查表"
        verbose_name_plural = "检查表"
        ordering = ("suite", "order", "pk")

    def __str__(self) -> str:
        return self.title if self.suite_title in self.title else f"{self.suite_title}·{self.title}"


class CheckItem(ScopedModel):
    """One line of a table with its clause; `points` are full marks of a scored line."""

    table = models.ForeignKey(CheckTable, models.CASCADE, related_name="items", verbose_name="检查表")
    number = models.PositiveSmallIntegerField("序号")
    section = models.CharField("检查对象", max_length=40, blank=True)
    title = models.CharField("检查内容", max_length=200)
    clause = models.CharField("依据", max_length=200, blank=True)
    points = models.DecimalField("应得分", max_digits=5, decimal_places=2, null=True, blank=True)
    is_guaranteed = models.BooleanField("保证项目", default=False)
    condition = models.JSONField("适用条件", default=dict, blank=True)
    verified = models.BooleanField("已核实", default=False)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查项"
        verbose_name_plural = "检查项"
        ordering = ("table", "number")
        constraints = (models.UniqueConstraint(fields=("table", "number"), name="one_item_a_number"),)

    def __str__(self) -> str:
        return self.title


class MeasureKind(models.TextChoices):
    """What a measure does."""

    ORDER = "order", "责令整改"
    STOP = "stop", "停工"
    NOTICE = "notice", "通报约谈"
    DEMERIT = "demerit", "扣分"
    TRANSFER = "transfer", "移交处罚"
    FINE = "fine", "罚款"


class Measure(ScopedModel):
    """One administrative measure of the catalogue (INSP-11), with its legal basis and range of fine in yuan."""

    code = models.CharField("代码", max_length=40, unique=True)
    title = models.CharField("措施", max_length=80)
    title_en = models.CharField("英文", max_length=80, blank=True)
    kind = models.CharField("类别", max_length=10, choices=MeasureKind.choices)
    document_kind = models.CharField("文书", max_length=60, blank=True)
    instrument = models.CharField("依据", max_length=120)
    clause = models.CharField("条款", max_length=200, blank=True)
    text = models.CharField("原文", max_length=500, blank=True)
    fine_low = models.DecimalField("罚款下限（元）", max_digits=12, decimal_places=2, null=True, blank=True)
    fine_high = models.DecimalField("罚款上限（元）", max_digits=12, decimal_places=2, null=True, blank=True)
    region_code = models.CharField("适用区划", max_length=12, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    verified = models.BooleanField("条款已核实", default=False)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "行政措施"
        verbose_name_plural = "行政措施"
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """A range has its ends in order."""
        if self.fine_low is not None and self.fine_high is not None and self.fine_low > self.fine_high:
            raise ValidationError({"fine_high": "上限不得低于下限"})

    @property
    def basis(self) -> str:
        """As a document quotes it; an unverified clause says so."""
        words = f"{self.instrument}{self.clause}"
        return words if self.verified or "未核实" in words else f"{words}（未核实）"


class InspectionKind(models.TextChoices):
    """Why somebody came."""

    DAILY = "daily", "日常检查"
    SPECIAL = "special", "专项检查"
    FOLLOW_UP = "follow_up", "复查"
    COMPLAINT = "complaint", "投诉核查"


class InspectionState(models.TextChoices):
    """An inspection is open until it is finished; what is finished is not changed any more."""

    OPEN = "open", "检查中"
    FINISHED = "finished", "已完成"
    VOID = "void", "已作废"


class Inspection(ScopedModel):
    """One visit of at least two inspectors to a site, over the chosen tables."""

    site = models.ForeignKey("registry.Site", models.PROTECT, related_name="+", verbose_name="工地")
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, related_name="+", verbose_name="项目", editable=False
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True, editable=False)
    kind = models.CharField("检查类型", max_length=12, choices=InspectionKind.choices, default="daily")
    checked_on = models.DateField("检查日期", db_index=True)
    inspectors = models.ManyToManyField(
        "authority.Account", related_name="+", verbose_name="检查人员", help_text="不少于两人"
    )
    tables = models.ManyToManyField(CheckTable, related_name="+", verbose_name="检查表")
    note = models.CharField("检查情况", max_length=500, blank=True)
    state = models.CharField(
        "状态", max_length=10, choices=InspectionState.choices, default=InspectionState.OPEN, editable=False
    )
    score = models.DecimalField("得分", max_digits=5, decimal_places=2, null=True, blank=True, editable=False)
    grade = models.CharField(
        "评定",
        max_length=10,
        blank=True,
        editable=False,
        choices=[("excellent", "优良"), ("passed", "合格"), ("failed", "不合格")],
    )
    failed = models.PositiveSmallIntegerField("不合格项", default=0, editable=False)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True, editable=False)
    document = models.ForeignKey(
        "documents.Document",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="检查记录",
        editable=False,
    )

    scope = OF_PROJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "监督检查"
        verbose_name_plural = "监督检查"
        ordering = ("-checked_on", "-pk")

    def __str__(self) -> str:
        return f"{self.checked_on} {self.site}{self.get_kind_display()}"

    def clean(self) -> None:
        """Project and region are the site's."""
        if self.site_id is not None:
            self.project_id, self.region_code = self.site.project_id, self.site.region_code

    def guard(self, viewer: Viewer) -> None:
        """At least two inspectors, all of an authority. Raises Refused 422."""
        people = self.inspectors.filter(posts__organisation__kind__in=AUTHORITIES).distinct()
        if people.count() < LEAST_INSPECTORS:
            raise Refused(
                "检查人员不得少于两人，且须为监管部门人员",
                status=422,
                errors={"inspectors": ["不少于两名监管部门人员"]},
            )


class LineResult(models.TextChoices):
    """What was found at a line."""

    OK = "ok", "符合"
    FAILED = "failed", "不符合"
    ABSENT = "absent", "缺项（不涉及）"


class InspectionLine(ScopedModel):
    """The judgement of one line. A failed one says what is wrong and is put right on the spot or goes into an order."""

    inspection = models.ForeignKey(Inspection, models.CASCADE, related_name="lines", verbose_name="监督检查")
    item = models.ForeignKey(CheckItem, models.PROTECT, related_name="+", verbose_name="检查项")
    result = models.CharField("结果", max_length=10, choices=LineResult.choices)
    deducted = models.DecimalField("扣分", max_digits=5, decimal_places=2, default=0)
    problem = models.CharField("问题描述", max_length=500, blank=True)
    demand = models.CharField("整改要求", max_length=500, blank=True)
    fixed_on_spot = models.BooleanField("当场改正", default=False)
    order = models.ForeignKey(
        "Order", models.PROTECT, null=True, blank=True, related_name="lines", verbose_name="整改单"
    )
    photos = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="照片")

    scope = Scope(
        region="inspection__region_code",
        project="inspection__project_id",
        organisation="inspection__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查结果"
        verbose_name_plural = "检查结果"
        ordering = ("inspection", "item__table__order", "item__number")
        constraints = (models.UniqueConstraint(fields=("inspection", "item"), name="one_result_a_line"),)

    def __str__(self) -> str:
        return f"{self.item}：{self.get_result_display()}"


class MaterialKind(models.TextChoices):
    """What is brought from a visit besides the photos of its lines."""

    SIGNATURE = "signature", "签名"
    PHOTO = "photo", "现场照片"
    VOICE = "voice", "录音"


class InspectionMaterial(ScopedModel):
    """A signature on glass, a photo of the whole or a voice note of a visit; `person` signed or is heard."""

    inspection = models.ForeignKey(
        Inspection, models.CASCADE, related_name="materials", verbose_name="监督检查"
    )
    file = models.ForeignKey("files.Evidence", models.PROTECT, related_name="+", verbose_name="文件")
    kind = models.CharField("种类", max_length=10, choices=MaterialKind.choices)
    person = models.CharField("签名人或说明", max_length=80, blank=True)
    at = models.DateTimeField("收存时间")

    scope = Scope(
        region="inspection__region_code",
        project="inspection__project_id",
        organisation="inspection__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "现场材料"
        verbose_name_plural = "现场材料"
        ordering = ("inspection", "pk")
        constraints = (models.UniqueConstraint(fields=("inspection", "file"), name="one_material_a_file"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.person}".strip()


class OrderState(models.TextChoices):
    """An order's life."""

    OPEN = "open", "整改中"
    REPLIED = "replied", "待复查"
    CLOSED = "closed", "已闭合"
    DONE = "done", "已送达办结"  # nothing to put right: criticism, talk, demerit
    MOVED = "moved", "已移交"
    WITHDRAWN = "withdrawn", "已撤回"


class Order(ScopedModel):
    """A measure taken against a project's unit, with what is wrong, and what became of it."""

    measure = models.ForeignKey(Measure, models.PROTECT, related_name="+", verbose_name="措施")
    number = models.CharField("文号", max_length=60, db_index=True)
    inspection = models.ForeignKey(
        Inspection, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name="来源检查"
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="原文书"
    )
    project = models.ForeignKey("registry.Project", models.PROTECT, related_name="+", verbose_name="项目")
    site = models.ForeignKey("registry.Site", models.PROTECT, related_name="+", verbose_name="工地")
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    authority = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="制作机关"
    )
    addressee = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="受送达单位"
    )
    part = models.CharField("停工部位", max_length=200, blank=True)
    items = models.JSONField("问题清单", default=list)  # [{"problem", "basis", "demand"}]
    points = models.PositiveSmallIntegerField("扣分", null=True, blank=True)
    issued_at = models.DateTimeField("制作时间", db_index=True)
    issued_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="制作人"
    )
    state = models.CharField(
        "状态", max_length=10, choices=OrderState.choices, default=OrderState.OPEN, db_index=True
    )
    colour = models.CharField(
        "时限",
        max_length=10,
        blank=True,
        db_index=True,
        choices=[("yellow", "黄色提醒"), ("red", "红色锁定")],
    )
    case = models.OneToOneField(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="派单"
    )
    document = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="文书"
    )
    resume_document = models.ForeignKey(
        "documents.Document",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="复工通知书",
    )
    closed_at = models.DateTimeField("闭合时间", null=True, blank=True)

    scope = OF_PROJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "整改停工单"
        verbose_name_plural = "整改停工单"
        ordering = ("-issued_at", "-pk")
        indexes = (
            models.Index(fields=("project", "state")),
            models.Index(fields=("addressee", "state")),
        )

    def __str__(self) -> str:
        return f"{self.measure} {self.number}"


class Reply(ScopedModel):
    """What a unit reports as put right, with photos from before and after, and the verdict of the re-check."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="replies", verbose_name="整改单")
    at = models.DateTimeField("回复时间")
    by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, related_name="+", verbose_name="回复人"
    )
    body = models.TextField("整改情况")
    before = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="整改前照片")
    after = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="整改后照片")
    passed = models.BooleanField("复查合格", null=True, blank=True)
    verdict = models.CharField("复查意见", max_length=500, blank=True)
    checked_at = models.DateTimeField("复查时间", null=True, blank=True)
    checked_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="复查人"
    )

    scope = Scope(
        region="order__region_code",
        project="order__project_id",
        organisation="order__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "整改回复"
        verbose_name_plural = "整改回复"
        ordering = ("order", "at")

    def __str__(self) -> str:
        return f"{self.order} 回复"


class ExtensionState(models.TextChoices):
    """An application's life."""

    ASKED = "asked", "待审批"
    GRANTED = "granted", "同意"
    DENIED = "denied", "不同意"


class Extension(ScopedModel):
    """An application for more time; only the authority grants it."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="extensions", verbose_name="整改单")
    asked_at = models.DateTimeField("申请时间")
    asked_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, related_name="+", verbose_name="申请人"
    )
    until = models.DateTimeField("申请延至")
    reason = models.CharField("理由", max_length=500)
    state = models.CharField(
        "状态", max_length=10, choices=ExtensionState.choices, default=ExtensionState.ASKED
    )
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审批人"
    )
    opinion = models.CharField("审批意见", max_length=300, blank=True)

    scope = Scope(
        region="order__region_code",
        project="order__project_id",
        organisation="order__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "延期申请"
        verbose_name_plural = "延期申请"
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("order",), condition=models.Q(state="asked"), name="one_open_extension_an_order"
            ),
        )

    def __str__(self) -> str:
        return f"{self.order} 延期至 {self.until:%Y-%m-%d}"


class PenaltyState(models.TextChoices):
    """行政处罚法 (2021): filed, told, decided, served, settled."""

    MOVED = "moved", "移送待立案"
    FILED = "filed", "已立案"
    TOLD = "told", "已告知"
    DECIDED = "decided", "已决定"
    SERVED = "served", "已送达"
    SETTLED = "settled", "已结案"
    DROPPED = "dropped", "不予处罚"
    WITHDRAWN = "withdrawn", "已撤案"


class Penalty(ScopedModel):
    """A penalty procedure with its dates. Decided within 90 days of filing (art. 60), served within 7 (art. 61)."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="penalty", verbose_name="移交文书")
    project = models.ForeignKey("registry.Project", models.PROTECT, related_name="+", verbose_name="项目")
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    party = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="当事人"
    )
    cause = models.CharField("案由", max_length=300)
    state = models.CharField(
        "状态", max_length=10, choices=PenaltyState.choices, default=PenaltyState.MOVED, db_index=True
    )
    measure = models.ForeignKey(
        Measure, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="罚则"
    )
    filed_on = models.DateField("立案日期", null=True, blank=True)
    told_on = models.DateField("告知日期", null=True, blank=True)
    hearing_asked_on = models.DateField("申请听证日期", null=True, blank=True)
    heard_on = models.DateField("听证日期", null=True, blank=True)
    decided_on = models.DateField("决定日期", null=True, blank=True)
    amount = models.DecimalField("罚款金额（元）", max_digits=12, decimal_places=2, null=True, blank=True)
    served_on = models.DateField("送达日期", null=True, blank=True)
    settled_on = models.DateField("结案日期", null=True, blank=True)
    outcome = models.CharField("结论", max_length=300, blank=True)
    case = models.OneToOneField(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="派单"
    )
    document = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="决定书"
    )

    scope = OF_PROJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "行政处罚"
        verbose_name_plural = "行政处罚"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.party} {self.cause}"


class ProofKind(models.TextChoices):
    """What a proof is (行政处罚法 art. 46 names the kinds; electronic monitoring has its own rule, art. 41)."""

    PAPER = "paper", "书证"
    PICTURE = "picture", "照片录像"
    STATEMENT = "statement", "陈述笔录"
    RECORD = "record", "勘验检查笔录"
    ELECTRONIC = "electronic", "电子技术监控记录"


class Proof(ScopedModel):
    """One proof of a penalty. An electronic monitoring record counts only after legal and technical review (art. 41)."""

    penalty = models.ForeignKey(Penalty, models.CASCADE, related_name="proofs", verbose_name="行政处罚")
    kind = models.CharField("证据种类", max_length=12, choices=ProofKind.choices)
    title = models.CharField("名称", max_length=120)
    file = models.ForeignKey(
        "files.Evidence", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="文件"
    )
    device = models.ForeignKey(
        "registry.Device", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="监控设备"
    )
    device_marked = models.BooleanField("设备有明显标志", default=False)
    place_published_on = models.DateField("设置地点公布日期", null=True, blank=True)
    legal_review_on = models.DateField("法制审核日期", null=True, blank=True)
    legal_review_by = models.CharField("法制审核人", max_length=40, blank=True)
    technical_review_on = models.DateField("技术审核日期", null=True, blank=True)
    technical_review_by = models.CharField("技术审核人", max_length=40, blank=True)

    scope = Scope(
        region="penalty__region_code",
        project="penalty__project_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "处罚证据"
        verbose_name_plural = "处罚证据"
        ordering = ("penalty", "pk")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.title}"

    @property
    def lacking(self) -> list[str]:
        """What an electronic record still lacks before it is evidence; nothing for other kinds."""
        if self.kind != ProofKind.ELECTRONIC:
            return []
        wanted = (
            (self.legal_review_on, "法制审核"),
            (self.technical_review_on, "技术审核"),
            (self.device_marked, "设备明显标志"),
            (self.place_published_on, "设置地点公布"),
        )
        return [name for value, name in wanted if not value]

    @property
    def is_evidence(self) -> bool:
        """Whether a decision may rest on it."""
        return not self.lacking
