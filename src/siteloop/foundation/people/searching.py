"""What the search over everything finds here: real-name people, by the whole name or the whole ID number only.

Names are encrypted at rest and masked on screen, so parts of a name find nothing: who knows the whole name or number
finds the person, nobody can list names by trying letters.
"""

from siteloop.foundation.people.models import Person
from siteloop.foundation.people.vault import fingerprint
from siteloop.framework.perform import permission_of, require
from siteloop.framework.searching import Hit, Source
from siteloop.framework.viewer import Viewer

#: names are opened one by one to compare them; beyond this many people in scope only the ID number finds
MOST_OPENED = 5000


def _find(viewer: Viewer, words: str, most: int) -> tuple[list[Hit], int]:
    require(viewer, permission_of(Person, "view"))
    rows = Person.objects.visible_to(viewer).select_related("organisation").order_by("pk")
    number = words.replace(" ", "").upper()
    if len(number) == 18 and number[:17].isdigit():
        found = list(rows.filter(id_hash=fingerprint(number))[:most])
    elif len(words) < 2 or rows.count() > MOST_OPENED:
        found = []
    else:
        found = [row for row in rows.iterator(chunk_size=1000) if row.name == words]
    hits = [
        Hit(str(p), f"{p.organisation or ''} {p.masked_id}".strip(), f"/people/people/{p.pk}/") for p in found
    ]
    return hits[:most], len(hits)


SOURCES = (Source("people", "人员", "People", 50, _find),)
