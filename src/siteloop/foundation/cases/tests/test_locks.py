"""Locks: set and lifted by their source, met by business with the reason, seen on their register."""

import pytest
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import locks, pages
from siteloop.foundation.cases.models import Lock
from siteloop.foundation.registry import actions
from siteloop.foundation.registry.models import ProjectPost
from siteloop.foundation.registry.tests import rows
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.testing import RegisterTests, officer
from siteloop.framework.viewer import system_viewer

REGION = "330482"


def _hold(source="test:1", project=None, **more):
    return locks.hold(
        source,
        "测试：逾期",
        pack_key="no.such.key",
        region_code=REGION,
        project=project or rows.project(REGION),
        remedy="办结",
        **more,
    )


class TestLocks(RegisterTests):
    page = pages.locks

    def make_row(self, region):
        row = Lock(
            reach="project", reason="测试", source=f"test:{Lock._machinery.count()}", region_code=region
        )
        row.project, row.since = rows.project(region), timezone.now()
        row.save()
        return row


@pytest.mark.django_db
@pytest.mark.requirement("INSP-04")
def test_the_same_source_locks_once_and_lifts_what_it_locked():
    project = rows.project(REGION)
    first, again = _hold(project=project), _hold(project=project)
    assert first.pk == again.pk and first.reach == "project"
    _hold("test:2", project)
    assert len(locks.standing(project)) == 2
    assert locks.lift("test:1", "已办结") == 1 and locks.lift("test:1", "再来") == 0
    assert [x.source for x in locks.standing(project)] == ["test:2"]
    assert _hold(project=project).pk != first.pk, "locked anew it is a new lock"


@pytest.mark.django_db
def test_business_is_refused_with_reason_and_remedy_others_go_on():
    locked, free = rows.project(REGION), rows.project(REGION)
    _hold(project=locked)
    manager = officer(["registry.*"])
    for project in (locked, free):
        ProjectPost(project=project, kind="project_manager", account=manager).save()
    clerk = viewer_for(manager)
    with pytest.raises(Refused, match="测试：逾期。解锁条件：办结"):
        perform(actions.submit, clerk, locked, {})
    locked.refresh_from_db()
    assert locked.review_state == "draft"
    perform(actions.submit, clerk, free, {})
    perform(actions.submit, system_viewer("程序"), locked, {})


@pytest.mark.django_db
def test_acts_that_are_no_business_are_not_stopped():
    project = rows.project(REGION)
    _hold(project=project)
    perform(actions.suspend, viewer_for(officer(["registry.*"])), project, {"reason": "停工"})
