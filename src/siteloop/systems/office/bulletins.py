"""Notices: published to units and persons, read with a receipt, those who have not read are reminded."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.office.models import Bulletin, BulletinState, Receipt

WHY = "a notice reaches everybody it names"
REMIND_AGAIN_AFTER = dt.timedelta(hours=1)


def link(row: Bulletin) -> str:
    """Where it is read."""
    return f"/office/bulletins/{row.pk}/"


def unread(row: Bulletin) -> list[Receipt]:
    """Receipts that are still open."""
    found = Receipt.objects.unscoped(WHY).filter(bulletin=row, read_at=None, account__is_active=True)
    return list(found.select_related("account"))


def _receivers(row: Bulletin) -> dict[int, Account]:
    named = {a.pk: a for a in row.people.filter(is_active=True)}
    for unit in row.units.all():
        named |= {a.pk: a for a in members(unit)}
    return named


def _publish(act: Act) -> str:
    row: Bulletin = act.obj
    people, now = _receivers(row), timezone.now()
    if not people:
        raise Refused("没有收件人：请填写发至单位或个人；单位须有在岗人员")
    row.state, row.published_at, row.published_by_id = BulletinState.PUBLISHED, now, act.viewer.user
    row.save()
    Receipt.objects.bulk_create(Receipt(bulletin=row, account=a, told_at=now) for a in people.values())
    until = f"，请于 {row.read_by} 前阅读" if row.read_by else ""
    _tell(row, list(people.values()), f"通知：{row.title}", f"{row.organisation}发布{until}", "blue", "new")
    return f"已发布，送达 {len(people)} 人"


def _tell(row: Bulletin, people: list[Account], title: str, body: str, level: str, turn: str) -> None:
    notify(
        people, "bulletin", title, body=body, link=link(row), level=level, subject=f"bulletin:{row.pk}:{turn}"
    )


publish = Action(
    "publish",
    "发布",
    "Publish",
    Bulletin,
    _publish,
    available=lambda row, viewer: row.state == BulletinState.DRAFT,
    confirm="发布后送达全部收件人，内容不能再修改。",
    log="{actor}发布通知{obj}",
)


def _mine(row: Bulletin, viewer: Viewer) -> bool:
    return (
        row.state == BulletinState.PUBLISHED
        and Receipt.objects.unscoped(WHY)
        .filter(bulletin=row, account_id=viewer.user or 0, read_at=None)
        .exists()
    )


def _confirm(act: Act) -> str:
    found = Receipt.objects.unscoped(WHY).select_for_update()
    receipt = found.get(bulletin=act.obj, account_id=act.viewer.user, read_at=None)
    receipt.read_at = timezone.now()
    receipt.save()
    return "已确认阅读"


confirm = Action(
    "confirm", "确认已阅", "I have read it", Bulletin, _confirm, available=_mine, log="{actor}已阅{obj}"
)


def _remind(act: Act) -> str:
    row, now = act.obj, timezone.now()
    waiting = unread(row)
    if not waiting:
        raise Refused("全部收件人都已阅读")
    due = [r for r in waiting if r.reminded_at is None or now - r.reminded_at >= REMIND_AGAIN_AFTER]
    if not due:
        raise Refused("未阅人员一小时内都已催阅过")
    for receipt in due:
        receipt.reminded, receipt.reminded_at = receipt.reminded + 1, now
        receipt.save()
        words = f"{act.viewer.name}第 {receipt.reminded} 次催阅，请阅读并确认"
        _tell(row, [receipt.account], f"催阅：{row.title}", words, "yellow", f"remind:{receipt.reminded}")
    return f"已催阅 {len(due)} 人：{'、'.join(str(r.account) for r in due[:10])}"


remind = Action(
    "remind",
    "催阅",
    "Remind",
    Bulletin,
    _remind,
    available=lambda row, viewer: row.state == BulletinState.PUBLISHED,
    log="{actor}催阅{obj}",
)


def _withdraw(act: Act) -> str:
    act.obj.state, act.obj.withdrawn_why = BulletinState.WITHDRAWN, act.data["reason"][:300]
    act.obj.save()
    return "已撤回"


withdraw = Action(
    "withdraw",
    "撤回",
    "Withdraw",
    Bulletin,
    _withdraw,
    fields=(Input("reason", "撤回原因", "Reason", kind="multiline", required=True),),
    available=lambda row, viewer: row.state == BulletinState.PUBLISHED,
    confirm="撤回后不再要求阅读，已有回执保留。确定吗？",
    danger=True,
    log="{actor}撤回{obj}：{reason}",
)
