"""What a start leaves in memory stays for good: the collector of cycles need not go through it again and again.

Some half a million objects of modules, models and templates stand after the start. Going through them takes a third of a second, and a
page that reads thousands of rows sets it off: it was the longest part of the map, and what made single answers slow.
"""

import gc

#: objects made and kept since the last look, from which the youngest are looked through; pages make tens of thousands at a time
YOUNG = 50_000
OLDER = 20


def settle() -> None:
    """Call once a process has loaded what it serves with."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
