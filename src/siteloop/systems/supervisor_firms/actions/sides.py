"""Side supervision: photos, signature, and voiding a wrong record."""

from django.utils import timezone

from siteloop.foundation.registry.models import ProjectPost
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import papers, places
from siteloop.systems.supervisor_firms.actions.evidence import FILES, given
from siteloop.systems.supervisor_firms.models import PlaceCheck, SideRecord, SideState
from siteloop.systems.supervisor_firms.models.duty import POSTS

WHY = "a signature is compared with the posts of its project"


def _draft(row: SideRecord, viewer: Viewer) -> bool:
    return row.state == SideState.DRAFT and row.speaks(viewer)


def _attach(act: Act) -> str:
    found = given(act)
    act.obj.photos.add(*found)
    return f"已上传 {len(found)} 张"


attach = Action(
    "attach",
    "上传照片",
    "Add photos",
    SideRecord,
    _attach,
    fields=(FILES,),
    available=_draft,
    log="{actor}为{obj}上传旁站照片",
)


def _place(row: SideRecord) -> tuple[PlaceCheck, int | None]:
    """The worst of its photos that know their place: one taken elsewhere is told."""
    found = [
        places.compare(row.project, e.lon, e.lat)
        for e in row.photos.order_by("pk")
        if e.lon is not None and e.lat is not None
    ]
    return max(found, key=lambda f: f[1] or 0, default=(PlaceCheck.UNKNOWN, None))


def _sign(act: Act) -> str:
    row: SideRecord = act.obj
    if not any(e.is_picture for e in row.photos.all()):
        raise Refused("请先上传旁站照片，再签字")
    now = timezone.now()
    if row.ended_at > now:
        raise Refused("旁站尚未结束，结束后再签字")
    row.state, row.signed_at, row.signer_id = SideState.SIGNED, now, act.viewer.user
    row.place, row.distance_m = _place(row)
    posts = ProjectPost.objects.unscoped(WHY).filter(project=row.project, kind__in=POSTS)
    row.is_on_post = posts.filter(account=act.viewer.user).exists() if act.viewer.user else False
    row.save()
    document = papers.issue(
        "side", row, act.viewer, authority=row.firm, region_code=row.region_code, project=row.project, now=now
    )
    told = [f"已签字：{document.number}，位置核验：{row.get_place_display()}"]
    if not row.is_on_post:
        told.append("签字人未登记为本项目监理人员，记录已标明")
    return "。".join(told)


sign = Action(
    "sign",
    "签字",
    "Sign",
    SideRecord,
    _sign,
    available=_draft,
    confirm="签字后不能修改；照片的时间和位置随记录留存。",
    log="{actor}签字确认旁站记录{obj}",
    event="side_record_signed",
)


def _void(act: Act) -> str:
    act.obj.state, act.obj.void_reason = SideState.VOID, act.data["reason"][:300]
    act.obj.save()
    return "已作废，记录保留备查"


void = Action(
    "void",
    "作废",
    "Void",
    SideRecord,
    _void,
    fields=(Input("reason", "作废原因", "Reason", kind="multiline", required=True),),
    available=lambda row, viewer: row.state != SideState.VOID and row.speaks(viewer),
    confirm="作废后不能恢复。确定吗？",
    danger=True,
    log="{actor}作废旁站记录{obj}：{reason}",
)
