"""A draw from promise to publication, and everything that must not be possible on the way."""

import datetime as dt
import hashlib
import json

import pytest
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.registry import standing
from siteloop.framework import trail
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.perform import change, create, perform
from siteloop.systems.double_random import actions, freezing, library, people, publishing
from siteloop.systems.double_random import draw as lots
from siteloop.systems.double_random.models import (
    CheckTask,
    Draw,
    FrozenLists,
    Inspector,
    ItemList,
    Leave,
    Publication,
    Recusal,
)
from siteloop.systems.double_random.tests.conftest import County, account, fresh


def inputs(draw: Draw) -> dict:
    return json.loads(FrozenLists.objects.unscoped("test").get(draw=draw).text)


@pytest.mark.requirement("DRAND-01", "DRAND-02", "DRAND-03", "DRAND-07", "DRAND-12")
def test_a_draw_runs_from_promise_to_publication_and_replays(county: County) -> None:
    draw = county.draw()
    assert draw.number == f"DR330482-{county.plan.year}Q4-01"
    perform(actions.commit, county.keeper, draw)
    draw = fresh(draw)
    assert draw.commitment == hashlib.sha256(bytes.fromhex(draw.seed)).hexdigest()
    assert draw.commitment_sm3 == freezing.sm3(bytes.fromhex(draw.seed))
    perform(actions.freeze, county.keeper, draw)
    draw = fresh(draw)
    text = FrozenLists.objects.unscoped("test").get(draw=draw).text
    assert draw.inputs_sha256 == hashlib.sha256(text.encode()).hexdigest()
    perform(actions.draw_lots, county.drawer, draw)
    perform(actions.publish, county.keeper, draw)
    draw = fresh(draw)
    assert draw.state == "published" and draw.drawn_by_id == county.drawer.user
    assert lots.plain(lots.draw(json.loads(text), draw.seed)) == draw.result
    tasks = CheckTask.objects.unscoped("test").filter(draw=draw).order_by("place")
    assert [t.project.code for t in tasks] == [r["object"] for r in draw.result]
    for task, row in zip(tasks, draw.result, strict=True):
        assert sorted(i.code for i in task.inspectors.all()) == row["group"]
        assert task.leader.code == row["leader"]
        for one in task.inspectors.all():
            assert Notice.objects.unscoped("test").filter(account=one.account).exists()
    told = TrailEntry.objects.unscoped("test").filter(model="double_random.draw", object_id=draw.pk)
    assert [e.action.rsplit(".", 1)[1] for e in told.order_by("pk")] == [
        "commit",
        "freeze",
        "draw_lots",
        "publish",
    ]
    assert trail.verify() is None


def test_the_seed_is_unseen_until_it_is_published(county: County, django_user_model: object) -> None:
    draw = county.draw()
    perform(actions.commit, county.keeper, draw)
    seed = fresh(draw).seed
    for entry in TrailEntry.objects.unscoped("test"):
        assert seed not in json.dumps(entry.changes)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM double_random_draw WHERE id = %s", [draw.pk])
        assert seed not in cursor.fetchone()[0]


@pytest.mark.requirement("DRAND-12", "DRAND-18")
def test_who_keeps_the_lists_cannot_draw(county: County) -> None:
    draw = county.draw()
    perform(actions.commit, county.keeper, draw)
    perform(actions.freeze, county.keeper, draw)
    with pytest.raises(Refused, match="编制名单的人不能抽取"):
        perform(actions.draw_lots, county.keeper, draw)
    hand = viewer_for(account("hand", county.body, ["*"]))
    change(county.inspectors[0], hand, {"certificate_number": "改过"})
    other = county.draw()
    perform(actions.commit, county.keeper, other)
    perform(actions.freeze, county.keeper, other)
    with pytest.raises(Refused, match="编制名单的人不能抽取"):
        perform(actions.draw_lots, hand, other)
    perform(actions.draw_lots, county.drawer, draw)


