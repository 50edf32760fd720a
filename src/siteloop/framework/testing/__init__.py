"""Tests given to every register: derive from `RegisterTests` in the system's own tests."""

from siteloop.framework.testing.people import Caller, caller, officer
from siteloop.framework.testing.register import RegisterTests

__all__ = ["Caller", "RegisterTests", "caller", "officer"]
