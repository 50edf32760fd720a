"""The draw itself: pure, integers only, the same result for the same inputs, seed and beacon on every machine.

What it does word for word stands in docs/algorithms/double-random.md; `replay_draw.py` on the portal and the portal's
`verify.js` are implementations of that page of their own. Nothing here may change without a new `ALGORITHM` name:
published draws must stay replayable.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

ALGORITHM = "siteloop-double-random-1"
#: permitted groups are listed one by one, by this program and by everybody who replays; more than this is refused
MOST_GROUPS = 200_000
_SPAN = 1 << 256

#: n -> an integer from 0 to n - 1, each as likely as the others
Chance = Callable[[int], int]


@dataclass(frozen=True)
class Drawn:
    """One drawn object with its group, ids in ascending order; the leader is one of them."""

    object: str
    group: tuple[str, ...]
    leader: str


def canonical(value: Any) -> str:
    """JSON with sorted keys and no blanks. Raises TypeError for floats and other values that machines write differently."""
    _only_exact(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _only_exact(value: Any) -> None:
    if isinstance(value, dict):
        if not all(isinstance(key, str) and key.isascii() for key in value):
            raise TypeError("keys are ASCII text")
        for one in value.values():
            _only_exact(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _only_exact(one)
    elif not (value is None or isinstance(value, str | bool | int)):
        raise TypeError(f"{type(value).__name__} has no one canonical form")


def sha256(text: str) -> str:
    """Hex digest of the UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def commitment(seed: str) -> str:
    """What is published before the draw: SHA-256 of the seed's 32 bytes. Raises ValueError for anything but 64 hex digits."""
    raw = bytes.fromhex(seed)
    if len(raw) != 32 or seed != seed.lower():
        raise ValueError("a seed is 64 lower-case hex digits")
    return hashlib.sha256(raw).hexdigest()


def stream(seed: str, beacon: str, inputs_sha256: str) -> Chance:
    """Equal chances from SHA-256 in counter mode, without the bias of a plain remainder."""
    key = hashlib.sha256("\n".join((ALGORITHM, seed, beacon, inputs_sha256)).encode()).digest()
    counter = iter(range(1 << 62))

    def uniform(n: int) -> int:
        if n < 1:
            raise ValueError("nothing to choose from")
        fair = _SPAN - _SPAN % n
        while True:
            block = hashlib.sha256(key + next(counter).to_bytes(8, "big")).digest()
            number = int.from_bytes(block, "big")
            if number < fair:
                return number % n

    return uniform


def take(weights: Sequence[int], at: int) -> int:
    """Position whose share of the line of weights holds `at` (0 ≤ at < sum): exactly `weights[i]` places lead to i."""
    for position, weight in enumerate(weights):
        if at < weight:
            return position
        at -= weight
    raise ValueError("beyond the sum of the weights")


def sample(weights: Sequence[int], count: int, chance: Chance) -> list[int]:
    """Positions drawn one after the other, each in proportion to its weight among those still there."""
    left = list(range(len(weights)))
    taken = []
    for _ in range(count):
        position = take([weights[i] for i in left], chance(sum(weights[i] for i in left)))
        taken.append(left.pop(position))
    return taken


def permitted(inputs: dict[str, Any], object_id: str) -> Iterator[tuple[int, ...]]:
    """Positions in `inspectors` of every group that may judge the object, in lexicographic order."""
    one = next(o for o in inputs["objects"] if o["id"] == object_id)
    barred = {r["inspector"] for r in inputs["recusals"] if r["object"] == object_id}
    people = inputs["inspectors"]
    free = [i for i, person in enumerate(people) if person["id"] not in barred]
    needs, previous = set(one["needs"]), sorted(one["previous"])
    for group in combinations(free, inputs["group_size"]):
        if sorted(people[i]["id"] for i in group) == previous:
            continue
        if needs <= {s for i in group for s in people[i]["specialities"]}:
            yield group


def least_loaded(groups: Sequence[tuple[int, ...]], load: Sequence[int]) -> list[tuple[int, ...]]:
    """Those whose busiest member has the fewest tasks of this draw; of these, those with the fewest together."""
    best = min((max(load[i] for i in g), sum(load[i] for i in g)) for g in groups)
    return [g for g in groups if (max(load[i] for i in g), sum(load[i] for i in g)) == best]


def draw(inputs: dict[str, Any], seed: str, beacon: str = "") -> list[Drawn]:
    """The whole draw. Raises ValueError when the inputs do not allow one (see `problems`)."""
    wrong = problems(inputs)
    if wrong:
        raise ValueError("；".join(wrong))
    commitment(seed)
    chance = stream(seed, beacon, sha256(canonical(inputs)))
    objects, people = inputs["objects"], inputs["inspectors"]
    load = [0] * len(people)
    result = []
    for position in sample([o["weight"] for o in objects], inputs["count"], chance):
        chosen = objects[position]["id"]
        among = least_loaded(list(permitted(inputs, chosen)), load)
        group = among[chance(len(among))]
        leader = people[group[chance(len(group))]]["id"]
        for i in group:
            load[i] += 1
        result.append(Drawn(chosen, tuple(people[i]["id"] for i in group), leader))
    return result


def plain(result: Sequence[Drawn]) -> list[dict[str, Any]]:
    """The result as it is published."""
    return [{"object": d.object, "group": list(d.group), "leader": d.leader} for d in result]


def problems(inputs: dict[str, Any]) -> list[str]:
    """Why no draw can be made from these inputs, in Chinese; empty when it can."""
    if inputs.get("algorithm") != ALGORITHM:
        return ["算法名称不符"]
    found = [*_lists(inputs)]
    if found:
        return found
    people = len(inputs["inspectors"])
    if comb(people, inputs["group_size"]) > MOST_GROUPS:
        return [f"检查人员 {people} 人、每组 {inputs['group_size']} 人的组合过多，请减少每组人数"]
    stuck = [o for o in inputs["objects"] if next(permitted(inputs, o["id"]), None) is None]
    return [f"“{o['name']}”按专业和回避要求组不成检查组" for o in stuck]


def _lists(inputs: dict[str, Any]) -> Iterator[str]:
    for name, title in (("objects", "检查对象"), ("inspectors", "检查人员")):
        ids = [row["id"] for row in inputs[name]]
        if ids != sorted(set(ids)):
            yield f"{title}的编号须互不相同并按升序排列"
    if any(type(o["weight"]) is not int or o["weight"] < 1 for o in inputs["objects"]):
        yield "权重须为不小于 1 的整数"
    if inputs["group_size"] < 2:
        yield "每组不少于 2 人"
    if not 1 <= inputs["count"] <= len(inputs["objects"]):
        yield f"抽取数量须在 1 至 {len(inputs['objects'])} 之间（检查对象 {len(inputs['objects'])} 个）"
    if len(inputs["inspectors"]) < inputs["group_size"]:
        yield f"可用检查人员 {len(inputs['inspectors'])} 人，不足一组"
