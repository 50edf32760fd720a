"""Who may apply for the acceptance of business, and decide on it."""

RIGHTS = {
    "watching": ("acceptance.*.view",),
    "oversight": ("acceptance.*",),
    "applying": tuple(
        f"acceptance.application.{verb}" for verb in ("create", "change", "attach", "submit", "withdraw")
    ),
    "supervisor": ("acceptance.application.*",),
}
