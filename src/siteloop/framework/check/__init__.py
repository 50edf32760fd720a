"""`siteloop check`: what every folder must hold to. Each rule is a small function Folder -> problems."""

from siteloop.framework.check.folders import Folder, Problem, folders
from siteloop.framework.check.running import run_checks

__all__ = ["Folder", "Problem", "folders", "run_checks"]
