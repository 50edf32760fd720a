"""Manifest: printed documents."""

from siteloop.framework.system import System

SYSTEM = System(
    code="documents",
    title="文书",
    title_en="Documents",
    menu="disposal",
    icon="file-certificate",
    order=60,
    requirements=("INSP-08", "INSP-09", "SEC-08", "PORT-01", "PORT-03"),
    standards=("GB/T 9704-2012",),
)
