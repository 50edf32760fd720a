"""What people or programs type for a rule or a value: read, and of the kind that is stated. A text that holds a number is none."""

import ast
import json
import math
from typing import Any

from siteloop.foundation.packs.models import PackRule, PackValue
from siteloop.framework.action import Refused


def refuse(field: str, message: str) -> Refused:
    """422 with one field's message."""
    return Refused(message, status=422, errors={field: [message]})


def kind(stated: Any) -> type[object]:
    """Whole and broken numbers are of one kind, yes and no of another."""
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        return float
    return type(stated)


def read(text: Any, field: str) -> Any:
    """JSON as people or programs type it. Raises Refused 422."""
    if not isinstance(text, str):
        return text
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(text)
        except (ValueError, SyntaxError, RecursionError):
            continue
        if not is_finite(found):
            raise refuse(field, "不是有效数字")
        return found
    raise refuse(field, "不是有效的 JSON")


def is_finite(stated: Any) -> bool:
    """Whether every number in it is one: JSON as Python reads it knows NaN and Infinity, the database does not."""
    if isinstance(stated, dict):
        return all(map(is_finite, stated.values()))
    if isinstance(stated, list | tuple):
        return all(map(is_finite, stated))
    return not isinstance(stated, float) or math.isfinite(stated)


def typed(row: PackRule, text: Any) -> dict[str, Any]:
    """Numbers for parameters the rule has, each of its own kind. Raises Refused 422."""
    wanted = read(text, "params")
    if not isinstance(wanted, dict):
        raise refuse("params", '请填写参数名与数值，如 {"on": 70}')
    unknown = [n for n in wanted if n not in row.params and n not in row.bounds]
    if unknown:
        raise refuse("params", f"没有参数 {'、'.join(map(str, unknown))}")
    for name, number in wanted.items():
        if kind(number) is not kind(row.params.get(name, 0)):
            raise refuse("params", f"{name} 类型不符")
        if not is_finite(number):
            raise refuse("params", f"{name} 不是有效数字")
    return wanted


def consistent(params: dict[str, Any]) -> None:
    """Recovery may not lie past the limit: such a rule would never end an episode."""
    if "on" in params and "off" in params:
        above = params.get("direction", "above") != "below"
        if (params["off"] > params["on"]) if above else (params["off"] < params["on"]):
            raise refuse("params", f"恢复值 off={params['off']:g} 越过限值 on={params['on']:g}，请一并调整")


def is_like(stated: list[Any], one: Any) -> bool:
    """Whether an item of a list has the form of those stated: what all of them have, and nothing none of them has."""
    if not stated:
        return True
    if not all(isinstance(known, dict) for known in stated):
        return isinstance(one, type(stated[0]))
    if not isinstance(one, dict):
        return False
    return set.intersection(*map(set, stated)) <= set(one) <= set.union(*map(set, stated))


def value_of(row: PackValue, text: Any) -> Any:
    """A value as the row states one, its names' values each of the kind they have. Raises Refused 422."""
    wanted = read(text, "value")
    if not is_finite(wanted):
        raise refuse("value", "不是有效数字")
    if isinstance(row.value, dict | list) or isinstance(wanted, dict | list):
        if kind(row.value) is not kind(wanted):
            raise refuse("value", "与原值的形式不同")
    elif kind(row.value) is float and kind(wanted) is not float:
        raise refuse("value", "应为数字")
    if isinstance(row.value, list) and not all(is_like(row.value, one) for one in wanted):
        raise refuse("value", "各项的形式须与原值相同")
    if isinstance(row.value, dict):
        if unknown := sorted(set(wanted) - set(row.value)):
            raise refuse("value", f"没有项目 {'、'.join(unknown)}")
        odd = [
            n for n, one in wanted.items() if row.value[n] is not None and kind(one) is not kind(row.value[n])
        ]
        if odd:
            raise refuse("value", f"{'、'.join(odd)} 类型不符")
    return wanted
