"""Demo: the firms of the synthetic county with their reports, a danger on the authority's clock, duty, a check, a record.

From a fixed seed. What has a story runs through the real actions; months of plain rows are written in bulk.
"""

import datetime as dt
import random

from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY
from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.people.models import Certificate, Person
from siteloop.foundation.registry.models import PostKind, ProjectPost
from siteloop.framework.perform import create, perform
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.supervisor_firms import actions, duty, engine, jobs
from siteloop.systems.supervisor_firms.loading import load as load_tables
from siteloop.systems.supervisor_firms.models import (
    Behaviour,
    DangerReport,
    FirmFile,
    Misconduct,
    Presence,
    ReportState,
    SideRecord,
    SupervisionReport,
)
from siteloop.systems.supervisor_firms.models.duty import name_of

WHY = "the demo county is made once, by the program"
SEED = 20268
KIND = "注册监理工程师"
PROCESSES = ("混凝土浇筑", "土方回填", "防水施工", "钢结构安装")


@transaction.atomic
def load() -> None:
    """Everything, once."""
    if FirmFile.objects.unscoped(WHY).exists():
        return
    accounts = {
        a.username: a for a in Account.objects.filter(username__in=("supervisor", "supervision", "county"))
    }
    posts = duty.posts()
    if len(accounts) < 3 or not posts:
        return
    load_tables()
    dice = random.Random(SEED)  # noqa: S311 - a fixed seed makes the county the same everywhere
    own = _own(posts, accounts["supervisor"])
    _firms(dice)
    _presence(posts, dice)
    _reports(dice)
    _sides(posts, accounts["supervisor"], dice)
    if own:
        _story(own[0], viewer_for(accounts["supervisor"]), viewer_for(accounts["supervision"]))
    _misconduct(viewer_for(accounts["supervision"]), viewer_for(accounts["county"]))


def _own(posts: list[ProjectPost], account: Account) -> list[ProjectPost]:
    """The account `supervisor` is the chief of three projects of its firm, the table's most."""
    mine = [
        p
        for p in posts
        if p.kind == PostKind.CHIEF_SUPERVISOR
        and p.organisation is not None
        and p.organisation.name == "演示监理公司01"
    ][:3]
    for post in mine:
        post.account = account
        post.save(update_fields=["account"])
    return mine


def _firms(dice: random.Random) -> None:
    """Every firm's certificate, and its people's; one firm is short, one person's certificate ran out."""
    firms = Organisation.objects.unscoped(WHY).filter(kind="supervisor_firm", name__startswith="演示监理公司")
    today = timezone.localdate()
    papers = []
    for n, firm in enumerate(firms.order_by("name")):
        FirmFile(
            organisation=firm,
            region_code=COUNTY,
            level=("grade_a", "grade_b", "grade_b", "grade_c")[n % 4],
            speciality="building",
            certificate_number=f"演示E333{n:04d}",
            valid_until=today + dt.timedelta(days=dice.randrange(200, 1400)),
        ).save()
        staff = Person.objects.unscoped(WHY).filter(organisation=firm).order_by("pk")
        for i, one in enumerate(staff):
            if n == 6 and i % 4:
                continue
            out = n == 2 and i == 0
            until = today + dt.timedelta(days=-20 if out else dice.randrange(60, 1000))
            papers.append(Certificate(person=one, kind=KIND, number=f"演示ZJ{n}{i:03d}", valid_until=until))
    Certificate.objects.bulk_create(papers)
    jobs.check_all()


def _presence(posts: list[ProjectPost], dice: random.Random) -> None:
    """Last month and this month so far; every ninth post comes too seldom."""
    today = timezone.localdate()
    last = engine.month_before(today)
    days = duty.days_of(last, engine.month_end(last).date()) + duty.days_of(today.replace(day=1), today)
    rows = []
    for n, post in enumerate(posts):
        often = 0.35 if n % 9 == 4 else 0.93
        for day in days:
            if day == today or dice.random() > often:
                continue
            at = dt.datetime.combine(day, dt.time(7, dice.randrange(30, 59)), SHANGHAI)
            away = dice.random() < 0.02
            rows.append(
                Presence(
                    post=post,
                    project=post.project,
                    firm_id=post.organisation_id or 0,
                    kind=post.kind,
                    holder=name_of(post),
                    day=day,
                    arrived_at=at,
                    left_at=at + dt.timedelta(hours=9),
                    place="away" if away else "on_site",
                    distance_m=4200 if away else dice.randrange(5, 180),
                )
            )
    Presence.objects.bulk_create(rows, batch_size=2000)
    viewer = system_viewer("监理履职统计")
    for month in (last, today):
        perform(actions.duty.count, viewer, None, {"month": month})


