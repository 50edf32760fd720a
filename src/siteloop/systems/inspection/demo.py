"""Demo: a year of inspection in a synthetic Pinghu at the seeds' figures, from a fixed seed, written in bulk.

1,053 notices to rectify, 72 stop-work orders, 18 transfers (S0:29): most are settled, some are yellow, a few red and
locked. Their documents are numbered like any other; a PDF is set when somebody first opens it.
"""

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY, WHY
from siteloop.foundation.authority.models import Account, Organisation, OrganisationKind, Post, Role
from siteloop.foundation.cases import locks
from siteloop.foundation.cases.deadlines import Term, due, is_working_day
from siteloop.foundation.cases.models import Case, CaseCounter, CaseDuty, CaseEvent, Finding
from siteloop.foundation.documents import catalogue, store
from siteloop.foundation.documents.models import Document, DocumentDelivery
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Party, PartyKind, PostKind, ProjectPost, Site, WorkState
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection import cases, documents, scoring
from siteloop.systems.inspection.models import (
    CheckItem,
    CheckTable,
    Extension,
    Inspection,
    InspectionLine,
    Measure,
    Order,
    OrderState,
    Penalty,
    PenaltyState,
    Proof,
    Reply,
)

SEED = 20263
RECTIFY, STOPS, TRANSFERS = 1053, 72, 18
DAYS = 365
INSPECTORS = 6
BODY = "平湖市质安监督站（演示）"
#: what inspectors write; a line not named here gets a general sentence
PROBLEMS = {
    "安全生产责任制": "项目部安全生产责任制未逐级签订",
    "安全技术交底": "脚手架搭设未见分项安全技术交底签字",
    "安全教育": "新进场工人三级安全教育记录缺失",
    "持证上岗": "电焊工、架子工各一人未见有效操作证",
    "现场围挡": "西侧围挡破损约 12 米",
    "封闭管理": "大门无值守，外来人员未登记",
    "施工场地": "主要道路未硬化，裸土未覆盖",
    "材料管理": "钢筋、模板混堆，未挂标识牌",
    "现场防火": "木工棚灭火器过期，未设禁烟标志",
    "架体与建筑结构拉结": "外脚手架连墙件缺失 3 处",
    "脚手板与防护栏杆": "作业层脚手板未满铺，挡脚板缺失",
    "杆件间距与剪刀撑": "局部剪刀撑未连续到顶",
    "基坑支护": "支护桩间渗水未及时封堵",
    "坑边荷载": "坑边 1 米内堆放钢筋",
    "基坑监测": "本周监测日报未上传",
    "支架构造": "高支模立杆间距超方案",
    "支架稳定": "扫地杆局部缺失",
    "安全帽": "两名工人未系下颏带",
    "临边防护": "三层楼梯临边防护缺失",
    "洞口防护": "电梯井口未设固定防护门",
    "接地与接零保护系统": "二级配电箱重复接地松脱",
    "配电箱与开关箱": "三级箱漏电保护器失灵",
    "配电线路": "电缆沿地面敷设无保护",
    "限位装置": "施工升降机上限位失效",
    "多塔作业": "群塔作业未见防碰撞措施",
    "电焊机": "电焊机二次侧未装空载降压保护器",
}
PRIVATE_DEMANDS = ("立即整改，复查前停止该部位作业", "三日内整改并举一反三", "限期整改并书面回复")


@dataclass
class Story:
    """One order on its way, before it is written."""

    at: dt.datetime
    code: str  # measure
    site: Site
    replied_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    colour: str = ""
    items: list[dict[str, str]] = field(default_factory=list)
    failed: list[CheckItem] = field(default_factory=list)
    table: CheckTable | None = None
    order: Any = None
    is_transferred: bool = False


