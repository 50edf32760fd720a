"""Demo: a county's credit. What orders, draws and cases decided is taken over; the rest is done through the real actions.

Loaded after the other systems' demos, because it counts what they made.
"""

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY, WHY
from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.documents import setting
from siteloop.foundation.files.store import keep
from siteloop.foundation.people.models import Person
from siteloop.foundation.registry.models import PostKind, ProjectPost
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.credit import (
    actions,
    awarding,
    blacklisting,
    collecting,
    engine,
    loading,
    requesting,
    shown,
)
from siteloop.systems.credit.models import Award, BlacklistEntry, CreditRecord, CreditRequest, CreditRule
from siteloop.systems.credit.scoring import months_later

#: counts what the other systems' demos made
AFTER_ALL = True
BASIS = "本地黑名单管理办法（演示，未核实）"


@transaction.atomic
def load() -> None:
    """Everything, once."""
    accounts = {a.username: a for a in Account.objects.filter(username__in=("inspector", "county", "city"))}
    if len(accounts) < 3 or BlacklistEntry.objects.unscoped(WHY).exists():
        return
    loading.load()
    _name_manager()
    collecting.collect(timezone.now() - collecting.YEAR)
    _Story(*(viewer_for(accounts[name]) for name in ("inspector", "county", "city"))).tell()
    engine.expire()
    engine.refresh(shown.all_subjects())


def _name_manager() -> None:
    """The demo manager's account is that of a real-name person, so that he sees his own points."""
    post = (
        ProjectPost.objects.unscoped(WHY)
        .filter(kind=PostKind.PROJECT_MANAGER, account__username="manager", person__isnull=False)
        .select_related("person", "account")
        .order_by("pk")
        .first()
    )
    if post is not None and post.person is not None and not hasattr(post.account, "person"):
        post.person.account = post.account
        post.person.save()


def _unit(name: str) -> Organisation:
    return Organisation.objects.unscoped(WHY).get(name=name)


