"""Django app: 消息通知."""

from django.apps import AppConfig


class NoticeConfig(AppConfig):
    """消息通知."""

    name = "siteloop.foundation.notice"
    label = "notice"
    verbose_name = "消息通知"
    default_auto_field = "django.db.models.BigAutoField"
