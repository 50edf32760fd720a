"""How detectors put numbers and moments into Chinese sentences."""

from siteloop.kernel.profiles import Field
from siteloop.kernel.times import OFFSET, SECOND, from_us


def moment(us: int) -> str:
    """11-21 10:05 in Shanghai time."""
    return f"{from_us(us + OFFSET):%m-%d %H:%M}"


def span(us: int) -> str:
    """A length of time as people say it: 45秒, 12分钟, 3小时20分, 2天4小时."""
    seconds = max(0, us // SECOND)
    if seconds < 120:
        return f"{seconds}秒"
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes}分钟"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}小时{minutes}分" if minutes else f"{hours}小时"
    days, hours = divmod(hours, 24)
    return f"{days}天{hours}小时" if hours else f"{days}天"


def amount(value: float, field: Field) -> str:
    """92.4 µg/m³."""
    return f"{value:.{field.decimals}f} {field.unit}".strip()


def limit(value: float, field: Field) -> str:
    """75 µg/m³: a limit is shown as it was set."""
    return f"{value:g} {field.unit}".strip()


def clock(us: int) -> str:
    """11-21 10:05:09 in Shanghai time."""
    return f"{from_us(us + OFFSET):%m-%d %H:%M:%S}"


def metres(value: float) -> str:
    """350米, 1.2公里."""
    return f"{value:.0f}米" if value < 1000 else f"{value / 1000:.1f}公里"
