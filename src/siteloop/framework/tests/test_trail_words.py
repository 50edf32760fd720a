"""The trail speaks to people: titles for fields, words for codes, names for rows, and nothing for nothing."""

import pytest
from django.apps import apps

from siteloop.framework import perform, trail_words
from siteloop.framework.action import Act, Action, Input
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import caller
from siteloop.framework.tones import tone
from siteloop.framework.viewer import system_viewer

Organisation = apps.get_model("authority.Organisation")


def _told(row, viewer):
    entries = TrailEntry.objects.unscoped("the test looks").filter(object_id=row.pk).order_by("pk")
    return trail_words.told(list(entries.filter(model="authority.organisation")), viewer)


@pytest.mark.django_db
def test_changes_are_told_in_words_and_times_in_shanghai():
    viewer = system_viewer("测试")
    above = perform.create(
        Organisation, viewer, {"name": "上级单位", "kind": "contractor", "region_code": "330482"}
    )
    row = perform.create(
        Organisation, viewer, {"name": "新单位", "kind": "contractor", "region_code": "330482"}
    )
    perform.change(row, viewer, {"kind": "builder", "parent": above.pk, "is_active": False})
    made, changed = _told(row, viewer)
    assert made.is_new and not changed.is_new
    words = {c.title: (c.before, c.after) for c in changed.changes}
    kinds = dict(Organisation._meta.get_field("kind").flatchoices)
    titles = {n: str(Organisation._meta.get_field(n).verbose_name) for n in ("kind", "parent", "is_active")}
    assert words[titles["kind"]] == (kinds["contractor"], kinds["builder"])
    assert words[titles["parent"]] == ("—", "上级单位"), "a row is told by its name, not its key"
    assert words[titles["is_active"]] == ("是", "否")
    assert all(c.title.lower() != "id" for c in made.changes)
    assert trail_words._moment("2026-11-21T15:52:23.165149+00:00", False) == "2026-11-21 23:52"
    assert trail_words._moment("2026-11-25T16:00:00+00:00", True) == "2026-11-25 24:00"


@pytest.mark.django_db
def test_an_entry_of_a_field_that_is_gone_is_still_told():
    entry = TrailEntry(model="authority.organisation", changes={"no_more": [None, "旧值"]})
    lost = TrailEntry(model="gone.model", changes={"x": ["a", "b"]})
    first, second = trail_words.told([entry, lost], system_viewer("测试"))
    assert first.changes[0].title == "no_more" and first.changes[0].after == "旧值"
    assert second.changes[0].before == "a"


@pytest.mark.django_db
def test_a_sentence_says_nothing_of_what_was_not_given():
    def act(_: Act) -> str:
        return "好"

    send = Action(
        "change",
        "交办",
        "Send",
        Organisation,
        act,
        fields=(Input("note", "说明"),),
        log="{actor}交办{obj}{note}",
    )
    viewer = system_viewer("测试")
    row = perform.create(
        Organisation, viewer, {"name": "收件单位", "kind": "contractor", "region_code": "330482"}
    )
    perform.perform(send, viewer, row, {})
    assert _told(row, viewer)[-1].entry.sentence.endswith("交办收件单位")


@pytest.mark.django_db
def test_a_record_shows_its_trail_only_where_there_is_one_to_see():
    seen, unseen = (
        caller(["authority.organisation.*", "framework.trailentry.view"]),
        caller(["authority.organisation.*"]),
    )
    row = perform.create(
        Organisation,
        system_viewer("测试"),
        {"name": "某单位", "kind": "contractor", "region_code": "330482"},
    )
    path = f"/authority/organisations/{row.pk}/"
    assert "操作留痕" in seen.html.get(path).content.decode()
    assert "操作留痕" not in unseen.html.get(path).content.decode()


def test_a_state_has_the_same_colour_everywhere():
    assert (tone("passed"), tone("failed"), tone("returned"), tone("void")) == (
        "green",
        "red",
        "orange",
        "grey",
    )
    assert tone("submitted") == "blue", "what is on its way is blue"


def test_lists_and_tables_are_told_without_their_punctuation():
    assert trail_words._word(None, [{"leader": "J009", "group": ["J002"]}, {"leader": "J001"}], {}) == "2 条"
    assert trail_words._word(None, ["pm25", "pm10"], {}) == "pm25、pm10"
    assert trail_words._word(None, {"pm25": 1000}, {}) == "pm25 1000"
    assert trail_words._word(None, {}, {}) == trail_words.NOTHING
