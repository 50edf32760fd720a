"""Inputs for tests of the draw."""

from typing import Any

from siteloop.systems.double_random.draw import ALGORITHM

SEED = "5f" * 32


def person(number: int, *specialities: str) -> dict[str, Any]:
    return {
        "id": f"J{number:02d}",
        "name": f"演示{number}",
        "specialities": list(specialities or ("quality",)),
    }


def thing(number: int, weight: int = 1, needs: tuple[str, ...] = (), previous: tuple[str, ...] = ()) -> Any:
    return {
        "id": f"P{number:02d}",
        "name": f"测试项目{number}",
        "weight": weight,
        "why": [],
        "needs": list(needs),
        "previous": list(previous),
    }


def inputs(**more: Any) -> dict[str, Any]:
    return {
        "algorithm": ALGORITHM,
        "number": "T-1",
        "count": 3,
        "group_size": 2,
        "objects": [thing(n, n) for n in range(1, 9)],
        "inspectors": [
            person(1, "quality"),
            person(2, "safety"),
            person(3, "quality", "safety"),
            person(4, "safety"),
            person(5, "quality"),
        ],
        "recusals": [],
        **more,
    }
