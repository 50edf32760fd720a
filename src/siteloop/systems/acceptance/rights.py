"""Who may apply for the acceptance of business, and decide on it. Nobody's role does both."""

#: what an officer does with what was handed in
DECIDING = tuple(
    f"acceptance.application.{verb}" for verb in ("accept", "correct", "grant", "refuse", "reassign")
)

RIGHTS = {
    "watching": ("acceptance.*.view",),
    "oversight": ("acceptance.*.export", *DECIDING, "acceptance.officer.*"),
    "applying": tuple(
        f"acceptance.application.{verb}" for verb in ("create", "change", "attach", "submit", "withdraw")
    ),
    "supervisor": ("acceptance.application.export", *DECIDING),
    "acceptance_officer": DECIDING,
}
