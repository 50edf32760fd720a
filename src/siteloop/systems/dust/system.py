"""Manifest of dust, noise and spray."""

from siteloop.framework.system import System

SYSTEM = System(
    code="dust",
    title="扬尘噪声与喷淋",
    title_en="Dust, noise and spray",
    menu="environment",
    icon="wind",
    order=10,
    requirements=tuple(f"DUST-{n:02d}" for n in range(1, 33)),
    standards=("HJ 212-2017", "GB 12523-2025", "《上海市建筑工程颗粒物与噪声在线检测技术规范（试行）》"),
    tier="silver",
)
