"""What a device that pushes events has to show: what it does, then how it writes."""

from siteloop.gateway.conformance.events_heard import HEARD
from siteloop.gateway.conformance.events_line import Line
from siteloop.gateway.conformance.events_pushes import PUSHES

SUITE = PUSHES + HEARD
__all__ = ["SUITE", "Line"]
