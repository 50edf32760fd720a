"""System: the manifest of one folder under systems/ or foundation/. Loads without Django."""

from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """`code` equals the folder's name. `requirements` are ids of the requirements list this folder serves."""

    code: str
    title: str
    title_en: str
    menu: str = ""  # a menu group of framework.menu; "" = not in the menu
    icon: str = "folder"  # Tabler icon name
    order: int = 100
    requirements: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()
    tier: str = "bronze"  # bronze | silver | gold | platinum, proven by `siteloop check`
    permission: str = ""  # a screen stands in the menu of those who hold it; "" = of everybody signed in
