"""Who may do what with accounts, organisations and the trail of acts."""

RIGHTS = {
    "watching": ("framework.trailentry.view",),
    "office_work": ("authority.organisation.view",),
    "oversight": ("authority.organisation.view",),
    "county_officer": ("authority.departmentgrant.*", "authority.*.view"),
    "auditor": ("framework.trailentry.*", "authority.*.view"),
}
