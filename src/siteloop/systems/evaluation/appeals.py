"""Appeals against a measure of a score: asked by those it is of, decided by an authority, worked in at once."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.cases.facts import Period
from siteloop.foundation.files.named import picked
from siteloop.foundation.notice.requests import RequestState, decision
from siteloop.foundation.packs import resolve
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.evaluation import engine
from siteloop.systems.evaluation.models import AppealState, ScoreAppeal, Scorecard, ScoreItem

WITHIN = {"amount": 15, "unit": "day", "counts": "calendar"}


def until(card: Scorecard) -> dt.datetime:
    """The end of the time to appeal: the pack's term after the end of the month."""
    stated = resolve.value("evaluation.appeal_within", card.region_code) or WITHIN
    return due(Period.month(card.month).moments[1] - dt.timedelta(seconds=1), Term.of(stated))


def _may(card: Scorecard, viewer: Viewer) -> bool:
    return card.score is not None and timezone.now() <= until(card) and card.speaks_for(viewer)


def _appeal(act: Act) -> str:
    card: Scorecard = act.obj
    item: ScoreItem = act.data["item"]
    wrong = (
        "该指标不属于本得分"
        if item.card_id != card.pk
        else "该指标没有记录，不计分"
        if not item.n or item.void_why
        else "该指标已有待处理的申诉"
        if item.appeals.filter(state=AppealState.ASKED).exists()
        else ""
    )
    if wrong:
        raise Refused(wrong, status=422, errors={"item": [wrong]})
    papers = picked(act, "evidence", card.site.project_id if card.site else None, card.region_code)
    row = ScoreAppeal(card=card, item=item, statement=act.data["statement"])
    row.ask(act)
    row.evidence.set(papers)
    return "申诉已提交，处理前得分不变"


appeal = Action(
    "appeal",
    "申诉",
    "Appeal",
    Scorecard,
    _appeal,
    fields=(
        Input(
            "item",
            "申诉指标",
            "Measure",
            kind="reference",
            reference="evaluation.ScoreItem",
            of="card",
            required=True,
        ),
        Input("statement", "申诉理由", "Why", kind="multiline", required=True),
        Input("evidence", "材料", "Papers", kind="files"),
    ),
    available=_may,
    log="{actor}对{obj}提出申诉：{statement}",
    event="score_appealed",
)


def _grant(act: Act) -> str:
    row: ScoreAppeal = act.obj
    before = _points(row.card)
    row.item.void_why = f"申诉成立：{row.opinion}"[:300]
    row.item.save(update_fields=["void_why"])
    engine.resettle(row.card)
    return f"申诉成立，该指标不计，得分 {before} → {_points(row.card)}"


def _points(card: Scorecard) -> str:
    return "无" if card.score is None else f"{card.score.normalize():f}"


grant = decision(
    ScoreAppeal,
    RequestState.GRANTED,
    ("申诉成立", "Grant"),
    _grant,
    confirm="该指标将不计入得分并立即重算。确定吗？",
    event="score_appeal_granted",
)
deny = decision(ScoreAppeal, RequestState.DENIED, ("申诉不成立", "Deny"), lambda act: "申诉不成立，得分不变")


def _recount(act: Act) -> str:
    month = act.data["month"] or timezone.localdate()
    if month > timezone.localdate():
        raise Refused("不能计算未来的月份", status=422, errors={"month": ["不能晚于今天"]})
    first = Period.month(month)
    if timezone.localdate() - first.end > dt.timedelta(days=31):
        raise Refused("往月得分已定，不再重算", status=422, errors={"month": ["只能计算本月和上月"]})
    return f"已重新计算 {engine.count_month(month, act.viewer)} 个得分"


recount = Action(
    "recount",
    "重新计算",
    "Count again",
    Scorecard,
    _recount,
    fields=(
        Input(
            "month",
            "月份（其中一天）",
            "Any day of the month",
            kind="date",
            help="默认本月；只能计算本月和上月",
        ),
    ),
    on_register=True,
    log="{actor}重新计算评价得分",
)
