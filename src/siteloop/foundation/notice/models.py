"""Notices to people, and their delivery outside the program."""

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel


class Notice(ScopedModel):
    """One line in a person's inbox."""

    account = models.ForeignKey(
        "authority.Account", models.CASCADE, related_name="notices", verbose_name="收件人"
    )
    kind = models.CharField("类别", max_length=30)
    title = models.CharField("标题", max_length=200)
    body = models.TextField("内容", blank=True)
    link = models.CharField("链接", max_length=200, blank=True)
    level = models.CharField("等级", max_length=10, default="blue")
    subject = models.CharField("事由", max_length=160, blank=True)
    created_at = models.DateTimeField("时间", auto_now_add=True)
    read_at = models.DateTimeField("已读时间", null=True, blank=True)

    scope = Scope(owner="account_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "消息"
        verbose_name_plural = "消息"
        ordering = ("-pk",)
        indexes = (models.Index(fields=("account", "read_at")),)
        constraints = (
            models.UniqueConstraint(
                fields=("account", "subject"), condition=~models.Q(subject=""), name="one_notice_a_subject"
            ),
        )

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """One notice on its way out by one port."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    port = models.CharField(max_length=20)  # sms | dingtalk | wecom
    state = models.CharField(max_length=10, default="waiting")  # waiting | sent | failed
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("state", "created_at")),)

    def __str__(self) -> str:
        return f"{self.port} {self.state}"


class Preference(models.Model):
    """Ports a person wants besides the inbox."""

    account = models.OneToOneField("authority.Account", models.CASCADE, related_name="notice_preference")
    ports = models.JSONField(default=list)
    address = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"{self.account_id} {self.ports}"
