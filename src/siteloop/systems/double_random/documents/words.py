"""What the documents of a drawn check say."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.documents.kind import Content, Facts, Grid, Head, Signs, Text
from siteloop.foundation.documents.setting import chinese_date
from siteloop.foundation.registry.models import Party, PartyKind
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.double_random.models import CheckLine, CheckTask

WHY = "a document names the parties of its project"
VERDICTS = {"ok": "符合", "problem": "不符合", "absent": "不涉及", "": "未检查"}


def _parties(task: CheckTask) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in Party.objects.unscoped(WHY).filter(project=task.project).select_related("organisation"):
        found.setdefault(row.kind, row.organisation.name)
    return found


def _contractor(task: CheckTask) -> str:
    return _parties(task).get(PartyKind.CONTRACTOR.value, task.project.name)


def _group(task: CheckTask) -> str:
    """Leader first, each with the certificate number that he shows at the gate."""
    people = sorted(task.inspectors.all(), key=lambda i: i.pk != task.leader_id)
    return "、".join(
        p.name
        + ("（组长" if p.pk == task.leader_id else "（组员")
        + (f"，执法证 {p.certificate_number}）" if p.certificate_number else "）")
        for p in people
    )


def _facts(task: CheckTask) -> Facts:
    parties = _parties(task)
    checked = task.checked_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if task.checked_at else ""
    rows = [
        ("抽取编号", task.draw.number),
        ("检查组", _group(task)),
        ("检查对象", task.project.name),
        ("检查时间", checked),
        ("建设单位", parties.get(PartyKind.BUILDER.value, "")),
        ("施工单位", parties.get(PartyKind.CONTRACTOR.value, "")),
        ("监理单位", parties.get(PartyKind.SUPERVISOR_FIRM.value, "")),
        ("检测机构", parties.get(PartyKind.TESTING.value, "")),
    ]
    return Facts(tuple((name, value) for name, value in rows if value))


def notice(task: CheckTask) -> Content:
    """检查通知: who comes when, how they were drawn, where anybody can check it."""
    draw = task.draw
    return Content(
        _contractor(task),
        (
            Text(
                f"根据《{draw.plan.title}》，经双随机抽取（抽取编号 {draw.number}），"
                f"{task.project.name}为本次检查对象。检查组将于 {chinese_date(draw.check_from)}至"
                f"{chinese_date(draw.check_to)}期间到场检查，请予配合，并准备工程资料备查。"
            ),
            _facts(task),
            Text(
                "检查对象和检查人员由公开的算法抽取，名单、种子和结果可在公众门户查询并自行复核。"
                "检查人员有应当回避的情形的，请及时向我单位提出。"
            ),
        ),
    )


def _lines(task: CheckTask) -> list[CheckLine]:
    return list(task.lines.select_related("item__list").order_by("item__list__kind", "item__number"))


def record(task: CheckTask) -> Content:
    """《建设工程质量监管双随机抽查记录表》: behaviour, documents and works, each line with its verdict."""
    blocks: list[Head | Facts | Grid | Text | Signs] = [_facts(task)]
    rows = _lines(task)
    for subject, title in (("behaviour", "质量行为"), ("documents", "工程资料"), ("works", "工程实体")):
        own = [r for r in rows if r.item.subject == subject]
        if own:
            blocks += [
                Head(title),
                Grid(
                    ("责任主体", "事项", "依据", "检查情况"),
                    tuple(
                        (
                            r.item.get_party_display(),
                            r.item.content,
                            r.item.clause,
                            VERDICTS[r.verdict] + (f"：{r.remark}" if r.remark else ""),
                        )
                        for r in own
                    ),
                    (1.2, 3, 2, 3),
                ),
            ]
    blocks += [
        Text(f"检查结果：{task.get_conclusion_display()}。{task.opinion}"),
        Signs(("检查组组长", "检查组组员", "施工单位项目负责人", "监理单位项目负责人")),
    ]
    return Content("", tuple(blocks))


def order(task: CheckTask) -> Content:
    """责令改正通知单: the problems, by when, and how to answer."""
    problems = [r for r in _lines(task) if r.verdict == "problem"]
    until = task.case.deadline if task.case is not None else None
    # a term of days ends at 24:00 of its last day, which is the day before the deadline's own date
    last = until.astimezone(SHANGHAI) - dt.timedelta(seconds=1) if until else None
    when = f"于{chinese_date(last.date())}前" if last else "在规定期限内"
    return Content(
        _contractor(task),
        (
            Text(f"经检查，{task.project.name}存在下列问题："),
            Grid(
                ("序号", "责任主体", "事项", "问题"),
                tuple(
                    (str(n), r.item.get_party_display(), r.item.content, r.remark)
                    for n, r in enumerate(problems, start=1)
                ),
                (0.6, 1.4, 3, 3),
            ),
            Text(
                f"现责令你单位{when}改正，并在平台提交整改回复和整改照片"
                + (f"（派单编号 {task.case.number}）" if task.case is not None else "")
                + "。检查组将组织现场复查。"
            ),
            _facts(task),
            Signs(("检查组组长", "签收人")),
        ),
        "建设单位、监理单位",
    )


def demerit(task: CheckTask) -> Content:
    """违规事实记分告知单: which fact costs which party how many points."""
    rows = list(task.demerits.select_related("organisation", "line__item").order_by("pk"))
    day = timezone.localdate(task.checked_at) if task.checked_at else timezone.localdate()
    return Content(
        "、".join(dict.fromkeys(d.organisation.name for d in rows)),
        (
            Text(f"{chinese_date(day)}双随机检查中，{task.project.name}有下列违规事实，现予记分告知："),
            Grid(
                ("责任单位", "记分事项", "违规事实", "记分"),
                tuple((d.organisation.name, d.line.item.content, d.reason, f"{d.points} 分") for d in rows),
                (2, 2.4, 3, 0.8),
            ),
            Text("对记分有异议的，可向我单位书面申诉。记分结果将在公众门户公示，并用于信用评价。"),
            _facts(task),
            Signs(("检查组组长", "签收人")),
        ),
    )