def test_steps_come_in_their_order_and_only_once(county: County) -> None:
    draw = county.draw()
    for early in (actions.freeze, actions.draw_lots, actions.publish, actions.void, actions.redraw):
        with pytest.raises(Refused):
            perform(early, county.drawer, draw, {"why": "x"} if early is actions.void else {})
    perform(actions.commit, county.keeper, draw)
    with pytest.raises(Refused):
        perform(actions.commit, county.keeper, draw)
    with pytest.raises(Refused, match="填写有误"):
        change(draw, county.keeper, {"count": 5})
    perform(actions.freeze, county.keeper, draw)
    perform(actions.draw_lots, county.drawer, draw)
    result = fresh(draw).result
    with pytest.raises(Refused):
        perform(actions.draw_lots, county.drawer, draw)
    assert fresh(draw).result == result


def test_a_draw_needs_the_rights_of_its_step(county: County) -> None:
    draw = county.draw()
    reader = viewer_for(account("reader", county.body, ["double_random.*.view"]))
    with pytest.raises(Refused) as no:
        perform(actions.commit, reader, draw)
    assert no.value.status == 403
    only = viewer_for(account("only", county.body, ["double_random.draw.draw_lots"]))
    with pytest.raises(Refused) as no:
        perform(actions.commit, only, draw)
    assert no.value.status == 403


def test_frozen_lists_that_were_touched_cannot_be_drawn(county: County) -> None:
    draw = county.draw()
    perform(actions.commit, county.keeper, draw)
    perform(actions.freeze, county.keeper, draw)
    row = FrozenLists.objects.unscoped("test").get(draw=draw)
    FrozenLists.objects.unscoped("test").filter(pk=row.pk).update(
        text=row.text.replace('"weight":130', '"weight":131', 1)
    )
    with pytest.raises(Refused, match="与已公布的摘要不符"):
        perform(actions.draw_lots, county.drawer, draw)


def test_a_beacon_is_asked_for_where_one_was_named_and_only_there(county: County) -> None:
    named = county.draw(beacon_source="体彩排列5 第26310期")
    plain = county.draw()
    for draw in (named, plain):
        perform(actions.commit, county.keeper, draw)
        perform(actions.freeze, county.keeper, draw)
    with pytest.raises(Refused) as no:
        perform(actions.draw_lots, county.drawer, named)
    assert "26310" in no.value.errors["beacon"][0]
    with pytest.raises(Refused):
        perform(actions.draw_lots, county.drawer, plain, {"beacon": "12345"})
    perform(actions.draw_lots, county.drawer, named, {"beacon": " 12345 "})
    draw = fresh(named)
    assert draw.beacon == "12345"
    assert lots.plain(lots.draw(inputs(draw), draw.seed, "12345")) == draw.result


def test_the_lists_of_the_quarter_come_first(county: County) -> None:
    ItemList.objects.unscoped("test").update(issued_at=None)
    with pytest.raises(Refused, match="清单尚未印发"):
        perform(actions.commit, county.keeper, county.draw())


@pytest.mark.requirement("DRAND-06")
def test_a_list_is_issued_whole(county: County) -> None:
    scoring = ItemList.objects.unscoped("test").get(plan=county.plan, kind="scoring")
    ItemList.objects.unscoped("test").filter(pk=scoring.pk).update(issued_at=None)
    scoring.lines.update(points=0)
    with pytest.raises(Refused, match="须写明记分"):
        perform(actions.issue, county.keeper, scoring)
    scoring.lines.update(points=2)
    perform(actions.issue, county.keeper, scoring)
    with pytest.raises(Refused):
        change(fresh(scoring), county.keeper, {"title": "改"})
    empty = ItemList(plan=county.plan, quarter=1, kind="check", title="空")
    empty.save()
    with pytest.raises(Refused, match="没有事项"):
        perform(actions.issue, county.keeper, empty)


