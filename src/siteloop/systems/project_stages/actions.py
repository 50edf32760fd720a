"""The verbs of every stage: hand in papers, submit, pass, send back; and the change of units and persons."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.files.papers import attaching
from siteloop.foundation.registry.grants import works_on
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.project_stages import engine, national
from siteloop.systems.project_stages.models import (
    OPEN,
    PlaceChange,
    RecordState,
    Reviewed,
    StageCode,
    StageMark,
    StagePaper,
    StageRecord,
)

OPINION = Input("opinion", "审核意见", "Opinion", kind="multiline", required=True)


def _open(row: Reviewed, viewer: Viewer) -> bool:
    """With the project's units, who complete it and hand it in; an authority decides."""
    return row.state in OPEN and works_on(viewer, row.project)


def _waits(row: Reviewed, viewer: Viewer) -> bool:
    return row.state == RecordState.SUBMITTED


def _paper(record: StageRecord) -> StagePaper:
    return StagePaper(project=record.project, stage=record.stage, record=record.pk)


def _submit(act: Act) -> str:
    row: Reviewed = act.obj
    if isinstance(row, StageRecord):
        before = engine.missing_stages(row)
        if before:
            raise Refused(f"办理{row.stage.label}之前须先通过：{'、'.join(before)}")
        left = engine.missing_papers(row)
        if left:
            raise Refused(f"材料不齐，尚缺：{'、'.join(left)}。请先用“上传材料”补齐")
        if row.stage == StageCode.COMPLETION:
            wrong = engine.why_not_complete(row.project)
            if wrong:
                raise Refused(wrong)
    row.state, row.submitted_at, row.submitted_by_id = RecordState.SUBMITTED, timezone.now(), act.viewer.user
    row.save()
    if isinstance(row, StageRecord):
        engine.mark(row)
    return "已提交，等待主管部门审核"


def _decide(act: Act, to: RecordState) -> None:
    row: Reviewed = act.obj
    if row.submitted_by_id is not None and row.submitted_by_id == act.viewer.user:
        raise Refused("提交人不能审核自己提交的资料", status=403)
    row.state, row.opinion = to, act.data["opinion"][:300]
    row.reviewed_at, row.reviewed_by_id = timezone.now(), act.viewer.user
    row.save()


def _pass(act: Act) -> str:
    _decide(act, RecordState.PASSED)
    if isinstance(act.obj, PlaceChange):
        return "审核通过" + engine.replace(act.obj, act.viewer)
    engine.mark(act.obj)
    return "审核通过" + engine.passed(act.obj, act.viewer)


def _return(act: Act) -> str:
    _decide(act, RecordState.RETURNED)
    if isinstance(act.obj, StageRecord):
        engine.mark(act.obj)
    return "已退回补正"


def verbs(model: type[Reviewed], business: str) -> tuple[Action, ...]:
    """Submit, pass and send back for one register; a stage also takes papers."""
    given: dict[str, Any] = {"model": model}
    found: list[Action] = []
    if issubclass(model, StageRecord):
        hint = "必备材料的名称见“材料”一栏"
        found.append(attaching(model, _paper, engine.missing_papers, _open, hint))
    found += [
        Action(
            "submit",
            "提交审核",
            "Submit",
            run=_submit,
            available=_open,
            log="{actor}提交{obj}",
            event="stage_submitted",
            extra={"business": business},
            **given,
        ),
        Action(
            "approve",
            "审核通过",
            "Pass",
            run=_pass,
            fields=(OPINION,),
            available=_waits,
            log="{actor}审核通过{obj}：{opinion}",
            event="stage_passed",
            **given,
        ),
        Action(
            "send_back",
            "退回补正",
            "Send back",
            run=_return,
            fields=(OPINION,),
            available=_waits,
            log="{actor}退回{obj}：{opinion}",
            event="stage_returned",
            **given,
        ),
    ]
    return tuple(found)


def _import(act: Act) -> str:
    done = national.load(act.viewer, act.data["file"], dry_run=bool(act.data.get("dry_run")))
    if done.errors:
        shown = [str(e) for e in done.errors[:50]]
        more = len(done.errors) - len(shown)
        raise Refused(
            "没有写入任何数据",
            status=422,
            errors={"file": [*shown, *([f"另有 {more} 处错误"] if more else [])]},
        )
    word = "试导入通过，未写入" if act.data.get("dry_run") else "已导入"
    return f"{word}：新增 {done.created} 条，更新 {done.updated} 条"


import_national = Action(
    "import_national",
    "导入国家标准表",
    "Import national tables",
    StageMark,
    _import,
    fields=(
        Input(
            "file",
            "Excel 文件",
            "Excel file",
            kind="upload",
            required=True,
            help="每张表一个工作表，工作表名为表名（如 TBTenderInfo），首行为列名（如 PrjNum）",
        ),
        Input("dry_run", "只检查，不写入", "Check only", kind="bool"),
    ),
    on_register=True,
    log="{actor}导入国家标准数据表",
)
