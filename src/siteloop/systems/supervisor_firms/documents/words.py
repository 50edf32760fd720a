"""What each document says."""

import datetime as dt

from siteloop.foundation.documents.kind import Block, Content, Facts, Grid, Head, Pictures, Signs, Text
from siteloop.framework.fields import term_end
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.supervisor_firms.models import (
    DangerReport,
    FirmCheck,
    FirmCheckLine,
    Misconduct,
    SideRecord,
    SupervisionReport,
)

WHY = "a document lists the lines of its record"
AUTHORITY = "项目所在地住房城乡建设主管部门"
#: figure of a monthly report -> how it is named
FIGURES = {
    "sides": "旁站记录（份）",
    "sides_problem": "旁站发现问题（份）",
    "dangers": "隐患报告（份）",
    "dangers_open": "未闭环隐患（份）",
    "orders": "监管整改派单（件）",
    "orders_open": "未闭环派单（件）",
    "chief_days": "总监到岗（天）",
}


def moment(at: dt.datetime | None) -> str:
    """Shanghai time to the minute, — for none."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at is not None else "—"


def term(at: dt.datetime | None) -> str:
    """The end of a term: a midnight closes its day."""
    return term_end(at) if at is not None else "—"


def report(row: SupervisionReport) -> Content:
    """监理月报、监理专报."""
    blocks: list[Block] = [
        Facts(
            (
                ("报告名称", row.title),
                ("报告类别", row.get_kind_display()),
                ("工程名称", row.project.name),
                ("项目编号", row.project.code),
                ("监理单位", row.firm.name),
                ("形象进度", row.project.progress or "—"),
            )
        )
    ]
    if row.demand:
        blocks += [Head("报告要求"), Text(row.demand)]
    blocks += [Head("质量监理情况"), Text(row.quality), Head("安全监理及隐患处置情况"), Text(row.safety)]
    if row.plan:
        blocks += [Head("存在问题和下月安排"), Text(row.plan)]
    if row.figures:
        rows = tuple((FIGURES[k], str(v)) for k, v in row.figures.items() if k in FIGURES)
        blocks += [Head("平台统计数据"), Grid(("项目", "数量"), rows, (4, 2))]
    return Content(AUTHORITY, (*blocks, Signs(("总监理工程师",))))


def _danger(row: DangerReport) -> Facts:
    return Facts(
        (
            ("工程名称", row.project.name),
            ("监理单位", row.firm.name),
            ("类别", row.get_field_display()),
            ("隐患等级", row.get_level_display()),
            ("隐患部位", row.place),
            ("监理通知单（暂停令）", f"{row.order_number}，{row.ordered_on:%Y-%m-%d}"),
        )
    )


def danger(row: DangerReport) -> Content:
    """监理报告."""
    blocks: list[Block] = [
        Text("我单位在监理过程中发现下列隐患，已要求施工单位处理，现将情况报告如下："),
        _danger(row),
        Head("隐患情况"),
        Text(row.danger),
        Head("施工单位情况"),
        Text(f"{row.get_conduct_display()}。请主管部门核实处理并答复。"),
        Text("报告依据：国务院《建设工程安全生产管理条例》（条款未核实）。"),
    ]
    pictures = tuple((e.sha256, e.original_name) for e in row.evidence.order_by("pk") if e.is_picture)[:8]
    if pictures:
        blocks += [Head("现场照片"), Pictures(pictures)]
    return Content(AUTHORITY, (*blocks, Signs(("总监理工程师",))))


def receipt(row: DangerReport) -> Content:
    """签收回执: from here on the authority's own clock runs."""
    return Content(
        row.firm.name,
        (
            Text(
                f"你单位 {moment(row.sent_at)} 报送的下列隐患报告，我机关已于 {moment(row.received_at)} 签收。"
            ),
            _danger(row),
            Text(f"我机关将于 {term(row.due_at)} 前核实并答复。"),
        ),
    )


def side(row: SideRecord) -> Content:
    """旁站监理记录."""
    where = row.get_place_display() + (f"，距工地 {row.distance_m} m" if row.distance_m is not None else "")
    blocks: list[Block] = [
        Facts(
            (
                ("工程名称", row.project.name),
                ("监理单位", row.firm.name),
                ("旁站工序", row.process),
                ("部位", f"{row.work.name} {row.part}" if row.work is not None else row.part),
                ("开始时间", moment(row.started_at)),
                ("结束时间", moment(row.ended_at)),
                ("位置核验", where),
                ("旁站监理", row.signer.display_name if row.signer is not None else "—"),
            )
        ),
        Head("施工情况"),
        Text(row.works),
        Head("监理情况"),
        Text(row.supervision),
        Head("发现问题及处理"),
        Text(f"{row.problems or '无'}。{row.handling}"),
    ]
    pictures = tuple(
        (e.sha256, f"{moment(e.taken_at)} {e.original_name}")
        for e in row.photos.order_by("pk")
        if e.is_picture
    )
    if pictures:
        blocks += [Head("旁站照片"), Pictures(pictures[:8])]
    return Content("", (*blocks, Signs(("旁站监理人员", "施工单位质检员"))))


def shortage(row: FirmCheck) -> Content:
    """限期整改告知书: exactly what is missing, line by line."""
    lines = FirmCheckLine.objects.unscoped(WHY).filter(check_of=row, is_met=False).order_by("pk")
    rows = tuple((x.title, x.demanded, x.found, x.missing, x.clause) for x in lines)
    return Content(
        row.file.organisation.name,
        (
            Text(
                f"经 {moment(row.at)} 动态核查，你单位（资质证书 {row.file.certificate_number}）下列条件不符合要求："
            ),
            Grid(("要求", "应有", "实有", "缺少", "依据"), rows, (2, 1.1, 1, 4.2, 2)),
            Text("请在派单规定的期限内整改并回复；整改情况由系统重新核查并经主管部门复查。"),
        ),
    )


def telling(row: Misconduct) -> Content:
    """不良行为记录告知书."""
    return Content(
        row.firm.name,
        (
            Text("我机关拟将下列行为记入监理企业和从业人员不良行为记录，并在公众门户公布："),
            Facts(
                (
                    ("当事人", row.subject_name),
                    ("行为日期", f"{row.happened_on:%Y-%m-%d}"),
                    ("工程名称", row.project.name if row.project is not None else "—"),
                    ("公布期", f"{row.behaviour.months} 个月"),
                )
            ),
            Head("行为"),
            Text(f"{row.behaviour.title}。依据：{row.clause}。"),
            Head("事实"),
            Text(row.fact),
            Text(f"如有异议，请于 {term(row.hear_until)} 前通过平台陈述申辩，逾期视为放弃。"),
            Signs(("当事人签收",)),
        ),
    )
