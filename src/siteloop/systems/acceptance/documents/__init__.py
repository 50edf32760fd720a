"""The printed documents of the acceptance of business: their kinds and their words."""

from collections.abc import Callable

from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.documents.kind import Block, Content, Facts, Grid, Head, Kind, Signs, Text
from siteloop.foundation.documents.setting import chinese_date
from siteloop.foundation.packs import resolve
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.acceptance import settings
from siteloop.systems.acceptance.models import AfterCheck, Application

WHY = "a document that is issued anew is composed from its record"


def _facts(row: Application) -> Facts:
    return Facts(
        (
            ("业务类别", row.get_kind_display()),
            ("申请事项", row.matter),
            ("工程名称", row.project.name),
            ("项目编号", row.project.code),
            ("申请单位", row.applicant.name),
            ("经办人", row.contact or "—"),
        )
    )


def _papers(row: Application) -> Grid:
    had = {p.title for p in row.papers.all()}
    promised = {c.title for c in row.commitments.all()}
    lines = [
        (str(n), m.title, "已提交" if m.title in had else "承诺补交" if m.title in promised else "未提交")
        for n, m in enumerate(settings.materials(row.kind, row.region_code), 1)
    ]
    return Grid(("序号", "材料", "情况"), tuple(lines) or (("—", "本地未规定材料清单", "—"),), (0.6, 5, 1.6))


def accepted(row: Application) -> Content:
    """受理通知书."""
    blocks: list[Block] = [
        Text("你单位提交的下列申请，材料齐全、符合形式要求（或已作承诺），决定予以受理。"),
        _facts(row),
        Head("材料"),
        _papers(row),
    ]
    promised = list(row.commitments.all())
    if promised:
        stated = resolve.for_project(settings.TERM, row.project)
        until = ""
        if stated and row.accepted_at:
            # a term of days ends at midnight: its last day is the one before
            end = due(row.accepted_at, Term.of(stated)).astimezone(SHANGHAI)
            until = f"，至{chinese_date(end.date().fromordinal(end.date().toordinal() - 1))}"
        names = "、".join(f"“{c.title}”" for c in promised)
        blocks += [
            Head("承诺事项"),
            Text(
                f"你单位承诺补交{names}。兑现期限自受理之日起计算{until}；逾期未兑现的，自动锁定业务，兑现并核验通过后解锁。"
            ),
        ]
    if row.due_at is not None:
        last = row.due_at.astimezone(SHANGHAI).date()
        blocks.append(Text(f"本机关将于{chinese_date(last.fromordinal(last.toordinal() - 1))}前作出决定。"))
    return Content(row.applicant.name, tuple(blocks))


def correction(row: Application) -> Content:
    """补正材料一次性告知书."""
    lines = [one.strip() for one in row.correction.splitlines() if one.strip()]
    return Content(
        row.applicant.name,
        (
            Text("你单位提交的下列申请需要补正。需补正的全部内容一次性告知如下："),
            _facts(row),
            Head("需补正的内容"),
            Grid(("序号", "内容"), tuple((str(n), one) for n, one in enumerate(lines, 1)), (0.6, 6)),
            Text("请补正后通过平台重新提交。"),
            Signs(("经办人", "申请单位签收")),
        ),
    )


def decision(row: Application) -> Content:
    """准予决定书."""
    return Content(
        row.applicant.name,
        (
            Text(f"你单位提交的下列申请（受理编号 {row.number}），经审查符合要求，决定予以办理。"),
            _facts(row),
            Head("审查意见"),
            Text(row.opinion),
        ),
    )


def refusal(row: Application) -> Content:
    """不予决定书."""
    return Content(
        row.applicant.name,
        (
            Text(f"你单位提交的下列申请（受理编号 {row.number}），经审查不符合要求，决定不予办理。"),
            _facts(row),
            Head("理由"),
            Text(row.opinion),
            Text("如不服本决定，可依法申请行政复议或者提起行政诉讼。"),
        ),
    )


def certificate(row: Application) -> Content:
    """办结证明."""
    return Content(
        "",
        (
            Text(
                f"兹证明下列工程的{row.get_kind_display()}业务已依法办结，准予决定见受理编号 {row.number}。"
            ),
            _facts(row),
            Text("本证明可扫描二维码核验；被撤销或替换的，核验页面会显示。"),
        ),
    )


def after_check(row: AfterCheck) -> Content:
    """事后核查结果告知书."""
    application = row.application
    word = "核查不合格，经整改复查合格" if row.was_failed else "核查合格"
    return Content(
        application.applicant.name,
        (
            Text(f"你单位的下列业务（受理编号 {application.number or '—'}）准予后被抽取进行事后核查。"),
            _facts(application),
            Head("抽取"),
            Text(application.lot),
            Head("结果"),
            Facts((("核查人", str(row.checker or "—")), ("结果", word))),
            Text(row.words or "—"),
        ),
    )


_WORDS: dict[str, Callable[[Application], Content]] = {
    "accepted": accepted,
    "correction": correction,
    "decision": decision,
    "refusal": refusal,
    "certificate": certificate,
}


def composed(what: str, row: Application) -> Content:
    """The words of one kind. Raises KeyError."""
    return _WORDS[what](row)


def _kind(what: str, title: str, title_en: str, word: str) -> Kind:
    def anew(key: int) -> Content:
        row = Application.objects.unscoped(WHY).select_related("project", "applicant").get(pk=key)
        return composed(what, row)

    return Kind(f"acceptance.{what}", "acceptance", title, title_en, word, anew)


def _after_check_anew(key: int) -> Content:
    related = ("application__project", "application__applicant", "checker")
    return after_check(AfterCheck.objects.unscoped(WHY).select_related(*related).get(pk=key))


KINDS = (
    _kind("accepted", "受理通知书", "Notice of acceptance", "建受"),
    _kind("correction", "补正材料一次性告知书", "Correction notice", "建补"),
    _kind("decision", "准予决定书", "Decision to grant", "建准"),
    _kind("refusal", "不予决定书", "Decision to refuse", "建不"),
    _kind("certificate", "业务办结证明", "Certificate", "建证"),
    Kind(
        "acceptance.after_check",
        "acceptance",
        "事后核查结果告知书",
        "Result of the after-check",
        "建核",
        _after_check_anew,
    ),
)
