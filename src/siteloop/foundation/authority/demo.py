"""Demo: the departments of a synthetic Pinghu and one account of each role. Every name says that it is a demonstration."""

from dataclasses import dataclass

from django.conf import settings

from siteloop.foundation.authority.models import Account, Organisation, OrganisationKind, Post, Role
from siteloop.foundation.regions.models import Region

COUNTY = "330482"
WHY = "the demo county is made once, by the program"
CONTRACTORS, SUPERVISOR_FIRMS, BUILDERS, SUPPLIERS = 14, 8, 18, 5


@dataclass(frozen=True)
class DemoAccount:
    """One account of the sign-in page's list."""

    username: str
    display_name: str
    role: str
    organisation: str
    title: str
    region: str = COUNTY


def towns() -> list[Region]:
    """Towns and streets of the county."""
    return list(Region.objects.unscoped(WHY).filter(code__startswith=COUNTY, level=4).order_by("code"))


def _organisation(name: str, kind: OrganisationKind, region: str, short: str = "") -> Organisation:
    found = Organisation.objects.unscoped(WHY).filter(name=name).first()
    if found is None:
        found = Organisation(name=name, short_name=short, kind=kind, region_code=region)
        found.save()
    return found


def _departments() -> None:
    kind = OrganisationKind
    _organisation("浙江省住建厅（演示）", kind.PROVINCE_AUTHORITY, "33")
    _organisation("嘉兴市住建局（演示）", kind.CITY_AUTHORITY, "3304")
    _organisation("平湖市住建局（演示）", kind.COUNTY_AUTHORITY, COUNTY)
    _organisation("平湖市质安监督站（演示）", kind.SUPERVISION_BODY, COUNTY)
    _organisation("平湖市工地监管科（演示）", kind.SITE_SUPERVISION, COUNTY)
    _organisation("平湖市生态环境分局（演示）", kind.ECOLOGY, COUNTY)
    for title in ("消防验收科", "自然资源和规划局", "人防办公室", "城建档案馆"):
        _organisation(f"平湖市{title}（演示）", kind.GOVERNMENT_DEPARTMENT, COUNTY)
    _organisation("平台运维组（演示）", kind.PLATFORM_SUPPORT, COUNTY)
    for town in towns():
        _organisation(f"{town.name}（演示）", kind.TOWN_GOVERNMENT, town.code)
        _organisation(f"{town.name}城管执法中队（演示）", kind.URBAN_MANAGEMENT, town.code)


def _enterprises() -> None:
    for title, kind, count in (
        ("演示建工集团", OrganisationKind.CONTRACTOR, CONTRACTORS),
        ("演示监理公司", OrganisationKind.SUPERVISOR_FIRM, SUPERVISOR_FIRMS),
        ("演示置业公司", OrganisationKind.BUILDER, BUILDERS),
        ("演示设备服务商", OrganisationKind.SUPPLIER, SUPPLIERS),
        ("演示设计院", OrganisationKind.DESIGN, 3),
        ("演示勘察院", OrganisationKind.SURVEY, 3),
        ("演示监测公司", OrganisationKind.MONITORING, 2),
        ("演示检测中心", OrganisationKind.TESTING, 2),
    ):
        for i in range(1, count + 1):
            _organisation(f"{title}{i:02d}", kind, COUNTY)


def accounts() -> list[DemoAccount]:
    """One account a role; the town ones belong to the first town."""
    first = towns()[0]
    return [
        DemoAccount("county", "县级监管员", "county_officer", "平湖市住建局（演示）", "科长"),
        DemoAccount("supervision", "工地监管员", "site_supervision", "平湖市工地监管科（演示）", "监管员"),
        DemoAccount("manager", "项目经理甲", "project_manager", "演示建工集团01", "项目经理"),
        DemoAccount(
            "squad", "执法队员", "urban_management", f"{first.name}城管执法中队（演示）", "队员", first.code
        ),
        DemoAccount("town", "镇街管理员", "town_officer", f"{first.name}（演示）", "建管员", first.code),
        DemoAccount("enterprise", "企业负责人", "enterprise_manager", "演示建工集团01", "安全总监"),
        DemoAccount("supervisor", "监理工程师", "supervisor_engineer", "演示监理公司01", "总监"),
        DemoAccount("inspector", "质安监督员", "supervisor", "平湖市质安监督站（演示）", "监督员"),
        DemoAccount("fire", "消防验收员", "joint_examiner", "平湖市消防验收科（演示）", "验收员"),
        DemoAccount("window", "消防受理员", "acceptance_officer", "平湖市消防验收科（演示）", "受理员"),
        DemoAccount("planning", "规划核实员", "joint_examiner", "平湖市自然资源和规划局（演示）", "核实员"),
        DemoAccount("defence", "人防验收员", "joint_examiner", "平湖市人防办公室（演示）", "验收员"),
        DemoAccount("archive", "档案验收员", "joint_examiner", "平湖市城建档案馆（演示）", "验收员"),
        DemoAccount("supplier", "设备运维员", "supplier_technician", "演示设备服务商01", "运维"),
        DemoAccount("city", "市级监管员", "city_officer", "嘉兴市住建局（演示）", "处长", "3304"),
        DemoAccount("province", "省级监管员", "province_officer", "浙江省住建厅（演示）", "处长", "33"),
        DemoAccount("auditor", "审计员", "auditor", "平台运维组（演示）", "审计"),
        DemoAccount("admin", "平台管理员", "platform_admin", "平台运维组（演示）", "管理员"),
    ]


def add_account(one: DemoAccount, password: str) -> Account:
    """Make an account with its post, or find it."""
    account = Account.objects.filter(username=one.username).first()
    if account is not None:
        return account
    account = Account(username=one.username, display_name=one.display_name)
    account.set_password(password)
    account.save()
    organisation = Organisation.objects.unscoped(WHY).get(name=one.organisation)
    role = Role.objects.unscoped(WHY).get(code=one.role)
    Post(
        account=account, organisation=organisation, role=role, title=one.title, region_code=one.region
    ).save()
    return account


def load() -> None:
    """Departments, enterprises and accounts; safe to repeat."""
    _departments()
    _enterprises()
    for one in accounts():
        add_account(one, settings.DEMO_PASSWORD)
