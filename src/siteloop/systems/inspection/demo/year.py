"""The year behind today: who is there, and what happened when."""

import datetime as dt
import random

from siteloop.foundation.authority.demo import COUNTY, WHY
from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.cases.deadlines import Term, due, is_working_day
from siteloop.foundation.cases.models import CaseCounter
from siteloop.foundation.documents import store
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import Party, PartyKind, PostKind, ProjectPost, Site
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection.demo.story import (
    DAYS,
    INSPECTORS,
    PRIVATE_DEMANDS,
    PROBLEMS,
    RECTIFY,
    SEED,
    STOPS,
    TRANSFERS,
    Story,
)
from siteloop.systems.inspection.models import (
    CheckItem,
    CheckTable,
    Measure,
)


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
