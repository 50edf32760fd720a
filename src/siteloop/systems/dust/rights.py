"""Who may do what about dust: device months, complaints of residents."""

RIGHTS = {
    "watching": ("dust.devicemonth.view", "dust.devicemonth.export"),
    "oversight": ("dust.devicemonth.count_month", "dust.complaint.*"),
    "town_officer": ("dust.complaint.view", "dust.complaint.create"),
    "site_supervision": ("dust.complaint.view", "dust.complaint.collect"),
    "urban_management": ("dust.complaint.*",),
    "supplier_technician": ("dust.devicemonth.view",),
}
