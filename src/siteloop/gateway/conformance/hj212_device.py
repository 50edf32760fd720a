"""What a device has to show of HJ 212 (we are the platform). Clauses are those of HJ 212-2017, 2025 where said."""

from siteloop.gateway.conformance.cases import Suite
from siteloop.gateway.conformance.hj212 import Line
from siteloop.gateway.conformance.hj212_commands import COMMANDS
from siteloop.gateway.conformance.hj212_heard import HEARD
from siteloop.gateway.conformance.hj212_uploads import UPLOADS

SUITE: Suite[Line] = UPLOADS + COMMANDS + HEARD
