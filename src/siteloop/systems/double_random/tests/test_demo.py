"""The demo's draws hold like real ones, and are the same at each installation."""

import json

import pytest
from django.utils import timezone

from siteloop.foundation.authority.demo import load as load_authority
from siteloop.foundation.authority.loading import load_roles
from siteloop.foundation.regions.loading import bundled, import_rows
from siteloop.foundation.registry.demo import load as load_registry
from siteloop.framework.models import TrailEntry
from siteloop.systems.double_random import actions, demo, facade
from siteloop.systems.double_random import draw as lots
from siteloop.systems.double_random.models import CheckTask, Draw, FrozenLists


@pytest.mark.django_db
def test_the_demo_has_finished_void_and_waiting_draws_that_replay(settings: object) -> None:
    import_rows([(code, name) for code, name in bundled() if code.startswith("33")])
    load_roles()
    load_authority()
    load_registry()
    demo.load()
    demo.load()
    rows = Draw.objects.unscoped("test").order_by("pk")
    assert [d.state for d in rows] == ["published", "published", "void", "published", "committed"]
    for row in rows:
        if row.drawn_at is None:
            continue
        text = FrozenLists.objects.unscoped("test").get(draw=row).text
        assert lots.sha256(text) == row.inputs_sha256
        assert lots.plain(lots.draw(json.loads(text), row.seed, row.beacon)) == row.result
        assert row.committed_at < row.frozen_at < row.drawn_at < timezone.now()
    for row in rows:
        told = TrailEntry.objects.unscoped("test").get(
            model="double_random.draw", object_id=row.pk, action__endswith=".commit"
        )
        assert told.changes["commitment"][1] == row.commitment, "the trail tells the same promise"
    assert actions.fresh_seed() != actions.fresh_seed(), "outside the demo every seed is new"
    story = CheckTask.objects.unscoped("test").filter(state="assigned")
    assert "J001" in {t.leader.code for t in story}
    assert CheckTask.objects.unscoped("test").filter(state="correcting").count() == 1
    assert facade.count_notices("results") and facade.count_notices("use")
