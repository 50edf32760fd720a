"""What the search over everything finds here: cases by number and title."""

from siteloop.foundation.cases import pages
from siteloop.framework.language import term
from siteloop.framework.searching import of_register

SOURCES = (of_register(pages.cases, 40, lambda row: term(row.get_state_display())),)
