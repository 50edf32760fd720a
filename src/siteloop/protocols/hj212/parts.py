"""Which split uploads are complete: parts are stored alone, the group only marks that none is missing (HJ 212-2017 8.1).

The standard gives every part a QN of its own, so parts belong together by (MN, ST, CN, DataTime, PNUM).
"""

from collections import OrderedDict

from siteloop.protocols.hj212.message import Message

Group = tuple[str, str, str, str, int]
MOST_GROUPS = 10_000
MOST_PARTS = 255


class Parts:
    """Groups in the making, the oldest given up when there are too many; `complete` and `incomplete` count."""

    def __init__(self, most: int = MOST_GROUPS) -> None:
        self.most = most
        self._open: OrderedDict[Group, set[int]] = OrderedDict()
        self.complete = 0
        self.incomplete = 0

    def add(self, message: Message, data_time: str) -> bool:
        """Take one part in; whether its group is now complete. Parts without a number of their own never complete one."""
        if not 1 <= message.pno <= message.pnum <= MOST_PARTS:
            return False
        group = (message.mn, message.st, message.cn, data_time, message.pnum)
        parts = self._open.setdefault(group, set())
        parts.add(message.pno)
        if len(parts) == message.pnum:
            del self._open[group]
            self.complete += 1
            return True
        if len(self._open) > self.most:
            self._open.popitem(last=False)
            self.incomplete += 1
        return False

    @property
    def waiting(self) -> int:
        """Groups that lack a part."""
        return len(self._open)
