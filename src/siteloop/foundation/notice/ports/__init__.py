"""Ways out of the program: one `Port` a channel. Nothing is open unless the environment configures it."""

from siteloop.foundation.notice.ports.choosing import Channel, channels, open_ports
from siteloop.foundation.notice.ports.port import Answer, Letter, Outcome, Port
from siteloop.foundation.notice.ports.recorded import RecordedPort

__all__ = ("Answer", "Channel", "Letter", "Outcome", "Port", "RecordedPort", "channels", "open_ports")
