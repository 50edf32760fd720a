"""Awards: whoever's credit stands against it is refused with the reason; a granted one is a merit (CRED-09, CRED-10)."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.registry.models import PostKind
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.systems.credit import engine, ranking, settings
from siteloop.systems.credit.actions import ORGANISATION, PERSON, PROJECT, REASON, subject_of
from siteloop.systems.credit.models import Award, AwardState, CreditRecord, OfSubject


def against(row: OfSubject, day: dt.date | None = None) -> list[str]:
    """Why this subject cannot be awarded on a day, one sentence a reason; empty when nothing stands against it."""
    on = day or timezone.localdate()
    field, key = ("organisation", row.organisation_id) if row.organisation_id else ("person", row.person_id)
    assert key is not None, "a row has one subject"
    rank = ranking.ranks(field, [key], on)[key]
    least = settings.least_for_award(row.region_code)
    reasons = []
    if rank.is_listed:
        reasons.append("已列入黑名单，在期限内")
    elif rank.lines and rank.grade > least:
        reasons.append(f"信用分 {rank.score}，等级 {rank.grade}，低于评优评先要求的 {least} 级")
    _warn, stop = settings.manager_limits(row.region_code)
    if field == "person" and rank.demerits >= stop and engine.is_manager(key):
        reasons.append(f"{PostKind.PROJECT_MANAGER.label}有效扣分 {rank.demerits} 分，达到上限 {stop} 分")
    return reasons


def _nominate(act: Act) -> str:
    subject = subject_of(act)
    award = Award(
        title=act.data["title"].strip()[:120],
        giver=act.data["giver"].strip()[:120],
        project=act.data.get("project"),
        nominated_by_id=act.viewer.user,
        nominated_at=timezone.now(),
        **subject,
    )
    reasons = against(award)
    if reasons:
        raise Refused(f"{award.subject_name}不能参加评优评先：{'；'.join(reasons)}")
    award.checked = [_passed(award)]
    award.save()
    return f"已推荐：{award}"


def _passed(award: Award) -> str:
    field, key = (
        ("organisation", award.organisation_id) if award.organisation_id else ("person", award.person_id)
    )
    assert key is not None, "a row has one subject"
    rank = ranking.ranks(field, [key])[key]
    return f"{timezone.localdate()} 信用审查通过：信用分 {rank.score}，等级 {rank.grade}，不在黑名单"


nominate = Action(
    "nominate",
    "推荐",
    "Nominate",
    Award,
    _nominate,
    fields=(
        Input("title", "奖项", "Award", required=True),
        Input("giver", "授予单位", "Given by", required=True),
        ORGANISATION,
        PERSON,
        PROJECT,
    ),
    on_register=True,
    log="{actor}推荐评优评先：{organisation}{person} {title}",
)


def _grant(act: Act) -> str:
    award: Award = act.obj
    reasons = against(award)
    if reasons:
        raise Refused(f"不能授予：{'；'.join(reasons)}")
    award.state, award.decided_on = AwardState.GRANTED, timezone.localdate()
    award.checked = [*award.checked, _passed(award)]
    rule = engine.rule_for(
        f"credit.award_{'organisation' if award.organisation_id else 'person'}", award.region_code
    )
    if rule is not None:
        record = CreditRecord(
            rule=rule,
            organisation_id=award.organisation_id,
            person_id=award.person_id,
            project_id=award.project_id,
            region_code=award.region_code,
            points=rule.points,
            happened_on=award.decided_on,
            reason=f"{award.giver}授予“{award.title}”"[:500],
            clause=rule.basis[:300],
            source_key=f"credit.award:{award.pk}",
            source_title=str(award)[:200],
            source_link=f"/credit/awards/{award.pk}/",
            proposed_by_id=act.viewer.user,
        )
        award.record = engine.add(record, act.viewer, counts_from=award.decided_on)
    award.save()
    return "已授予" + (f"，信用加 {award.record.points} 分" if award.record else "")


grant = Action(
    "grant",
    "授予",
    "Grant",
    Award,
    _grant,
    available=lambda award, viewer: (
        award.state == AwardState.NOMINATED and (viewer.is_system or viewer.user != award.nominated_by_id)
    ),
    confirm="授予前再次审查信用；授予后按规则加分。",
    log="{actor}授予{obj}",
)


def _decline(act: Act) -> str:
    act.obj.state, act.obj.decided_on = AwardState.DECLINED, timezone.localdate()
    act.obj.opinion = act.data["reason"].strip()[:300]
    act.obj.save()
    return "不授予"


decline = Action(
    "decline",
    "不授予",
    "Decline",
    Award,
    _decline,
    fields=(REASON,),
    available=lambda award, viewer: award.state == AwardState.NOMINATED,
    log="{actor}不授予{obj}：{reason}",
)
