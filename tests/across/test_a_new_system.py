"""`siteloop new system` makes a system that works: one folder, no edit elsewhere, used through REST by an officer's own role."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from siteloop.entry import rooms, testing_base

NAME = "water_use"
USE = """
import json
from siteloop.entry.migrating import django_ready, migrate
import os
migrate(os.environ["SITELOOP_DATABASE_URL"])
from django.test import Client
from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.registry.models import Project
from siteloop.framework.check import run_checks
from siteloop.framework.rest.tokens import issue

why = "a test looks at everything"
project = Project.objects.create(code="WU-1", name="甲项目", region_code="330482")
said = {"problems": [str(p) for p in run_checks("water_use")]}

def officer(region):
    account = Account.objects.create(username="officer" + region, display_name="测试员")
    employer = Organisation.objects.create(name="测试单位" + region, kind="county_authority", region_code=region)
    role = Role.objects.unscoped(why).get(code="county_officer")
    Post(account=account, organisation=employer, role=role, region_code=region).save()
    return {"HTTP_AUTHORIZATION": "Bearer " + issue(account)}

def call(method, path, who, body=None):
    answer = getattr(Client(), method)("/api/v1/water_use/records" + path, json.dumps(body or {}) if method == "post" else None,
        content_type="application/json", **who)
    return answer.status_code, answer.json()

here, elsewhere = officer("330482"), officer("330483")
row = {"number": "W-1", "project": project.pk, "title": "一号表"}
said["made"], made = call("post", "", here, row)
said["seen"] = [one["number"] for one in call("get", "", here)[1]["results"]]
said["seen_elsewhere"] = call("get", "", elsewhere)[1]["results"]
said["closed"] = call("post", f"/{made['id']}/actions/close", here, {"result": "已核对"})[0]
said["state"] = call("get", f"/{made['id']}", here)[1]["state"]
said["in_contract"] = "/api/v1/water_use/records" in Client().get("/api/v1/openapi.json", **here).json()["paths"]
print(json.dumps(said, ensure_ascii=False))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The program's sources and packs in a place of their own."""
    root = rooms.SOURCE.parents[1]
    (tmp_path / "docs").mkdir()
    shutil.copy2(root / "docs" / "traceability.toml", tmp_path / "docs")
    shutil.copytree(root / "packs", tmp_path / "packs")
    shutil.copytree(rooms.SOURCE, tmp_path / "src" / "siteloop", ignore=_tests)
    return tmp_path


def _tests(folder: str, names: list[str]) -> list[str]:
    """Left out, for speed; those of the skeleton belong to it."""
    return [] if "templates" in Path(folder).parts else [name for name in names if name == "tests"]


@pytest.fixture
def database(django_db_setup: None) -> Iterator[str]:
    """A database with the tables of the program as it was before, in the test run's server."""
    server = os.environ["SITELOOP_DATABASE_URL"]
    name = f"new_system_{os.getpid()}"
    testing_base.own_database(server, name)
    yield make_conninfo(server, dbname=name)
    testing_base.drop(server, name)


def run(tree: Path, *command: str, **more: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SITELOOP_", "DJANGO_"))}
    variables = {**kept, "PYTHONPATH": str(tree / "src"), "SITELOOP_DATA": str(tree / "data"), **more}
    done = subprocess.run([sys.executable, *command], env=variables, cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.requirement("PLAT-26")
def test_a_new_system_is_one_folder_and_works_through_rest(tree: Path, database: str) -> None:
    before = {path: path.read_bytes() for path in (tree / "src").rglob("*.py")}
    run(tree, "-m", "siteloop.entry.cli", "new", "system", NAME, "--title", "施工用水")
    folder = tree / "src" / "siteloop" / "systems" / NAME
    assert {
        path: path.read_bytes() for path in (tree / "src").rglob("*.py") if folder not in path.parents
    } == before

    said = json.loads(run(tree, "-c", USE, SITELOOP_DATABASE_URL=database).splitlines()[-1])
    # what the skeleton cannot know is asked for, and nothing else is wrong
    assert said.pop("problems") == [f"systems/{NAME}: serves no requirement [manifest]"]
    assert said == {
        "made": 201,
        "seen": ["W-1"],
        "seen_elsewhere": [],
        "closed": 200,
        "state": "closed",
        "in_contract": True,
    }
