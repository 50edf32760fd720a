"""People by their real name. Identity number, phone and name are encrypted at rest and masked on screen."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import models
from stdnum.cn import ric

from siteloop.foundation.people.vault import EncryptedTextField, fingerprint
from siteloop.framework.scope import Scope, ScopedModel


def check_id_number(value: str) -> None:
    """居民身份证, GB 11643: region, birth date, check digit."""
    if value and not ric.is_valid(value):
        raise ValidationError("身份证号校验不通过")


class Retention(models.TextChoices):
    """Where a person's data stand (personal data are kept only while they are needed)."""

    NEEDED = "needed", "在用"
    RUNNING = "running", "保存期内"
    DUE = "due", "已到期"
    ERASED = "erased", "已清除"


class Person(ScopedModel):
    """A real-name person; when the data are no longer needed they are erased and an empty row is left for the records."""

    name = EncryptedTextField("姓名")
    id_number = EncryptedTextField("身份证号", validators=[check_id_number])
    id_hash = models.CharField(max_length=64, unique=True, editable=False, blank=True)
    phone = EncryptedTextField("电话", blank=True, default="")
    organisation = models.ForeignKey(
        "authority.Organisation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="people",
        verbose_name="单位",
    )
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    account = models.OneToOneField(
        "authority.Account",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="person",
        verbose_name="账号",
    )
    keep_until = models.DateField("保存至", null=True, blank=True)
    retention = models.CharField(
        "保存状态",
        max_length=10,
        choices=Retention.choices,
        default=Retention.NEEDED,
        editable=False,
        db_index=True,
    )
    needed_for = models.CharField("仍需保存的原因", max_length=200, blank=True, editable=False)
    unneeded_since = models.DateField("不再需要之日", null=True, blank=True, editable=False)
    due_on = models.DateField("到期日", null=True, blank=True, editable=False)
    erased_at = models.DateTimeField("清除时间", null=True, blank=True, editable=False)

    scope = Scope(region="region_code", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "人员"
        verbose_name_plural = "人员"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"已清除人员 {self.pk}" if self.erased_at else self.masked_name

    def clean(self) -> None:
        """The fingerprint follows the number, so that one person is entered once. An erased row stays as it is."""
        super().clean()
        if self.erased_at is not None:
            raise ValidationError("该人员信息已清除，不能再填写；请新增人员")
        self.id_number = self.id_number.strip().upper()
        self.id_hash = fingerprint(self.id_number)

    @property
    def masked_name(self) -> str:
        """张*."""
        return self.name[:1] + "*" * max(1, len(self.name) - 1) if self.name else ""

    @property
    def masked_id(self) -> str:
        """330482********1234."""
        return self.id_number[:6] + "*" * 8 + self.id_number[-4:] if self.id_number else ""

    @property
    def masked_phone(self) -> str:
        """138****0000."""
        return self.phone[:3] + "****" + self.phone[-4:] if len(self.phone) >= 7 else ""

    @property
    def birth_date(self) -> dt.date | None:
        """Read from the number."""
        return ric.get_birth_date(self.id_number) if self.id_number else None

    @property
    def sex(self) -> str:
        """男 or 女, by the 17th digit."""
        return ("女", "男")[int(self.id_number[16]) % 2] if len(self.id_number) == 18 else ""


class Certificate(ScopedModel):
    """A person's certificate."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="certificates", verbose_name="人员")
    kind = models.CharField("证书类别", max_length=60)
    number = models.CharField("证书编号", max_length=60)
    valid_until = models.DateField("有效期至", null=True, blank=True)

    scope = Scope(region="person__region_code", organisation="person__organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "人员证书"
        verbose_name_plural = "人员证书"
        ordering = ("person", "kind")

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
