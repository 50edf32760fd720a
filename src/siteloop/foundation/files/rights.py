"""Who may do what with evidence: whoever works with it adds some; it is seen by those who see its project."""

RIGHTS = {
    "everybody": ("files.evidence.create",),
    "watching": ("files.evidence.view",),
    "urban_management": ("files.evidence.view",),
    "joint_examiner": ("files.evidence.view",),
}
