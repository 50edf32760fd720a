"""The centres: counts equal their lists, filters stay, what is out of scope or not allowed is not told, bad input is named."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from siteloop.foundation.cases.models import CaseDuty, CaseState, Finding
from siteloop.foundation.cases.tests.test_extensions import running
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import Caller, caller

pytestmark = pytest.mark.django_db
HOME, ABROAD = "330482", "330411"
MAY = ["cases.*", "evaluation.*"]


def _text(who: Caller, path: str) -> str:
    answer = who.html.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.content.decode())


def _warning(region: str = HOME, **more: object) -> Finding:
    site = rows.site(region)
    now = timezone.now()
    row = Finding(
        key=f"t{site.pk}",
        rule="dust.pm25_high",
        subject=f"site:{site.pk}",
        site=site,
        project=site.project,
        region_code=region,
        **{"severity": "red", "since": now, "last_at": now, "message": f"超限 {site.name}", **more},
    )
    row.save()
    return row


@pytest.mark.requirement("CTR-01")
def test_warnings_and_to_dos_of_the_region_by_level_kind_and_age(fast_plane: None) -> None:
    who = caller(MAY, HOME)
    red, old = _warning(), _warning(severity="blue", since=timezone.now() - dt.timedelta(days=5))
    gone, abroad = _warning(cleared_at=timezone.now()), _warning(ABROAD)
    page = _text(who, "/centres/events/?what=warning")
    assert red.message in page
    assert old.message in page
    assert gone.message not in page
    assert abroad.message not in page
    assert old.message not in _text(who, "/centres/events/?what=warning&level=red")
    assert red.message not in _text(who, "/centres/events/?what=warning&age=7")
    assert "没有符合条件" in _text(who, "/centres/events/?what=warning&kind=dust.none")


@pytest.mark.requirement("CTR-01")
def test_filters_stay_until_they_are_cleared(fast_plane: None) -> None:
    who = caller(MAY, HOME)
    _text(who, "/centres/events/?what=todo&level=red")
    back = who.html.get("/centres/events/")
    assert back.headers["Location"] == "/centres/events/?what=todo&level=red"
    who.html.get("/centres/events/?clear=1&what=todo")
    assert who.html.get("/centres/events/").status_code == 200


def test_mine_are_those_i_hold(fast_plane: None) -> None:
    who = caller(MAY, HOME)
    mine, other = running(HOME, holder=who.account), running(HOME)
    page = _text(who, "/centres/events/?what=todo&mine=1")
    assert mine.number in page
    assert other.number not in page


@pytest.mark.requirement("CTR-02")
def test_each_count_of_the_board_opens_as_many_cases(fast_plane: None) -> None:
    who = caller(MAY, HOME)
    now = timezone.now()
    late, soon, done = running(HOME), running(HOME), running(HOME)
    running(ABROAD)
    late.deadline = now - dt.timedelta(hours=1)
    late.step_since = now - dt.timedelta(days=4)
    late.save()
    soon.deadline = now + dt.timedelta(hours=3)
    soon.save()
    done.state = CaseState.CLOSED
    done.save()
    page = _text(who, "/centres/disposal/")
    links = re.findall(r'href="(/centres/disposal/\?[^"]*)#list"[^>]*>(?:\s|<[^>]+>)*?(\d+)<', page)
    assert {n for path, n in links if "step=" in path} == {"1", "2"}
    for path, n in links:
        shown = _text(who, path.replace("&amp;", "&"))
        assert shown.count('<tr>\n<td data-label="派单"') == int(n), path
    assert late.number in _text(who, "/centres/disposal/?late=1&age=7")


def test_the_board_asks_the_database_a_fixed_number_of_times(fast_plane: None) -> None:
    who = caller(MAY, HOME)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as told:
            _text(who, "/centres/disposal/")
        return len(told)

    running(HOME)
    asked()
    before = asked()
    for _ in range(5):
        running(HOME)
    assert asked() == before


def test_exports_hold_what_the_page_shows_and_need_the_right(fast_plane: None) -> None:
    case, warning = running(HOME), _warning()
    who = caller(MAY, HOME)
    for path, words in (
        ("disposal/export", case.number),
        ("events/export?what=todo", case.number),
        ("events/export?what=warning", warning.message),
        ("decision/export?tab=indicators", "KPI-05"),
    ):
        answer = who.html.get(f"/centres/{path}")
        assert answer.status_code == 200
        assert words in b"".join(answer.streaming_content).decode(), path  # type: ignore[arg-type]
    looker = caller(["cases.case.view", "cases.finding.view"], HOME)
    assert looker.html.get("/centres/disposal/export").status_code == 403


@pytest.mark.requirement("CTR-03", "CTR-04")
def test_every_centre_opens_empty_in_both_languages(fast_plane: None) -> None:
    who = caller(MAY, HOME)
    paths = (
        "events/",
        "disposal/",
        "evaluation/",
        "evaluation/?kind=region",
        *tuple(f"decision/?tab={tab}" for tab in ("first", "watch", "enterprises", "indicators")),
    )
    for language in ("zh-hans", "en"):
        who.html.cookies["siteloop_language"] = language
        for path in paths:
            _text(who, f"/centres/{path}")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("events/?region=x", 422),
        ("evaluation/?month=nonsense", 422),
        ("evaluation/?month=2026-02-31", 422),
        ("decision/?tab=indicators&from=2026-05-01&to=2026-04-01", 422),
        ("records/?fact=none&from=2026-01-01&to=2026-02-01", 404),
        ("records/?fact=dangers&from=2026-13-01&to=2026-02-01", 404),
        ("records/?fact=dangers&from=2026-01-01&to=2026-02-01&subject=site:x:", 404),
    ],
)
def test_bad_input_is_refused_and_never_a_fault(fast_plane: None, path: str, status: int) -> None:
    assert caller(MAY, HOME).html.get(f"/centres/{path}").status_code == status


def test_without_the_right_nothing_opens(fast_plane: None) -> None:
    stranger = caller(["notice.*"], HOME)
    for path in ("events/", "disposal/", "evaluation/", "decision/"):
        assert stranger.html.get(f"/centres/{path}").status_code == 403
    looker = caller(["cases.*", "evaluation.*"], HOME)
    orders = "/centres/records/?fact=orders_open&from=2026-01-01&to=2026-02-01"
    assert looker.html.get(orders).status_code == 403, "records need the right to see them"
    assert caller([*MAY, "inspection.order.view"], HOME).html.get(orders).status_code == 200


def test_records_are_only_those_in_scope(fast_plane: None) -> None:
    here, there = running(HOME), running(ABROAD)
    for case in (here, there):
        CaseDuty.objects.create(
            case=case,
            step=case.step,
            title="施工单位",
            organisation=case.project.parties.get().organisation,
            since=timezone.now(),
        )
    day = timezone.localdate()
    page = _text(caller(MAY, HOME), f"/centres/records/?fact=duties_open&from={day}&to={day}")
    assert here.number in page
    assert there.number not in page
