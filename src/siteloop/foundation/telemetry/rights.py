"""Who may do what with readings, commands, the ledger and what was refused."""

READING = ("telemetry.reading.view", "telemetry.latest.view")
COMMANDING = ("telemetry.command.issue", "telemetry.command.view")

RIGHTS = {
    "watching": (*READING, "telemetry.raw.view"),
    "oversight": (
        "telemetry.ledger.*",
        "telemetry.quarantine.view",
        "telemetry.quarantine.export",
        "telemetry.quarantine.release",
        *COMMANDING,
        "telemetry.waiting.*",
        "telemetry.event.view",
    ),
    "province_officer": ("telemetry.ledger.*",),
    "town_officer": ("telemetry.ledger.*",),
    "auditor": ("telemetry.ledger.*",),
    "supervisor": ("telemetry.command.issue",),
    "site_supervision": COMMANDING,
    "project_manager": COMMANDING,
    "urban_management": READING,
    "supplier_technician": (*READING, "telemetry.raw.view"),
}
