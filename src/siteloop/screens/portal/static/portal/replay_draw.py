#!/usr/bin/env python3
"""复核双随机抽取 / Replay a double-random draw.

    python3 replay_draw.py inputs.json draw.json

`inputs.json`（冻结名单）和 `draw.json`（抽取记录）都在该次抽取的公示页下载。本程序只用 Python 3.8 以上的标准库，
不联网，不依赖平台的任何代码，按《双随机抽取算法》公开文本独立重算一遍。全部相符时返回 0，否则返回 1。
Both files come from the draw's public page. Standard library only, no network; an implementation of its own of the
published algorithm. Exit status 0 when everything holds, 1 when anything does not.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import pathlib
import sys
from typing import Any

NAME = "siteloop-double-random-1"


class Dice:
    """SHA-256 in counter mode; numbers that would favour small remainders are thrown away."""

    def __init__(self, seed: str, beacon: str, digest: str) -> None:
        text = NAME + "\n" + seed + "\n" + beacon + "\n" + digest
        self.key = hashlib.sha256(text.encode("utf-8")).digest()
        self.turn = 0

    def roll(self, n: int) -> int:
        """0 … n-1."""
        while True:
            block = hashlib.sha256(self.key + self.turn.to_bytes(8, "big")).digest()
            self.turn += 1
            x = int.from_bytes(block, "big")
            if x < 2**256 // n * n:
                return x % n


def groups_for(data: dict[str, Any], thing: dict[str, Any]) -> list[list[str]]:
    """Every permitted group of the object, in the order of the list of inspectors."""
    away = {r["inspector"] for r in data["recusals"] if r["object"] == thing["id"]}
    here = [p for p in data["inspectors"] if p["id"] not in away]
    found = []
    for team in itertools.combinations(here, data["group_size"]):
        skills = set()
        for person in team:
            skills.update(person["specialities"])
        again = sorted(p["id"] for p in team) == sorted(thing["previous"])
        if not again and all(need in skills for need in thing["needs"]):
            found.append([p["id"] for p in team])
    return found


def replay(data: dict[str, Any], digest: str, seed: str, beacon: str) -> list[dict[str, Any]]:
    """Draw again."""
    dice = Dice(seed, beacon, digest)
    pool = list(data["objects"])
    tasks = {p["id"]: 0 for p in data["inspectors"]}
    things, result = [], []
    for _ in range(data["count"]):
        x = dice.roll(sum(thing["weight"] for thing in pool))
        place = 0
        while x >= pool[place]["weight"]:
            x -= pool[place]["weight"]
            place += 1
        things.append(pool.pop(place))
    for thing in things:
        teams = groups_for(data, thing)
        burdens = [(max(tasks[i] for i in team), sum(tasks[i] for i in team)) for team in teams]
        least = min(burdens)
        fair = [team for place, team in enumerate(teams) if burdens[place] == least]
        team = fair[dice.roll(len(fair))]
        leader = team[dice.roll(len(team))]
        for i in team:
            tasks[i] += 1
        result.append({"object": thing["id"], "group": team, "leader": leader})
    return result


def check(inputs: bytes, draw: dict[str, Any]) -> list[tuple[str, bool]]:
    """[(what is checked, whether it holds)]"""
    digest = hashlib.sha256(inputs).hexdigest()
    data = json.loads(inputs.decode("utf-8"))
    form = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    seed = str(draw["seed"])
    steps = [
        ("算法名称一致 / same algorithm", data["algorithm"] == NAME == draw["algorithm"]),
        ("编号一致 / same draw", data["number"] == draw["number"]),
        ("名单为规范格式 / inputs are canonical", form.encode("utf-8") == inputs),
        ("名单摘要与抽取前公布的一致 / digest of the inputs", digest == draw["inputs_sha256"]),
        (
            "种子与抽取前公布的承诺一致 / seed fits its commitment",
            hashlib.sha256(bytes.fromhex(seed)).hexdigest() == draw["commitment"],
        ),
    ]
    if "sm3" in hashlib.algorithms_available:
        sm3 = hashlib.new("sm3", inputs).hexdigest()
        steps.append(("名单 SM3 摘要一致 / SM3 of the inputs", sm3 == draw["inputs_sm3"]))
    if all(holds for _, holds in steps):
        again = replay(data, digest, seed, str(draw["beacon"]))
        steps.append(("重算结果与公示结果一致 / same result", again == draw["result"]))
    return steps


def main() -> int:
    """Read both files, tell each step."""
    if len(sys.argv) != 3:
        print("用法 / usage: python3 replay_draw.py inputs.json draw.json")
        return 1
    try:
        inputs = pathlib.Path(sys.argv[1]).read_bytes()
        draw = json.loads(pathlib.Path(sys.argv[2]).read_bytes().decode("utf-8"))
        steps = check(inputs, draw)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as wrong:
        print(f"✗ 文件有误 / the files cannot be used: {wrong!r}")
        return 1
    for words, holds in steps:
        print(("✓ " if holds else "✗ ") + words)
    good = all(holds for _, holds in steps)
    print("复核通过，公示结果可信 / the draw holds" if good else "复核不通过 / the draw does NOT hold")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
