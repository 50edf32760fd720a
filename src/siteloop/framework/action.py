"""Action: the one door for writing. Checks permission, scope and state; saves; leaves a trail; speaks on commit.

UI, REST, import, the rule engine and exchange all come through `perform`. A system declares its verbs in `actions.py`:

    retire = Action("retire", "停用", "Retire", model=Machine, run=_retire, fields=(Input("reason", "原因", required=True),))
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from siteloop.framework.language import sentence


class Refused(Exception):
    """The action was not done, said in the reader's language. `status` is the HTTP status a caller should see; `errors` maps field -> messages."""

    def __init__(
        self, message: str, *, status: int = 409, errors: dict[str, list[str]] | None = None
    ) -> None:
        self.message = sentence(message)
        super().__init__(self.message)
        self.status = status
        self.errors = {name: [sentence(one) for one in told] for name, told in (errors or {}).items()}


class Changed(Refused):
    """Somebody changed the record since the caller read it (409). `conflict` holds both versions, for a person to decide.

    {"kind": "record", "version", "row", "changes": [{"at", "by", "sentence"}]} or, where parts of a record are merged,
    {"kind": "lines", "lines": [{"item", "title", "mine", "theirs"}], "by", "at"}.
    """

    def __init__(self, message: str, conflict: dict[str, Any]) -> None:
        super().__init__(message, status=409)
        self.conflict = conflict


@dataclass(frozen=True)
class Input:
    """One thing the person types or picks when doing the action."""

    name: str
    title: str
    title_en: str = ""
    kind: str = "text"  # text multiline number money date datetime bool choice file files upload reference
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    reference: str = ""  # "<system>.<Model>" for kind reference
    of: str = ""  # field of that model that names the record acted on: only what belongs to it is offered
    help: str = ""


@dataclass(frozen=True)
class Act:
    """What `run` gets: the row (locked, or None for an action on the register), the typed input and who asks."""

    viewer: Any  # framework.viewer.Viewer
    obj: Any
    data: dict[str, Any]
    reason: str = ""


@dataclass(frozen=True)
class Action:
    """A named verb on a register. `run(act)` may return a sentence for the person; it raises Refused to say no."""

    code: str  # verb, snake_case
    title: str
    title_en: str
    model: type[Model]
    run: Callable[[Act], Any]
    fields: tuple[Input, ...] = ()
    available: Callable[[Any, Any], bool] = lambda obj, viewer: True  # (obj, viewer) -> shown and allowed
    on_register: bool = False  # acts on the register, not on one row
    bulk: bool = False  # offered for several chosen rows
    confirm: str = ""  # question asked before doing it
    danger: bool = False
    log: str = ""  # sentence of the trail, with {obj} and {field} places; `siteloop check` demands it
    event: str = ""  # past tense, emitted on commit, e.g. "case_assigned"
    permission: str = ""  # default: <system>.<model>.<code>
    extra: dict[str, Any] = field(default_factory=dict)
