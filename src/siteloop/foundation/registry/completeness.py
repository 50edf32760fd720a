"""How complete a project's data are, and what is missing (BASE-08)."""

from dataclasses import dataclass

from siteloop.foundation.registry.models import PartyKind, Project

#: field -> (weight, Chinese name)
FIELDS: dict[str, tuple[int, str]] = {
    "code": (5, "项目编号"),
    "name": (5, "项目名称"),
    "region_code": (5, "区划"),
    "cost_wan": (6, "造价"),
    "size_text": (4, "建设规模"),
    "permit_number": (8, "施工许可证编号"),
    "permit_date": (4, "发证日期"),
    "contract_wan": (4, "合同价"),
    "started_on": (6, "开工日期"),
    "planned_finish": (4, "计划竣工"),
    "progress": (4, "形象进度"),
}
PARTIES = {
    PartyKind.BUILDER: 6,
    PartyKind.SURVEY: 4,
    PartyKind.DESIGN: 4,
    PartyKind.CONTRACTOR: 8,
    PartyKind.SUPERVISOR_FIRM: 6,
}
SITE, MANAGER = 9, 8


@dataclass(frozen=True)
class Completeness:
    """Score 0..100 and the missing things by name."""

    score: int
    missing: tuple[str, ...]


def completeness(project: Project) -> Completeness:
    """Weigh a project's data; three queries."""
    have, whole, missing = 0, 0, []

    def weigh(is_there: bool, weight: int, name: str) -> None:
        nonlocal have, whole
        whole += weight
        have += weight if is_there else 0
        if not is_there:
            missing.append(name)

    for name, (weight, title) in FIELDS.items():
        weigh(getattr(project, name) not in (None, ""), weight, title)
    if project.work_kind == "housing":
        weigh(project.floor_area is not None, 6, "建筑面积")
    kinds = set(project.parties.values_list("kind", flat=True)) if project.pk else set()
    for kind, weight in PARTIES.items():
        weigh(kind.value in kinds, weight, str(kind.label))
    located = project.sites.filter(lon__isnull=False, lat__isnull=False).exists() if project.pk else False
    weigh(located, SITE, "工地位置")
    managed = project.posts.filter(kind="project_manager").exists() if project.pk else False
    weigh(managed, MANAGER, "项目经理")
    return Completeness(round(100 * have / whole), tuple(missing))
