"""Appeals against a measure of a score: asked by those it is of, decided by an authority, worked in at once."""

import datetime as dt
from typing import Any

from django.utils import timezone

from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.cases.facts import Period
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.notice.send import notify
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Party
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.evaluation import engine
from siteloop.systems.evaluation.models import AppealState, ScoreAppeal, Scorecard, ScoreItem, SubjectKind

WITHIN = {"amount": 15, "unit": "day", "counts": "calendar"}


def until(card: Scorecard) -> dt.datetime:
    """The end of the time to appeal: the pack's term after the end of the month."""
    stated = resolve.value("evaluation.appeal_within", card.region_code) or WITHIN
    return due(Period.month(card.month).moments[1] - dt.timedelta(seconds=1), Term.of(stated))


def speaks_for(card: Scorecard, viewer: Viewer) -> bool:
    """Whether the viewer belongs to whom the score is of."""
    if card.kind == SubjectKind.PARTY:
        return card.organisation_id in viewer.organisations
    if card.kind == SubjectKind.SITE and card.site is not None:
        units = Party.objects.unscoped("whose site it is").filter(project_id=card.site.project_id)
        mine = units.filter(organisation__in=viewer.organisations).exists()
        return card.site.project_id in viewer.projects or mine
    return viewer.user is not None and any(card.region_code == code for code in viewer.regions)


def _may(card: Scorecard, viewer: Viewer) -> bool:
    return card.score is not None and timezone.now() <= until(card) and speaks_for(card, viewer)


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
    wanted = {int(getattr(e, "pk", e)) for e in act.data["evidence"]}
    papers = list(Evidence.objects.visible_to(act.viewer).filter(pk__in=wanted))
    if len(papers) != len(wanted):
        raise Refused("附件不存在", status=422, errors={"evidence": ["附件不存在"]})
    row = ScoreAppeal(card=card, item=item, statement=act.data["statement"], asked_at=timezone.now())
    row.asked_by_id = act.viewer.user
    row.full_clean(exclude=("card", "item", "asked_by"))
    row.save()
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


def _decide(granted: bool) -> Any:
    def run(act: Act) -> str:
        row: ScoreAppeal = act.obj
        is_own = row.card.kind != SubjectKind.REGION and speaks_for(row.card, act.viewer)
        if is_own or row.asked_by_id == act.viewer.user:
            raise Refused("申诉方不能处理自己的申诉", status=403)
        row.state = AppealState.GRANTED if granted else AppealState.DENIED
        row.decided_at, row.decided_by_id = timezone.now(), act.viewer.user
        row.opinion = act.data["opinion"][:300]
        row.save()
        before = row.card.score
        if granted:
            row.item.void_why = f"申诉成立：{row.opinion}"[:300]
            row.item.save(update_fields=["void_why"])
            engine.resettle(row.card)
        _tell(row, granted)
        after = "无" if row.card.score is None else row.card.score
        return f"申诉成立，该指标不计，得分 {before} → {after}" if granted else "申诉不成立，得分不变"

    return run


def _tell(row: ScoreAppeal, granted: bool) -> None:
    if row.asked_by is None:
        return
    notify(
        [row.asked_by],
        "score_appeal",
        f"评价申诉{'成立' if granted else '不成立'}：{row.item}",
        body=row.opinion,
        link=f"/evaluation/scores/{row.card_id}/",
        level="blue" if granted else "yellow",
        subject=f"score_appeal:{row.pk}",
    )


OPINION = Input("opinion", "处理意见", "Opinion", kind="multiline", required=True)


def _is_asked(row: ScoreAppeal, viewer: Viewer) -> bool:
    return row.state == AppealState.ASKED


grant = Action(
    "grant",
    "申诉成立",
    "Grant",
    ScoreAppeal,
    _decide(True),
    fields=(OPINION,),
    available=_is_asked,
    confirm="该指标将不计入得分并立即重算。确定吗？",
    log="{actor}认定{obj}成立：{opinion}",
    event="score_appeal_granted",
)
deny = Action(
    "deny",
    "申诉不成立",
    "Deny",
    ScoreAppeal,
    _decide(False),
    fields=(OPINION,),
    available=_is_asked,
    log="{actor}认定{obj}不成立：{opinion}",
)


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
