"""The verbs of a record: proposed by one with evidence, reviewed by another, withdrawn with both lines kept."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.files.named import picked
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.credit import engine, printing
from siteloop.systems.credit.models import CreditRecord, CreditRule, RecordState, Subject

ORGANISATION = Input(
    "organisation", "企业", "Enterprise", kind="reference", reference="authority.Organisation"
)
PERSON = Input("person", "人员", "Person", kind="reference", reference="people.Person")
PROJECT = Input("project", "项目", "Project", kind="reference", reference="registry.Project")
REASON = Input("reason", "原因", "Reason", kind="multiline", required=True)


def wrong(name: str, words: str) -> Refused:
    """Bad input of one field."""
    return Refused("填写有误", status=422, errors={name: [words]})


def subject_of(act: Act, wanted: str = "") -> dict[str, Any]:
    """The typed enterprise or person, exactly one, as fields of a row with its region. Raises Refused 422."""
    organisation, person = act.data.get("organisation"), act.data.get("person")
    if (organisation is None) == (person is None):
        raise wrong("organisation", "企业和人员须填写其中一项")
    if wanted and (wanted == Subject.PERSON) != (person is not None):
        asked = "person" if wanted == Subject.PERSON else "organisation"
        raise wrong(asked, f"该行为的记分对象是{Subject(wanted).label}")
    project = act.data.get("project")
    subject: Any = organisation if organisation is not None else person
    region: str = project.region_code if project is not None else subject.region_code
    if not act.viewer.covers(region):
        raise wrong("organisation" if organisation is not None else "person", "不在您的管辖范围内")
    return {"organisation": organisation, "person": person, "region_code": region}


def _propose(act: Act) -> str:
    rule: CreditRule = act.data["rule"]
    if not rule.is_active or not rule.points:
        raise wrong("rule", "该行为已停用，或只能由来源文书自动记分")
    if act.data["happened_on"] > timezone.localdate():
        raise wrong("happened_on", "不能晚于今天")
    subject = subject_of(act, rule.subject)
    if not subject["region_code"].startswith(rule.region_code):
        raise wrong("rule", "该规则不适用于本地")
    project = act.data.get("project")
    proofs = picked(act, "files", project.pk if project else None, subject["region_code"])
    if not proofs:
        raise wrong("files", "须上传证据")
    record = CreditRecord(
        rule=rule,
        project=project,
        points=rule.points,
        happened_on=act.data["happened_on"],
        reason=act.data["reason"].strip()[:500],
        clause=rule.basis[:300],
        proposed_by_id=act.viewer.user,
        **subject,
    )
    engine.add(record, act.viewer, counts_from=None)
    record.evidence.set(proofs)
    return f"已提出：{record.subject_name} {record}，待另一人复核"


propose = Action(
    "propose",
    "提出记分",
    "Propose",
    CreditRecord,
    _propose,
    fields=(
        Input("rule", "行为", "Rule", kind="reference", reference="credit.CreditRule", required=True),
        ORGANISATION,
        PERSON,
        PROJECT,
        Input("happened_on", "行为日期", "Date", kind="date", required=True),
        Input("reason", "事实", "Fact", kind="multiline", required=True),
        Input("files", "证据", "Evidence", kind="files", required=True),
    ),
    on_register=True,
    log="{actor}提出信用记分：{rule} {organisation}{person}",
)


def _another(record: CreditRecord, viewer: Viewer) -> bool:
    """Whoever proposed it does not review it."""
    return record.state == RecordState.PROPOSED and (viewer.is_system or viewer.user != record.proposed_by_id)


def _approve(act: Act) -> str:
    record: CreditRecord = act.obj
    engine.approve(record, act.viewer, act.data.get("opinion") or "同意")
    record.document = printing.issue(act.viewer, "record", record)
    record.save()
    return f"已生效，{record.document.number}已送达"


approve = Action(
    "approve",
    "复核通过",
    "Approve",
    CreditRecord,
    _approve,
    fields=(Input("opinion", "复核意见", "Opinion"),),
    available=_another,
    confirm="自今日起计分，制作信用记分告知书并送达；须公示的将在公众门户公开。",
    log="{actor}复核通过{obj}：{opinion}",
)


def _reject(act: Act) -> str:
    record: CreditRecord = act.obj
    record.state, record.reviewed_by_id = RecordState.REJECTED, act.viewer.user
    record.reviewed_at, record.opinion = timezone.now(), act.data["reason"][:300]
    record.save()
    return "不予记分"


reject = Action(
    "reject",
    "不予记分",
    "Reject",
    CreditRecord,
    _reject,
    fields=(REASON,),
    available=_another,
    log="{actor}对{obj}不予记分：{reason}",
)


def _withdraw(act: Act) -> str:
    record: CreditRecord = act.obj
    line = engine.withdraw(record, act.viewer, act.data["reason"].strip())
    document = printing.issue(act.viewer, "withdrawn", record)
    return f"已撤销，冲销记录 {line.signed:+d} 分，{document.number}已送达"


withdraw = Action(
    "withdraw",
    "撤销",
    "Withdraw",
    CreditRecord,
    _withdraw,
    fields=(REASON,),
    available=lambda record, viewer: record.state == RecordState.IN_FORCE and record.reverses_id is None,
    confirm="原记录和冲销记录都会保留，自今日起不再影响信用分；公示同时停止。",
    danger=True,
    log="{actor}撤销{obj}：{reason}",
)
