"""Names of divisions by code, kept in memory: they change once a year."""

from functools import lru_cache

from siteloop.foundation.regions.models import Region


@lru_cache(maxsize=8192)
def name(code: str) -> str:
    """Own name of a division; the code itself when it is not known; 全国 for the root."""
    if not code:
        return "全国"
    found = (
        Region.objects.unscoped("names are public").filter(code=code).values_list("name", flat=True).first()
    )
    return found or code


def ancestors(code: str) -> list[str]:
    """Codes from the province down to the division itself."""
    return [code[:n] for n in (2, 4, 6, 9) if len(code) >= n]


def full_name(code: str) -> str:
    """浙江省嘉兴市平湖市当湖街道."""
    return "".join(name(c) for c in ancestors(code)) or name(code)


def forget() -> None:
    """After an import."""
    name.cache_clear()
