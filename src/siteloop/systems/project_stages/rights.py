"""Who may file the stages of a project and decide on them."""

RIGHTS = {
    "watching": ("project_stages.*.view", "project_stages.*.export"),
    "oversight": ("project_stages.*",),
    "applying": tuple(f"project_stages.*.{verb}" for verb in ("create", "change", "attach", "submit")),
}
