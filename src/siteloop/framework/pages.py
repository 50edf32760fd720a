"""The trail as a register: who did what. Read only; nobody writes it but `perform`."""

from siteloop.framework.action import Act, Action, Refused
from siteloop.framework.language import pick
from siteloop.framework.models import TrailEntry
from siteloop.framework.page import Column, Page, Section
from siteloop.framework.trail import verify


def _verify(act: Act) -> str:
    broken = verify()
    if broken is not None:
        where = pick(
            f"留痕链在第 {broken.pk} 条断开：内容或链值与记录不符",
            f"The chain breaks at entry {broken.pk}: its content or chain value is not what was written",
        )
        raise Refused(where)
    return "留痕链完整，未发现改动"


verify_chain = Action(
    "verify",
    "校验留痕链",
    "Verify the chain",
    TrailEntry,
    _verify,
    on_register=True,
    log="{actor}校验操作留痕链",
)

trail_entries = Page(
    model=TrailEntry,
    code="trail",
    title="操作留痕",
    title_en="Action trail",
    icon="history",
    columns=(
        Column("at", kind="datetime", link=True),
        "actor_name",
        "on_behalf",
        "sentence",
        "action",
        "object_title",
        "address",
        "reason",
    ),
    filters=("at", "action", "model", "actor", "object_id"),
    search=("sentence", "actor_name", "object_title"),
    sections=(
        Section("操作", ("at", "actor_name", "on_behalf", "address", "action", "sentence", "reason"), "Act"),
        Section("对象", ("model", "object_id", "object_title", "changes"), "Object"),
        Section("链", ("previous", "digest"), "Chain"),
    ),
    ordering=("-pk",),
    actions=(verify_chain,),
    can_create=False,
    can_change=False,
    importable=False,
    empty="还没有操作留痕。",
    empty_en="Nothing has been done yet.",
)
