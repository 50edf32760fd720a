"""The roles every installation starts with: least privilege, editable afterwards (a changed role is not overwritten)."""

from dataclasses import dataclass

from siteloop.foundation.authority.models import Sees


@dataclass(frozen=True)
class RoleRow:
    """One role of the catalogue."""

    code: str
    title: str
    title_en: str
    sees: str
    permissions: tuple[str, ...]
    demands_mfa: bool = False


#: everybody who signs in
EVERYBODY = (
    "notice.notice.view",
    "notice.notice.mark_read",
    "notice.preference.*",
    "files.evidence.create",
    "regions.*.view",
    "office.bulletin.view",
    "office.bulletin.confirm",
    "office.ticket.view",
    "office.ticket.create",
)
#: looking at sites, devices and their data
WATCHING = (
    "registry.*.view",
    "registry.*.export",
    "telemetry.reading.view",
    "telemetry.latest.view",
    "telemetry.raw.view",
    "cases.case.view",
    "cases.case.export",
    "cases.finding.view",
    "cases.finding.export",
    "cases.enforcement.view",
    "cases.enforcement.export",
    "cases.lock.view",
    "cases.lock.export",
    "cases.caseextension.view",
    "evaluation.*.view",
    "evaluation.*.export",
    "cases.case.comment",
    "cases.case.urge",
    "packs.*.view",
    "files.evidence.view",
    "documents.document.view",
    "documents.document.export",
    "documents.document.acknowledge",
    "documents.documentdelivery.view",
    "inspection.*.view",
    "inspection.*.export",
    "dust.devicemonth.view",
    "dust.devicemonth.export",
    "double_random.checktask.view",
    "double_random.checkline.view",
    "double_random.demerit.view",
    "project_stages.*.view",
    "project_stages.*.export",
    "acceptance.*.view",
    "joint_acceptance.*.view",
    "credit.*.view",
    "supervisor_firms.*.view",
    "framework.trailentry.view",
)
#: what the subject of a credit record or blacklist entry does about it; the action asks whose it is
CREDIT_OWN = (
    "credit.blacklistentry.state_case",
    "credit.*.appeal",
    "credit.*.repair",
    "credit.creditrequest.take_back",
)
#: a unit's papers for the authority: typed, completed and handed in by the unit, decided by others
APPLYING = (
    *(
        f"{place}.{verb}"
        for place in ("project_stages.*", "acceptance.application", "joint_acceptance.jointapplication")
        for verb in ("create", "change", "attach", "submit", "withdraw")
    ),
)
#: moving a case that one holds; the engine asks who holds it
CASEWORK = (
    "cases.case.reply",
    "cases.case.refuse",
    "cases.case.pass_check",
    "cases.case.fail_check",
    "cases.case.transfer",
    "cases.case.recheck",
    "cases.case.ask_extension",
)
#: inspecting and giving orders
INSPECTING = (
    "inspection.inspection.*",
    "inspection.order.*",
    "inspection.extension.*",
    "inspection.penalty.add_proof",
    "documents.document.serve",
)
#: putting right what an order demands
RECTIFYING = (
    "inspection.order.reply",
    "inspection.order.ask_extension",
    "joint_acceptance.jointfinding.correct",
    "evaluation.scorecard.appeal",
)
#: what a supervisor firm writes and hands in; each record asks whether it is the project's firm (SUPV-01)
SUPERVISING_FIRM = (
    "supervisor_firms.supervisionreport.create",
    "supervisor_firms.supervisionreport.write",
    "supervisor_firms.supervisionreport.submit",
    *(
        f"supervisor_firms.{record}.{verb}"
        for record in ("dangerreport", "siderecord")
        for verb in ("create", "change", "attach", "send", "sign", "void", "withdraw", "export")
    ),
    "supervisor_firms.presence.check_in",
    "supervisor_firms.presence.check_out",
    "supervisor_firms.leave.create",
    "supervisor_firms.leave.cancel",
    "supervisor_firms.misconduct.state_case",
)
#: what the authority does with supervisor firms
OVER_FIRMS = (
    *(f"supervisor_firms.supervisionreport.{verb}" for verb in ("create", "receive", "send_back", "cancel")),
    *(f"supervisor_firms.dangerreport.{verb}" for verb in ("receive", "answer", "unfounded")),
    "supervisor_firms.leave.approve",
    "supervisor_firms.leave.reject",
    "supervisor_firms.dutymonth.count",
    "supervisor_firms.firmfile.*",
    *(
        f"supervisor_firms.misconduct.{verb}"
        for verb in ("create", "change", "tell", "publish", "drop", "withdraw")
    ),
    "supervisor_firms.*.export",
    "people.person.view",
)
#: an authority over a region
OVERSIGHT = (
    *WATCHING,
    *CASEWORK,
    "cases.case.extend",
    "cases.case.cancel",
    "cases.case.merge",
    "cases.case.reassign",
    "cases.caseextension.*",
    "evaluation.*",
    "regions.boundary.*",
    "telemetry.ledger.*",
    "telemetry.quarantine.view",
    "telemetry.quarantine.export",
    "telemetry.quarantine.release",
    "telemetry.command.issue",
    "telemetry.command.view",
    "telemetry.waiting.*",
    "telemetry.event.view",
    "registry.devicemodel.*",
    "authority.organisation.view",
    "people.person.view",
    "registry.project.*",
    "registry.site.*",
    "registry.device.*",
    "registry.party.*",
    "registry.projectpost.*",
    "registry.singlework.*",
    "registry.annualinspection.*",
    "registry.calibration.*",
    "registry.maintenancereview.resubmit_review",
    "documents.*",
    "inspection.*",
    "dust.devicemonth.count_month",
    "dust.complaint.*",
    "project_stages.*",
    "acceptance.*",
    "joint_acceptance.*",
    *OVER_FIRMS,
    "supervisor_firms.standard.*",
    "supervisor_firms.behaviour.*",
    "credit.*",
)

