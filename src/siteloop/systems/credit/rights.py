"""Who may do what with credit; the action asks whose record or entry it is."""

#: what the subject of a credit record or blacklist entry does about it
OWN = (
    "credit.blacklistentry.state_case",
    "credit.*.appeal",
    "credit.*.repair",
    "credit.creditrequest.take_back",
)

RIGHTS = {
    "watching": ("credit.*.view",),
    "oversight": ("credit.*",),
    "supervisor": (
        "credit.creditrecord.propose",
        "credit.blacklistentry.propose",
        "credit.award.nominate",
    ),
    "enterprise_manager": OWN,
    "project_manager": OWN,
    "supervisor_engineer": OWN,
    "auditor": ("credit.*.view",),
}
