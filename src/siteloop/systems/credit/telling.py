"""Who hears of what in credit: the enterprise's people, the person, and where a limit is reached the employer too."""

from siteloop.foundation.authority.models import Account, Organisation
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.conduct import Fact
from siteloop.systems.credit.models import (
    BlacklistEntry,
    CreditFile,
    CreditRecord,
    CreditRequest,
    OfSubject,
    RuleKind,
)


def people_of(row: OfSubject) -> list[Account]:
    """Accounts that speak for the subject; for a person the employer's members as well, those who may open the row."""
    if row.organisation is not None:
        return _who_see(row, row.organisation)
    assert row.person is not None, "a row has one subject"
    own = [row.person.account] if row.person.account is not None else []
    return [*own, *(_who_see(row, row.person.organisation) if row.person.organisation is not None else [])]


def _who_see(row: OfSubject, employer: Organisation) -> list[Account]:
    """A member who sees his projects alone is not called to a row that is closed to him."""
    rows = type(row).objects
    return [a for a in members(employer) if rows.visible_to(viewer_for(a)).filter(pk=row.pk).exists()]


def counted(record: CreditRecord) -> None:
    """Points were given or taken."""
    is_merit = record.kind == RuleKind.MERIT
    notify(
        people_of(record),
        "credit_record",
        f"信用{'加' if is_merit else '扣'} {record.points} 分：{record.subject_name}",
        body=f"{record.rule}——{record.reason}。依据：{record.clause}。如有异议，可在记录页申诉。",
        link=f"/credit/records/{record.pk}/",
        level="blue" if is_merit else "orange",
        subject=f"credit_record:{record.pk}",
    )


def nobody(fact: Fact) -> None:
    """A fact that counts, and nobody registered who answers for it: whoever decided it hears so, once."""
    notify(
        Account.objects.filter(pk=fact.decided_by or 0),
        "credit_nobody",
        f"未能记分：{fact.title}",
        body="项目未登记该岗位人员的实名信息。请在项目库补录关键岗位人员，系统每晚自动补记。",
        link=fact.link,
        level="yellow",
        subject=f"credit_nobody:{fact.key}",
    )


def withdrawn(record: CreditRecord, why: str) -> None:
    """Points were cancelled."""
    notify(
        people_of(record),
        "credit_withdrawn",
        f"信用记录已撤销：{record}",
        body=why,
        link=f"/credit/records/{record.pk}/",
        level="blue",
        subject=f"credit_withdrawn:{record.pk}",
    )


def manager(row: CreditFile) -> None:
    """A project manager crossed a limit: himself and the employer hear of it, each time it is crossed."""
    reached = row.warned == 2
    notify(
        people_of(row),
        "manager_points",
        f"项目经理记分{'达到上限' if reached else '警示'}：{row.subject_name} 有效扣分 {row.demerits} 分",
        body="请企业约谈、培训并加强现场管理；有效记分满期自动消除，符合条件的可申请信用修复。",
        link=f"/credit/files/{row.pk}/",
        level="red" if reached else "yellow",
    )


def entry(row: BlacklistEntry, title: str, level: str) -> None:
    """A step of a blacklist entry."""
    notify(
        people_of(row),
        "blacklist",
        f"{title}：{row.subject_name}",
        body=f"{row.cause}。依据：{row.basis_shown}",
        link=f"/credit/blacklist/{row.pk}/",
        level=level,
        subject=f"blacklist:{row.pk}:{row.state}",
    )


def off_list(row: BlacklistEntry) -> None:
    """Off the blacklist."""
    entry(row, "已移出黑名单", "blue")


def decided(row: CreditRequest) -> None:
    """A request was reviewed."""
    notify(
        people_of(row),
        "credit_request",
        f"{row.get_kind_display()}{row.get_state_display()}：{row.subject_name}",
        body=row.opinion,
        link=f"/credit/requests/{row.pk}/",
        level="blue",
        subject=f"credit_request:{row.pk}:{row.state}",
    )
