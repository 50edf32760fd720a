"""Who may do what with regions."""

RIGHTS = {
    "everybody": ("regions.*.view",),
    "oversight": ("regions.boundary.*",),
}
