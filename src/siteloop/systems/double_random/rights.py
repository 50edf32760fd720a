"""Who may do what with the double-random draw: whoever keeps the lists does not draw (DRAND-12)."""

VIEWING = ("double_random.*.view", "double_random.*.export")
KEEPING_LISTS = (
    *(
        f"double_random.{register}.*"
        for register in ("inspector", "leave", "recusal", "checkplan", "itemlist", "itemline", "speciality")
    ),
    *(
        f"double_random.draw.{verb}"
        for verb in ("create", "change", "commit", "freeze", "publish", "void", "redraw")
    ),
    "double_random.publication.*",
    "double_random.demerit.*",
)
#: what a drawn inspector does; the action asks whether he was drawn
DRAWN = (
    "double_random.checktask.deliver",
    "double_random.checktask.finish",
    "double_random.checkline.judge",
    "double_random.publication.publish",
)

RIGHTS = {
    "watching": (
        "double_random.checktask.view",
        "double_random.checkline.view",
        "double_random.demerit.view",
    ),
    "city_officer": VIEWING,
    "county_officer": (*VIEWING, *KEEPING_LISTS),
    "supervisor": (*VIEWING, *DRAWN),
    "auditor": (*VIEWING, "double_random.draw.draw_lots"),
}
