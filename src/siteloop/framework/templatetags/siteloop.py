"""Template tags of the platform; built in, no {% load %} needed."""

import datetime as dt
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone

from siteloop.framework import language
from siteloop.framework.fields import term_end
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI

register = template.Library()

#: the four risk colours and the live colours, as badge classes of the kit
COLOURS = {
    "red": "red",
    "orange": "orange",
    "yellow": "yellow",
    "blue": "blue",
    "green": "green",
    "grey": "secondary",
}
SEVERITIES = {
    "red": ("红色", "red"),
    "orange": ("橙色", "orange"),
    "yellow": ("黄色", "yellow"),
    "blue": ("蓝色", "blue"),
}


@register.simple_tag
def t(zh: str, en: str | None = None) -> str:
    """{% t "中文" "English" %}: the text in the active language; "" where English needs no word (a Chinese measure word)."""
    return "" if en == "" and language.is_english() else language.pick(zh, en or "")


@register.filter
def term(zh: str | None) -> str | None:
    """{{ case.get_state_display|term }}: a model's word in the active language; nothing stays nothing."""
    return language.term(str(zh)) if zh is not None else None


@register.filter
def local(moment: dt.datetime | None, shape: str = "%m-%d %H:%M") -> str:
    """A moment on Shanghai's clock."""
    return moment.astimezone(SHANGHAI).strftime(shape) if moment else ""


@register.filter
def due(moment: dt.datetime | None, shape: str = "%m-%d %H:%M") -> str:
    """The end of a term on Shanghai's clock."""
    return term_end(moment, shape) if moment else ""


@register.filter
def may(viewer: Viewer, permission: str) -> bool:
    """{% if viewer|may:"registry.site.view" %}: a link is shown only to whom it opens."""
    return viewer.may(permission)


@register.filter
def percent(share: float | None) -> str:
    """0.913 → 91.3%; — when there is nothing to divide by."""
    return "—" if share is None else f"{share * 100:.1f}%"


@register.filter
def entry(mapping: dict[Any, Any], key: Any) -> Any:
    """mapping[key], the key itself when it is not there."""
    return mapping.get(key, key)


@register.filter
def number(value: float | None, decimals: int = 1) -> str:
    """A reading with its decimals; — when absent."""
    return f"{value:.{decimals}f}" if isinstance(value, int | float) else "—"


@register.filter
def left(moment: dt.datetime | None) -> str:
    """Time to a deadline in words: 剩 2 天 3 小时, 逾期 20 分钟."""
    if moment is None:
        return ""
    seconds = int((moment - timezone.now()).total_seconds())
    days, hours, minutes = abs(seconds) // 86_400, abs(seconds) % 86_400 // 3600, abs(seconds) % 3600 // 60
    if days:
        words = language.pick(f"{days} 天 {hours} 小时", f"{days} d {hours} h")
    elif hours:
        words = language.pick(f"{hours} 小时 {minutes} 分", f"{hours} h {minutes} min")
    else:
        words = language.pick(f"{minutes} 分钟", f"{minutes} min")
    return (
        language.pick(f"剩 {words}", f"{words} left")
        if seconds >= 0
        else language.pick(f"逾期 {words}", f"{words} late")
    )


@register.simple_tag
def badge(colour: str, text: str) -> Any:
    """A coloured badge with its word: colour is never alone."""
    from django.utils.html import format_html

    return format_html('<span class="badge bg-{}-lt">{}</span>', COLOURS.get(colour, "secondary"), text)


@register.simple_tag
def severity(code: str) -> Any:
    """Badge of one of the four risk colours."""
    zh, en = SEVERITIES.get(code, (code, code))
    return badge(code, language.pick(zh, en))


@lru_cache(maxsize=512)
def _svg(name: str) -> str:
    from siteloop.framework.assets import ICONS

    path = ICONS / f"{name}.svg"
    if not path.exists():
        path = ICONS / "point.svg"
    text = path.read_text("utf-8") if path.exists() else "<svg></svg>"
    return text[text.index("<svg") :].replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)


@register.simple_tag
def icon(name: str) -> Any:
    """An inlined Tabler icon, silent for screen readers."""
    from django.utils.safestring import mark_safe

    return mark_safe(_svg(name))  # noqa: S308 - a file of the pinned icon package


@register.simple_tag(takes_context=True)
def query(context: Any, **changes: Any) -> str:
    """The present query string with some parameters changed; None removes one."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            params.pop(name, None)
        else:
            params[name] = str(value)
    text = params.urlencode()
    return f"?{text}" if text else "?"
