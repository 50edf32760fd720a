"""What people do with letters for the outside, and with their own wishes."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_time

from siteloop.foundation.notice.models import FROM, Delivery, DeliveryState, Preference
from siteloop.foundation.notice.ports import open_ports
from siteloop.foundation.people.models import Person
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer


def _again(act: Act) -> str:
    row: Delivery = act.obj
    if row.port not in open_ports():
        raise Refused(f"通道“{row.get_port_display()}”未配置，不能重发")
    row.state, row.tries, row.next_at = DeliveryState.WAITING, 0, timezone.now()
    row.created_at = row.next_at
    row.answer = ""
    row.save()
    return "已重新排队"


send_again = Action(
    "send_again",
    "重新发送",
    "Send again",
    Delivery,
    _again,
    available=lambda letter, viewer: letter.state == DeliveryState.DEAD,
    bulk=True,
    log="{actor}重新发送{obj}",
)


def own(viewer: Viewer) -> Preference:
    """The viewer's wishes, unsaved defaults before the first saving."""
    found = Preference.objects.visible_to(viewer).filter(account=viewer.user or 0).first()
    return found or Preference(account_id=viewer.user or 0)


def forget_number(person: Person) -> None:
    """A person whose data are erased is told by mobile phone no longer."""
    wishes = Preference.objects.unscoped("the number of a person that is erased")
    wishes.filter(account=person.account_id or 0).update(phone="")


def _clock(name: str, typed: str) -> dt.time | None:
    """Raises Refused 422 for what is no time of day."""
    try:
        clock = parse_time(typed) if typed else None
    except ValueError:
        clock = None
    if typed and clock is None:
        raise Refused("填写有误", status=422, errors={name: ["请按 22:00 的格式填写时间"]})
    return clock


def _wish(act: Act) -> str:
    if act.viewer.user is None:
        raise Refused("请先登录", status=403)
    wish = own(act.viewer)
    for name in ("sms_from", "dingtalk_from", "wecom_from"):
        setattr(wish, name, act.data.get(name) or getattr(wish, name))
    if act.data.get("forget_phone"):
        wish.phone = ""
    elif act.data.get("phone"):
        wish.phone = act.data["phone"].strip()
    for name in ("quiet_from", "quiet_to"):
        setattr(wish, name, _clock(name, act.data.get(name) or ""))
    try:
        wish.full_clean()
    except ValidationError as wrong:
        raise Refused("填写有误", status=422, errors=wrong.message_dict) from wrong
    wish.save()
    return "接收设置已保存"


_FROM = tuple((code, words) for code, words in FROM)
save_preference = Action(
    "save",
    "保存",
    "Save",
    Preference,
    _wish,
    fields=(
        Input("sms_from", "短信", "Short message", kind="choice", choices=_FROM),
        Input("dingtalk_from", "钉钉", "DingTalk", kind="choice", choices=_FROM),
        Input("wecom_from", "企业微信", "WeChat Work", kind="choice", choices=_FROM),
        Input("quiet_from", "免打扰开始", "Quiet from", help="如 22:00；红色消息不受限制"),
        Input("quiet_to", "免打扰结束", "Quiet until", help="如 07:00"),
        Input("phone", "接收手机号", "Mobile number", help="留空表示不改；加密保存，只用于推送"),
        Input("forget_phone", "删除已保存的手机号", "Delete the saved number", kind="bool"),
    ),
    on_register=True,
    log="{actor}修改本人的消息接收设置",
)
