"""The cases of the orders as the engine would have written them."""

from siteloop.foundation.authority.demo import COUNTY, WHY
from siteloop.foundation.cases import locks
from siteloop.foundation.cases.deadlines import due
from siteloop.foundation.cases.models import Case, CaseCounter, CaseDuty, CaseEvent, Finding
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection import cases
from siteloop.systems.inspection.demo.story import Story
from siteloop.systems.inspection.demo.year import Year
from siteloop.systems.inspection.models import (
    Order,
)


def dispatched(year: Year, stories: list[Story]) -> None:
    """Each order's case with its finding, its timeline and, while it is open, its duties."""
    rows = [case_of(year, s) for s in stories]
    numbered(year, rows)
    made = Case.objects.bulk_create(rows, batch_size=500)
    for s, case in zip(stories, made, strict=True):
        s.order.case = case
    Order.objects.unscoped(WHY).bulk_update([s.order for s in stories], ["case"], batch_size=500)
    pairs = list(zip(stories, made, strict=True))
    Finding.objects.bulk_create([finding_of(year, s, c) for s, c in pairs], batch_size=500)
    CaseEvent.objects.bulk_create([e for s, c in pairs for e in events_of(year, s, c)], batch_size=2000)
    CaseDuty.objects.bulk_create([d for s, c in pairs for d in duties_of(year, s, c)], batch_size=1000)
    for s, case in pairs:
        if s.colour == "red" and s.closed_at is None:
            locked(year, s, case)


def numbered(year: Year, rows: list[Case]) -> None:
    """派单编号 in order of time, from the same counter as every case."""
    for case in sorted(rows, key=lambda c: c.opened_at):
        of = case.opened_at.astimezone(SHANGHAI).year
        counter = year.counters.get(of)
        if counter is None:
            counter, _ = CaseCounter.objects.get_or_create(county=COUNTY, year=of)
            year.counters[of] = counter
        counter.last += 1
        case.number = f"PD{COUNTY}-{of}-{counter.last:05d}"
    for counter in year.counters.values():
        counter.save()


def case_of(year: Year, s: Story) -> Case:
    stop = s.code != "rectify"
    step = s.colour or "rectify"
    is_reply = s.replied_at is not None
    deadline = None
    if s.closed_at is None:
        deadline = (
            due(s.replied_at, year.recheck)
            if s.replied_at is not None
            else due(s.at, year.red)
            if s.colour == "yellow"
            else None
            if s.colour == "red"
            else due(s.at, year.yellow)
        )
    words = {"yellow": cases.YELLOW, "red": cases.RED}.get(s.colour, "")
    return Case(
        loop="inspection_order",
        title=f"{'停工整改' if stop else '责令整改'} · {s.site.name}",
        rule=cases.STOP if stop else cases.RECTIFY,
        subject=f"inspection_order:{s.order.pk}",
        source="inspection",
        project=s.site.project,
        site=s.site,
        region_code=s.site.region_code,
        severity=s.colour or ("orange" if stop else "blue"),
        state="closed" if s.closed_at else "verifying" if is_reply else "disposing",
        step=f"recheck_{step}" if is_reply else step,
        circle={"yellow": "medium", "red": "large"}.get(s.colour, "small"),
        words=cases.PASSED if s.closed_at else words,
        opened_at=s.at,
        step_since=s.replied_at or s.at,
        deadline=deadline,
        is_overdue=bool(s.colour),
        closed_at=s.closed_at,
    )


def finding_of(year: Year, s: Story, case: Case) -> Finding:
    return Finding(
        key=f"{case.rule}|{case.subject}|{int(s.at.timestamp() * 1_000_000)}",
        rule=case.rule,
        subject=case.subject,
        site=s.site,
        project=s.site.project,
        region_code=case.region_code,
        severity="orange" if s.code != "rectify" else "blue",
        since=s.at,
        last_at=s.at,
        cleared_at=s.closed_at,
        message=f"{s.order}：{'；'.join(i['problem'] for i in s.items)}"[:500],
        clause=year.measures[s.code].basis,
        count=len(s.items),
        case=case,
    )


def events_of(year: Year, s: Story, case: Case) -> list[CaseEvent]:
    """The timeline as the engine would have written it."""
    found = [
        (s.at, "found", "rectify", "", "规则引擎", f"{s.order}"),
        (s.at, "step", "rectify", "", "规则引擎", "推送至项目经理，抄送施工单位、监理单位"),
    ]
    looked = s.replied_at or year.now
    for colour, term, before, words in (
        ("yellow", year.yellow, "rectify", cases.YELLOW),
        ("red", year.red, "yellow", cases.RED),
    ):
        late = due(s.at, term)
        if late < looked:
            found.append((late, "overdue", before, words, "规则引擎", "环节期限已过，未办结"))
            found.append((late, "step", colour, words, "规则引擎", "推送至项目经理，抄送监督机构、主管部门"))
    if s.replied_at is not None:
        found.append(
            (s.replied_at, "reply", s.colour or "rectify", "", "项目经理", "已按要求整改到位（演示）")
        )
    if s.closed_at is not None:
        found.append(
            (s.closed_at, "pass", case.step, cases.PASSED, "质安监督员", "现场复查，整改到位（演示）")
        )
        found.append((s.closed_at, "closed", case.step, cases.PASSED, "规则引擎", "案件闭环"))
    return [
        CaseEvent(case=case, at=at, kind=kind, step=step, words=words, by=by, body=body)
        for at, kind, step, words, by, body in found
    ]


def duties_of(year: Year, s: Story, case: Case) -> list[CaseDuty]:
    """Whose turn it is: the project's manager, or the body that re-checks."""
    if s.closed_at is not None:
        return []
    if s.replied_at is not None:
        return [
            CaseDuty(
                case=case,
                step=case.step,
                title="质量安全监督机构",
                organisation=year.body,
                since=s.replied_at,
            )
        ]
    contractor = year.contractors[s.site.project_id]
    manager = year.managers.get(s.site.project_id)
    return [
        CaseDuty(
            case=case,
            step=case.step,
            title="项目经理",
            organisation=contractor,
            account=manager,
            since=s.at,
        ),
        CaseDuty(
            case=case,
            step=case.step,
            title="施工单位",
            organisation=contractor,
            is_holder=False,
            since=s.at,
        ),
    ]


def locked(year: Year, s: Story, case: Case) -> None:
    locks.hold(
        f"inspection_order:{s.order.pk}",
        f"{s.order}逾期未完成整改，红色锁定",
        pack_key="inspection.lock",
        region_code=s.order.region_code,
        project=s.order.project,
        organisation=s.order.addressee,
        case=case,
        clause="逾期未完成整改红色锁定",
        remedy="完成整改并经监督机构复查合格",
        now=due(s.at, year.red),
    )
