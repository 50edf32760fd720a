"""Documents, the numbers they carry, and their delivery."""

from django.db import models

from siteloop.foundation.documents import catalogue
from siteloop.framework.scope import Scope, ScopedModel


class DocumentState(models.TextChoices):
    """Whether a document counts."""

    IN_FORCE = "in_force", "有效"
    REPLACED = "replaced", "已被替换"
    VOID = "void", "已作废"


class Document(ScopedModel):
    """One issued document. Its text is frozen when it is issued; the PDF is kept as evidence under its SHA-256."""

    kind = models.CharField("文书种类", max_length=60, db_index=True)
    number = models.CharField("文号", max_length=60, db_index=True)
    authority = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="制作机关"
    )
    word = models.CharField("字号", max_length=20)
    year = models.PositiveSmallIntegerField("年份")
    serial = models.PositiveIntegerField("序号")
    subject_model = models.CharField("事项类别", max_length=60, blank=True)
    subject_id = models.BigIntegerField("事项", null=True, blank=True)
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="项目"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    issued_at = models.DateTimeField("制作时间", db_index=True)
    issued_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="制作人"
    )
    code = models.CharField("核验码", max_length=32, unique=True)
    content = models.JSONField("正文")
    pdf = models.ForeignKey(
        "files.Evidence", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="PDF"
    )
    sha256 = models.CharField("PDF SHA-256", max_length=64, blank=True, db_index=True)
    state = models.CharField(
        "状态", max_length=10, choices=DocumentState.choices, default=DocumentState.IN_FORCE
    )
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name="替换"
    )
    ended_at = models.DateTimeField("失效时间", null=True, blank=True)
    ended_reason = models.CharField("失效原因", max_length=300, blank=True)

    #: the units of its project see it, and the unit or person it was sent to
    scope = Scope(
        region="region_code",
        project="project_id",
        organisation=("project__parties__organisation_id", "deliveries__organisation_id"),
        owner="deliveries__account_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "文书"
        verbose_name_plural = "文书"
        ordering = ("-issued_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("authority", "word", "year", "serial"), name="one_document_a_number"
            ),
        )
        indexes = (models.Index(fields=("subject_model", "subject_id")),)

    def __str__(self) -> str:
        return f"{self.title} {self.number}"

    @property
    def title(self) -> str:
        """Chinese title of the kind."""
        return catalogue.title(self.kind)


class DocumentCounter(models.Model):
    """The last number given out: one row an authority, mark and year."""

    authority = models.ForeignKey("authority.Organisation", models.PROTECT, related_name="+")
    word = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("authority", "word", "year"), name="one_counter_a_word"),
        )

    def __str__(self) -> str:
        return f"{self.authority_id}-{self.word}-{self.year}"


class DeliveryWay(models.TextChoices):
    """How a document reaches its receiver."""

    PLATFORM = "platform", "平台送达"
    DIRECT = "direct", "直接送达"
    LEFT = "left", "留置送达"
    POST = "post", "邮寄送达"
    NOTICE = "notice", "公告送达"


class DocumentDelivery(ScopedModel):
    """A document on its way to one receiver, and the receipt."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="deliveries", verbose_name="文书")
    title = models.CharField("受送达人", max_length=80)
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="单位"
    )
    account = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="账号"
    )
    way = models.CharField(
        "送达方式", max_length=10, choices=DeliveryWay.choices, default=DeliveryWay.PLATFORM
    )
    sent_at = models.DateTimeField("送出时间")
    opened_at = models.DateTimeField("首次打开", null=True, blank=True)
    received_at = models.DateTimeField("签收时间", null=True, blank=True)
    receipt = models.CharField("签收说明", max_length=200, blank=True)

    scope = Scope(
        region="document__region_code",
        project="document__project_id",
        organisation="organisation_id",
        owner="account_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "文书送达"
        verbose_name_plural = "文书送达"
        ordering = ("-sent_at", "pk")

    def __str__(self) -> str:
        return f"{self.document} → {self.title}"
