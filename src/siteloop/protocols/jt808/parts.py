"""Putting split messages together, within bounds: few open messages, few parts each, few bytes in all (4.4.3, 7.12)."""

from collections import OrderedDict

import msgspec

from siteloop.protocols.jt808.frame import LONGEST_BODY, Packet

#: terminal, message id, serial of part 1, total
Group = tuple[str, int, int, int]
MOST_GROUPS = 64
MOST_PARTS = 128


class Assembly:
    """Messages in the making, the oldest given up when there are too many; `given_up` counts."""

    def __init__(self, most_groups: int = MOST_GROUPS, most_parts: int = MOST_PARTS) -> None:
        self.most_groups, self.most_parts = most_groups, most_parts
        self._open: OrderedDict[Group, dict[int, bytes]] = OrderedDict()
        self.given_up = 0

    @property
    def held(self) -> int:
        """Bytes of unfinished messages; at most `most_groups` x `most_parts` x 1,023."""
        return sum(len(body) for parts in self._open.values() for body in parts.values())

    def add(self, packet: Packet) -> Packet | None:
        """Take a packet in: the whole message when it is one or completes one, None while parts are missing.

        A part that numbers itself out of its message, or of more parts than we keep, is given up at once.
        """
        if not packet.total:
            return packet
        if not 1 <= packet.index <= packet.total <= self.most_parts or len(packet.body) > LONGEST_BODY:
            self.given_up += 1
            return None
        first = (packet.serial - packet.index + 1) % 65_536
        group = (packet.terminal, packet.id, first, packet.total)
        parts = self._open.setdefault(group, {})
        parts[packet.index] = packet.body
        if len(parts) == packet.total:
            del self._open[group]
            body = b"".join(parts[i] for i in range(1, packet.total + 1))
            return msgspec.structs.replace(packet, serial=first, body=body, total=0, index=0)
        if len(self._open) > self.most_groups:
            self._open.popitem(last=False)
            self.given_up += 1
        return None

    def missing(self, packet: Packet) -> tuple[int, list[int]]:
        """(serial of part 1, numbers still missing) of the message a part belongs to; for the request 0x8003."""
        first = (packet.serial - packet.index + 1) % 65_536
        parts = self._open.get((packet.terminal, packet.id, first, packet.total), {})
        return first, [i for i in range(1, packet.total + 1) if i not in parts] if parts else []
