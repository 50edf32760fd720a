"""Who may file the stages of a project and decide on them.

An authority keeps the records (it brings in the national tables) and decides; it hands nothing in for a unit of the project, nor
asks for the change of a unit or a person that it then approves.
"""

RECORDS = (
    "tender",
    "surveydesign",
    "contract",
    "drawingreview",
    "permit",
    "supervisionfiling",
    "visibleprogress",
    "completion",
    "archive",
)
KEEPING = (
    *(f"project_stages.{record}.{verb}" for record in RECORDS for verb in ("create", "change", "import")),
    "project_stages.stagemark.import_national",
)
DECIDING = ("project_stages.*.approve", "project_stages.*.send_back")

RIGHTS = {
    "watching": ("project_stages.*.view", "project_stages.*.export"),
    "oversight": (*KEEPING, *DECIDING),
    "applying": tuple(f"project_stages.*.{verb}" for verb in ("create", "change", "attach", "submit")),
}
