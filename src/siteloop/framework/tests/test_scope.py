"""What belongs to a row is seen by those who see the row, and by whom it names besides."""

from siteloop.framework.scope import Scope


def test_a_scope_reaches_through_a_relation():
    row = Scope(
        region="place__code", project="project_id", organisation=("firm_id", "other_id"), owner="asker_id"
    )
    assert row.through("request", "desk_id") == Scope(
        region="request__place__code",
        project="request__project_id",
        organisation=("request__firm_id", "request__other_id", "desk_id"),
        owner=("request__asker_id",),
    )


def test_what_a_row_does_not_know_is_not_reached():
    assert Scope(organisation="firm_id").through("request") == Scope(
        organisation=("request__firm_id",), owner=()
    )
