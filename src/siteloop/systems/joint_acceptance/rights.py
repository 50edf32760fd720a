"""Who may apply for joint acceptance, lead it, give a department's opinion, and put right what was found."""

#: what the lead does with what was handed in
LEADING = (
    *(
        f"joint_acceptance.jointapplication.{verb}"
        for verb in ("accept", "correct", "plan_visit", "conclude")
    ),
    "joint_acceptance.sitevisit.*",
    "joint_acceptance.department.*",
    "joint_acceptance.*.export",
)
EXAMINING = (
    "joint_acceptance.departmentopinion.*",
    "joint_acceptance.jointfinding.confirm",
    "joint_acceptance.jointfinding.send_back",
)

RIGHTS = {
    "watching": ("joint_acceptance.*.view",),
    "oversight": (*LEADING, *EXAMINING),
    "applying": tuple(
        f"joint_acceptance.jointapplication.{verb}"
        for verb in ("create", "change", "attach", "submit", "withdraw")
    ),
    "supervisor": EXAMINING,
    "joint_examiner": ("joint_acceptance.*.view", *EXAMINING),
    "rectifying": ("joint_acceptance.jointfinding.correct",),
}
