"""Demo: a month of the office of the synthetic county, from a fixed seed. Every row says that it is a demonstration."""

import datetime as dt
import random

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY, DemoAccount, add_account
from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases.models import Case
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.office import bulletins, handing_over, leave, meetings, papers, roster, tickets
from siteloop.systems.office.models import (
    Bulletin,
    DutyShift,
    HandOver,
    IncomingPaper,
    LeaveRequest,
    Meeting,
    OutgoingPaper,
    Ticket,
)

WHY = "the demo county is made once, by the program"
SEED = 20269
BUREAU, STATION = "平湖市住建局（演示）", "平湖市质安监督站（演示）"
#: the colleagues an office needs besides the one account of each role
STAFF = (
    DemoAccount("office1", "办公室文员（演示）", "county_officer", BUREAU, "办公室文员", COUNTY),
    DemoAccount("quality1", "监督员甲（演示）", "supervisor", STATION, "监督员", COUNTY),
    DemoAccount("quality2", "监督员乙（演示）", "supervisor", STATION, "监督员", COUNTY),
    DemoAccount("quality3", "监督员丙（演示）", "supervisor", STATION, "监督员", COUNTY),
)
IN = (
    ("关于开展房屋市政工程安全生产检查的通知（演示）", "嘉兴市住建局（演示）", 6),
    ("关于报送扬尘治理情况的函（演示）", "平湖市生态环境分局（演示）", -2),
    ("关于做好汛期在建工程防范工作的通知（演示）", "浙江省住建厅（演示）", 3),
    ("关于商请联合执法的函（演示）", "平湖市工地监管科（演示）", 9),
)
PROBLEMS = (
    ("fault", "导出 Excel 时长时间没有反应", "/cases/cases/"),
    ("data", "工地地图上的位置偏了约一百米", "/one_map/"),
    ("question", "怎样给项目变更专职安全员", "/project_stages/changes/"),
    ("wish", "希望派单列表能按镇街汇总", "/cases/cases/"),
    ("fault", "手机上照片上传到一半停住", "/inspection/inspections/"),
    ("question", "年检证书到期后在哪里重新登记", "/registry/inspections/"),
)


@transaction.atomic
def load() -> None:
    """One office; once."""
    if Bulletin.objects.unscoped(WHY).exists():
        return
    units = {o.name: o for o in Organisation.objects.unscoped(WHY).filter(name__in=(BUREAU, STATION))}
    if len(units) < 2:
        return
    for one in STAFF:
        add_account(one, settings.DEMO_PASSWORD)
    Office(units[BUREAU], units[STATION]).fill()