@transaction.atomic
def load() -> None:
    """Everything, once."""
    if Order.objects.unscoped(WHY).filter(region_code__startswith=COUNTY).exists():
        return
    body = Organisation.objects.unscoped(WHY).filter(name=BODY).first()
    sites = list(
        Site.objects.unscoped(WHY)
        .filter(project__code__startswith="DEMO", state=WorkState.UNDER_CONSTRUCTION)
        .select_related("project")
        .prefetch_related("project__parties__organisation")
        .order_by("pk")
    )
    if body is None or not sites:
        return
    Year(body, sites, timezone.now()).write()


class Year:
    """The year behind `now`, made in order of time so that numbers rise with the days."""

    def __init__(self, body: Organisation, sites: list[Site], now: dt.datetime) -> None:
        self.body, self.sites, self.now = body, sites, now
        self.dice = random.Random(SEED)  # noqa: S311 - a fixed seed makes the county the same everywhere
        self.people = _inspectors(body)
        self.counters: dict[int, CaseCounter] = {}
        self.measures = {m.code: m for m in Measure.objects.unscoped(WHY)}
        self.tables = list(
            CheckTable.objects.unscoped(WHY).filter(suite="jgj59").prefetch_related("items").order_by("order")
        )
        self.contractors = {
            p.project_id: p.organisation
            for p in Party.objects.unscoped(WHY)
            .filter(kind=PartyKind.CONTRACTOR)
            .select_related("organisation")
        }
        self.posts: dict[int, list[ProjectPost]] = {}
        posts = ProjectPost.objects.unscoped(WHY).select_related("account", "organisation", "project")
        for post in posts.order_by("pk"):
            self.posts.setdefault(post.project_id, []).append(post)
        self.managers = {
            project: next((p.account for p in held if p.kind == PostKind.PROJECT_MANAGER and p.account), None)
            for project, held in self.posts.items()
        }
        with resolve.reading():
            self.yellow = Term.of(resolve.value("inspection.yellow", COUNTY))
            self.red = Term.of(resolve.value("inspection.red", COUNTY))
            self.recheck = Term.of(resolve.value("inspection.recheck", COUNTY))
            self.pattern = str(resolve.value(store.PATTERN, COUNTY) or store.DEFAULT_PATTERN)

    def write(self) -> None:
        """Stories first, then each kind of row in one go."""
        stories = self.stories()
        inspections = self.inspections(stories)
        self.orders(stories, inspections)
        self.lines(stories, inspections)
        with resolve.reading():
            self.documents(stories)
        self.cases(stories)
        self.replies(stories)
        self.waiting(stories)
        self.penalties(stories)

    # ---- what happened

    def stories(self) -> list[Story]:
        """Times, sites, measures and how each ended."""
        codes = ["rectify"] * RECTIFY + ["stop_full"] * (STOPS // 6) + ["stop_partial"] * (STOPS - STOPS // 6)
        self.dice.shuffle(codes)
        told = [self.story(code) for code in codes]
        self.own(told)
        told.sort(key=lambda s: s.at)
        old = [s for s in told if s.closed_at and s.at < self.now - dt.timedelta(days=20)]
        for story in self.dice.sample(old, TRANSFERS):
            story.is_transferred = True
        return told

    def story(self, code: str) -> Story:
        """One order at a working hour of the year; most are put right in time."""
        at = self.moment()
        if code == "stop_full":
            # the demo's sites are at work today: a stop of all work lies behind them
            at = min(at, self.now - dt.timedelta(days=45))
        story = Story(at, code, self.dice.choice(self.sites))
        luck = self.dice.random()
        days = (
            self.dice.uniform(1, 6.5)
            if luck < 0.86
            else self.dice.uniform(8.2, 14)
            if luck < 0.97
            else self.dice.uniform(17, 30)
        )
        self.end(story, days)
        story.table = self.dice.choice(self.tables)
        items = list(story.table.items.all())
        story.failed = sorted(
            self.dice.sample(items, self.dice.choice([1, 1, 2, 2, 3])), key=lambda i: i.number
        )
        story.items = [self.item(i) for i in story.failed]
        return story

    def item(self, item: CheckItem) -> dict[str, str]:
        """The problem of a line in an inspector's words."""
        problem = PROBLEMS.get(item.title, f"{item.title}未按要求落实")
        return {
            "problem": f"{problem}（演示）",
            "basis": item.clause,
            "demand": self.dice.choice(PRIVATE_DEMANDS),
        }

    def moment(self) -> dt.datetime:
        """A working hour of the past year, never in the future."""
        while True:
            day = (self.now - dt.timedelta(days=self.dice.uniform(0.5, DAYS))).astimezone(SHANGHAI).date()
            at = dt.datetime.combine(day, dt.time(8, 30), SHANGHAI) + dt.timedelta(
                minutes=self.dice.randrange(8 * 60)
            )
            if is_working_day(day) and at < self.now - dt.timedelta(hours=2):
                return at.astimezone(dt.UTC)

    def end(self, story: Story, days: float) -> None:
        """How far it has come by now when the reply takes so many days and the re-check one more."""
        replied = story.at + dt.timedelta(days=days)
        closed = replied + dt.timedelta(hours=self.dice.uniform(3, 30))
        story.replied_at = replied if replied < self.now else None
        story.closed_at = closed if closed < self.now else None
        looked = story.replied_at or self.now
        story.colour = (
            "red"
            if looked > due(story.at, self.red)
            else "yellow"
            if looked > due(story.at, self.yellow)
            else ""
        )

    def own(self, told: list[Story]) -> None:
        """The demo manager meets one of each: open, yellow, red and locked, waiting for the re-check."""
        manager = Account.objects.filter(username="manager").first()
        mine = [s for s in self.sites if manager is not None and self.managers.get(s.project_id) == manager]
        notices = [s for s in told if s.code == "rectify"]
        for n, (age, replied) in enumerate(((1.2, None), (9.5, None), (21.5, None), (3.4, 2.5))):
            story = notices[n]
            story.site = mine[n % len(mine)] if mine else story.site
            story.at = self.now - dt.timedelta(days=age)
            self.end(story, 1000.0 if replied is None else replied)
            if replied is not None:
                story.closed_at = None
        for n, age in enumerate((17.2, 19.4, 26.8, 33.1), 4):
            notices[n].at = self.now - dt.timedelta(days=age)
            self.end(notices[n], 1000.0)

    # ---- rows

    def inspections(self, stories: list[Story]) -> list[Inspection]:
        """Each order comes from a visit of two inspectors over one table."""
        rows = []
        for s in stories:
            assert s.table is not None, "every story has its table"
            score = self.score(s)
            rows.append(
                Inspection(
                    site=s.site,
                    project=s.site.project,
                    region_code=s.site.region_code,
                    kind="special" if s.code != "rectify" else "daily",
                    checked_on=s.at.astimezone(SHANGHAI).date(),
                    note="演示数据",
                    state="finished",
                    score=score.score if score else None,
                    grade=score.grade.value if score else "",
                    failed=len(s.failed),
                    finished_at=s.at,
                )
            )
        made = Inspection.objects.bulk_create(rows, batch_size=500)
        people = Inspection.inspectors.through
        pairs = [(i, a) for i in made for a in self.dice.sample(self.people, 2)]
        people.objects.bulk_create(
            [people(inspection_id=i.pk, account_id=a.pk) for i, a in pairs], batch_size=1000
        )
        tables = Inspection.tables.through
        tables.objects.bulk_create(
            [
                tables(inspection_id=i.pk, checktable_id=s.table.pk)
                for i, s in zip(made, stories, strict=True)
                if s.table is not None
            ],
            batch_size=1000,
        )
        return made

    def deducted(self, item: CheckItem) -> Decimal:
        """A third to a half of the points, the same for the same line."""
        points = item.points or Decimal(10)
        return (points * (3 + item.number % 3) / 10).quantize(Decimal(1))

    def score(self, s: Story) -> scoring.Total | None:
        """The score of the visit by the rules of the standard."""
        assert s.table is not None, "every story has its table"
        failed = {i.pk for i in s.failed}
        marks = [
            scoring.Mark(
                i.points or Decimal(0), self.deducted(i) if i.pk in failed else Decimal(0), i.is_guaranteed
            )
            for i in s.table.items.all()
        ]
        judged = scoring.Judged(s.table.category, s.table.weight, scoring.table_score(marks))
        return scoring.total([judged])

    def orders(self, stories: list[Story], inspections: list[Inspection]) -> None:
        """The orders themselves; transfers come after, with orders of their own."""
        for s, inspection in zip(stories, inspections, strict=True):
            s.order = Order(
                measure=self.measures[s.code],
                inspection=inspection,
                project=s.site.project,
                site=s.site,
                region_code=s.site.region_code,
                authority=self.body,
                addressee=self.contractors[s.site.project_id],
                part=f"{self.dice.randrange(1, 6)}号楼作业面" if s.code == "stop_partial" else "",
                items=s.items,
                issued_at=s.at,
                issued_by=self.dice.choice(self.people),
                state=OrderState.CLOSED
                if s.closed_at
                else OrderState.REPLIED
                if s.replied_at
                else OrderState.OPEN,
                colour=s.colour,
                closed_at=s.closed_at,
            )
        Order.objects.bulk_create([s.order for s in stories], batch_size=500)

    def lines(self, stories: list[Story], inspections: list[Inspection]) -> None:
        """Every line of the table was judged; the failed ones lie in the order."""
        rows = []
        for s, inspection in zip(stories, inspections, strict=True):
            assert s.table is not None, "every story has its table"
            wrong = {i.pk: told for i, told in zip(s.failed, s.items, strict=True)}
            for item in s.table.items.all():
                told = wrong.get(item.pk)
                rows.append(
                    InspectionLine(
                        inspection=inspection,
                        item=item,
                        result="failed" if told else "ok",
                        deducted=self.deducted(item) if told else 0,
                        problem=told["problem"] if told else "",
                        demand=told["demand"] if told else "",
                        order=s.order if told else None,
                    )
                )
        InspectionLine.objects.bulk_create(rows, batch_size=2000)

    def documents(self, stories: list[Story]) -> None:
        """Numbered in order of time; what was passed after a stop has its resume order."""
        papers: list[tuple[str, dt.datetime, Order]] = []
        for s in stories:
            papers.append((self.measures[s.code].document_kind, s.at, s.order))
        made = self.papers(papers)
        for s, document in zip(stories, made, strict=True):
            s.order.document, s.order.number = document, document.number
        resumed = [s for s in stories if s.closed_at and s.code != "rectify"]
        resumed.sort(key=lambda s: s.closed_at or s.at)
        for s, document in zip(
            resumed,
            self.papers([("inspection.resume", s.closed_at or s.at, s.order) for s in resumed]),
            strict=True,
        ):
            s.order.resume_document = document
        Order.objects.unscoped(WHY).bulk_update(
            [s.order for s in stories], ["document", "number", "resume_document"], batch_size=500
        )

    def papers(self, wanted: list[tuple[str, dt.datetime, Order]]) -> list[Document]:
        """Documents with their numbers, in the order given, and their delivery to the project's people."""
        serials: dict[tuple[str, int], Any] = {}
        for kind, at, _ in wanted:
            key = (catalogue.get(kind).word, at.astimezone(SHANGHAI).year)
            serials[key] = serials.get(key, 0) + 1
        ranges = {
            key: iter(store.take_numbers(self.body, key[0], key[1], count)) for key, count in serials.items()
        }
        rows = [
            store.drafted(
                catalogue.get(kind),
                documents.composed(kind, order),
                next(ranges[catalogue.get(kind).word, at.astimezone(SHANGHAI).year]),
                authority=self.body,
                region_code=order.region_code,
                issued_at=at,
                project=order.project,
                subject=order,
                issued_by=order.issued_by_id,
                pattern=self.pattern,
            )
            for kind, at, order in wanted
        ]
        made = Document.objects.bulk_create(rows, batch_size=500)
        DocumentDelivery.objects.bulk_create(
            [self.delivery(d, post) for d in made for post in self.receivers(d)], batch_size=1000
        )
        return made

    def receivers(self, document: Document) -> list[ProjectPost]:
        """The project's manager, of whom the county has an account."""
        held = self.posts.get(document.project_id or 0, [])
        return [p for p in held if p.kind == PostKind.PROJECT_MANAGER and p.account_id is not None][:1]

    def delivery(self, document: Document, post: ProjectPost) -> DocumentDelivery:
        """Signed for within the day, unless it was given today."""
        received = document.issued_at + dt.timedelta(hours=self.dice.uniform(0.3, 20))
        is_received = received < self.now - dt.timedelta(hours=12)
        return DocumentDelivery(
            document=document,
            title="项目经理",
            organisation=post.organisation,
            account=post.account,
            sent_at=document.issued_at,
            opened_at=received if is_received else None,
            received_at=received if is_received else None,
            receipt="平台签收（演示）" if is_received else "",
        )

    def cases(self, stories: list[Story]) -> None:
        """Each order's case with its finding, its timeline and, while it is open, its duties."""
        rows = [self.case(s) for s in stories]
        self.number(rows)
        made = Case.objects.bulk_create(rows, batch_size=500)
        for s, case in zip(stories, made, strict=True):
            s.order.case = case
        Order.objects.unscoped(WHY).bulk_update([s.order for s in stories], ["case"], batch_size=500)
        pairs = list(zip(stories, made, strict=True))
        Finding.objects.bulk_create([self.finding(s, c) for s, c in pairs], batch_size=500)
        CaseEvent.objects.bulk_create([e for s, c in pairs for e in self.events(s, c)], batch_size=2000)
        CaseDuty.objects.bulk_create([d for s, c in pairs for d in self.duties(s, c)], batch_size=1000)
        for s, case in pairs:
            if s.colour == "red" and s.closed_at is None:
                self.lock(s, case)

    def number(self, rows: list[Case]) -> None:
        """派单编号 in order of time, from the same counter as every case."""
        for case in sorted(rows, key=lambda c: c.opened_at):
            year = case.opened_at.astimezone(SHANGHAI).year
            counter = self.counters.get(year)
            if counter is None:
                counter, _ = CaseCounter.objects.get_or_create(county=COUNTY, year=year)
                self.counters[year] = counter
            counter.last += 1
            case.number = f"PD{COUNTY}-{year}-{counter.last:05d}"
        for counter in self.counters.values():
            counter.save()

    def case(self, s: Story) -> Case:
        stop = s.code != "rectify"
        step = s.colour or "rectify"
        is_reply = s.replied_at is not None
        deadline = None
        if s.closed_at is None:
            deadline = (
                due(s.replied_at, self.recheck)
                if s.replied_at is not None
                else due(s.at, self.red)
                if s.colour == "yellow"
                else None
                if s.colour == "red"
                else due(s.at, self.yellow)
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

    def finding(self, s: Story, case: Case) -> Finding:
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
            clause=self.measures[s.code].basis,
            count=len(s.items),
            case=case,
        )

    def events(self, s: Story, case: Case) -> list[CaseEvent]:
        """The timeline as the engine would have written it."""
        found = [
            (s.at, "found", "rectify", "", "规则引擎", f"{s.order}"),
            (s.at, "step", "rectify", "", "规则引擎", "推送至项目经理，抄送施工单位、监理单位"),
        ]
        looked = s.replied_at or self.now
        for colour, term, before, words in (
            ("yellow", self.yellow, "rectify", cases.YELLOW),
            ("red", self.red, "yellow", cases.RED),
        ):
            late = due(s.at, term)
            if late < looked:
                found.append((late, "overdue", before, words, "规则引擎", "环节期限已过，未办结"))
                found.append(
                    (late, "step", colour, words, "规则引擎", "推送至项目经理，抄送监督机构、主管部门")
                )
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

    def duties(self, s: Story, case: Case) -> list[CaseDuty]:
        """Whose turn it is: the project's manager, or the body that re-checks."""
        if s.closed_at is not None:
            return []
        if s.replied_at is not None:
            return [
                CaseDuty(
                    case=case,
                    step=case.step,
                    title="质量安全监督机构",
                    organisation=self.body,
                    since=s.replied_at,
                )
            ]
        contractor = self.contractors[s.site.project_id]
        manager = self.managers.get(s.site.project_id)
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

    def lock(self, s: Story, case: Case) -> None:
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
            now=due(s.at, self.red),
        )

    def replies(self, stories: list[Story]) -> None:
        """What the projects reported, and the verdicts."""
        Reply.objects.bulk_create(
            [
                Reply(
                    order=s.order,
                    at=s.replied_at,
                    by=self.managers.get(s.site.project_id),
                    body="已按通知要求整改到位，并组织自查（演示）",
                    passed=True if s.closed_at else None,
                    verdict="现场复查，整改到位（演示）" if s.closed_at else "",
                    checked_at=s.closed_at,
                    checked_by=s.order.issued_by if s.closed_at else None,
                )
                for s in stories
                if s.replied_at is not None
            ],
            batch_size=1000,
        )

    def waiting(self, stories: list[Story]) -> None:
        """A few projects have asked for more time."""
        open_ones = [s for s in stories if s.order.state == OrderState.OPEN and not s.colour][:3]
        Extension.objects.bulk_create(
            Extension(
                order=s.order,
                asked_at=max(s.at + dt.timedelta(hours=5), self.now - dt.timedelta(hours=20)),
                asked_by=self.managers.get(s.site.project_id),
                until=due(s.at, self.yellow) + dt.timedelta(days=3),
                reason="连续降雨，外架无法施工（演示）",
            )
            for s in open_ones
        )

    def penalties(self, stories: list[Story]) -> None:
        """Eighteen transfers at every stage of the procedure."""
        moved = [s for s in stories if s.is_transferred]
        measure, fine = self.measures["transfer"], self.measures["fine_local"]
        orders = []
        for s in moved:
            orders.append(
                Order(
                    measure=measure,
                    parent=s.order,
                    project=s.site.project,
                    site=s.site,
                    region_code=s.site.region_code,
                    authority=self.body,
                    addressee=s.order.addressee,
                    items=[{**i, "demand": "移送行政处罚"} for i in s.items],
                    issued_at=s.at + dt.timedelta(days=2),
                    issued_by=s.order.issued_by,
                    state=OrderState.MOVED,
                )
            )
        made = Order.objects.bulk_create(orders)
        with resolve.reading():
            papers = self.papers([("inspection.transfer", o.issued_at, o) for o in made])
        for order, document in zip(made, papers, strict=True):
            order.document, order.number = document, document.number
        Order.objects.unscoped(WHY).bulk_update(made, ["document", "number"])
        rows = Penalty.objects.bulk_create([self.penalty(o, fine) for o in made])
        rules = [self.penalty_case(p) for p in rows]
        self.number(rules)
        for penalty, case in zip(rows, Case.objects.bulk_create(rules), strict=True):
            penalty.case = case
        Penalty.objects.unscoped(WHY).bulk_update(rows, ["case"])
        authority = (
            Organisation.objects.unscoped(WHY)
            .filter(kind=OrganisationKind.COUNTY_AUTHORITY, region_code=COUNTY)
            .first()
        )
        CaseDuty.objects.bulk_create(
            CaseDuty(
                case=p.case,
                step=p.case.step,
                title="县级主管部门",
                organisation=authority,
                since=p.case.opened_at,
            )
            for p in rows
            if p.case is not None and p.case.state != "closed"
        )
        Proof.objects.bulk_create(p for penalty in rows for p in self.proofs(penalty))

    def penalty(self, order: Order, fine: Measure) -> Penalty:
        """As far as the days since its transfer bring it."""
        moved = order.issued_at.astimezone(SHANGHAI).date()
        today = self.now.astimezone(SHANGHAI).date()
        days = [moved + dt.timedelta(days=d) for d in (3, 20, 32, 36, 50)]
        reached = sum(d <= today for d in days)
        states = (
            PenaltyState.MOVED,
            PenaltyState.FILED,
            PenaltyState.TOLD,
            PenaltyState.DECIDED,
            PenaltyState.SERVED,
            PenaltyState.SETTLED,
        )
        done: list[dt.date | None] = [d if n < reached else None for n, d in enumerate(days)]
        return Penalty(
            order=order,
            project=order.project,
            region_code=order.region_code,
            party=order.addressee,
            cause="；".join(i["problem"] for i in order.items)[:300],
            state=states[reached],
            measure=fine if reached >= 3 else None,
            filed_on=done[0],
            told_on=done[1],
            decided_on=done[2],
            amount=Decimal(self.dice.choice([10_000, 15_000, 20_000, 30_000])) if reached >= 3 else None,
            served_on=done[3],
            settled_on=done[4],
            outcome="已缴纳（演示）" if reached == 5 else "",
        )

    def penalty_case(self, penalty: Penalty) -> Case:
        step, since = {
            PenaltyState.MOVED: ("accept", None),
            PenaltyState.FILED: ("decide", penalty.filed_on),
            PenaltyState.TOLD: ("decide", penalty.filed_on),
            PenaltyState.DECIDED: ("serve", penalty.decided_on),
            PenaltyState.SERVED: ("settle", penalty.served_on),
            PenaltyState.SETTLED: ("settle", penalty.served_on),
        }[PenaltyState(penalty.state)]
        opened = penalty.order.issued_at
        begun = dt.datetime.combine(since, dt.time(9), SHANGHAI).astimezone(dt.UTC) if since else opened
        key = {"decide": "inspection.penalty.decide", "serve": "inspection.penalty.serve"}.get(step, "")
        stated = resolve.value(key, COUNTY) if key else None
        is_settled = penalty.state == PenaltyState.SETTLED
        return Case(
            loop="inspection_penalty",
            title=f"行政处罚案件 · {penalty.order.site.name}",
            rule=cases.PENALTY,
            subject=f"inspection_penalty:{penalty.pk}",
            source="inspection",
            project=penalty.project,
            site=penalty.order.site,
            region_code=penalty.region_code,
            severity="orange",
            state="closed" if is_settled else "disposing",
            step=step,
            circle="large",
            words="已结案" if is_settled else "",
            opened_at=opened,
            step_since=begun,
            deadline=due(begun, Term.of(stated)) if stated is not None and not is_settled else None,
            closed_at=dt.datetime.combine(penalty.settled_on, dt.time(16), SHANGHAI).astimezone(dt.UTC)
            if penalty.settled_on
            else None,
        )

    def proofs(self, penalty: Penalty) -> list[Proof]:
        """Each has its record; one still to be decided rests on a camera's record that nobody has reviewed."""
        rows = [Proof(penalty=penalty, kind="record", title="现场检查笔录（演示）")]
        if penalty.state in (PenaltyState.FILED, PenaltyState.TOLD):
            rows.append(Proof(penalty=penalty, kind="electronic", title="现场视频监控记录（演示）"))
        return rows


def _inspectors(body: Organisation) -> list[Account]:
    """The demo's inspector and colleagues, who do not sign in."""
    role = Role.objects.unscoped(WHY).get(code="supervisor")
    people = list(Account.objects.filter(posts__organisation=body).order_by("pk").distinct())
    for n in range(len(people) + 1, INSPECTORS + 1):
        account = Account(username=f"inspector{n:02d}", display_name=f"监督员{n:02d}（演示）")
        account.set_unusable_password()
        account.save()
        Post(account=account, organisation=body, role=role, title="监督员", region_code=COUNTY).save()
        people.append(account)
    return people
