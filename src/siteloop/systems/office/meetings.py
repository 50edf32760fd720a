"""Case conferences: conclusions are written down with owner and day, issued with the minutes, then done."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.cases import engine
from siteloop.foundation.documents import store
from siteloop.foundation.files.named import picked
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.office import desks, documents
from siteloop.systems.office.models import Meeting, MeetingTask, TaskState

CREATE = "office.meeting.create"


def _draft(row: Meeting, viewer: Viewer) -> bool:
    return row.issued_at is None


def _conclude(act: Act) -> str:
    row: Meeting = act.obj
    if act.data["due_on"] < timezone.localdate():
        raise Refused("填写有误", status=422, errors={"due_on": ["期限不能早于今天"]})
    desks.refuse_unless(act.data["owner"], "office.meetingtask.finish", "owner")
    case = act.data["case"]
    if case is not None and not row.cases.filter(pk=case.pk).exists():
        raise Refused("填写有误", status=422, errors={"case": ["须为本次会商的案件"]})
    MeetingTask(
        organisation=row.organisation,
        meeting=row,
        what=act.data["what"].strip()[:300],
        owner=act.data["owner"],
        due_on=act.data["due_on"],
        case=case,
    ).save()
    return f"已记录，责任人{act.data['owner']}；纪要印发后开始办理"


conclude = Action(
    "conclude",
    "增加会商结论",
    "Add a conclusion",
    Meeting,
    _conclude,
    fields=(
        Input("what", "会商结论", "Conclusion", kind="multiline", required=True),
        Input("owner", "责任人", "Owner", kind="reference", reference="authority.Account", required=True),
        Input("due_on", "期限", "Due", kind="date", required=True),
        Input("case", "所属案件", "Case", kind="reference", reference="cases.Case"),
    ),
    available=_draft,
    log="{actor}在{obj}记录会商结论：{what}",
    permission=CREATE,
)


def _issue(act: Act) -> str:
    row: Meeting = act.obj
    if not row.minutes.strip():
        raise Refused("请先填写会议纪要")
    row.document = store.issue(
        act.viewer,
        "office.minutes",
        documents.minutes(row),
        authority=row.organisation,
        region_code=row.region_code,
        subject=row,
    )
    row.issued_at = timezone.now()
    row.save()
    for case in row.cases.all():
        body = f"案件会商“{row.title}”：{row.minutes}"[:2000]
        engine.note(case, "conferred", act.viewer, row.issued_at, body=body, data={"meeting": row.pk})
    for task in row.tasks.select_related("owner"):
        task.state = TaskState.OPEN
        task.save()
        _tell(task)
    notify(
        row.attendees.all(),
        "meeting",
        f"会商纪要：{row.title}",
        body=row.document.number,
        link=f"/office/meetings/{row.pk}/",
        subject=f"meeting:{row.pk}",
    )
    return f"已印发：{row.document.number}，{row.tasks.count()} 项结论开始办理"


def _tell(task: MeetingTask) -> None:
    notify(
        [task.owner],
        "task",
        f"会商任务：{task.what[:80]}",
        body=f"{task.meeting}，期限 {task.due_on}",
        link=f"/office/tasks/{task.pk}/",
        level="yellow",
        subject=f"task:{task.pk}:{task.owner_id}",
    )


issue = Action(
    "issue",
    "印发纪要",
    "Issue the minutes",
    Meeting,
    _issue,
    available=_draft,
    confirm="印发后制作纪要文书，会商结论成为任务，不能再修改。",
    log="{actor}印发{obj}的会商纪要",
    permission=CREATE,
)


def _runs(task: MeetingTask, viewer: Viewer) -> bool:
    return task.state == TaskState.OPEN


def _finish(act: Act) -> str:
    task: MeetingTask = act.obj
    task.files.add(*picked(act, "files", None, task.region_code))
    task.state, task.done_at = TaskState.DONE, timezone.now()
    task.result = act.data["result"].strip()[:500]
    task.save()
    if task.case is not None:
        engine.note(
            task.case,
            "conferred",
            act.viewer,
            task.done_at,
            body=f"会商任务已完成：{task.what}。{task.result}",
            data={"task": task.pk},
        )
    notify(
        [task.meeting.chair],
        "task",
        f"会商任务已完成：{task.what[:80]}",
        body=task.result,
        link=f"/office/tasks/{task.pk}/",
        subject=f"task:{task.pk}:done",
    )
    return "已完成"


finish = Action(
    "finish",
    "完成",
    "Done",
    MeetingTask,
    _finish,
    fields=(
        Input("result", "办理结果", "Result", kind="multiline", required=True),
        Input("files", "附件", "Files", kind="files"),
    ),
    available=lambda task, viewer: task.state == TaskState.OPEN and task.owner_id == viewer.user,
    log="{actor}完成会商任务{obj}：{result}",
)


def _postpone(act: Act) -> str:
    task: MeetingTask = act.obj
    until: dt.date = act.data["due_on"]
    if until <= task.due_on:
        raise Refused("填写有误", status=422, errors={"due_on": [f"新期限须晚于原期限 {task.due_on}"]})
    task.due_on = until
    task.save()
    return f"已延至 {until}"


postpone = Action(
    "postpone",
    "延期",
    "Postpone",
    MeetingTask,
    _postpone,
    fields=(
        Input("due_on", "新期限", "New day", kind="date", required=True),
        Input("reason", "原因", "Reason", kind="multiline", required=True),
    ),
    available=_runs,
    log="{actor}将会商任务{obj}延至 {due_on}：{reason}",
    permission=CREATE,
)


def _drop(act: Act) -> str:
    task: MeetingTask = act.obj
    task.state, task.done_at, task.result = TaskState.DROPPED, timezone.now(), act.data["reason"][:500]
    task.save()
    return "已取消"


drop = Action(
    "drop",
    "取消任务",
    "Drop",
    MeetingTask,
    _drop,
    fields=(Input("reason", "原因", "Reason", kind="multiline", required=True),),
    available=_runs,
    confirm="取消后不再办理，记录保留。确定吗？",
    danger=True,
    log="{actor}取消会商任务{obj}：{reason}",
    permission=CREATE,
)
