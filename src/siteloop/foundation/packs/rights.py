"""Who may do what with the rules of a region."""

KEEPING = ("packs.packrule.*", "packs.packvalue.*")

RIGHTS = {
    "watching": ("packs.*.view",),
    "city_officer": KEEPING,
    "county_officer": KEEPING,
}
