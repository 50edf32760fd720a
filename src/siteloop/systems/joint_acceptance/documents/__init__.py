"""The printed documents of the joint acceptance: their kinds and their words."""

from collections.abc import Callable

from django.utils import timezone

from siteloop.foundation.documents.kind import Block, Content, Facts, Grid, Head, Kind, Pictures, Signs, Text
from siteloop.framework.fields import term_end
from siteloop.systems.joint_acceptance import clock
from siteloop.systems.joint_acceptance.models import (
    FindingKind,
    JointApplication,
    JointFinding,
    SiteVisit,
    State,
    VisitState,
)

WHY = "a document is composed from its whole record, whoever issues it"
#: photos of a visit that are printed
MOST_PHOTOS = 6


def _facts(row: JointApplication) -> Facts:
    return Facts(
        (
            ("工程名称", row.project.name),
            ("项目编号", row.project.code),
            ("验收范围", row.extent),
            ("申请单位", row.applicant.name),
            ("联系人", row.contact or "—"),
        )
    )


def accepted(row: JointApplication) -> Content:
    """联合验收受理通知书: with the departments and their time."""
    lines = [
        (
            str(n),
            o.department.title,
            o.department.organisation.name,
            term_end(o.due_at) if o.due_at else "未规定",
        )
        for n, o in enumerate(row.opinions.select_related("department__organisation").order_by("pk"), 1)
    ]
    return Content(
        row.applicant.name,
        (
            Text("你单位提交的下列联合验收申请，材料齐全，决定予以受理，由下列部门同时审查："),
            _facts(row),
            Head("参验部门"),
            Grid(("序号", "部门", "单位", "出具意见期限"), tuple(lines), (0.6, 2, 3, 2)),
            Text("需要整改的，整改期间部门停止计时，复查期限另计。"),
        ),
    )


def correction(row: JointApplication) -> Content:
    """联合验收补正告知书."""
    lines = [one.strip() for one in row.correction.splitlines() if one.strip()]
    return Content(
        row.applicant.name,
        (
            Text("你单位提交的下列联合验收申请需要补正。需补正的全部内容一次性告知如下："),
            _facts(row),
            Head("需补正的内容"),
            Grid(("序号", "内容"), tuple((str(n), one) for n, one in enumerate(lines, 1)), (0.6, 6)),
            Text("请补正后通过平台重新提交。"),
            Signs(("经办人", "申请单位签收")),
        ),
    )


def _opinions(row: JointApplication) -> Grid:
    lines = [
        (
            o.department.title,
            o.get_state_display(),
            o.words,
            f"{timezone.localtime(o.given_at):%Y-%m-%d}" if o.given_at else "—",
            f"{clock.days(o.used_s)} 天",
        )
        for o in row.opinions.select_related("department").order_by("pk")
    ]
    return Grid(("部门", "结论", "意见", "出具日期", "历时"), tuple(lines), (1.8, 1, 3.4, 1.6, 1))


def _visits(row: JointApplication) -> list[Block]:
    held = SiteVisit.objects.unscoped(WHY).filter(application=row, state=VisitState.HELD).order_by("at")
    blocks: list[Block] = []
    for visit in held:
        people = "、".join(visit.people.splitlines())
        blocks += [
            Head("联合踏勘"),
            Facts(
                (
                    ("踏勘时间", f"{timezone.localtime(visit.at):%Y-%m-%d %H:%M}"),
                    ("地点", visit.place),
                    ("参加人员", people),
                    ("踏勘情况", visit.summary),
                )
            ),
        ]
        photos = visit.photos.order_by("pk")[:MOST_PHOTOS]
        pictures = tuple((p.sha256, p.original_name) for p in photos if p.is_picture)
        if pictures:
            blocks.append(Pictures(pictures))
    return blocks


def _findings(row: JointApplication) -> list[Block]:
    found = (
        JointFinding.objects.unscoped(WHY)
        .filter(opinion__application=row)
        .select_related("opinion__department")
        .order_by("pk")
    )
    problems = [f for f in found if f.kind == FindingKind.PROBLEM]
    advice = [f for f in found if f.kind == FindingKind.ADVICE]
    blocks: list[Block] = []
    if problems:
        lines = [
            (
                f.opinion.department.title,
                f"{f.content}{f'（{f.place}）' if f.place else ''}",
                f.correction or "—",
                f.get_state_display(),
            )
            for f in problems
        ]
        blocks += [
            Head("问题及整改"),
            Grid(("部门", "问题", "整改情况", "状态"), tuple(lines), (1.6, 3, 2.6, 1)),
        ]
    if advice:
        blocks += [
            Head("建议"),
            Grid(
                ("部门", "建议"), tuple((f.opinion.department.title, f.content) for f in advice), (1.6, 5.4)
            ),
        ]
    return blocks


def opinion(row: JointApplication) -> Content:
    """联合验收意见书: every department's opinion, the visit, what was put right, and what follows from it."""
    passed = row.state == State.PASSED
    result = "通过" if passed else "不通过"
    return Content(
        row.applicant.name,
        (
            Text(f"你单位申请联合验收的下列工程，经各参验部门联合验收，综合结论为：{result}。"),
            _facts(row),
            Head("各部门意见"),
            _opinions(row),
            *_visits(row),
            *_findings(row),
            Head("综合意见"),
            Text(row.conclusion),
            Text("历时为部门实际办理的自然日，申请单位整改期间不计。"),
        ),
    )


_WORDS: dict[str, Callable[[JointApplication], Content]] = {
    "accepted": accepted,
    "correction": correction,
    "opinion": opinion,
}


def composed(what: str, row: JointApplication) -> Content:
    """The words of one kind. Raises KeyError."""
    return _WORDS[what](row)


def _kind(what: str, title: str, title_en: str, word: str) -> Kind:
    def anew(key: int) -> Content:
        row = JointApplication.objects.unscoped(WHY).select_related("project", "applicant").get(pk=key)
        return composed(what, row)

    return Kind(f"joint_acceptance.{what}", "joint_acceptance", title, title_en, word, anew)


KINDS = (
    _kind("accepted", "联合验收受理通知书", "Notice of joint acceptance", "建联受"),
    _kind("correction", "联合验收补正告知书", "Joint acceptance: corrections", "建联补"),
    _kind("opinion", "联合验收意见书", "Joint acceptance opinion", "建联验"),
)
