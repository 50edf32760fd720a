"""The given tests of every register of the life cycle."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.framework.testing import RegisterTests
from siteloop.systems.project_stages import pages
from siteloop.systems.project_stages.models import (
    FormerPlace,
    PlaceChange,
    StageMark,
    StagePaper,
    StageRecord,
    Tender,
)
from siteloop.systems.project_stages.tests.rows import (
    contractor,
    data,
    organisation,
    paper,
    project,
    record,
    serial,
)


class _Stage(RegisterTests):
    def make_row(self, region: str) -> Any:
        return record(self._model, region)

    @property
    def _model(self) -> type[StageRecord]:
        assert issubclass(self.page.model, StageRecord)
        return self.page.model

    def new_data(self, region: str) -> dict[str, Any]:
        return {"project": project(region).pk, **data(self._model)}


class TestTenders(_Stage):
    page = pages.tenders


class TestSurveyDesigns(_Stage):
    page = pages.survey_designs


class TestContracts(_Stage):
    page = pages.contracts


class TestDrawingReviews(_Stage):
    page = pages.drawing_reviews


class TestPermits(_Stage):
    page = pages.permits


class TestFilings(_Stage):
    page = pages.filings


class TestProgresses(_Stage):
    page = pages.progresses

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"note": f"改到第{next(serial)}层"}


class TestCompletions(_Stage):
    page = pages.completions


class TestArchives(_Stage):
    page = pages.archives


class TestStages(RegisterTests):
    page = pages.stages

    def make_row(self, region: str) -> StageMark:
        row = StageMark(project=project(region), stage="tender", state="passed", at=timezone.now())
        row.save()
        return row


class TestPapers(RegisterTests):
    page = pages.papers

    def make_row(self, region: str) -> StagePaper:
        return paper(record(Tender, region), "中标通知书")


class TestChanges(RegisterTests):
    page = pages.changes

    def employer(self) -> Organisation:
        return contractor(self.home)

    def make_row(self, region: str) -> PlaceChange:
        row = PlaceChange(
            project=project(region),
            subject="party",
            kind="contractor",
            organisation=organisation(region),
            reason=f"测试原因{next(serial)}",
        )
        row.save()
        return row

    def new_data(self, region: str) -> dict[str, Any]:
        return {
            "project": project(region).pk,
            "subject": "party",
            "kind": "supervisor_firm",
            "organisation": organisation(region, "supervisor_firm").pk,
            "reason": f"测试变更{next(serial)}",
        }

    def changed_data(self, row: Any) -> dict[str, Any]:
        return {"reason": f"另一原因{next(serial)}"}


class TestFormerPlaces(RegisterTests):
    page = pages.former_places

    def make_row(self, region: str) -> FormerPlace:
        row = FormerPlace(
            project=project(region),
            subject="party",
            kind="contractor",
            organisation=organisation(region),
            to_on=timezone.localdate(),
            why="测试",
        )
        row.save()
        return row
