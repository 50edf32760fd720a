"""What is kept of a project is seen by the units of the project, as the record is that it proves."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import keep
from siteloop.foundation.registry.models import Party
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import officer
from siteloop.framework.viewer import system_viewer

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.mark.django_db
@pytest.mark.requirement("SEC-06")
def test_a_unit_sees_the_files_of_its_projects_and_of_no_other():
    unit = rows.organisation("330482")
    project, other = rows.project("330482"), rows.project("330482")
    Party(project=project, kind="contractor", organisation=unit).save()
    kept = [
        keep(
            system_viewer("a test"),
            SimpleUploadedFile(f"{n}.png", PNG + bytes([n])),
            project_id=one.pk,
            region_code="330482",
        )
        for n, one in enumerate((project, other))
    ]
    viewer = viewer_for(officer(["*"], sees="organisation", organisation=unit))
    assert list(Evidence.objects.visible_to(viewer)) == kept[:1]