@pytest.mark.requirement("DRAND-05")
def test_only_an_approved_plan_is_drawn_from(county: County) -> None:
    data = {
        "region_code": "330482",
        "organisation": county.body.pk,
        "year": county.plan.year + 1,
        "title": "明年计划",
        "per_quarter": 4,
    }
    plan = create(type(county.plan), county.keeper, data)
    today = timezone.localdate().isoformat()
    asked = {"plan": plan.pk, "quarter": 1, "count": 2, "check_from": today, "check_to": today}
    with pytest.raises(Refused) as no:
        create(Draw, county.keeper, asked)
    assert "尚未批准" in no.value.errors["plan"][0]
    perform(actions.approve, county.keeper, plan)
    assert create(Draw, county.keeper, asked).pk
    with pytest.raises(Refused):
        change(plan, county.keeper, {"title": "改"})


@pytest.mark.requirement("DRAND-12")
def test_a_void_draw_tells_why_and_is_drawn_again(county: County) -> None:
    draw = county.drawn()
    with pytest.raises(Refused):
        perform(actions.void, county.keeper, draw, {"why": "  "})
    perform(actions.void, county.keeper, draw, {"why": "检查日期写错"})
    draw = fresh(draw)
    assert draw.state == "void" and draw.void_reason == "检查日期写错"
    assert set(CheckTask.objects.unscoped("test").filter(draw=draw).values_list("state", flat=True)) == {
        "void"
    }
    perform(actions.redraw, county.keeper, draw)
    again = Draw.objects.unscoped("test").get(redraw_of=draw)
    assert again.state == "planned" and again.number.endswith("-02")
    with pytest.raises(Refused, match="已经发起"):
        perform(actions.redraw, county.keeper, draw)


# ---- the libraries


@pytest.mark.requirement("DRAND-04", "PROJ-10")
def test_the_object_library_follows_the_registry_at_once(county: County) -> None:
    def drawable() -> set[str]:
        return {c.project.code for c in library.objects("330482") if not c.reason}

    assert len(drawable()) == 8
    first, second, third = county.projects[:3]
    first.state, second.state, third.state = "suspended", "completed", "not_started"
    for one in (first, second, third):
        one.save()
    assert drawable() == {f"P{n:02d}" for n in range(4, 9)}
    reasons = {c.project.code: c.reason for c in library.objects("330482")}
    assert reasons["P01"] == "停工" and reasons["P03"] == "未开工" and "P02" not in reasons


def test_weights_are_told_line_by_line(county: County) -> None:
    one = county.projects[0]
    one.is_class_one, one.floor_area = True, 81_000
    one.save()
    standing.PROVIDERS.append(lambda ids: {i: standing.Standing("D", "测试") for i in ids})
    try:
        found = next(c for c in library.objects("330482") if c.project.pk == one.pk)
    finally:
        standing.PROVIDERS.pop()
    assert [(w.code, w.points) for w in found.lines] == [
        ("base", 100),
        ("class_one", 30),
        ("large", 20),
        ("never_checked", 30),
        ("credit", 60),
    ]
    assert found.weight == 240


@pytest.mark.requirement("DRAND-02", "ACT-06")
def test_inspectors_out_of_certificate_or_away_are_not_drawn(county: County) -> None:
    today = timezone.localdate()
    expired, away, gone = county.inspectors[:3]
    expired.certificate_until = today + dt.timedelta(days=5)  # ends during the check
    expired.save()
    Leave(inspector=away, from_on=today + dt.timedelta(days=20), to_on=today + dt.timedelta(days=30)).save()
    gone.is_active = False
    gone.save()
    found = people.inspectors("330482", today, today + dt.timedelta(days=20))
    assert {a.inspector.code for a in found if not a.reason} == {"J004", "J005", "J006", "J007"}
    assert {a.public for a in found if a.reason} == {"certificate", "unavailable"}
    assert gone.code not in {a.inspector.code for a in found}


