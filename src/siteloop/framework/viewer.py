"""Viewer: who is looking, and how far that person may see. Built by foundation.authority, used by everybody."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache

#: answers kept of one set of rights; whoever asks about more is answered all the same
MOST_ANSWERS = 4096


@lru_cache(maxsize=512)
def _answers(permissions: frozenset[str]) -> dict[str, bool]:
    """What was asked of a set of rights before: a page's menu alone asks for some six hundred permissions."""
    return {}


@dataclass(frozen=True)
class Viewer:
    """A signed-in person (or the system itself) with permissions and scopes.

    `regions` are trimmed division codes; each opens its whole subtree. `projects` and `organisations` are ids
    granted one by one. Nothing granted, nothing seen.
    """

    user: int | None
    name: str
    permissions: frozenset[str] = frozenset()  # "dust.*", "cases.case.view"; fnmatch patterns
    regions: tuple[str, ...] = ()
    projects: frozenset[int] = frozenset()
    organisations: frozenset[int] = frozenset()
    language: str = "zh-hans"
    address: str = ""  # where the request came from, for the trail
    on_behalf: str = ""  # for whom it acts
    roles: tuple[str, ...] = field(default=())
    is_system: bool = False  # the rule engine, a job, an exchange partner: sees all, still leaves a trail

    def may(self, permission: str) -> bool:
        """Whether any granted pattern covers `system.register.verb`."""
        if self.is_system:
            return True
        known = self._answers.get(permission)
        if known is None:
            known = any(fnmatchcase(permission, pattern) for pattern in self.permissions)
            if len(self._answers) < MOST_ANSWERS:
                self._answers[permission] = known
        return known

    @cached_property
    def _answers(self) -> dict[str, bool]:
        return _answers(self.permissions)

    def covers(self, region: str) -> bool:
        """Whether a region's whole subtree lies inside this viewer's; "" is the nation."""
        return self.is_system or any(region.startswith(code) for code in self.regions)

    def may_give(self, pattern: str) -> bool:
        """Whether the viewer holds a permission pattern itself, so that it may be passed on."""
        return self.may(pattern)


def viewer_of(request: object) -> Viewer:
    """Whose request it is; the middleware of foundation.authority has found it."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    return viewer


def system_viewer(name: str) -> Viewer:
    """The program acting by itself, e.g. `system_viewer("rule engine")`."""
    return Viewer(user=None, name=name, is_system=True)


NOBODY = Viewer(user=None, name="")
