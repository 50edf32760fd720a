"""Who may do what with printed documents."""

RIGHTS = {
    "watching": (
        "documents.document.view",
        "documents.document.export",
        "documents.document.acknowledge",
        "documents.documentdelivery.view",
    ),
    "oversight": ("documents.*",),
    "supervisor": ("documents.document.serve",),
    "joint_examiner": ("documents.document.view",),
}
