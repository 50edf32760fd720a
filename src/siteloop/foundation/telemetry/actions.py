"""Letting refused messages out of quarantine. The desk only asks: the listener judges again and the usual way of intake follows."""

from django.utils import timezone

from siteloop.foundation.telemetry.explaining import explain, sentence
from siteloop.foundation.telemetry.models import Quarantine, ReleaseState
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer


def _release(act: Act) -> str:
    """Ask the listener to take the message in. Refused while today's codec and settings would refuse it again."""
    row: Quarantine = act.obj
    found = explain(row)
    if not found.is_sound:
        raise Refused(f"按现行设置仍会拒收：{sentence(found)}")
    row.state = ReleaseState.ASKED
    row.asked_at, row.asked_by = timezone.now(), act.viewer.name[:80]
    row.asked_reason, row.outcome = act.data["reason"][:300], ""
    row.save(update_fields=["state", "asked_at", "asked_by", "asked_reason", "outcome"])
    return "已提交放行，接入服务将按现行设置重新接收"


def _is_kept(row: Quarantine, viewer: Viewer) -> bool:
    return row.state in (ReleaseState.KEPT, ReleaseState.REFUSED)


release = Action(
    "release",
    "放行入库",
    "Release",
    Quarantine,
    _release,
    fields=(Input("reason", "放行理由", "Reason", kind="multiline", required=True),),
    available=_is_kept,
    bulk=True,
    confirm="报文将按现行协议与设备设置重新接收：重复的不会再次入库，账本另记一笔“隔离放行”。确定吗？",
    log="{actor}放行{obj}：{reason}",
    event="quarantine_released",
)
