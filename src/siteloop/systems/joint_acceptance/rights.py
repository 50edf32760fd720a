"""Who may apply for joint acceptance, give a department's opinion, and put right what was found."""

EXAMINING = (
    "joint_acceptance.departmentopinion.*",
    "joint_acceptance.jointfinding.confirm",
    "joint_acceptance.jointfinding.send_back",
)

RIGHTS = {
    "watching": ("joint_acceptance.*.view",),
    "oversight": ("joint_acceptance.*",),
    "applying": tuple(
        f"joint_acceptance.jointapplication.{verb}"
        for verb in ("create", "change", "attach", "submit", "withdraw")
    ),
    "supervisor": EXAMINING,
    "joint_examiner": ("joint_acceptance.*.view", *EXAMINING),
    "rectifying": ("joint_acceptance.jointfinding.correct",),
}
