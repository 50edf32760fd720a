"""One register a stage, with the fields of the national data standard as far as they are known, and the ledger over them.

Field names of 建办市〔2018〕81号 and what they map to stand in `national.py`. Money is in 万元, area in ㎡. ID numbers of persons
are not kept here: persons stand in the people register.
"""

from siteloop.systems.project_stages.models.before import (
    Contract,
    DrawingReview,
    Permit,
    SupervisionFiling,
    SurveyDesign,
    Tender,
)
from siteloop.systems.project_stages.models.marks import StageMark, StagePaper
from siteloop.systems.project_stages.models.places import FormerPlace, PlaceChange
from siteloop.systems.project_stages.models.records import (
    OPEN,
    WHY,
    RecordState,
    Reviewed,
    StageCode,
    StageRecord,
)
from siteloop.systems.project_stages.models.works import Archive, Completion, VisibleProgress

__all__ = (
    "OPEN",
    "WHY",
    "Archive",
    "Completion",
    "Contract",
    "DrawingReview",
    "FormerPlace",
    "Permit",
    "PlaceChange",
    "RecordState",
    "Reviewed",
    "StageCode",
    "StageMark",
    "StagePaper",
    "StageRecord",
    "SupervisionFiling",
    "SurveyDesign",
    "Tender",
    "VisibleProgress",
)