#: the office of somebody who works for an authority: what is his own, and what he is asked
OFFICE = (
    "office.leaverequest.view",
    "office.leaverequest.create",
    "office.dutyshift.view",
    "office.dutyshift.swap",
    "office.dutyswap.view",
    "office.incomingpaper.view",
    "office.incomingpaper.give",
    "office.incomingpaper.attach",
    "office.outgoingpaper.view",
    "office.outgoingpaper.create",
    "office.outgoingpaper.change",
    "office.outgoingpaper.attach",
    "office.outgoingpaper.circulate",
    "office.outgoingpaper.give",
    "office.handover.view",
    "office.handover.create",
    "office.handover.accept",
    "office.meeting.view",
    "office.meetingtask.view",
    "office.meetingtask.finish",
    "office.ticket.answer",
    "authority.organisation.view",
)

#: keeping the lists of the double-random draw; whoever keeps them does not draw (DRAND-12)
DRAW_LISTS = (
    *(
        f"double_random.{register}.*"
        for register in ("inspector", "leave", "recusal", "checkplan", "itemlist", "itemline", "speciality")
    ),
    "double_random.draw.create",
    "double_random.draw.change",
    "double_random.draw.commit",
    "double_random.draw.freeze",
    "double_random.draw.publish",
    "double_random.draw.void",
    "double_random.draw.redraw",
    "double_random.publication.*",
    "double_random.demerit.*",
)
#: reading all of double random
DRAW_VIEW = ("double_random.*.view", "double_random.*.export")
#: what a drawn inspector does; the action asks whether he was drawn
DRAW_TASKS = (
    "double_random.checktask.deliver",
    "double_random.checktask.finish",
    "double_random.checkline.judge",
    "double_random.publication.publish",
)

