"""Orders: document and delivery, reply and re-check, 7 days yellow, 15 days red and locked, resumed, extended, withdrawn."""

import datetime as dt
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pypdf import PdfReader

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as case_actions
from siteloop.foundation.cases import engine as case_engine
from siteloop.foundation.cases import locks
from siteloop.foundation.cases.models import Lock
from siteloop.foundation.documents.models import Document, DocumentDelivery
from siteloop.foundation.documents.setting import chinese_date
from siteloop.foundation.files.store import keep, path_of
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.packs.tests.saying import project_says
from siteloop.foundation.registry import actions as registry_actions
from siteloop.foundation.registry.models import Party, Project
from siteloop.foundation.registry.tests import rows as registry
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection import actions
from siteloop.systems.inspection.documents import orders
from siteloop.systems.inspection.models import Extension, Order, Penalty
from siteloop.systems.inspection.tests import rows

pytestmark = pytest.mark.django_db
LOOK = "the test looks"


@pytest.fixture(autouse=True)
def pack():
    """The terms of Pinghu."""
    row = Pack(code="t-orders", title="平湖", region_code="330482")
    row.save()
    for key, value in {
        "inspection.yellow": {"amount": 7, "unit": "day", "counts": "calendar"},
        "inspection.red": {"amount": 15, "unit": "day", "counts": "calendar"},
        "inspection.lock": {"reach": "project", "business": ""},
        "documents.number": "平建{word}〔{year}〕{serial:04d}号",
    }.items():
        PackValue(pack=row, key=key, title=key, value=value).save()
    return row


def _state(pack, key, value):
    PackValue.objects.unscoped(LOOK).filter(pack=pack, key=key).update(value=value)


def _photo(viewer, n: int = 1):
    body = b"\x89PNG\r\n\x1a\n" + bytes(str(n), "ascii") * 40
    return keep(viewer, SimpleUploadedFile(f"{n}.png", body, "image/png")).pk


def _replied(order, manager, n=1):
    viewer = viewer_for(manager)
    perform(
        actions.reply,
        viewer,
        order,
        {"body": "已整改到位", "before": [_photo(viewer, n)], "after": [_photo(viewer, n + 1)]},
    )
    order.refresh_from_db()


def _later(order, days: float):
    """Let the clock run to so many days after the order."""
    case_engine.fire_deadlines(order.issued_at + dt.timedelta(days=days))
    order.refresh_from_db()


def _said(document: Document) -> str:
    reader = PdfReader(io.BytesIO(path_of(document.sha256).read_bytes()))
    return "".join(p.extract_text() for p in reader.pages).replace("\n", "")


@pytest.mark.requirement("INSP-02", "MOB-04")
def test_an_order_is_printed_numbered_delivered_and_dispatched_in_one_act():
    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    year = timezone.localdate().year
    assert order.number == order.document.number == f"平建监改〔{year}〕0001号"
    said = _said(order.document)
    day = timezone.localtime(order.issued_at).date()
    for words in (
        "责令整改通知书",
        "临边防护缺失",
        site.project.name,
        f"至{(day + dt.timedelta(7)).year}年{(day + dt.timedelta(7)).month}月{(day + dt.timedelta(7)).day}日未完成整改的，予以黄色提醒",
        "红色锁定",
    ):
        assert words in said
    sent = DocumentDelivery.objects.unscoped(LOOK).filter(document=order.document)
    assert [d.account for d in sent] == [manager]
    assert Notice.objects.unscoped(LOOK).filter(account=manager, kind="document").exists()
    assert order.case.deadline.astimezone(SHANGHAI).date() == day + dt.timedelta(8), "day 7 ends at 24:00"


