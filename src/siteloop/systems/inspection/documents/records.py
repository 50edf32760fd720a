"""The words of the inspection record and of the penalty decision."""

import datetime as dt

from siteloop.foundation.documents.kind import Block, Content, Facts, Grid, Head, Pictures, Signs, Text
from siteloop.foundation.documents.setting import chinese_date
from siteloop.foundation.files.models import Evidence
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection.models import Inspection, InspectionLine, Penalty

WHY = "a document lists the lines of its inspection"


def record(inspection: Inspection) -> Content:
    """监督检查记录: every judged line, the failed ones with their photos."""
    lines = list(
        InspectionLine.objects.unscoped(WHY)
        .filter(inspection=inspection)
        .exclude(result="absent")
        .select_related("item", "item__table", "order")
        .prefetch_related("photos")
        .order_by("item__table__order", "item__number")
    )
    failed = [x for x in lines if x.result == "failed"]
    score = (
        f"{inspection.score:f} 分（{inspection.get_grade_display()}）"
        if inspection.score is not None
        else "—"
    )
    names = "、".join(a.display_name or a.username for a in inspection.inspectors.order_by("pk"))
    found: list[Block] = [
        Facts(
            (
                ("工程名称", inspection.project.name),
                ("工程地址", inspection.site.address or "—"),
                ("检查日期", chinese_date(inspection.checked_on)),
                ("检查类型", inspection.get_kind_display()),
                ("检查人员", names),
                ("评定", score),
                ("检查项数", f"{len(lines)} 项"),
                ("不符合项", f"{len(failed)} 项"),
            )
        ),
    ]
    found.append(Head("检查结果"))
    if failed:
        rows = tuple(
            (str(n), f"{x.item.table.title}·{x.item.title}", x.problem, _done(x))
            for n, x in enumerate(failed, 1)
        )
        found.append(Grid(("序号", "检查项", "存在问题", "处理"), rows, (0.9, 2.6, 3.6, 2)))
    else:
        found.append(Text("本次检查未发现不符合项。"))
    tables = tuple(sorted({x.item.table.title for x in lines}))
    found.append(Text(f"检查依据：{'、'.join(tables) or '—'}。{inspection.note}"))
    pictures = tuple(
        (photo.sha256, _caption(x, photo)) for x in failed for photo in x.photos.all() if photo.is_picture
    )[:8]
    if pictures:
        found += [Head("现场照片"), Pictures(pictures)]
    found += _materials(inspection)
    found.append(Signs(("检查人员", "检查人员", "被检查单位", "项目监理机构")))
    return Content("", tuple(found))


def _materials(inspection: Inspection) -> list[Block]:
    """Signatures and photos taken on the spot; a voice note is named, it cannot be printed."""
    kept = list(inspection.materials.select_related("file").order_by("pk"))
    pictures = tuple(
        (m.file.sha256, f"{m} {_moment(m.file.taken_at or m.file.received_at)}")
        for m in kept
        if m.file.is_picture
    )
    voices = [m for m in kept if not m.file.is_picture]
    found: list[Block] = [Head("现场签名与材料"), Pictures(pictures)] if pictures else []
    if voices:
        digests = "、".join(f"{m}（SHA-256 {m.file.sha256[:16]}…）" for m in voices)
        found.append(Text(f"另存录音 {len(voices)} 段：{digests}。"))
    return found


def _moment(at: dt.datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _done(line: InspectionLine) -> str:
    if line.fixed_on_spot:
        return "当场改正"
    return f"{line.order.measure}" if line.order is not None else "—"


def _caption(line: InspectionLine, photo: Evidence) -> str:
    return f"{line.item.title} {_moment(photo.taken_at or photo.received_at)}"


def decision(penalty: Penalty) -> Content:
    """行政处罚决定书: facts, proofs, basis, amount, ways of relief."""
    proofs = [p for p in penalty.proofs.order_by("pk") if p.is_evidence]
    basis = penalty.measure
    quoted = f"“{basis.text}”" if basis is not None and basis.text else ""
    return Content(
        penalty.party.name,
        (
            Text(f"案由：{penalty.cause}"),
            Facts(
                (
                    ("立案日期", _day(penalty.filed_on)),
                    ("告知日期", _day(penalty.told_on)),
                    ("工程名称", penalty.project.name),
                )
            ),
            Head("证据"),
            Grid(
                ("序号", "种类", "名称"),
                tuple((str(n), p.get_kind_display(), p.title) for n, p in enumerate(proofs, 1)),
                (0.9, 2, 5),
            ),
            Head("决定"),
            Text(
                f"依据{basis.basis if basis else '—'}{quoted}，决定处以罚款人民币 {penalty.amount:,.2f} 元。"
                if penalty.amount is not None
                else f"依据{basis.basis if basis else '—'}，作出处罚决定。"
            ),
            Text("如不服本决定，可依法申请行政复议或者提起行政诉讼（期限与机关由承办机关填写）。"),
        ),
    )


def _day(day: dt.date | None) -> str:
    return chinese_date(day) if day else "—"