class Office:
    """The people of the demo and what they do, each act through its own door."""

    def __init__(self, bureau: Organisation, station: Organisation) -> None:
        self.bureau, self.station = bureau, station
        self.today = timezone.localdate()
        self.dice = random.Random(SEED)  # noqa: S311 - a fixed seed makes the office the same everywhere
        names = (
            "county",
            "inspector",
            "manager",
            "enterprise",
            "office1",
            "quality1",
            "quality2",
            "quality3",
        )
        self.people: dict[str, Account] = {a.username: a for a in Account.objects.filter(username__in=names)}

    def who(self, name: str) -> Viewer:
        """A person at the desk."""
        return viewer_for(self.people[name])

    def day(self, plus: int) -> dt.date:
        """Days from today."""
        return self.today + dt.timedelta(days=plus)

    def fill(self) -> None:
        """Everything, in the order of a working day."""
        self.notices()
        self.incoming()
        self.outgoing()
        self.leave()
        self.roster()
        self.conference()
        self.feedback()
        self.hand_over()

    def notices(self) -> None:
        """One read by some and reminded, one fresh."""
        for title, body, read_by in (
            ("关于开展周会商的通知（演示）", "每周一上午会商本周案件，请提前备好材料。", -1),
            ("平台使用宣贯会安排（演示）", "企业集中宣贯会定于下周三举行。", 4),
        ):
            row = Bulletin(organisation=self.bureau, title=title, body=body, read_by=self.day(read_by))
            row.save()
            row.units.set([self.station])
            row.people.set([self.people["enterprise"], self.people["county"], self.people["manager"]])
            perform(bulletins.publish, self.who("office1"), row)
            for name in self.dice.sample(("county", "quality1", "quality2", "enterprise"), 2):
                perform(bulletins.confirm, self.who(name), row)
        perform(bulletins.remind, self.who("office1"), row)

    def incoming(self) -> None:
        """Papers at every stage, one past its day."""
        names = ("quality1", "quality2", "inspector", "county")
        for n, (title, sender, due) in enumerate(IN):
            row = IncomingPaper(
                organisation=self.bureau,
                title=title,
                sender=sender,
                sender_number=f"演示〔{self.today.year}〕{n + 11}号",
                received_on=self.day(-8 + n),
                due_on=self.day(due),
            )
            row.save()
            person = self.people[names[n]]
            asked = {"asked": "handle", "account": person.pk, "words": "请阅办"}
            perform(papers.INCOMING["circulate"], self.who("office1"), row, asked)
            if n in (0, 2):
                answer = {"verdict": "agree", "opinion": "已布置，按期办理（演示）"}
                perform(papers.INCOMING["give"], self.who(names[n]), row, answer)
            if n == 0:
                perform(papers.finish, self.who("county"), row, {"result": "检查已安排（演示）"})
                perform(papers.INCOMING["archive"], self.who("office1"), row)

    def outgoing(self) -> None:
        """One signed and printed, one being countersigned."""
        for n, kind in enumerate(("notice", "report")):
            row = OutgoingPaper(
                organisation=self.bureau,
                kind=kind,
                title=("关于加强高温天气施工管理的通知（演示）", "关于一季度监督工作的报告（演示）")[n],
                addressee=("各镇街、各施工单位", "嘉兴市住建局（演示）")[n],
                body="根据上级要求，现就有关工作通知如下。\n一、合理安排作业时间。\n二、落实防暑降温措施。",
                keeper=self.people["office1"],
                due_on=self.day(3),
            )
            row.save()
            asked = {"asked": "countersign", "account": self.people["inspector"].pk}
            perform(papers.OUTGOING["circulate"], self.who("office1"), row, asked)
            if n == 0:
                perform(papers.OUTGOING["give"], self.who("inspector"), row, {"verdict": "agree"})
                perform(papers.sign, self.who("county"), row)

    def leave(self) -> None:
        """One approved for days to come, one that waits."""
        for name, kind, start, end in (
            ("quality2", "training", 2, 4),
            ("quality3", "annual", 6, 9),
        ):
            typed = {"kind": kind, "from_on": self.day(start), "to_on": self.day(end), "reason": "演示"}
            perform(leave.ask, self.who(name), None, typed)
        first = LeaveRequest.objects.unscoped(WHY).get(account=self.people["quality2"])
        perform(leave.approve, self.who("county"), first, {"opinion": "同意"})

    def roster(self) -> None:
        """Four weeks of nights, and one swap that waits for its answer."""
        typed = {
            "organisation": self.station.pk,
            "slot": "night",
            "from_on": self.today,
            "to_on": self.day(27),
        }
        perform(roster.fill, self.who("county"), None, typed)
        nights = DutyShift.objects.unscoped(WHY).filter(on__gt=self.today).order_by("on")
        names = ("quality1", "quality2", "quality3")
        mine = nights.filter(account__username__in=names).select_related("account").first()
        if mine is not None:
            typed = {"taker": self.people["inspector"].pk, "reason": "家中有事（演示）"}
            perform(roster.swap, viewer_for(mine.account), mine, typed)

    def conference(self) -> None:
        """Two cases talked through: one task done, one open, one to come."""
        row = Meeting(
            organisation=self.bureau,
            title="扬尘与派单周会商（演示）",
            held_at=timezone.now() - dt.timedelta(days=3),
            place="二楼会议室",
            chair=self.people["county"],
            minutes="会议听取了在办案件情况，议定如下事项。\n责任人按期办结并反馈。",
        )
        row.save()
        row.attendees.set([self.people[n] for n in ("inspector", "quality1", "quality2")])
        cases = Case.objects.unscoped(WHY).filter(region_code__startswith=COUNTY, closed_at=None)
        row.cases.set(cases.order_by("pk")[:2])
        for name, what, due in (
            ("quality1", "复核夜间施工投诉（演示）", 1),
            ("quality2", "约谈项目负责人（演示）", 5),
            ("inspector", "汇总本周超限工地名单（演示）", 2),
        ):
            typed = {"what": what, "owner": self.people[name].pk, "due_on": self.day(due)}
            perform(meetings.conclude, self.who("county"), row, typed)
        perform(meetings.issue, self.who("county"), row)
        done = row.tasks.get(owner=self.people["inspector"])
        perform(meetings.finish, self.who("inspector"), done, {"result": "名单已汇总（演示）"})

    def feedback(self) -> None:
        """Problems at every stage, two of them rated."""
        for n, (kind, what, page) in enumerate(PROBLEMS):
            name = ("enterprise", "manager", "quality1")[n % 3]
            typed = {"kind": kind, "what": f"{what}（演示）", "page": page}
            perform(tickets.report, self.who(name), None, typed)
            row = Ticket.objects.unscoped(WHY).latest("pk")
            if n == len(PROBLEMS) - 1:
                return
            perform(tickets.assign, self.who("county"), row, {"owner": self.people["inspector"].pk})
            if n >= 3:
                continue
            perform(tickets.answer, self.who("inspector"), row, {"answer": "已处理，请再试（演示）"})
            if n < 2:
                perform(tickets.rate, self.who(name), row, {"rating": str(5 - n)})

    def hand_over(self) -> None:
        """One list that waits for its taker."""
        if not HandOver.objects.unscoped(WHY).exists():
            typed = {"taker": self.people["quality3"].pk, "reason": "调岗（演示）"}
            perform(handing_over.offer, self.who("quality1"), None, typed)