def test_given_over_the_api_as_the_phone_does():
    from django.test import Client

    from siteloop.framework.rest.tokens import issue as token
    from siteloop.framework.testing import Caller

    site, _ = rows.staffed_site()
    who = rows.inspector()
    phone = Caller(who, Client(), token(who))
    body = {"site": site.pk, "measure": rows.measure("stop_partial").pk, "problem": "基坑边堆载"}
    refused = phone.post("/api/v1/inspection/orders/actions/issue", body)
    assert refused.status_code == 422 and "停工部位" in refused.content.decode()
    made = phone.post(
        "/api/v1/inspection/orders/actions/issue", {**body, "part": "2号楼基坑东侧"}, Idempotency_Key="k1"
    )
    again = phone.post(
        "/api/v1/inspection/orders/actions/issue", {**body, "part": "2号楼基坑东侧"}, Idempotency_Key="k1"
    )
    assert made.status_code == again.status_code == 200, made.content
    assert Order.objects.unscoped(LOOK).count() == 1, "sent twice, given once"
    assert "2号楼基坑东侧" in _said(Order.objects.unscoped(LOOK).get().document)


@pytest.mark.parametrize("code", ["fine_local", "demerit"])
def test_what_cannot_be_given_is_refused_and_takes_no_number(code):
    with pytest.raises(Refused):
        rows.order(code=code)
    assert not Document.objects.unscoped(LOOK).exists()


def test_a_project_without_a_contractor_or_builder_is_named():
    site = registry.site("330482")
    Party.objects.unscoped(LOOK).filter(project=site.project).delete()
    with pytest.raises(Refused, match="补录责任主体"):
        rows.order(site=site)


@pytest.mark.requirement("INSP-03", "INSP-04", "EQ-03")
def test_seven_days_yellow_fifteen_days_red_and_locked():
    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    _later(order, 6.9)
    assert (order.colour, order.state) == ("", "open")
    _later(order, 8.1)
    assert order.colour == "yellow" and order.case.words == "黄色提醒"
    assert Notice.objects.unscoped(LOOK).filter(account=manager, level="yellow", kind="case").exists()
    assert locks.standing(site.project) == []
    _later(order, 14.9)
    assert order.colour == "yellow"
    _later(order, 16.1)
    order.case.refresh_from_db()
    assert order.colour == "red" and (order.case.words, order.case.severity) == ("红色锁定", "red")
    (lock,) = locks.standing(site.project)
    assert order.number in lock.reason and lock.case == order.case


@pytest.mark.requirement("INSP-05", "INSP-10", "PROJ-07")
def test_a_locked_project_does_no_business_and_reads_why_until_the_recheck_passes(fast_plane):
    from django.test import Client

    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    _later(order, 8.1)
    _later(order, 16.1)
    project = Project.objects.unscoped(LOOK).get(pk=site.project_id)
    with pytest.raises(Refused, match="红色锁定") as no:
        perform(registry_actions.submit, viewer_for(manager), project, {})
    assert "复查合格" in no.value.message and order.number in no.value.message
    desk = Client()
    desk.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    page = desk.get(f"/places/projects/{project.pk}/").content.decode()
    assert "业务锁定" in page and order.number in page
    _replied(order, manager)
    assert (order.state, order.colour) == ("replied", "red") and locks.standing(project)
    perform(actions.recheck_fail, viewer_for(rows.inspector()), order, {"opinion": "栏杆仍未固定"})
    order.refresh_from_db()
    assert (order.state, order.colour) == ("open", "red")
    _replied(order, manager, 5)
    perform(actions.recheck_pass, viewer_for(rows.inspector()), order, {"opinion": "合格"})
    order.refresh_from_db()
    assert order.state == "closed" and locks.standing(project) == []
    assert Lock.objects.unscoped(LOOK).get().lifted_reason
    perform(registry_actions.submit, viewer_for(manager), project, {})


@pytest.mark.parametrize(
    ("reach", "business", "same_project", "same_contractor"),
    [
        ("project", "", True, False),
        ("enterprise", "", True, True),
        ("business", "registration", True, False),
        ("business", "drawing_review", False, False),
    ],
)
def test_what_is_locked_is_the_regions_decision(pack, reach, business, same_project, same_contractor):
    _state(pack, "inspection.lock", {"reach": reach, "business": business})
    site, _ = rows.staffed_site()
    other = registry.project("330482")
    Party.objects.unscoped(LOOK).filter(project=other).update(
        organisation=site.project.parties.get(kind="contractor").organisation
    )
    order = rows.order(site=site)
    _later(order, 8.1)
    _later(order, 16.1)
    assert bool(locks.holding("registration", site.project)) is same_project
    assert bool(locks.holding("registration", other)) is same_contractor


