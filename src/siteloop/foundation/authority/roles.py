"""The roles every installation starts with: least privilege, editable afterwards.

A role is its duties and what it may do by its own name. What each duty and role may do in a system is said by that
system, in its `rights.py` (`RIGHTS`: duty or role code -> permission patterns), so that a new system edits nothing here.
"""

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps

from siteloop.foundation.authority.models import Sees

#: what several roles have in common, in plain words
DUTIES = {
    "everybody": "everybody who signs in",
    "watching": "looks at sites, devices and their data",
    "casework": "moves a case that one holds",
    "oversight": "an authority over a region",
    "office_work": "works for an authority",
    "applying": "types, completes and hands in a unit's papers, which others decide",
    "rectifying": "puts right what an order or a score demands",
}
AUTHORITY = ("everybody", "watching", "casework", "oversight")
ENTERPRISE = ("everybody", "watching", "casework", "applying", "rectifying")


@dataclass(frozen=True)
class RoleRow:
    """One role of the catalogue. `everything` = all permissions there are."""

    code: str
    title: str
    title_en: str
    sees: str
    duties: tuple[str, ...] = ("everybody",)
    everything: bool = False
    demands_mfa: bool = False

    @property
    def permissions(self) -> tuple[str, ...]:
        """Permission patterns of all systems for this role, sorted, once each."""
        if self.everything:
            return ("*",)
        given = (patterns for _, patterns in rights((*self.duties, self.code)))
        return tuple(sorted({pattern for patterns in given for pattern in patterns}))


def rights(receivers: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(receiver, permission patterns) as every installed folder grants them to these duties or roles."""
    for app in apps.get_app_configs():
        for receiver, patterns in given_by(app.name).items():
            if receiver in receivers:
                yield receiver, patterns


def given_by(folder: str) -> Mapping[str, tuple[str, ...]]:
    """RIGHTS of one folder by its dotted name; empty for one that has none."""
    if not folder.startswith("siteloop.") or importlib.util.find_spec(f"{folder}.rights") is None:
        return {}
    found: Mapping[str, tuple[str, ...]] = importlib.import_module(f"{folder}.rights").RIGHTS
    return found


CATALOGUE = (
    RoleRow(
        "platform_admin",
        "平台管理员",
        "Platform administrator",
        Sees.REGION,
        everything=True,
        demands_mfa=True,
    ),
    RoleRow(
        "province_officer",
        "省级监管人员",
        "Province officer",
        Sees.REGION,
        ("everybody", "watching", "office_work"),
    ),
    RoleRow("city_officer", "市级监管人员", "City officer", Sees.REGION, AUTHORITY),
    RoleRow("county_officer", "县级监管人员", "County officer", Sees.REGION, AUTHORITY),
    RoleRow(
        "town_officer", "镇街管理人员", "Town officer", Sees.REGION, ("everybody", "watching", "office_work")
    ),
    RoleRow(
        "supervisor",
        "质安监督员",
        "Supervisor",
        Sees.REGION,
        ("everybody", "watching", "casework", "office_work"),
    ),
    RoleRow(
        "site_supervision",
        "工地监管部门人员",
        "Site supervision",
        Sees.REGION,
        ("everybody", "watching", "casework", "office_work"),
    ),
    RoleRow(
        "urban_management",
        "城管执法人员",
        "Urban management",
        Sees.REGION,
        ("everybody", "casework", "office_work"),
    ),
    RoleRow(
        "joint_examiner",
        "联合验收参验人员",
        "Joint acceptance examiner",
        Sees.ORGANISATION,
        ("everybody", "casework"),
    ),
    RoleRow(
        "acceptance_officer",
        "业务受理人员",
        "Acceptance officer",
        Sees.REGION,
        ("everybody", "watching", "casework", "office_work"),
    ),
    RoleRow("enterprise_manager", "企业管理人员", "Enterprise manager", Sees.ORGANISATION, ENTERPRISE),
    RoleRow("project_manager", "项目经理", "Project manager", Sees.PROJECT, ENTERPRISE),
    RoleRow("safety_officer", "专职安全员", "Safety officer", Sees.PROJECT, ("everybody", "watching")),
    RoleRow(
        "supervisor_engineer",
        "监理人员",
        "Supervisor engineer",
        Sees.ORGANISATION,
        ("everybody", "watching", "casework"),
    ),
    RoleRow("supplier_technician", "设备运维人员", "Supplier technician", Sees.ORGANISATION),
    RoleRow("auditor", "审计人员", "Auditor", Sees.REGION),
)
