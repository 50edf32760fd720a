"""Django app: 消息通知."""

from django.apps import AppConfig


class NoticeConfig(AppConfig):
    """消息通知."""

    name = "siteloop.foundation.notice"
    label = "notice"
    verbose_name = "消息通知"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The bell of the shell counts unread notices."""
        from siteloop.foundation.notice.send import unread
        from siteloop.framework import shell

        if unread not in shell.UNREAD:
            shell.UNREAD.append(unread)