def test_working_days_count_where_the_pack_says_so(pack):
    _state(pack, "inspection.yellow", {"amount": 7, "unit": "day", "counts": "working"})
    order = rows.order()
    assert order.case.deadline - order.issued_at > dt.timedelta(days=8)


@pytest.mark.requirement("CFG-13")
def test_the_paper_says_the_day_on_which_the_projects_own_term_ends():
    site, _ = rows.staffed_site()
    project_says(site.project, "inspection.yellow", {"amount": 2, "unit": "day", "counts": "calendar"})
    order = rows.order(site=site)
    last = timezone.localdate(order.case.deadline - dt.timedelta(seconds=1))
    assert (last - timezone.localdate(order.issued_at)).days == 2
    assert chinese_date(last) == orders._last_day(order, "inspection.yellow")


@pytest.mark.requirement("INSP-06")
def test_a_reply_needs_photos_from_after_that_differ_from_before():
    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    viewer = viewer_for(manager)
    with pytest.raises(Refused, match="整改后照片"):
        perform(actions.reply, viewer, order, {"body": "好了"})
    same = [_photo(viewer, 1)], [_photo(viewer, 1)]
    with pytest.raises(Refused, match="前后照片相同"):
        perform(actions.reply, viewer, order, {"body": "好了", "before": same[0], "after": same[1]})
    assert not order.replies.exists()
    said = perform(actions.reply, viewer, order, {"body": "好了", "after": [_photo(viewer, 1)]})
    assert "与此前上传的照片相同" in said, "a photo used before is accepted and marked"
    order.refresh_from_db()
    assert order.state == "replied" and order.case.events.get(kind="reply").evidence.count() == 1


def test_only_the_holder_replies_and_only_the_body_rechecks():
    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    _, stranger = rows.staffed_site()
    inspector = viewer_for(rows.inspector())
    with pytest.raises(Refused):
        perform(actions.reply, viewer_for(stranger), order, {"body": "x"})
    with pytest.raises(Refused):
        perform(actions.reply, inspector, order, {"body": "x"})
    _replied(order, manager)
    with pytest.raises(Refused):
        perform(actions.recheck_pass, viewer_for(manager), order, {"opinion": "自己说合格"})
    perform(actions.recheck_pass, inspector, order, {"opinion": "合格"})


def test_the_same_from_the_cases_own_page():
    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    viewer = viewer_for(manager)
    perform(case_actions.reply, viewer, order.case, {"body": "从派单页回复", "evidence": [_photo(viewer)]})
    order.refresh_from_db()
    assert order.state == "replied" and order.replies.get().body == "从派单页回复"
    perform(case_actions.pass_check, viewer_for(rows.inspector()), order.case, {"body": "合格"})
    order.refresh_from_db()
    assert order.state == "closed" and order.replies.get().passed


@pytest.mark.requirement("INSP-07", "INSP-12")
def test_a_full_stop_stops_the_project_and_a_passed_recheck_gives_the_resume_order():
    site, manager = rows.staffed_site()
    order = rows.order(site=site, code="stop_full")
    site.project.refresh_from_db()
    assert site.project.state == "suspended" and order.number.startswith("平建监停")
    _replied(order, manager)
    inspector = rows.inspector()
    said = perform(actions.recheck_pass, viewer_for(inspector), order, {"opinion": "隐患已消除"})
    order.refresh_from_db()
    site.project.refresh_from_db()
    assert order.resume_document.number in said and order.resume_document.issued_by == inspector
    assert order.number in _said(order.resume_document)
    assert site.project.state == "under_construction"


