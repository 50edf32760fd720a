"""Who may do what with scores."""

RIGHTS = {
    "watching": ("evaluation.*.view", "evaluation.*.export"),
    "oversight": ("evaluation.*",),
    "rectifying": ("evaluation.scorecard.appeal",),
}
