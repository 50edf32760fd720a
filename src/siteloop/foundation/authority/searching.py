"""What the search over everything finds here: organisations, and holders of posts."""

from siteloop.foundation.authority import pages
from siteloop.framework.language import term
from siteloop.framework.searching import of_register

SOURCES = (
    of_register(pages.organisations, 60, lambda row: term(row.get_kind_display())),
    of_register(pages.posts, 70, lambda row: f"{row.organisation} · {row.role}"),
)
