"""The pure draw: exact chances by exhaustion, weights in proportion, recusal kept, and every changed bit noticed."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.systems.double_random import draw as module
from siteloop.systems.double_random.draw import (
    canonical,
    commitment,
    draw,
    least_loaded,
    permitted,
    plain,
    problems,
    sample,
    sha256,
    stream,
    take,
)
from siteloop.systems.double_random.tests.draws import SEED, inputs, person, thing

REPLAY = Path(module.__file__).parents[2] / "screens/portal/static/portal/replay_draw.py"


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_each_place_of_the_line_leads_to_its_weight_exactly(weights: list[int]) -> None:
    assert Counter(take(weights, at) for at in range(sum(weights))) == Counter(dict(enumerate(weights)))


def test_the_order_of_drawing_has_exactly_the_chances_that_are_stated() -> None:
    weights = [1, 2, 3]
    seen: dict[tuple[int, ...], Fraction] = {}

    def walk(answers: tuple[int, ...], share: Fraction) -> None:
        """Every answer chance could give, with its share."""
        asked: list[int] = []

        class End(Exception):
            pass

        def chance(n: int) -> int:
            asked.append(n)
            if len(asked) > len(answers):
                raise End
            return answers[len(asked) - 1]

        try:
            order = tuple(sample(weights, 3, chance))
        except End:
            for answer in range(asked[-1]):
                walk((*answers, answer), share / asked[-1])
        else:
            seen[order] = seen.get(order, Fraction()) + share

    walk((), Fraction(1))
    for order in permutations(range(3)):
        left, share = 6, Fraction(1)
        for i in order:
            share *= Fraction(weights[i], left)
            left -= weights[i]
        assert seen[order] == share
    assert sum(seen.values()) == 1


def test_the_stream_is_even_and_throws_away_what_would_favour_small_numbers(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "_SPAN", 10)  # numbers 0…9 on a three-sided die: 9 has to be thrown away

    class Block:
        def __init__(self, data: bytes) -> None:
            self.data = data

        def digest(self) -> bytes:
            return bytes([int.from_bytes(self.data[-8:], "big") % 10])

    monkeypatch.setattr(module.hashlib, "sha256", Block)
    roll = stream(SEED, "", "00")
    assert [roll(3) for _ in range(9)] == [0, 1, 2] * 3
    assert [roll(3) for _ in range(3)] == [0, 1, 2], "block 9 was thrown away"


def test_real_numbers_of_the_stream_are_even() -> None:
    roll = stream(SEED, "", "ab")
    counts = Counter(roll(7) for _ in range(7000))
    squares = sum((counts[n] - 1000) ** 2 / 1000 for n in range(7))
    assert squares < 22.5  # χ² with 6 degrees of freedom, 1 in 1,000; the seed is fixed


@pytest.mark.requirement("DRAND-03")
def test_weights_show_in_proportion() -> None:
    given_ = inputs(count=1, objects=[thing(1, 100), thing(2, 200), thing(3, 300)])
    counts = Counter(draw(given_, f"{n:064x}")[0].object for n in range(1200))
    for one, share in (("P01", 200), ("P02", 400), ("P03", 600)):
        assert abs(counts[one] - share) < 70, counts


def test_groups_are_all_equally_likely_at_first() -> None:
    given_ = inputs(count=1, objects=[thing(1, 1)], inspectors=[person(n) for n in range(1, 5)])
    counts = Counter(draw(given_, f"{n:064x}")[0].group for n in range(1200))
    assert len(counts) == 6
    assert all(abs(n - 200) < 55 for n in counts.values()), counts
    leaders = Counter(draw(given_, f"{n:064x}")[0].leader for n in range(1200))
    assert len(leaders) == 4 and all(abs(n - 300) < 70 for n in leaders.values()), leaders


@st.composite
def drawable(make: Any) -> dict[str, Any]:
    people = [
        person(n, *make(st.sets(st.sampled_from(["quality", "safety", "crane"]), min_size=1, max_size=3)))
        for n in range(1, make(st.integers(3, 8)) + 1)
    ]
    ids = [p["id"] for p in people]
    objects = [
        thing(
            n,
            make(st.integers(1, 500)),
            tuple(sorted(make(st.sets(st.sampled_from(["quality", "safety"]), max_size=2)))),
            tuple(sorted(make(st.sets(st.sampled_from(ids), max_size=2)))),
        )
        for n in range(1, make(st.integers(1, 7)) + 1)
    ]
    pairs = list(product(ids, [o["id"] for o in objects]))
    barred = make(st.sets(st.sampled_from(pairs), max_size=6))
    return inputs(
        objects=objects,
        inspectors=people,
        recusals=[{"inspector": i, "object": o, "kind": "declared"} for i, o in sorted(barred)],
        count=make(st.integers(1, len(objects))),
        group_size=make(st.integers(2, 3)),
    )


@pytest.mark.requirement("DRAND-07", "DRAND-08")
@settings(max_examples=150, deadline=None)
@given(drawable(), st.binary(min_size=32, max_size=32))
def test_every_rule_holds_in_every_draw(given_: dict[str, Any], seed: bytes) -> None:
    if problems(given_):
        with pytest.raises(ValueError):
            draw(given_, seed.hex())
        return
    result = draw(given_, seed.hex())
    objects = {o["id"]: o for o in given_["objects"]}
    skills = {p["id"]: set(p["specialities"]) for p in given_["inspectors"]}
    barred = {(r["inspector"], r["object"]) for r in given_["recusals"]}
    assert len(result) == given_["count"] == len({d.object for d in result})
    for one in result:
        assert len(set(one.group)) == given_["group_size"] >= 2
        assert one.leader in one.group
        assert not any((i, one.object) in barred for i in one.group), "recusal"
        assert set(one.group) != set(objects[one.object]["previous"]), "the same group twice in a row"
        assert set(objects[one.object]["needs"]) <= set().union(*(skills[i] for i in one.group))
    assert draw(given_, seed.hex()) == result, "the same again"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 255), st.integers(2, 5))
def test_any_changed_bit_of_seed_beacon_or_lists_changes_the_draw(bit: int, count: int) -> None:
    given_ = inputs(count=count, objects=[thing(n, n) for n in range(1, 30)])
    first = draw(given_, SEED, "12345")
    flipped = f"{int(SEED, 16) ^ (1 << bit):064x}"
    assert commitment(flipped) != commitment(SEED)
    other = json.loads(canonical(given_))
    other["objects"][bit % 29]["weight"] += 1
    assert sha256(canonical(other)) != sha256(canonical(given_))
    # a different stream: the first numbers differ (equal ones by chance would need 2^-256)
    for changed in (
        stream(flipped, "12345", sha256(canonical(given_))),
        stream(SEED, "12346", sha256(canonical(given_))),
        stream(SEED, "12345", sha256(canonical(other))),
    ):
        assert changed(1 << 255) != stream(SEED, "12345", sha256(canonical(given_)))(1 << 255)
    assert draw(given_, SEED, "12345") == first


def test_a_draw_of_version_1_stays_what_it_was() -> None:
    """A fixed example: whoever changes the algorithm breaks the replay of every published draw."""
    result = plain(draw(inputs(), SEED, "26310"))
    assert sha256(canonical(result)) == "54aa064bcddb6276910cbcf0134310605d7510b210dbfc9580457e84ab7e6a71"


def test_nobody_is_given_a_second_task_while_another_has_none() -> None:
    given_ = inputs(
        count=4, objects=[thing(n) for n in range(1, 5)], inspectors=[person(n) for n in range(1, 9)]
    )
    for n in range(50):
        counts = Counter(i for d in draw(given_, f"{n:064x}") for i in d.group)
        assert set(counts.values()) == {1}


def test_least_loaded_looks_at_the_busiest_first() -> None:
    assert least_loaded([(0, 1), (0, 2), (1, 2)], [0, 2, 1]) == [(0, 2)]


def test_permitted_groups_leave_out_the_barred_the_unfit_and_the_last() -> None:
    given_ = inputs(
        objects=[thing(1, 1, ("quality", "safety"), ("J01", "J02"))],
        recusals=[{"inspector": "J03", "object": "P01", "kind": "last_time"}],
    )
    names = [tuple(given_["inspectors"][i]["id"] for i in g) for g in permitted(given_, "P01")]
    assert names == [("J01", "J04"), ("J02", "J05"), ("J04", "J05")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"algorithm": "other"}, "算法"),
        ({"group_size": 1}, "不少于 2 人"),
        ({"count": 0}, "抽取数量"),
        ({"count": 9}, "抽取数量"),
        ({"inspectors": [person(1)]}, "不足一组"),
        ({"objects": [thing(2), thing(1)]}, "升序"),
        ({"objects": [thing(1), thing(1)]}, "互不相同"),
        ({"objects": [thing(1, 0), thing(2), thing(3)]}, "权重"),
        ({"objects": [thing(1, 1, ("crane",)), thing(2), thing(3)]}, "组不成检查组"),
        ({"inspectors": [person(n) for n in range(1, 60)], "group_size": 5}, "组合过多"),
    ],
)
def test_inputs_that_allow_no_draw_are_told(change: dict[str, Any], words: str) -> None:
    assert any(words in told for told in problems(inputs(**change)))
    with pytest.raises(ValueError, match=words):
        draw(inputs(**change), SEED)


def test_canonical_text_has_one_form_and_refuses_what_has_none() -> None:
    assert canonical({"b": [1, True, None], "a": "中\n\"'"}) == '{"a":"中\\n\\"\'","b":[1,true,null]}'
    for bad in (1.5, {"a": {1: 2}}, {"键": 1}, {1, 2}, b"x"):
        with pytest.raises(TypeError):
            canonical(bad)


def test_a_seed_is_32_bytes_in_hex() -> None:
    assert commitment(SEED) == hashlib.sha256(bytes.fromhex(SEED)).hexdigest()
    for bad in ("", "ab", "zz" * 32, "AB" * 32):
        with pytest.raises(ValueError):
            commitment(bad)


def test_the_module_needs_no_django() -> None:
    code = "import siteloop.systems.double_random.draw, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- the published script


@lru_cache(maxsize=1)
def script() -> Any:
    spec = importlib.util.spec_from_file_location("replay_draw", REPLAY)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def published(given_: dict[str, Any], seed: str, beacon: str) -> tuple[bytes, dict[str, Any]]:
    text = canonical(given_)
    return text.encode(), {
        "algorithm": module.ALGORITHM,
        "number": given_["number"],
        "seed": seed,
        "beacon": beacon,
        "commitment": commitment(seed),
        "inputs_sha256": sha256(text),
        "inputs_sm3": hashlib.new("sm3", text.encode()).hexdigest()
        if "sm3" in hashlib.algorithms_available
        else "",
        "result": plain(draw(given_, seed, beacon)),
    }


def run(folder: Path, given_: bytes, record: Any) -> subprocess.CompletedProcess[str]:
    (folder / "inputs.json").write_bytes(given_)
    (folder / "draw.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-I", str(REPLAY), "inputs.json", "draw.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
    )


@pytest.mark.requirement("DRAND-12")
def test_the_published_script_replays_and_notices_every_change(tmp_path: Path) -> None:
    given_ = inputs(recusals=[{"inspector": "J03", "object": "P08", "kind": "declared"}])
    text, record = published(given_, SEED, "26310")
    good = run(tmp_path, text, record)
    assert good.returncode == 0 and "复核通过" in good.stdout, good.stdout
    other_result = json.loads(json.dumps(record["result"]))
    other_result[0]["leader"] = next(i for i in other_result[0]["group"] if i != other_result[0]["leader"])
    for changed_text, changes in (
        (text.replace(b'"weight":8', b'"weight":9'), {}),
        (text + b" ", {}),
        (text, {"seed": "5e" + SEED[2:]}),
        (text, {"beacon": "26311"}),
        (text, {"commitment": "0" * 64}),
        (text, {"inputs_sha256": "0" * 64}),
        (text, {"result": other_result}),
        (text, {"result": record["result"][:-1]}),
        (text, {"number": "T-2"}),
        (text, {"seed": "no hex"}),
        (b"{", {}),
    ):
        bad = run(tmp_path, changed_text, {**record, **changes})
        assert bad.returncode == 1, (changes, bad.stdout)
        assert "✗" in bad.stdout and "Traceback" not in bad.stderr


@settings(max_examples=40, deadline=None)
@given(drawable(), st.binary(min_size=32, max_size=32))
def test_two_implementations_agree(given_: dict[str, Any], seed: bytes) -> None:
    if problems(given_):
        return
    theirs = script()
    text, record = published(given_, seed.hex(), "x")
    assert all(holds for _, holds in theirs.check(text, record))


def test_the_script_is_small_and_depends_on_nothing_of_ours() -> None:
    text = REPLAY.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    assert "siteloop." not in text
