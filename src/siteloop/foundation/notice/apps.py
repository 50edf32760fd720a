"""Django app: 消息通知."""

from django.apps import AppConfig


class NoticeConfig(AppConfig):
    """消息通知."""

    name = "siteloop.foundation.notice"
    label = "notice"
    verbose_name = "消息通知"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The bell of the shell counts unread notices; letters for the outside wake their job."""
        from siteloop.foundation.notice.actions import forget_number
        from siteloop.foundation.notice.send import WAKERS, unread
        from siteloop.foundation.people import retention
        from siteloop.framework import shell

        if unread not in shell.UNREAD:
            shell.UNREAD.append(unread)
        if _wake not in WAKERS:
            WAKERS.append(_wake)
        if forget_number not in retention.ERASERS:
            retention.ERASERS.append(forget_number)


def _wake() -> None:
    # the jobs are known to the queue only after all apps are ready
    from siteloop.foundation.notice import jobs

    jobs.wake()
