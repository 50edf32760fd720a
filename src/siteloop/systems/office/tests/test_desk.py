"""The office desk: what waits for whom, and what only some see."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from siteloop.framework.testing import caller
from siteloop.systems.office.models import Ticket


@pytest.mark.django_db
@pytest.mark.requirement("OA-02", "PLAT-31")
def test_the_desk_shows_what_waits_and_counts_feedback_for_those_who_oversee() -> None:
    keeper = caller(["office.*"])
    post = keeper.account.posts.get()
    now = timezone.now()
    late = Ticket(
        organisation=post.organisation,
        kind="fault",
        what="打不开的列表",
        reporter=keeper.account,
        reported_at=now - dt.timedelta(days=9),
        state="assigned",
        owner=keeper.account,
        due_on=timezone.localdate() - dt.timedelta(days=1),
    )
    late.save()
    solved = Ticket(
        organisation=post.organisation,
        kind="fault",
        what="已经好了",
        reporter=keeper.account,
        reported_at=now - dt.timedelta(hours=6),
        answered_at=now - dt.timedelta(hours=4),
        state="solved",
        rating=4,
    )
    solved.save()
    shown = keeper.html.get("/office_desk/").content.decode()
    assert "打不开的列表" in shown and "已逾期" in shown
    assert "2.0</td>" in shown and "4.0</td>" in shown, "two hours to the answer, four of five"
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    path = f"/office/tickets/?kind=fault&state=assigned&due_on__to={yesterday}"
    assert path.replace("&", "&amp;") in shown
    behind = keeper.html.get(path).content.decode()
    assert "打不开的列表" in behind and "已经好了" not in behind
    other = caller(["office.ticket.view", "office.ticket.create"])
    shown = other.html.get("/office_desk/").content.decode()
    assert "没有等您办理的事项" in shown and "问题反馈统计" not in shown and "反馈问题" in shown


@pytest.mark.django_db
@pytest.mark.requirement("PLAT-31")
def test_every_page_offers_to_report_its_own_trouble() -> None:
    reporter = caller(["office.ticket.view", "office.ticket.create", "office.bulletin.view"])
    shown = reporter.html.get("/office/bulletins/?search=停电").content.decode()
    where = re.search(r'href="(/office/tickets/actions/report\?[^"]+)"', shown)
    assert where, "the bar of the desk leads to the form"
    form = reporter.html.get(where[1]).content.decode()
    assert 'value="/office/bulletins/?search=' in form, "the address of the page is filled in already"
    assert (
        "/office/tickets/actions/report"
        not in caller(["office.bulletin.view"]).html.get("/office/bulletins/").content.decode()
    )
