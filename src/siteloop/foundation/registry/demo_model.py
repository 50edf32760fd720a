"""Demo: one device model with a conformance report. The model is this repository's own simulator, and is called that.

The report is no invention: `siteloop conformance hj212-2017 --listen` tested `simulators/hj212_device.py` and wrote it as it lies
in `data/`; its digest is checked when it is filed, as that of any other.
"""

from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.registry import filing
from siteloop.foundation.registry.models import DeviceModel
from siteloop.framework.perform import create, perform
from siteloop.kernel import conformance

REPORT = Path(__file__).parent / "data" / "simulator-hj212-2017.json"


def load() -> None:
    """The model and its report, filed by the county's officer; nothing where there is none."""
    officer = Account.objects.filter(username="county").first()
    if officer is None:
        return
    data, viewer = REPORT.read_bytes(), viewer_for(officer)
    told = conformance.decode(data)
    model = create(
        DeviceModel,
        viewer,
        {
            "maker": told.maker,
            "name": told.model,
            "firmware": told.firmware,
            "profile": "dust",
            "protocol": told.profile,
            "note": "本平台自带的模拟器，不是真实产品；报告由 siteloop conformance 实测写出",
        },
    )
    perform(
        filing.file_report,
        viewer,
        model,
        {"report": SimpleUploadedFile("report.json", data, "application/json")},
    )
