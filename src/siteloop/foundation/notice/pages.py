"""A person's inbox."""

from django.utils import timezone

from siteloop.foundation.notice.models import Notice
from siteloop.framework.action import Act, Action
from siteloop.framework.page import Column, Page


def _read(act: Act) -> str:
    if act.obj.read_at is None:
        act.obj.read_at = timezone.now()
        act.obj.save(update_fields=["read_at"])
    return "已读"


mark_read = Action(
    "mark_read",
    "标为已读",
    "Mark read",
    Notice,
    _read,
    available=lambda notice, viewer: notice.read_at is None,
    bulk=True,
    log="{actor}阅读{obj}",
)

notices = Page(
    model=Notice,
    code="notices",
    title="消息",
    title_en="Notices",
    icon="bell",
    columns=(
        Column("created_at", kind="datetime"),
        Column("level", kind="colour"),
        Column("title", link=True),
        "body",
        Column("read_at", kind="datetime"),
    ),
    filters=("kind", "level", "created_at"),
    search=("title", "body"),
    actions=(mark_read,),
    can_create=False,
    can_change=False,
    importable=False,
    empty="没有消息",
    empty_en="No notices",
)
