"""A rule on trial: start it, see its count beside today's rule, end it or switch it on; and the switches of the rule itself."""

import datetime as dt
import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from siteloop.foundation.packs import actions, ladder, meaning, places, trials
from siteloop.foundation.packs.models import Pack, PackRule, RuleTrial
from siteloop.foundation.regions.names import full_name
from siteloop.framework.action import Action, Refused
from siteloop.framework.language import pick
from siteloop.framework.perform import perform, permission_of
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
from siteloop.screens.settings import asking, number_form, showing
from siteloop.screens.settings.asking import Asked
from siteloop.screens.settings.comparing import compare

MARGIN = dt.timedelta(minutes=30)  # readings shown around an example
SWITCHES = {"switch_shadow": actions.switch_shadow, "switch_enabled": actions.switch_enabled}
PAST = 10


@screen
def page(request: HttpRequest, key: str) -> HttpResponse:
    """GET /settings/rules/<key>/trial/?region= or ?project=. POST do=start|end|adopt|switch_shadow|switch_enabled."""
    asked = asking.asked(request)
    found = asked.standing("rules", key)
    row = found.row
    if not isinstance(row, PackRule):
        raise Http404
    errors: list[str] = []
    if request.method == "POST":
        try:
            messages.success(request, _done(request, asked, found, row))
        except Refused as no:
            errors = asking.told(no)
        else:
            return redirect(f"{request.path}?{asked.query}")
    known = RuleTrial.objects.visible_to(asked.viewer).filter(code=key, **asked.place.rows)
    known = known.select_related("rule", "project")
    trial, filled = _chosen(request, known), asking.filled(request)
    usual_end = timezone.localdate() + dt.timedelta(days=trials.USUAL_DAYS)
    context = {
        "kind": "rules",
        "s": showing.standing(found),
        "tab": "trial",
        "trial": trial,
        "is_running": trial is not None and trial.outcome == "running",
        "is_replaced": trial is not None and trial.outcome == "running" and trial.rule_id != row.pk,
        "numbers_tried": _numbers(trial) if trial is not None else [],
        "found": _compared(asked.viewer, trial) if trial is not None else None,
        "past": known[:PAST],
        "around": _around(asked, found) if trial is None else None,
        "inside": _inside(asked, key),
        "can_try": trials.can_try(row) and row.enabled,
        "may_try": asked.viewer.may(trials.PERMISSION) and asked.covers,
        "numbers": number_form.boxes(found, filled),
        "until": request.POST.get("until") or usual_end.isoformat(),
        "reason": filled("reason", ""),
        "most_days": trials.MOST_DAYS,
        "switches": _switches(asked, row),
        "errors": errors,
        **asked.shown,
        **showing.about(found),
    }
    return render(request, "settings/trial.html", context, status=422 if errors else 200)


def _chosen(request: HttpRequest, known: Any) -> RuleTrial | None:
    """`?trial=` one of the past, otherwise the running one."""
    asked = request.GET.get("trial", "")
    if asked:
        found: RuleTrial | None = known.filter(pk=asked).first() if asked.isdecimal() else None
        if found is None:
            raise Http404
        return found
    running: RuleTrial | None = known.filter(outcome="running").first()
    return running


def _around(asked: Asked, found: ladder.Standing) -> dict[str, str] | None:
    """The trial of a region that reaches this project; none where the project has a word of its own."""
    if asked.place.project is None or found.is_own:
        return None
    running = RuleTrial.objects.visible_to(asked.viewer).filter(
        code=found.key, outcome="running", project=None
    )
    # from where today's word is said down to the project's town
    said = len(found.row.pack.region_code)
    codes = {asked.place.region[:n] for n in (0, 2, 4, 6, 9) if n >= said}
    near = max(running.filter(region_code__in=codes), key=lambda t: len(t.region_code), default=None)
    if near is None:
        return None
    return {"name": full_name(near.region_code), "href": f"?{asking.query(places.of(near))}"}


def _inside(asked: Asked, key: str) -> list[dict[str, Any]]:
    """Running trials of places and projects inside a region: each is judged for itself and left out of the region's."""
    if asked.place.project is not None:
        return []
    running = RuleTrial.objects.visible_to(asked.viewer).filter(code=key, outcome="running")
    inside = running.filter(region_code__startswith=asked.place.region).exclude(**asked.place.rows)
    found = inside.select_related("project").order_by("until", "pk")[:PAST]
    return [
        {
            "trial": t,
            "name": t.project.name if t.project else full_name(t.region_code),
            "href": f"?{asking.query(places.of(t))}",
        }
        for t in found
    ]


