"""How complete a project's data are, and what is missing (BASE-08)."""

from dataclasses import dataclass

from siteloop.foundation.registry.models import PartyKind, Project
from siteloop.framework.language import pick, term

#: field -> (weight, its name in Chinese and in English)
FIELDS: dict[str, tuple[int, str, str]] = {
    "code": (5, "项目编号", "project no."),
    "name": (5, "项目名称", "name"),
    "region_code": (5, "区划", "region"),
    "cost_wan": (6, "造价", "cost"),
    "size_text": (4, "建设规模", "size"),
    "permit_number": (8, "施工许可证编号", "construction permit no."),
    "permit_date": (4, "发证日期", "date of the permit"),
    "contract_wan": (4, "合同价", "contract price"),
    "started_on": (6, "开工日期", "start"),
    "planned_finish": (4, "计划竣工", "planned finish"),
    "progress": (4, "形象进度", "visible progress"),
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

    for name, (weight, *title) in FIELDS.items():
        weigh(getattr(project, name) not in (None, ""), weight, pick(*title))
    if project.work_kind == "housing":
        weigh(project.floor_area is not None, 6, pick("建筑面积", "floor area"))
    kinds = set(project.parties.values_list("kind", flat=True)) if project.pk else set()
    for kind, weight in PARTIES.items():
        weigh(kind.value in kinds, weight, term(str(kind.label)))
    located = project.sites.filter(lon__isnull=False, lat__isnull=False).exists() if project.pk else False
    weigh(located, SITE, pick("工地位置", "place of the site"))
    managed = project.posts.filter(kind="project_manager").exists() if project.pk else False
    weigh(managed, MANAGER, pick("项目经理", "project manager"))
    return Completeness(round(100 * have / whole), tuple(missing))
