"""Who may do what with projects, sites and devices."""

RIGHTS = {
    "watching": ("registry.*.view", "registry.*.export"),
    "oversight": (
        "registry.project.*",
        "registry.site.*",
        "registry.device.*",
        "registry.devicemodel.*",
        "registry.party.*",
        "registry.projectpost.*",
        "registry.singlework.*",
        "registry.annualinspection.*",
        "registry.calibration.*",
        "registry.maintenancereview.resubmit_review",
    ),
    "urban_management": ("registry.site.view", "registry.device.view", "registry.project.view"),
    "joint_examiner": ("registry.project.view", "registry.singlework.view"),
    "enterprise_manager": (
        "registry.maintenancereview.*",
        "registry.project.submit",
        "registry.operationcontract.create",
        "registry.operationcontract.change",
    ),
    "project_manager": (
        "registry.maintenancereview.*",
        "registry.maintenance.create",
        "registry.project.submit",
        "registry.project.change",
        "registry.operationcontract.create",
        "registry.operationcontract.change",
    ),
    "supplier_technician": (
        "registry.device.view",
        "registry.operationcontract.view",
        "registry.maintenance.*",
        "registry.calibration.*",
        "registry.annualinspection.*",
        "registry.maintenancereview.view",
        "registry.maintenancereview.resubmit_review",
    ),
}
