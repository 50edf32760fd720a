"""Notices to people, and their delivery outside the program."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from siteloop.foundation.people.vault import EncryptedTextField
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.kernel.times import SHANGHAI


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


class ChannelCode(models.TextChoices):
    """Ways out of the program."""

    SMS = "sms", "短信"
    DINGTALK = "dingtalk", "钉钉群机器人"
    WECOM = "wecom", "企业微信群机器人"


class DeliveryState(models.TextChoices):
    """A letter's life."""

    WAITING = "waiting", "待发"
    SENDING = "sending", "发送中"
    SENT = "sent", "已发出"
    MERGED = "merged", "已合并"  # the same words had just left by the same channel
    DEAD = "dead", "未送达"


class Delivery(ScopedModel):
    """One notice on its way out to one person by one channel."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries", verbose_name="消息")
    port = models.CharField("通道", max_length=20, choices=ChannelCode.choices)
    state = models.CharField(
        "状态", max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    rank = models.PositiveSmallIntegerField("紧急度", default=0)  # 3 red … 0 blue, as LEVELS
    key = models.CharField("合并标识", max_length=80, default="")
    region_code = models.CharField("区划代码", max_length=12, blank=True)
    tries = models.PositiveIntegerField("尝试次数", default=0)
    answer = models.CharField("应答", max_length=300, blank=True)
    to = models.CharField("接收号码", max_length=40, blank=True)  # masked
    text = models.TextField("发出内容", blank=True)
    created_at = models.DateTimeField("生成时间", auto_now_add=True)
    next_at = models.DateTimeField("下次发送", default=timezone.now)
    claimed_at = models.DateTimeField("取走时间", null=True, blank=True)
    sent_at = models.DateTimeField("发出时间", null=True, blank=True)

    scope = Scope(region="region_code", owner="notice__account_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "外发记录"
        verbose_name_plural = "外发记录"
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("state", "next_at"), name="delivery_due"),
            models.Index(fields=("key", "state"), name="delivery_same"),
        )

    def __str__(self) -> str:
        return f"{self.get_port_display()} {self.notice}"

    @property
    def level(self) -> str:
        """The notice's risk colour."""
        return self.notice.level


LEVELS = ("blue", "yellow", "orange", "red")
FROM = [
    ("red", "仅红色"),
    ("orange", "橙色及以上"),
    ("yellow", "黄色及以上"),
    ("blue", "全部"),
]
_mobile = RegexValidator(r"^\+?\d{6,15}$", "请填写手机号码")


class Preference(ScopedModel):
    """From which level a person wants to be told outside the program, and when not. Red is always told, at any hour."""

    account = models.OneToOneField(
        "authority.Account", models.CASCADE, related_name="notice_preference", verbose_name="账号"
    )
    sms_from = models.CharField("短信", max_length=10, choices=FROM, default="red")
    dingtalk_from = models.CharField("钉钉", max_length=10, choices=FROM, default="red")
    wecom_from = models.CharField("企业微信", max_length=10, choices=FROM, default="red")
    quiet_from = models.TimeField("免打扰开始", null=True, blank=True)
    quiet_to = models.TimeField("免打扰结束", null=True, blank=True)
    phone = EncryptedTextField("接收手机号", blank=True, default="", validators=[_mobile])

    scope = Scope(owner="account_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "接收设置"
        verbose_name_plural = "接收设置"

    def __str__(self) -> str:
        return f"{self.account} 接收设置"

    def clean(self) -> None:
        """Quiet hours have two ends or none."""
        if (self.quiet_from is None) is not (self.quiet_to is None):
            raise ValidationError("免打扰的开始与结束须同时填写")

    def wants(self, channel: str, level: str) -> bool:
        """Whether a notice of this level goes out by the channel."""
        return rank_of(level) >= rank_of(str(getattr(self, f"{channel}_from")))

    def quiet_until(self, now: dt.datetime) -> dt.datetime | None:
        """The end of the quiet hours that `now` lies in, None outside them. Shanghai's clock; may cross midnight."""
        start, end = self.quiet_from, self.quiet_to
        if start is None or end is None or start == end:
            return None
        local = now.astimezone(SHANGHAI)
        clock = local.time()
        inside = start <= clock < end if start < end else clock >= start or clock < end
        if not inside:
            return None
        stop = dt.datetime.combine(local.date(), end, SHANGHAI)
        return stop if stop > local else stop + dt.timedelta(days=1)

    @property
    def masked_phone(self) -> str:
        """138****0000."""
        return f"{self.phone[:3]}****{self.phone[-4:]}" if len(self.phone) >= 7 else ""


def rank_of(level: str) -> int:
    """0 blue … 3 red; an unknown level counts as blue."""
    return LEVELS.index(level) if level in LEVELS else 0