@pytest.mark.requirement("DRAND-08", "DRAND-18")
def test_recusals_hold_for_kin_former_employers_and_the_last_group(county: County) -> None:
    kin, former, long_ago = county.inspectors[:3]
    Recusal(inspector=kin, kind="kinship", project=county.projects[0]).save()
    today = timezone.localdate()
    Recusal(
        inspector=former,
        kind="former_employer",
        organisation=county.contractor,
        left_on=today - dt.timedelta(days=2 * 365),
    ).save()
    Recusal(
        inspector=long_ago,
        kind="former_employer",
        organisation=county.contractor,
        left_on=today - dt.timedelta(days=4 * 365),
    ).save()
    draw = county.drawn(count=5)
    for row in draw.result:
        assert not (row["object"] == "P01" and kin.code in row["group"])
        assert former.code not in row["group"], "a contractor of two years ago"
    barred = {(r["inspector"], r["object"]) for r in inputs(draw)["recusals"]}
    assert (kin.code, "P01") in barred and (former.code, "P05") in barred
    assert not any(i == long_ago.code for i, _ in barred)
    CheckTask.objects.unscoped("test").filter(draw=draw).update(
        state="done", checked_at=timezone.now() - dt.timedelta(days=60)
    )
    second = county.drawn(count=8)
    before = {row["object"]: set(row["group"]) for row in draw.result}
    for row in second.result:
        assert not before.get(row["object"], set()) & set(row["group"]), "inspected last time"


def test_lists_that_allow_no_group_are_refused_by_name(county: County) -> None:
    for one in county.inspectors:
        Recusal(inspector=one, kind="interest", project=county.projects[3]).save()
    draw = county.draw()
    perform(actions.commit, county.keeper, draw)
    with pytest.raises(Refused, match="抽查项目4"):
        perform(actions.freeze, county.keeper, draw)
    assert fresh(draw).state == "committed"


def test_public_inputs_tell_no_reason_of_a_recusal_or_an_absence(county: County) -> None:
    Recusal(
        inspector=county.inspectors[0], kind="kinship", project=county.projects[0], note="配偶在该项目任职"
    ).save()
    Leave(
        inspector=county.inspectors[1],
        from_on=timezone.localdate(),
        to_on=timezone.localdate(),
        reason="住院手术",
    ).save()
    draw = county.drawn()
    text = FrozenLists.objects.unscoped("test").get(draw=draw).text
    for secret in ("配偶", "kinship", "住院", "inspector1", "演示-1"):
        assert secret not in text
    assert {r["kind"] for r in inputs(draw)["recusals"]} == {"declared"}


# ---- publications


@pytest.mark.requirement("DRAND-15")
def test_what_is_late_is_told_once_and_shown(county: County) -> None:
    draw = county.draw()
    perform(actions.commit, county.keeper, draw)
    perform(actions.freeze, county.keeper, draw)
    perform(actions.draw_lots, county.drawer, draw)
    rows = Publication.objects.unscoped("test").filter(draw=draw)
    assert {r.kind for r in rows} == {"objects", "inspectors", "process"}
    assert publishing.tell_late() == 0
    later = timezone.now() + dt.timedelta(days=60)
    assert publishing.tell_late(later) == 3
    assert publishing.tell_late(later) == 3
    assert Notice.objects.unscoped("test").filter(kind="publication_late").count() == 3 * 9, "once a member"
    assert all(r.is_late(later) for r in rows)
    perform(actions.publish, county.keeper, draw)
    assert publishing.tell_late(later) == 0
    assert all(r.published_at and not r.is_late(later) for r in rows.all())


def test_names_of_the_inspectors_are_what_the_library_says(county: County) -> None:
    draw = county.drawn()
    body = Publication.objects.unscoped("test").get(draw=draw, kind="inspectors").body
    known = {i.name for i in Inspector.objects.unscoped("test")}
    assert all(set(row["group"]) <= known and row["leader"] in row["group"] for row in body)
