"""A person's inbox, what left the program, and each person's wishes."""

from django.utils import timezone
from django.utils.functional import lazy

from siteloop.foundation.notice import actions
from siteloop.foundation.notice.models import Delivery, Notice, Preference
from siteloop.foundation.notice.ports import channels
from siteloop.framework.action import Act, Action
from siteloop.framework.language import pick
from siteloop.framework.page import Column, Page, Panel
from siteloop.framework.viewer import Viewer


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


def open_or_closed() -> list[str]:
    """One sentence a channel: what it is set up to do here."""
    told = []
    for channel in channels():
        title = pick(channel.title, channel.title_en)
        if channel.trouble:
            words = pick(f"设置有误，未启用（{channel.trouble}）", f"set wrongly, closed ({channel.trouble})")
        elif channel.port is None:
            words = pick("未配置，不外发", "not configured, nothing leaves")
        elif channel.is_recorded:
            words = pick("只记录，不真正发出", "only recorded, nothing really leaves")
        else:
            words = pick("已启用", "open")
        told.append(pick(f"{title}：{words}", f"{title}: {words}"))
    return told


def _channels_now() -> str:
    """Worked out whenever the page is shown: what is open may change with the next start."""
    return lazy(lambda: pick("通道状态 ", "Channels: ") + "；".join(open_or_closed()), str)()


def _ways_out(notice: Notice, viewer: Viewer) -> dict[str, object]:
    return {"letters": notice.deliveries.order_by("pk")}


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
    panels=(Panel("外部推送", "notice/parts/letters.html", _ways_out, "Outside the program"),),
    can_create=False,
    can_change=False,
    importable=False,
    empty="没有消息",
    empty_en="No notices",
)
deliveries = Page(
    model=Delivery,
    code="deliveries",
    title="外发记录",
    title_en="Deliveries",
    icon="send",
    columns=(
        Column("created_at", kind="datetime", link=True),
        Column("notice__account", title="接收人", title_en="Receiver"),
        "port",
        Column("level", title="等级", title_en="Level", kind="colour"),
        Column("notice__title", title="标题", title_en="Title"),
        Column("state", kind="state"),
        Column("tries", kind="number"),
        "answer",
        Column("next_at", kind="datetime"),
        Column("sent_at", kind="datetime"),
    ),
    filters=("state", "port", "created_at"),
    search=("notice__title", "notice__account__display_name", "answer"),
    related=("notice", "notice__account"),
    actions=(actions.send_again,),
    can_create=False,
    can_change=False,
    importable=False,
    empty="没有外发。未配置短信、钉钉、企业微信通道时，消息只在站内。",
    empty_en="Nothing was sent out. While no channel is configured, notices stay inside.",
    help=_channels_now(),
)
preferences = Page(
    model=Preference,
    code="preferences",
    title="接收设置",
    title_en="My wishes",
    icon="bell-cog",
    columns=(
        Column("account", link=True),
        "sms_from",
        "dingtalk_from",
        "wecom_from",
        "quiet_from",
        "quiet_to",
        Column("masked_phone", title="接收手机号", title_en="Mobile number"),
    ),
    related=("account",),
    actions=(actions.save_preference,),
    can_create=False,
    can_change=False,
    importable=False,
    exportable=False,
)
