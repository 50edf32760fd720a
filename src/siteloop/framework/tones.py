"""Colours of states: done is green, what stands in the way red, what went back orange, what no longer counts grey.

A state code means the same kind of thing in every system, so its colour is said once here. A code that is not listed is
on its way, and blue; one that means different things in different systems (received, kept) is left out on purpose.
"""

GOOD = (
    "passed approved granted done closed settled solved finished completed concluded cleared repaired fit A"
)
BAD = "failed refused denied rejected declined overdue dead listed unfit short D"
BACK = "returned correcting suspended rechecking C"
GONE = (
    "draft void cancelled withdrawn taken_back dropped retired replaced revoked released expired merged ignored "
    "not_concerned not_started none stopped"
)
TONES = {
    code: colour
    for colour, codes in (("green", GOOD), ("red", BAD), ("orange", BACK), ("grey", GONE))
    for code in codes.split()
}


def tone(code: str) -> str:
    """Colour of a state's badge: green, red, orange, grey or blue."""
    return TONES.get(code, "blue")
