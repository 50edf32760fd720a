"""Who may do what about supervisor firms; each record asks whether it is the project's firm (SUPV-01)."""

#: what the authority does with them
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
)
#: what a firm writes and hands in
OF_THE_FIRM = (
    *(f"supervisor_firms.supervisionreport.{verb}" for verb in ("create", "write", "submit")),
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

RIGHTS = {
    "watching": ("supervisor_firms.*.view",),
    "oversight": (*OVER_FIRMS, "supervisor_firms.standard.*", "supervisor_firms.behaviour.*"),
    "site_supervision": OVER_FIRMS,
    "supervisor_engineer": OF_THE_FIRM,
}
