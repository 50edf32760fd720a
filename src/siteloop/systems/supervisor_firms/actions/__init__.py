"""The verbs of the system, by what they act on."""

from siteloop.systems.supervisor_firms.actions import dangers, duty, firms, misconduct, reports, sides

__all__ = ["dangers", "duty", "firms", "misconduct", "reports", "sides"]
