"""Who may inspect, give orders and answer them."""

RIGHTS = {
    "watching": ("inspection.*.view", "inspection.*.export"),
    "oversight": ("inspection.*",),
    "supervisor": (
        "inspection.inspection.*",
        "inspection.order.*",
        "inspection.extension.*",
        "inspection.penalty.add_proof",
    ),
    "rectifying": ("inspection.order.reply", "inspection.order.ask_extension"),
    "safety_officer": ("inspection.order.reply",),
}