def _done(request: HttpRequest, asked: Asked, found: ladder.Standing, row: PackRule) -> str:
    """Raises Refused."""
    what, reason = request.POST.get("do", ""), request.POST.get("reason", "").strip()
    if what not in ("start", "end", "adopt", *SWITCHES):
        raise Refused(pick("没有这个操作", "No such act"), status=422)
    if not reason:
        raise Refused(pick("请写明理由", "Say why"), status=422)
    if what == "start":
        changes, wanted = number_form.typed(request, found)
        if not changes:
            raise Refused(
                pick("没有改动任何数值，没有可对照的内容", "No number was changed, nothing to compare"),
                status=422,
            )
        data = {
            "params": json.dumps(wanted),
            "until": request.POST.get("until") or None,
            **asked.place.named,
        }
        return str(perform(trials.start_trial, asked.viewer, row, data, reason))
    if what in SWITCHES:
        return str(perform(SWITCHES[what], asked.viewer, row, asked.place.named, reason))
    known = RuleTrial.objects.visible_to(asked.viewer).filter(code=row.code, **asked.place.rows)
    trial = known.filter(outcome="running").first()
    if trial is None:
        raise Refused(pick("试运行已经结束，请刷新", "The trial is over already"))
    act = trials.end_trial if what == "end" else trials.adopt_trial
    return str(perform(act, asked.viewer, trial, {}, reason))


def _switches(asked: Asked, row: PackRule) -> list[dict[str, str]]:
    """What the place may switch for itself: it may be stricter than the levels above, not laxer."""
    if not asked.covers:
        return []
    place = asked.place
    is_own = row.pack.project_id == place.project_id and row.pack.region_code == place.region
    here = row.pack if is_own else Pack(region_code=place.region, project=place.project)
    titles = {
        "switch_shadow": pick("结束整条规则的试运行，正式生效", "End the rule's own trial")
        if row.shadow
        else pick("整条规则转为试运行，不再派单", "Put the whole rule on trial"),
        "switch_enabled": pick("停用规则", "Switch off") if row.enabled else pick("启用规则", "Switch on"),
    }
    return [
        {"do": name, "title": titles[name], "danger": "1" if name == "switch_enabled" and row.enabled else ""}
        for name, action in SWITCHES.items()
        if asked.viewer.may(_permission(action))
        and (
            not actions.is_laxer(row, name.removeprefix("switch_"))
            or actions.may_relax(asked.viewer, row.code, here)
        )
    ]


def _permission(action: Action) -> str:
    return action.permission or permission_of(action.model, action.code)


def _numbers(trial: RuleTrial) -> list[tuple[str, str, str]]:
    """(name, before, tried), with units."""
    return [
        (
            meaning.title(name),
            meaning.text(trial.rule, name, trial.rule.params[name]) if name in trial.rule.params else "—",
            meaning.text(trial.rule, name, stated),
        )
        for name, stated in trial.changes.items()
    ]


def _compared(viewer: Viewer, trial: RuleTrial) -> dict[str, Any]:
    made = compare(viewer, trial)
    groups = [
        (
            pick("只有试行数值发现的", "Only on trial"),
            pick("施行后会增加", "would come"),
            made.only_tried,
            made.more_tried,
        ),
        (
            pick("只有现行规则发现的", "Only by today's rule"),
            pick("施行后会消失", "would go"),
            made.only_today,
            made.more_today,
        ),
    ]
    return {
        "c": made,
        "groups": [
            {
                "title": title,
                "hint": hint,
                "total": total,
                "rows": [
                    {"finding": f, "readings": readings(f.device_id, f.since, f.cleared_at)} for f in rows
                ],
            }
            for title, hint, rows, total in groups
        ],
    }


def readings(device: int | None, since: dt.datetime, until: dt.datetime | None) -> str:
    """Where the readings around an episode stand, "" when no device is named."""
    if not device:
        return ""
    start, end = since - MARGIN, min((until or since) + MARGIN, since + dt.timedelta(hours=6))
    shape = "%Y-%m-%dT%H:%M:%S"
    moments = [timezone.localtime(m).strftime(shape) for m in (start, end)]
    return f"/places/devices/{device}/?from={moments[0]}&to={moments[1]}#rows"