def test_two_full_stops_both_must_pass_before_work_goes_on():
    site, manager = rows.staffed_site()
    first, second = rows.order(site=site, code="stop_full"), rows.order(site=site, code="stop_full")
    _replied(first, manager)
    perform(actions.recheck_pass, viewer_for(rows.inspector()), first, {"opinion": "合格"})
    site.project.refresh_from_db()
    assert site.project.state == "suspended"
    _replied(second, manager, 5)
    perform(actions.recheck_pass, viewer_for(rows.inspector()), second, {"opinion": "合格"})
    site.project.refresh_from_db()
    assert site.project.state == "under_construction"


def test_more_time_is_granted_by_the_body_and_moves_both_terms():
    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    before = order.case.deadline
    viewer = viewer_for(manager)
    with pytest.raises(Refused, match="晚于现有期限"):
        perform(actions.ask_extension, viewer, order, {"until": before, "reason": "雨"})
    until = before + dt.timedelta(days=5)
    perform(actions.ask_extension, viewer, order, {"until": until, "reason": "连续降雨"})
    with pytest.raises(Refused, match="待审批"):
        perform(actions.ask_extension, viewer, order, {"until": until, "reason": "再来"})
    extension = Extension.objects.unscoped(LOOK).get()
    with pytest.raises(Refused):
        perform(actions.grant, viewer, extension, {"opinion": "自批"})
    perform(actions.grant, viewer_for(rows.inspector()), extension, {"opinion": "同意"})
    _later(order, 8.1)
    assert order.colour == ""
    _later(order, 13.1)
    assert order.colour == "yellow"
    _later(order, 16.1)
    assert order.colour == "yellow", "the red term moved along"
    _later(order, 21.1)
    assert order.colour == "red"


def test_denied_the_old_term_stands():
    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    until = order.case.deadline + dt.timedelta(days=5)
    perform(actions.ask_extension, viewer_for(manager), order, {"until": until, "reason": "雨"})
    perform(
        actions.deny,
        viewer_for(rows.inspector()),
        Extension.objects.unscoped(LOOK).get(),
        {"opinion": "不同意"},
    )
    _later(order, 8.1)
    assert order.colour == "yellow"


def test_withdrawn_the_document_is_void_and_nothing_stays_locked():
    site, _ = rows.staffed_site()
    order = rows.order(site=site, code="stop_full")
    _later(order, 8.1)
    _later(order, 16.1)
    assert locks.standing(site.project)
    perform(actions.withdraw, viewer_for(rows.inspector()), order, {"reason": "开错项目"})
    order.refresh_from_db()
    site.project.refresh_from_db()
    assert (order.state, order.document.state, order.case.state) == ("withdrawn", "void", "cancelled")
    assert locks.standing(site.project) == [] and site.project.state == "under_construction"


def test_transferred_once_with_its_own_document():
    order = rows.order()
    viewer = viewer_for(rows.inspector())
    perform(actions.transfer, viewer, order, {})
    penalty = Penalty.objects.unscoped(LOOK).get()
    assert penalty.order.parent == order and penalty.party == order.addressee
    assert penalty.order.number.startswith("平建监移")
    with pytest.raises(Refused):
        perform(actions.transfer, viewer, order, {})


def test_criticism_and_demerit_end_with_their_delivery():
    criticism = rows.order(code="criticism")
    assert (criticism.state, criticism.case) == ("done", None)
    demerit = rows.order(code="demerit", points=3)
    assert "记 3 分" in _said(demerit.document)


def test_a_lapse_of_the_clock_does_not_lock_twice():
    site, _ = rows.staffed_site()
    order = rows.order(site=site)
    for day in (8.1, 16.1, 17.1, 40):
        _later(order, day)
    assert Lock.objects.unscoped(LOOK).count() == 1


def test_cancelling_the_case_takes_its_order_back():
    order = rows.order()
    _later(order, 8)
    _later(order, 16)
    assert locks.standing(order.project)
    boss = viewer_for(rows.inspector())
    perform(case_actions.cancel, boss, order.case, {"body": "误开"})
    order.refresh_from_db()
    assert order.state == "withdrawn"
    assert not locks.standing(order.project)
