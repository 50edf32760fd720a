"""Who may do what with cases and findings; the engine asks besides who holds a case."""

SEEING = ("cases.case.view", "cases.finding.view", "cases.enforcement.view")

RIGHTS = {
    "watching": (
        *SEEING,
        "cases.case.export",
        "cases.finding.export",
        "cases.enforcement.export",
        "cases.lock.view",
        "cases.lock.export",
        "cases.caseextension.view",
        "cases.case.comment",
        "cases.case.urge",
    ),
    "casework": (
        "cases.case.reply",
        "cases.case.refuse",
        "cases.case.pass_check",
        "cases.case.fail_check",
        "cases.case.transfer",
        "cases.case.recheck",
        "cases.case.ask_extension",
    ),
    "oversight": (
        "cases.case.extend",
        "cases.case.cancel",
        "cases.case.merge",
        "cases.case.reassign",
        "cases.caseextension.*",
    ),
    "site_supervision": ("cases.case.extend",),
    "urban_management": (*SEEING, "cases.case.comment", "cases.case.record_enforcement"),
    "joint_examiner": ("cases.case.view", "cases.case.comment"),
    "safety_officer": ("cases.case.reply",),
}
