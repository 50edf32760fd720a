"""One week of the office through the API: paper, leave, duty, draw, hand-over, conference, feedback, by five people."""

from typing import Any

import pytest

from siteloop.foundation.cases.models import Case, CaseDuty, CaseEvent
from siteloop.foundation.documents.models import Document
from siteloop.foundation.notice.models import Notice
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import Caller
from siteloop.systems.office import overdue
from siteloop.systems.office.models import HandOverLine, IncomingPaper, MeetingTask
from siteloop.systems.office.tests.conftest import WHY, Office, at_desk, case_of, picture, today

API = "/api/v1/office"


def do(who: Caller, path: str, code: str, body: dict[str, Any] | None = None, expect: int = 200) -> Any:
    """One act; the answer's message or problem."""
    answer = who.post(f"{API}/{path}/actions/{code}", body)
    assert answer.status_code == expect, answer.content.decode()
    return answer.json()


def new(who: Caller, path: str, body: dict[str, Any]) -> int:
    answer = who.post(f"{API}/{path}", body)
    assert answer.status_code == 201, answer.content.decode()
    return int(answer.json()["id"])


def told(who: Caller) -> set[str]:
    return set(Notice.objects.unscoped(WHY).filter(account=who.account).values_list("title", flat=True))


@pytest.mark.requirement("OA-01", "OA-03", "PLAT-31")
def test_a_week_of_the_office(office: Office, packs: None) -> None:
    head, amei, bo, chen, builder = (
        at_desk(a) for a in (office.head, office.amei, office.bo, office.chen, office.builder)
    )
    # a notice to the station and the builder: read by one, the others reminded
    notice = new(
        head,
        "bulletins",
        {
            "organisation": office.bureau.pk,
            "title": "台风防御",
            "body": "请做好防御。",
            "units": [office.station.pk, office.firm.pk],
            "read_by": str(today(1)),
        },
    )
    assert "4 人" in str(do(head, f"bulletins/{notice}", "publish"))
    assert builder.get(f"{API}/bulletins/{notice}").status_code == 200
    do(builder, f"bulletins/{notice}", "confirm")
    do(builder, f"bulletins/{notice}", "confirm", expect=409)
    assert "已催阅 3 人" in str(do(head, f"bulletins/{notice}", "remind"))
    assert "催阅：台风防御" in told(amei) and "催阅：台风防御" not in told(builder)

    # a paper comes in, is circulated, answered, done, archived
    paper = new(
        head,
        "incoming",
        {
            "organisation": office.bureau.pk,
            "title": "关于开展检查的通知",
            "sender": "市住建局",
            "due_on": str(today(5)),
        },
    )
    assert IncomingPaper.objects.unscoped(WHY).get(pk=paper).number.startswith("收文〔")
    assert amei.get(f"{API}/incoming/{paper}").status_code == 404, "not asked, not seen"
    do(head, f"incoming/{paper}", "circulate", {"asked": "handle", "account": office.amei.pk})
    do(head, f"incoming/{paper}", "finish", {"result": "已办"}, expect=409)
    assert builder.get(f"{API}/incoming/{paper}").status_code == 403
    do(amei, f"incoming/{paper}", "give", {"verdict": "agree", "opinion": "已安排检查"})
    do(head, f"incoming/{paper}", "finish", {"result": "已布置"})
    assert "归档〔" in str(do(head, f"incoming/{paper}", "archive"))

    # the answer goes out: drafted by one, countersigned by another, signed by the head
    reply = new(
        bo,
        "outgoing",
        {
            "organisation": office.station.pk,
            "kind": "report",
            "title": "关于检查情况的报告",
            "addressee": "市住建局",
            "body": "检查情况报告如下。",
            "keeper": office.bo.pk,
        },
    )
    do(bo, f"outgoing/{reply}", "circulate", {"asked": "countersign", "account": office.chen.pk})
    do(chen, f"outgoing/{reply}", "give", {"verdict": "disagree", "opinion": "数据须核对"})
    assert "不同意" in str(do(head, f"outgoing/{reply}", "sign", expect=409))
    do(bo, f"outgoing/{reply}", "circulate", {"asked": "countersign", "account": office.chen.pk})
    do(chen, f"outgoing/{reply}", "give", {"verdict": "agree"})
    do(bo, f"outgoing/{reply}", "sign", expect=403)
    do(head, f"outgoing/{reply}", "sign")
    printed = Document.objects.unscoped(WHY).get(kind="office.report")
    assert printed.pdf is not None and "办报〔" in printed.number

    # leave: asked, approved by another; the roster shows the hole, a colleague takes the shift
    do(
        head,
        "shifts",
        "fill",
        {
            "organisation": office.station.pk,
            "slot": "night",
            "from_on": str(today(1)),
            "to_on": str(today(3)),
        },
    )
    mine = next(
        r["id"] for r in amei.get(f"{API}/shifts").json()["results"] if r["account"] == office.amei.pk
    )
    do(amei, "leaves", "ask", {"kind": "sick", "from_on": str(today(1)), "to_on": str(today(4))})
    leave = amei.get(f"{API}/leaves").json()["results"][0]["id"]
    assert bo.get(f"{API}/leaves/{leave}").status_code == 404, "somebody's illness is nobody's business"
    do(amei, f"leaves/{leave}", "approve", expect=403)
    assert "须换班" in str(do(head, f"leaves/{leave}", "approve"))
    do(amei, f"shifts/{mine}", "swap", {"taker": office.chen.pk, "reason": "住院"})
    swap = chen.get(f"{API}/swaps").json()["results"][0]["id"]
    do(bo, f"swaps/{swap}", "accept", expect=404)
    do(chen, f"swaps/{swap}", "accept")
    assert chen.get(f"{API}/shifts/{mine}").json()["account"] == office.chen.pk

    # a conference on a case: conclusions become tasks with owner and day, and stand on the case
    case = case_of(office.bo, office.station)
    conference = new(
        head,
        "meetings",
        {
            "organisation": office.bureau.pk,
            "title": "扬尘案件会商",
            "held_at": "2026-05-06T09:00:00+08:00",
            "chair": office.head.pk,
            "attendees": [office.bo.pk, office.chen.pk],
            "cases": [case.pk],
            "minutes": "同意继续督办。",
        },
    )
    conclusion = {"what": "复查现场", "owner": office.bo.pk, "due_on": str(today(2)), "case": case.pk}
    do(head, f"meetings/{conference}", "conclude", conclusion)
    do(head, f"meetings/{conference}", "issue")
    assert CaseEvent.objects.filter(case=case, kind="conferred").exists()
    task = MeetingTask.objects.unscoped(WHY).get(meeting=conference)
    assert task.state == "open"

    # the one who has case and task is moved: he hands over, the other accepts, and only then holds them
    do(bo, "hand-overs", "offer", {"taker": office.chen.pk, "reason": "调岗"})
    hand_over = chen.get(f"{API}/hand-overs").json()["results"][0]["id"]
    kinds = set(HandOverLine.objects.unscoped(WHY).values_list("kind", flat=True))
    assert {"cases.case", "office.task", "office.shift"} <= kinds
    assert CaseDuty.objects.get(case=case, is_current=True).account_id == office.bo.pk
    do(chen, f"hand-overs/{hand_over}", "accept")
    assert CaseDuty.objects.get(case=case, is_current=True).account_id == office.chen.pk
    assert CaseEvent.objects.filter(case=case, kind="handed_on").exists()
    trail = TrailEntry.objects.unscoped(WHY).filter(action="office.handover.accept", model="cases.case")
    assert trail.get().object_id == case.pk
    do(bo, f"tasks/{task.pk}", "finish", {"result": "已复查"}, expect=409)
    assert overdue.tell(today(3)) > 0, "the task is late on the third day"
    assert overdue.tell(today(3)) == 0, "told once"
    assert any(t.startswith("已逾期：会商任务") for t in told(chen) & told(head))
    do(chen, f"tasks/{task.pk}", "finish", {"result": "已复查"})
    assert Case.objects.unscoped(WHY).get(pk=case.pk).state == "disposing", "the loop goes its own way"

    # the builder meets a problem: assigned to a post and a person, answered, judged
    shot = picture(office.builder)
    page = "/cases/cases/"
    report = {"kind": "fault", "what": "列表打不开", "page": page, "screenshots": [shot.pk]}
    do(builder, "tickets", "report", report)
    ticket = builder.get(f"{API}/tickets").json()["results"][0]["id"]
    assert chen.get(f"{API}/tickets/{ticket}").status_code == 404
    do(head, f"tickets/{ticket}", "assign", {"owner": office.builder.pk}, expect=422)
    do(head, f"tickets/{ticket}", "assign", {"owner": office.chen.pk})
    do(chen, f"tickets/{ticket}", "answer", {"answer": "已修复"})
    do(builder, f"tickets/{ticket}", "reopen", {"reason": "仍打不开"})
    do(chen, f"tickets/{ticket}", "answer", {"answer": "已清缓存"})
    do(builder, f"tickets/{ticket}", "rate", {"rating": "4"})
    seen = builder.get(f"{API}/tickets/{ticket}").json()
    assert (seen["rating"], seen["reopened"], seen["due_on"] is not None) == (4, 1, True)
