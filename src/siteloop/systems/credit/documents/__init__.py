"""The printed documents of credit: their kinds and their words. Persons are named masked, as on every screen."""

from collections.abc import Callable
from typing import Any

from siteloop.foundation.documents.kind import Content, Facts, Head, Kind, Signs, Text
from siteloop.foundation.documents.setting import chinese_date
from siteloop.framework.fields import term_end
from siteloop.systems.credit.models import BlacklistEntry, CreditRecord, CreditRequest, OfSubject

WHY = "a document that is issued anew is composed from its record"


def _record_facts(row: CreditRecord) -> Facts:
    return Facts(
        (
            ("记分对象", row.subject_name),
            ("工程名称", row.project.name if row.project else "—"),
            ("行为", str(row.rule)),
            ("行为日期", chinese_date(row.happened_on)),
            ("等级", row.get_level_display()),
            ("分值", f"{row.get_kind_display()} {row.points} 分"),
            ("事实", row.reason),
            ("依据", row.clause or "—"),
        )
    )


def record(row: CreditRecord) -> Content:
    """信用记分告知书."""
    term = (
        f"自{chinese_date(row.counts_from)}起计分，至{chinese_date(row.counts_until)}期满。"
        if row.counts_from and row.counts_until
        else ""
    )
    return Content(
        row.subject_name,
        (
            Text("经核实，对下列行为予以信用记分："),
            _record_facts(row),
            Text(f"{term}如有异议，可通过平台提出申诉；申诉期间暂停公示。"),
            Signs(("经办人", "签收人")),
        ),
    )


def withdrawn(row: CreditRecord) -> Content:
    """信用记分撤销通知书."""
    return Content(
        row.subject_name,
        (
            Text("下列信用记分自本通知制作之日起撤销，原记录及撤销记录均予保留："),
            _record_facts(row),
            Head("撤销原因"),
            Text(row.withdrawn_why),
        ),
    )


def _entry_facts(row: BlacklistEntry) -> Facts:
    return Facts(
        (
            ("对象", row.subject_name),
            ("期限", f"{row.term_months} 个月"),
            ("事由", row.cause),
            ("依据", row.basis_shown),
        )
    )


def before(row: BlacklistEntry) -> Content:
    """列入黑名单事先告知书."""
    until = term_end(row.hear_until, "%Y年%m月%d日 %H:%M") if row.hear_until else "规定期限"
    return Content(
        row.subject_name,
        (
            Text("经查，拟将你（单位）列入黑名单："),
            _entry_facts(row),
            Text(f"你（单位）有权在{until}前通过平台陈述、申辩；逾期未提出的，视为放弃。"),
            Signs(("经办人", "签收人")),
        ),
    )


def listed(row: BlacklistEntry) -> Content:
    """列入黑名单决定书."""
    assert row.listed_on is not None and row.until is not None, "only a decided entry is printed"
    heard = row.statement or "在规定期限内未陈述、申辩"
    return Content(
        row.subject_name,
        (
            Text("经告知并听取陈述、申辩，决定将你（单位）列入黑名单："),
            _entry_facts(row),
            Head("陈述申辩情况"),
            Text(heard),
            Head("决定"),
            Text(
                f"{row.opinion}。自{chinese_date(row.listed_on)}起列入并公示，{chinese_date(row.until)}期满自动移出。"
            ),
            Text(
                "期间符合条件的可申请信用修复；不服本决定的，可通过平台申诉，也可依法申请行政复议或者提起行政诉讼。"
            ),
        ),
    )


def off(row: BlacklistEntry) -> Content:
    """移出黑名单通知书."""
    assert row.ended_on is not None, "only an ended entry is printed"
    return Content(
        row.subject_name,
        (
            Text(f"你（单位）自{chinese_date(row.ended_on)}起移出黑名单，公示同时停止。"),
            _entry_facts(row),
            Head("移出原因"),
            Text(row.ended_why),
        ),
    )


def reviewed(row: CreditRequest) -> Content:
    """申诉（信用修复）审查决定书."""
    about = row.record or row.entry
    return Content(
        row.subject_name,
        (
            Text(f"你（单位）就下列事项提出的{row.get_kind_display()}，经审查决定如下："),
            Facts((("事项", str(about)), ("类别", row.get_kind_display()), ("理由", row.statement[:300]))),
            Head("决定"),
            Text(f"{row.get_state_display()}。{row.opinion}"),
        ),
    )


def _kind(
    what: str, title: str, title_en: str, word: str, model: Any, compose: Callable[..., Content]
) -> Kind:
    def anew(key: int) -> Content:
        rows = model.objects.unscoped(WHY).select_related("organisation", "person__organisation")
        return compose(rows.get(pk=key))

    return Kind(f"credit.{what}", "credit", title, title_en, word, anew)


KINDS = (
    _kind("record", "信用记分告知书", "Credit points notice", "信记", CreditRecord, record),
    _kind("withdrawn", "信用记分撤销通知书", "Points cancelled", "信撤", CreditRecord, withdrawn),
    _kind("before", "列入黑名单事先告知书", "Blacklist: notice before", "信告", BlacklistEntry, before),
    _kind("listed", "列入黑名单决定书", "Blacklist decision", "信列", BlacklistEntry, listed),
    _kind("off", "移出黑名单通知书", "Off the blacklist", "信移", BlacklistEntry, off),
    _kind("reviewed", "申诉修复审查决定书", "Decision on a request", "信复", CreditRequest, reviewed),
)


def composed(what: str, row: OfSubject) -> Content:
    """The words of one kind from a row at hand. Raises KeyError."""
    words: dict[str, Callable[..., Content]] = {
        "record": record,
        "withdrawn": withdrawn,
        "before": before,
        "listed": listed,
        "off": off,
        "reviewed": reviewed,
    }
    return words[what](row)