class _Story:
    """Three officers at work: the inspector proposes, the county reviews and tells, the city decides and reviews."""

    def __init__(self, inspector: Viewer, county: Viewer, city: Viewer) -> None:
        self.inspector, self.county, self.city = inspector, county, city
        self.today = timezone.localdate()
        self.rules = {r.code: r.pk for r in CreditRule.objects.unscoped(WHY)}
        self.paper = self._paper()

    def _paper(self) -> bytes:
        """A page of evidence that opens and says what it is."""
        words = {
            "block": "text",
            "text": "演示材料，不是真实证据。",
            "indent": True,
            "bold": False,
            "align": "left",
        }
        sheet = {
            "authority": "平湖市质安监督站（演示）",
            "title": "现场核查记录",
            "number": "演示",
            "addressee": "",
            "copies_to": "",
            "blocks": [words],
            "date": setting.chinese_date(self.today),
            "code": "",
            "url": "",
            "qr": setting.qr_svg("演示"),
            "sealed": False,
        }
        return setting.pdf(sheet, timezone.now())

    def proof(self, by: Viewer) -> int:
        """One more copy of it under its own row."""
        upload = SimpleUploadedFile("现场核查记录（演示）.pdf", self.paper, "application/pdf")
        return int(keep(by, upload).pk)

    def record(
        self, code: str, reason: str, days_ago: int = 0, *, approved: bool = True, **whose: Any
    ) -> CreditRecord:
        """Proposed and reviewed, then moved back in time."""
        day = self.today - dt.timedelta(days=days_ago)
        typed = {
            "rule": self.rules[code],
            "happened_on": day,
            "reason": reason,
            "files": [self.proof(self.inspector)],
        }
        perform(actions.propose, self.inspector, None, {**typed, **whose})
        row = CreditRecord.objects.unscoped(WHY).latest("pk")
        if approved:
            perform(actions.approve, self.county, row, {"opinion": "情况属实（演示）"})
            row = CreditRecord.objects.unscoped(WHY).select_related("rule").get(pk=row.pk)
            CreditRecord.objects.unscoped(WHY).filter(pk=row.pk).update(
                counts_from=day, counts_until=months_later(day, row.rule.term_months)
            )
        return row

    def entry(self, cause: str, months: int, days_ago: int, **whose: Any) -> BlacklistEntry:
        """Proposed, told, the time to be heard over, listed, then moved back in time."""
        row = self.proposed(cause, months, **whose)
        self.told(row, BlacklistEntry.objects.unscoped(WHY))
        rows = BlacklistEntry.objects.unscoped(WHY).filter(pk=row.pk)
        rows.update(hear_until=timezone.now() - dt.timedelta(minutes=1))
        perform(
            blacklisting.enter,
            self.city,
            rows.get(),
            {"opinion": "事实清楚，期限内未陈述申辩，决定列入（演示）"},
        )
        day, back = self.today - dt.timedelta(days=days_ago), dt.timedelta(days=days_ago)
        at = timezone.now() - back - dt.timedelta(days=9)
        rows.update(
            proposed_at=at,
            told_at=at + dt.timedelta(days=1),
            hear_until=at + dt.timedelta(days=8),
            listed_on=day,
            until=months_later(day, months),
        )
        return rows.get()

    def proposed(self, cause: str, months: int, **whose: Any) -> BlacklistEntry:
        """A proposal."""
        typed = {"cause": cause, "basis": BASIS, "term_months": months, "files": [self.proof(self.county)]}
        perform(blacklisting.propose, self.county, None, {**typed, **whose})
        return BlacklistEntry.objects.unscoped(WHY).latest("pk")

    def told(self, row: BlacklistEntry, rows: Any) -> None:
        """The notice before."""
        perform(blacklisting.tell, self.county, rows.get(pk=row.pk))

    def tell(self) -> None:
        """Merits and demerits, a listed firm and a listed worker, one expired, one repaired, one being heard, awards."""
        own, wages, other = (_unit(f"演示建工集团{n:02d}").pk for n in (1, 13, 12))
        for n in (2, 5, 9):
            unit = _unit(f"演示建工集团{n:02d}").pk
            self.record("E-GOOD-01", "智慧工地应用成效考核优秀（演示）", 30 * n, organisation=unit)
        self.record("E-SUPV-01", "关键部位旁站记录缺失（演示）", 40, organisation=_unit("演示监理公司02").pk)
        staff = self.person_of("演示监理公司02")
        self.record("P-SUPV-01", "抽查时无故不在岗（演示）", 40, person=staff)
        wage = self.record("E-WAGE-01", "拖欠 12 名工人两个月工资（演示）", 120, organisation=wages)
        self.record("E-WAGE-01", "投诉反映拖欠工资，待复核（演示）", 2, approved=False, organisation=own)
        manager = Person.objects.unscoped(WHY).filter(account__username="manager").first()
        if manager is not None:
            for days in (150, 60, 5):
                self.record("P-PM-02", "现场带班记录缺失（演示）", days, person=manager.pk)
        self.entry("拖欠农民工工资，责令支付后仍不支付（演示）", 12, 90, organisation=wages, record=wage.pk)
        self.entry("伪造特种作业证上岗（演示）", 6, 30, person=self.person_of("演示建工集团12"))
        self.entry("转包工程（演示）", 6, 300, organisation=_unit("演示建工集团14").pk)
        self.repaired(self.entry("拖欠材料款引发群体投诉（演示）", 12, 200, organisation=other))
        self.told(
            self.proposed("多次拒不整改（演示）", 6, organisation=own), BlacklistEntry.objects.unscoped(WHY)
        )
        self.appealed(wages)
        self.awards()

    def person_of(self, unit: str) -> int:
        """The first real-name person of an enterprise."""
        return int(
            Person.objects.unscoped(WHY)
            .filter(organisation__name=unit)
            .order_by("pk")
            .values_list("pk", flat=True)[0]
        )

    def _speaks_for(self, organisation: int) -> Viewer:
        """The enterprise's own desk, as the demo has no account of it."""
        return Viewer(
            user=None,
            name="企业经办（演示）",
            permissions=frozenset({"credit.*"}),
            organisations=frozenset({organisation}),
            regions=(COUNTY,),
        )

    def repaired(self, row: BlacklistEntry) -> None:
        """Off the list before its term."""
        perform(
            requesting.repair_entry,
            self._speaks_for(row.organisation_id or 0),
            row,
            {"statement": "已付清并公开承诺（演示）"},
        )
        asked = CreditRequest.objects.unscoped(WHY).latest("pk")
        perform(
            requesting.grant,
            viewer_for(Account.objects.get(username="admin")),
            asked,
            {"opinion": "已履行义务（演示）"},
        )

    def appealed(self, organisation: int) -> None:
        """An appeal that waits: the record is not published meanwhile."""
        record = (
            CreditRecord.objects.unscoped(WHY)
            .filter(organisation=organisation, state="in_force")
            .latest("pk")
        )
        perform(
            requesting.appeal_record,
            self._speaks_for(organisation),
            record,
            {"statement": "工资已由总包代付，请予核查（演示）"},
        )

    def awards(self) -> None:
        """Two granted, one nominated."""
        for name, is_granted in (
            ("演示监理公司03", True),
            ("演示置业公司02", True),
            ("演示监理公司04", False),
        ):
            unit = _unit(name)
            if awarding.against(Award(organisation=unit, region_code=COUNTY)):
                continue
            typed = {
                "title": "县级先进单位（演示）",
                "giver": "平湖市住建局（演示）",
                "organisation": unit.pk,
            }
            perform(awarding.nominate, self.county, None, typed)
            if is_granted:
                perform(awarding.grant, self.city, Award.objects.unscoped(WHY).latest("pk"))
