"""Who may do what with real-name persons; opening a number is a county's right and leaves a line."""

RIGHTS = {
    "oversight": ("people.person.view",),
    "county_officer": (
        "people.person.open",
        "people.person.erase",
        "people.person.erase_due",
        "people.person.look_again",
    ),
    "site_supervision": ("people.person.view",),
    "supervisor_engineer": ("people.person.view",),
}
