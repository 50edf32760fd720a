"""What people do with a document: sign for it, record a delivery on paper, end it, issue it anew."""

from django.utils import timezone

from siteloop.foundation.documents import catalogue, store
from siteloop.foundation.documents.models import (
    DeliveryWay,
    Document,
    DocumentDelivery,
    DocumentState,
)
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer

MINE = "a receiver signs for what was sent to him or his unit"


def _waiting(document: Document, viewer: Viewer) -> list[DocumentDelivery]:
    """Deliveries the viewer may sign for: addressed to him, or to his unit where no person is named."""
    rows = DocumentDelivery.objects.unscoped(MINE).filter(document=document, received_at=None)
    return [
        row
        for row in rows
        if (row.account_id is not None and row.account_id == viewer.user)
        or (row.account_id is None and row.organisation_id in viewer.organisations)
    ]


def _acknowledge(act: Act) -> str:
    now = timezone.now()
    rows = _waiting(act.obj, act.viewer)
    if not rows:
        raise Refused("没有待您签收的送达")
    for row in rows:
        row.received_at, row.opened_at = now, row.opened_at or now
        row.receipt = f"{act.viewer.name}平台签收"
        row.save()
    return "已签收"


acknowledge = Action(
    "acknowledge",
    "签收",
    "Sign for it",
    Document,
    _acknowledge,
    available=lambda d, v: bool(_waiting(d, v)),
    log="{actor}签收{obj}",
    event="document_received",
)


def _serve(act: Act) -> str:
    received = act.data["received_at"]
    if received > timezone.now() or received < act.obj.issued_at:
        raise Refused(
            "送达时间须在制作之后、现在之前",
            status=422,
            errors={"received_at": ["须在文书制作之后、现在之前"]},
        )
    DocumentDelivery(
        document=act.obj,
        title=act.data["receiver"],
        way=act.data["way"],
        sent_at=received,
        received_at=received,
        receipt=act.data.get("note") or "",
    ).save()
    return "送达已登记"


serve = Action(
    "serve",
    "登记送达",
    "Record a delivery",
    Document,
    _serve,
    fields=(
        Input(
            "way",
            "送达方式",
            "Way",
            kind="choice",
            required=True,
            choices=tuple((w.value, str(w.label)) for w in DeliveryWay if w is not DeliveryWay.PLATFORM),
        ),
        Input("receiver", "受送达人", "Receiver", required=True, help="签收人姓名及身份，或公告位置"),
        Input("received_at", "送达时间", "Received at", kind="datetime", required=True),
        Input("note", "说明", "Note", kind="multiline"),
    ),
    available=lambda d, v: d.state == DocumentState.IN_FORCE,
    log="{actor}登记{obj}的送达：{receiver}",
    event="document_received",
)

REASON = Input("reason", "原因", "Reason", kind="multiline", required=True)


def _void(act: Act) -> str:
    store.end(act.obj, DocumentState.VOID, act.data["reason"])
    return "已作废；核验页面会显示“已作废”"


void = Action(
    "void",
    "作废",
    "Void",
    Document,
    _void,
    fields=(REASON,),
    available=lambda d, v: d.state == DocumentState.IN_FORCE,
    confirm="作废后文书不再有效，文号不收回，核验页面公开显示“已作废”。确定吗？",
    danger=True,
    log="{actor}作废{obj}：{reason}",
    event="document_voided",
)


def _replaceable(document: Document, viewer: Viewer) -> bool:
    return (
        document.state == DocumentState.IN_FORCE
        and document.subject_id is not None
        and document.kind in dict(catalogue.choices())
        and catalogue.get(document.kind).compose is not None
    )


def _replace(act: Act) -> str:
    old: Document = act.obj
    compose = catalogue.get(old.kind).compose
    assert compose is not None and old.subject_id is not None, "offered only then"
    new = store.issue(
        act.viewer,
        old.kind,
        compose(old.subject_id),
        authority=old.authority,
        region_code=old.region_code,
        project=old.project,
        replaces=old,
    )
    new.subject_model, new.subject_id = old.subject_model, old.subject_id
    new.save(update_fields=["subject_model", "subject_id"])
    store.end(old, DocumentState.REPLACED, act.data["reason"])
    return f"已重新制作：{new.number}"


replace = Action(
    "replace",
    "重新制作",
    "Issue anew",
    Document,
    _replace,
    fields=(REASON,),
    available=_replaceable,
    confirm="将按事项的现有内容重新制作并取新文号，原文书标为“已被替换”。确定吗？",
    log="{actor}重新制作{obj}：{reason}",
    event="document_replaced",
)
