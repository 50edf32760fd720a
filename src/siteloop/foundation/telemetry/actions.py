"""Letting refused messages out of quarantine, and adopting devices that wait. The desk only asks for a release: the listener judges
again and the usual way of intake follows."""

from django.utils import timezone

from siteloop.foundation.registry.models import Device, DeviceModel
from siteloop.foundation.telemetry.explaining import explain, sentence
from siteloop.foundation.telemetry.knocking import BY_TOKEN, USUAL, password_of
from siteloop.foundation.telemetry.models import Quarantine, ReleaseState, Waiting, WaitingState
from siteloop.framework import perform
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.told_once import ToldOnce
from siteloop.framework.viewer import Viewer

KINDS = tuple((str(k), str(v)) for k, v in Device._meta.get_field("profile").flatchoices)


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


def _adopt(act: Act) -> str:
    """Register the device that waits; the doors know it a moment later."""
    row: Waiting = act.obj
    model: DeviceModel | None = act.data["model"]
    profile = act.data["profile"] or (model.profile if model else "") or USUAL.get(row.listener, "")
    if not profile:
        raise Refused("填写有误", status=422, errors={"profile": ["请选择设备类型"]})
    told = {
        "code": row.code,
        "profile": profile,
        "site": act.data["site"],
        "title": act.data["title"],
        "install_point": act.data["install_point"],
        "model": model,
        "password": password_of(row) if act.data["keep_password"] else "",
    }
    device: Device = perform.create(Device, act.viewer, told, reason=f"{row.code} 自行上报后登记")
    row.state, row.device = WaitingState.ADOPTED, device
    row.done_at, row.done_by = timezone.now(), act.viewer.name[:80]
    row.save(update_fields=["state", "device", "done_at", "done_by"])
    if row.listener not in BY_TOKEN:
        return f"已登记为{device.get_profile_display()}“{device}”，下一条报文起即可入库"
    token = device.new_token()
    device.save()
    done = f"已登记为{device.get_profile_display()}“{device}”"
    return ToldOnce(f"{done}，请将令牌写入设备（只显示一次）：{token}", f"{done}，令牌已显示过一次")


adopt = Action(
    "adopt",
    "登记接入",
    "Adopt",
    Waiting,
    _adopt,
    fields=(
        Input("site", "工地", "Site", kind="reference", reference="registry.Site", required=True),
        Input("model", "设备型号", "Device model", kind="reference", reference="registry.DeviceModel"),
        Input(
            "profile",
            "设备类型",
            "Kind of device",
            kind="choice",
            choices=KINDS,
            help="留空则按型号，型号也未填时按接入方式",
        ),
        Input("title", "名称", "Title"),
        Input("install_point", "安装位置", "Place"),
        Input(
            "keep_password",
            "沿用报文中的访问密码（PW）",
            "Keep the password of its frames",
            kind="bool",
            help="仅 HJ 212；选“是”则以后密码不符的报文拒收，留空则不核对密码",
        ),
    ),
    available=lambda row, viewer: row.state != WaitingState.ADOPTED,
    log="{actor}登记接入待接入设备{obj}（{site}）",
    event="device_adopted",
)


def _ignore(act: Act) -> str:
    row: Waiting = act.obj
    row.state, row.note = WaitingState.IGNORED, act.data["reason"][:300]
    row.done_at, row.done_by = timezone.now(), act.viewer.name[:80]
    row.save(update_fields=["state", "note", "done_at", "done_by"])
    return "已忽略，其报文仍会拒收并隔离"


ignore = Action(
    "ignore",
    "忽略",
    "Ignore",
    Waiting,
    _ignore,
    fields=(Input("reason", "理由", "Reason", kind="multiline", required=True),),
    available=lambda row, viewer: row.state == WaitingState.WAITING,
    bulk=True,
    log="{actor}忽略待接入设备{obj}：{reason}",
    event="device_ignored",
)
