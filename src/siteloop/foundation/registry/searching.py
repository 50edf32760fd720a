"""What the search over everything finds here: projects, sites, devices."""

from siteloop.foundation.registry import pages
from siteloop.framework.language import term
from siteloop.framework.searching import of_register

SOURCES = (
    of_register(pages.projects, 10, lambda row: f"{row.code} · {term(row.get_state_display())}"),
    of_register(pages.sites, 20, lambda row: row.address or str(row.project)),
    of_register(pages.devices, 30, lambda row: f"{row.code} · {term(row.get_state_display())}"),
)