CATALOGUE = (
    RoleRow("platform_admin", "平台管理员", "Platform administrator", Sees.REGION, ("*",), demands_mfa=True),
    RoleRow(
        "province_officer",
        "省级监管人员",
        "Province officer",
        Sees.REGION,
        (*EVERYBODY, *WATCHING, *OFFICE, "telemetry.ledger.*"),
    ),
    RoleRow(
        "city_officer",
        "市级监管人员",
        "City officer",
        Sees.REGION,
        (
            *EVERYBODY,
            *OVERSIGHT,
            *DRAW_VIEW,
            "office.*",
            "packs.packrule.*",
            "packs.packvalue.*",
        ),
    ),
    RoleRow(
        "county_officer",
        "县级监管人员",
        "County officer",
        Sees.REGION,
        (
            *EVERYBODY,
            *OVERSIGHT,
            *DRAW_VIEW,
            *DRAW_LISTS,
            "office.*",
            "packs.packrule.*",
            "packs.packvalue.*",
            "authority.departmentgrant.*",
            "authority.*.view",
            "people.person.open",
            "people.person.erase",
            "people.person.erase_due",
            "people.person.look_again",
            "notice.delivery.*",
        ),
    ),
    RoleRow(
        "town_officer",
        "镇街管理人员",
        "Town officer",
        Sees.REGION,
        (
            *EVERYBODY,
            *WATCHING,
            *OFFICE,
            "dust.complaint.view",
            "dust.complaint.create",
            "telemetry.ledger.*",
        ),
    ),
    RoleRow(
        "supervisor",
        "质安监督员",
        "Supervisor",
        Sees.REGION,
        (
            *EVERYBODY,
            *WATCHING,
            *CASEWORK,
            *DRAW_VIEW,
            *DRAW_TASKS,
            *INSPECTING,
            *OFFICE,
            "acceptance.application.*",
            "joint_acceptance.departmentopinion.*",
            "joint_acceptance.jointfinding.confirm",
            "joint_acceptance.jointfinding.send_back",
            "credit.creditrecord.propose",
            "credit.blacklistentry.propose",
            "credit.award.nominate",
            "telemetry.command.issue",
        ),
    ),
    RoleRow(
        "site_supervision",
        "工地监管部门人员",
        "Site supervision",
        Sees.REGION,
        (
            *EVERYBODY,
            *WATCHING,
            *CASEWORK,
            *OVER_FIRMS,
            *OFFICE,
            "cases.case.extend",
            "dust.complaint.view",
            "dust.complaint.collect",
            "telemetry.command.issue",
            "telemetry.command.view",
        ),
    ),
    RoleRow(
        "urban_management",
        "城管执法人员",
        "Urban management",
        Sees.REGION,
        (
            *EVERYBODY,
            *OFFICE,
            "registry.site.view",
            "registry.device.view",
            "registry.project.view",
            "telemetry.reading.view",
            "telemetry.latest.view",
            "cases.case.view",
            "cases.finding.view",
            "cases.enforcement.view",
            "cases.case.comment",
            *CASEWORK,
            "cases.case.record_enforcement",
            "dust.complaint.*",
            "files.evidence.view",
        ),
    ),
    RoleRow(
        "joint_examiner",
        "联合验收参验人员",
        "Joint acceptance examiner",
        Sees.ORGANISATION,
        (
            *EVERYBODY,
            "registry.project.view",
            "registry.singlework.view",
            "files.evidence.view",
            "documents.document.view",
            "cases.case.view",
            "cases.case.comment",
            *CASEWORK,
            "joint_acceptance.*.view",
            "joint_acceptance.departmentopinion.*",
            "joint_acceptance.jointfinding.confirm",
            "joint_acceptance.jointfinding.send_back",
        ),
    ),
    RoleRow(
        "enterprise_manager",
        "企业管理人员",
        "Enterprise manager",
        Sees.ORGANISATION,
        (
            *EVERYBODY,
            *WATCHING,
            *CASEWORK,
            *APPLYING,
            "registry.maintenancereview.*",
            "registry.project.submit",
            *RECTIFYING,
            *CREDIT_OWN,
        ),
    ),
    RoleRow(
        "project_manager",
        "项目经理",
        "Project manager",
        Sees.PROJECT,
        (
            *EVERYBODY,
            *WATCHING,
            *CASEWORK,
            *APPLYING,
            *RECTIFYING,
            *CREDIT_OWN,
            "registry.maintenancereview.*",
            "registry.maintenance.create",
            "registry.project.submit",
            "registry.project.change",
            "telemetry.command.issue",
            "telemetry.command.view",
        ),
    ),
    RoleRow(
        "safety_officer",
        "专职安全员",
        "Safety officer",
        Sees.PROJECT,
        (*EVERYBODY, *WATCHING, "cases.case.reply", "inspection.order.reply"),
    ),
    RoleRow(
        "supervisor_engineer",
        "监理人员",
        "Supervisor engineer",
        Sees.ORGANISATION,
        (*EVERYBODY, *WATCHING, *CASEWORK, *SUPERVISING_FIRM, *CREDIT_OWN, "people.person.view"),
    ),
    RoleRow(
        "supplier_technician",
        "设备运维人员",
        "Supplier technician",
        Sees.ORGANISATION,
        (
            *EVERYBODY,
            "registry.device.view",
            "registry.maintenance.*",
            "registry.calibration.*",
            "registry.annualinspection.*",
            "registry.maintenancereview.view",
            "registry.maintenancereview.resubmit_review",
            "dust.devicemonth.view",
            "telemetry.reading.view",
            "telemetry.latest.view",
            "telemetry.raw.view",
        ),
    ),
    RoleRow(
        "auditor",
        "审计人员",
        "Auditor",
        Sees.REGION,
        (
            *EVERYBODY,
            *DRAW_VIEW,
            "credit.*.view",
            "double_random.draw.draw_lots",
            "framework.trailentry.*",
            "authority.*.view",
            "telemetry.ledger.*",
        ),
    ),
)
