"""The words of orders. What a law says is quoted from the catalogue of measures, never written here."""

import datetime as dt

from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.documents.kind import Content, Facts, Grid, Head, Signs, Text
from siteloop.foundation.documents.setting import chinese_date
from siteloop.foundation.packs import resolve
from siteloop.foundation.registry.models import PartyKind
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection.models import Order


def _parties(order: Order) -> dict[str, str]:
    """Kind -> name; the first registered of a kind counts."""
    rows = sorted(order.project.parties.all(), key=lambda p: -p.pk)
    return {p.kind: p.organisation.name for p in rows}


def _copies(order: Order) -> str:
    parties = _parties(order)
    kinds = (PartyKind.BUILDER, PartyKind.SUPERVISOR_FIRM)
    return "、".join(parties[k] for k in kinds if k in parties and parties[k] != order.addressee.name)


def _project(order: Order) -> Facts:
    parties = _parties(order)
    return Facts(
        (
            ("工程名称", order.project.name),
            ("工程地址", order.site.address or "—"),
            ("施工许可证", order.project.permit_number or "—"),
            ("形象进度", order.project.progress or "—"),
            ("施工单位", parties.get(PartyKind.CONTRACTOR, "—")),
            ("监理单位", parties.get(PartyKind.SUPERVISOR_FIRM, "—")),
        )
    )


def _problems(order: Order) -> Grid:
    rows = tuple(
        (str(n), i["problem"], i.get("basis") or "—", i.get("demand") or "立即整改")
        for n, i in enumerate(order.items, 1)
    )
    return Grid(("序号", "存在问题", "依据", "整改要求"), rows, (0.9, 4, 2.6, 2.8))


def _last_day(order: Order, key: str) -> str:
    """The day a term ends, counted from this order as its case counts it; "" when no pack states it."""
    stated = resolve.value(key, order.region_code, project=order.project_id)
    if stated is None:
        return ""
    end = due(order.issued_at, Term.of(stated)).astimezone(SHANGHAI)
    if end.hour or end.minute:
        return f"{chinese_date(end.date())}{end:%H时%M分}"
    # a term of days ends at midnight: its last day is the one before
    return chinese_date(end.date() - dt.timedelta(days=1))


def _terms(order: Order) -> str:
    yellow, red = _last_day(order, "inspection.yellow"), _last_day(order, "inspection.red")
    words = f"请于{yellow}前完成整改，" if yellow else "请立即整改，"
    words += "并通过平台提交整改回复（附整改前后照片），由我机关复查。"
    if yellow and red:
        words += f"至{yellow}未完成整改的，予以黄色提醒；至{red}仍未完成的，予以红色锁定。"
    return words


SIGNS = Signs(("监督人员", "监督人员", "受送达单位", "项目监理机构"))


def rectification(order: Order) -> Content:
    """责令整改通知书."""
    return Content(
        order.addressee.name,
        (
            Text("经监督检查，你单位承建的下列工程存在以下问题："),
            _project(order),
            _problems(order),
            Head("整改要求"),
            Text(f"依据{order.measure.basis}，责令你单位改正。{_terms(order)}"),
            SIGNS,
        ),
        _copies(order),
    )


def stop(order: Order) -> Content:
    """局部 / 全面停工整改通知书."""
    what = f"下列部位停止施工：{order.part}" if order.part else "该工程全面停止施工"
    return Content(
        order.addressee.name,
        (
            Text("经监督检查，你单位承建的下列工程存在以下问题，不停止施工不足以消除隐患："),
            _project(order),
            _problems(order),
            Head("停工要求"),
            Text(f"依据{order.measure.basis}，责令{what}，并采取措施确保现场安全。{_terms(order)}"),
            Text("未经复查合格并取得复工通知书，不得擅自复工。"),
            SIGNS,
        ),
        _copies(order),
    )


def resume(order: Order) -> Content:
    """复工通知书."""
    what = f"停工部位（{order.part}）" if order.part else "该工程"
    return Content(
        order.addressee.name,
        (
            Text(
                f"你单位对{order.number}《{order.document.title if order.document else '停工整改通知书'}》提出的问题已完成整改，经复查合格。"
            ),
            _project(order),
            Text(f"自收到本通知之日起，{what}可以恢复施工。请继续落实质量安全责任，防止问题复发。"),
            SIGNS,
        ),
        _copies(order),
    )


def criticism(order: Order) -> Content:
    """通报批评决定书."""
    return Content(
        order.addressee.name,
        (
            Text("经查，你单位在下列工程中存在以下问题："),
            _project(order),
            _problems(order),
            Text(f"依据{order.measure.basis}，对你单位予以通报批评。请举一反三，限期整改。"),
        ),
        _copies(order),
    )


def talk(order: Order) -> Content:
    """约谈通知书."""
    return Content(
        order.addressee.name,
        (
            Text("因你单位在下列工程中存在以下问题，现决定对你单位进行约谈："),
            _project(order),
            _problems(order),
            Text(
                f"依据{order.measure.basis}。请企业主要负责人和项目经理按通知的时间、地点参加约谈，并携带整改材料。"
            ),
            Signs(("监督人员", "受送达单位")),
        ),
        _copies(order),
    )


def demerit(order: Order) -> Content:
    """项目经理记分告知书."""
    return Content(
        order.addressee.name,
        (
            Text("经查，你单位项目经理在下列工程中存在以下违规事实："),
            _project(order),
            _problems(order),
            Text(
                f"依据{order.measure.basis}，拟对该项目经理记 {order.points} 分。如有异议，可向我机关陈述、申辩。"
            ),
            Signs(("监督人员", "被记分人")),
        ),
        _copies(order),
    )


def transfer(order: Order) -> Content:
    """案件移送书."""
    return Content(
        "行政处罚承办机构",
        (
            Text(f"我机关在监督检查中发现{order.addressee.name}涉嫌存在以下违法行为，现将案件材料移送处理："),
            _project(order),
            _problems(order),
            Text(
                f"依据{order.measure.basis}。附：检查记录、照片等证据材料清单。电子技术监控记录未经法制和技术审核的，不得作为证据（《中华人民共和国行政处罚法》第四十一条）。"
            ),
            Signs(("移送人", "接收人")),
        ),
    )