def _reports(dice: random.Random) -> None:
    """Last month's: most received, some waiting; the rest owed, and late where the term is over."""
    now = timezone.now()
    engine.open_monthly(now)
    for n, row in enumerate(SupervisionReport.objects.unscoped(WHY).order_by("pk")):
        if n % 11 == 5:
            continue
        row.quality = "原材料见证取样复验合格，实体质量抽查未见严重缺陷（演示）"
        row.safety = f"巡视发现隐患 {dice.randrange(1, 6)} 处，均已下发监理通知单并整改完成（演示）"
        row.state = ReportState.SUBMITTED if n % 7 == 3 else ReportState.RECEIVED
        row.submitted_at = now - dt.timedelta(days=dice.randrange(1, 6))
        row.received_at = (
            row.submitted_at + dt.timedelta(hours=5) if row.state == ReportState.RECEIVED else None
        )
        row.figures = {}
        row.save()
    engine.find_late(now)


def _sides(posts: list[ProjectPost], signer: Account, dice: random.Random) -> None:
    now = timezone.now()
    rows = []
    for n in range(60):
        post = posts[n * 7 % len(posts)]
        start = now - dt.timedelta(days=dice.randrange(1, 50), hours=dice.randrange(1, 8))
        end = start + dt.timedelta(hours=dice.randrange(2, 9))
        wrong = n % 8 == 0
        rows.append(
            SideRecord(
                project=post.project,
                firm_id=post.organisation_id or 0,
                process=PROCESSES[n % len(PROCESSES)],
                part=f"{n % 5 + 1}号楼{n % 9 + 1}层",
                started_at=start,
                ended_at=end,
                works="按方案施工，人员机械到位（演示）",
                supervision="核查材料和施工参数，全过程旁站（演示）",
                problems="振捣不到位 1 处（演示）" if wrong else "",
                handling="当场要求补振（演示）" if wrong else "",
                state="signed",
                signer=post.account or signer,
                is_on_post=post.account is not None,
                signed_at=end,
            )
        )
    SideRecord.objects.bulk_create(rows)


def _story(post: ProjectPost, firm: Viewer, inspector: Viewer) -> None:
    """Two dangers of the demo firm: one waits for its receipt, one for the authority's answer."""
    for n, (place, said) in enumerate(
        (
            ("1号楼悬挑脚手架", "连墙件缺失，下发暂停令后仍在施工（演示）"),
            ("地下室临时用电", "配电箱未装漏电保护，逾期未整改（演示）"),
        )
    ):
        typed = {
            "project": post.project_id,
            "field": "safety",
            "level": "common" if n else "major",
            "place": place,
            "danger": said,
            "order_number": f"监理停-演示{n + 1:02d}",
            "ordered_on": (timezone.localdate() - dt.timedelta(days=4)).isoformat(),
            "conduct": "not_mended" if n else "not_stopped",
        }
        row = create(DangerReport, firm, typed)
        row.state, row.sent_at, row.sent_by_id = "sent", timezone.now(), firm.user
        row.save()
        engine.start_danger(row, row.sent_at)
        if n:
            row.refresh_from_db()
            perform(actions.dangers.receive, inspector, row, {"body": "已签收，安排现场核实（演示）"})


def _misconduct(inspector: Viewer, officer: Viewer) -> None:
    """One record published, one told."""
    firms = Organisation.objects.unscoped(WHY).filter(name__in=("演示监理公司07", "演示监理公司03"))
    behaviour = {b.code: b for b in Behaviour.objects.unscoped(WHY)}
    for firm, code in zip(
        firms.order_by("-name"), ("firm.report_missing", "firm.side_missing"), strict=False
    ):
        typed = {
            "behaviour": behaviour[code].pk,
            "firm": firm.pk,
            "region_code": COUNTY,
            "happened_on": (timezone.localdate() - dt.timedelta(days=30)).isoformat(),
            "fact": "演示事实",
        }
        row = create(Misconduct, inspector, typed)
        perform(actions.misconduct.tell, inspector, row)
        if code == "firm.report_missing":
            row.refresh_from_db()
            row.statement = "无异议（演示）"
            row.save()
            perform(actions.misconduct.publish, officer, row, {"opinion": "事实清楚，予以认定（演示）"})
