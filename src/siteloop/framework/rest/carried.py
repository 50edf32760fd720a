"""Records as a phone carries them: what is to be known, the version seen, and the acts that are open, with their inputs.

An act is one of the register's own actions and is sent to the register's own address; the phone adds nothing to it but
the version it is based on. One record is a plain dictionary:

    {"key", "kind", "api", "title", "place", "project", "site", "deadline", "colour", "state", "facts": [[label, value]],
     "problems": [{"problem", "basis", "demand"}], "story": [{"at", "title", "by", "body", "photos"}], "version",
     "actions", "desk"} and what its kind adds.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from siteloop.framework.action import Action
from siteloop.framework.pages_found import label, page_for
from siteloop.framework.perform import permission_of
from siteloop.framework.rest.ui import described
from siteloop.framework.rest.versions import version_of
from siteloop.framework.viewer import Viewer

#: what a phone can ask for; the rest is done at the desk
ASKED = frozenset({"text", "multiline", "number", "money", "date", "datetime", "bool", "choice", "files"})
#: registers a phone carries whole, so that one of their rows can be chosen on it
CHOSEN = frozenset({"inspection.Measure"})


def _can_ask(action: Action) -> bool:
    return all(i.kind in ASKED or i.reference in CHOSEN for i in action.fields)


def open_actions(row: Model, viewer: Viewer, leave_out: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Actions of the row's register that are open to the viewer now and that a phone can ask for."""
    page = page_for(type(row))
    return [
        described(a)
        for a in (page.actions if page is not None else ())
        if not a.on_register
        and a.code not in leave_out
        and _can_ask(a)
        and viewer.may(a.permission or permission_of(a.model, a.code))
        and a.available(row, viewer)
    ]


def shown(row: Model, viewer: Viewer, kind: str, title: str, **more: Any) -> dict[str, Any]:
    """The common part; `more` overrides it."""
    page = page_for(type(row))
    assert page is not None, "records of the phone have a register"
    path = f"{label(page)}/{page.code}/{row.pk}"
    found: dict[str, Any] = {
        "key": path,
        "kind": kind,
        "id": row.pk,
        "api": f"/api/v1/{path}",
        "desk": f"/{path}/",
        "title": title,
        "place": "",
        "project": None,
        "site": None,
        "deadline": None,
        "colour": "",
        "state": "",
        "facts": [],
        "problems": [],
        "story": [],
        "version": version_of(row),
    }
    if "actions" not in more:
        found["actions"] = open_actions(row, viewer)
    return {**found, **more}


def iso(at: dt.datetime | None) -> str | None:
    """A moment as JSON carries it."""
    return at.isoformat() if at is not None else None
