"""Rows of the life cycle for tests."""

import datetime as dt
from itertools import count
from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.registry.models import Party, Project
from siteloop.foundation.registry.tests import rows
from siteloop.foundation.registry.tests.rows import organisation
from siteloop.systems.project_stages.models import (
    Archive,
    Completion,
    Contract,
    DrawingReview,
    Permit,
    StagePaper,
    StageRecord,
    SupervisionFiling,
    SurveyDesign,
    Tender,
    VisibleProgress,
)

serial = count(1)
DAY = dt.date(2026, 3, 1)


def contractor(region: str) -> Organisation:
    """The one contractor of all projects there."""
    row, _ = Organisation.objects.unscoped("a test").get_or_create(
        name=f"全过程施工单位{region}", defaults={"kind": "contractor", "region_code": region}
    )
    return row


def project(region: str, **more: object) -> Project:
    """Under construction, by that contractor."""
    row = rows.project(region, **more)
    Party.objects.unscoped("a test").filter(project=row).update(organisation=contractor(region))
    return row


def data(model: type[StageRecord]) -> dict[str, Any]:
    """What a person types for one record, without its project."""
    n = next(serial)
    return {
        Tender: {"name": f"测试标段{n}", "inner_number": f"ZB{n}"},
        SurveyDesign: {"kind": "design", "unit_name": f"测试设计院{n}"},
        Contract: {"name": f"测试合同{n}", "inner_number": f"HT{n}", "kind": "301"},
        DrawingReview: {"number": f"TX{n}", "body_name": "测试审图机构"},
        Permit: {"number": f"SX{n}", "issued_on": DAY, "contract_wan": "1200.5"},
        SupervisionFiling: {"quality_number": f"ZJ{n}", "filed_on": DAY},
        VisibleProgress: {"part": "主体", "percent": 40, "reported_on": DAY, "note": f"第{n}层"},
        Completion: {"name": f"测试竣工{n}", "inner_number": f"JG{n}", "finished_on": DAY},
        Archive: {"number": f"DA{n}", "handed_on": DAY},
    }[model]


def record(model: type[StageRecord], of: Project | str) -> Any:
    """A saved record of a project, or of a fresh project in a region."""
    row = model(project=project(of) if isinstance(of, str) else of, **data(model))
    row.save()
    return row


def paper(row: StageRecord, title: str) -> StagePaper:
    """A paper of a record."""
    n = next(serial)
    kept = Evidence(
        sha256=f"{n:064d}",
        sm3=f"{n:064d}",
        size=10,
        content_type="application/pdf",
        original_name=f"{title}.pdf",
        project_id=row.project_id,
        region_code=row.project.region_code,
        received_at=timezone.now(),
    )
    kept.save()
    one = StagePaper(
        project=row.project,
        stage=row.stage,
        record=row.pk,
        title=title,
        evidence=kept,
        at=timezone.now(),
    )
    one.save()
    return one


__all__ = ["DAY", "contractor", "data", "organisation", "paper", "project", "record", "serial"]
