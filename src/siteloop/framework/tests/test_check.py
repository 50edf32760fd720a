"""`siteloop check` and the skeleton: each rule sees what it is for, and what the skeleton writes holds to them."""

import ast
import importlib

import pytest

from siteloop.framework import english
from siteloop.framework.check import Folder, doors, manifests, run_checks
from siteloop.framework.check.folders import folders
from siteloop.framework.scaffold import write_system


def folder(tmp_path, **files):
    for name, text in files.items():
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
    return Folder("systems", "tested", tmp_path)


def test_plain_managers_and_models_by_name_are_seen(tmp_path):
    found = list(
        doors.no_way_round_the_scope(
            folder(
                tmp_path,
                scan="x = Site._machinery.all()\ny = Site._default_manager\nz = apps.get_model('a.B')\n",
            )
        )
    )
    assert sorted(p.where for p in found) == ["scan.py:1", "scan.py:2", "scan.py:3"]


def test_writes_belong_inside_actions(tmp_path):
    text = (
        "def f(row):\n    row.save()\n    row.delete()\n    book.save(path)\n"
        "def g(act: Act):\n    act.obj.save(update_fields=['a'])\n"
    )
    found = list(doors.writes_go_through_actions(folder(tmp_path, views=text, actions=text)))
    assert [p.where for p in found] == ["views.py:2", "views.py:3"]


def test_an_unscoped_read_says_why(tmp_path):
    text = (
        "WHY = 'x'\nGOOD = 'the scan looks at every site'\n"
        "a.objects.unscoped(WHY)\na.objects.unscoped(GOOD)\na.objects.unscoped()\na.objects.unscoped('all of them, for the map')\n"
    )
    found = list(doors.reasons_are_given(folder(tmp_path, scan=text)))
    assert [p.where for p in found] == ["scan.py:3", "scan.py:5"]


def test_manifest_without_django(tmp_path):
    made = folder(tmp_path, system="from django.db import models\nimport os\n")
    assert [p.rule for p in manifests.manifest_is_pure(made)] == ["manifest"]


def test_every_folder_is_found_and_named_folders_are_known():
    names = {f.name for f in folders()}
    assert {"regions", "authority", "registry", "cases", "dust"} <= names
    assert [p.rule for p in run_checks("no_such_folder")] == ["folder"]


def test_unscoped_reasons_are_listed():
    listed = doors.unscoped_reasons()
    assert any(where.startswith("systems/dust/") for where, _ in listed)
    assert all(reason for _, reason in listed)


def test_skeleton_is_whole_and_valid(tmp_path):
    files = write_system("tested_thing", '受检"物', requirements=("PLAT-01",), systems=tmp_path)
    names = {p.relative_to(tmp_path / "tested_thing").as_posix() for p in files}
    assert names == {
        "__init__.py",
        "apps.py",
        "system.py",
        "models.py",
        "pages.py",
        "actions.py",
        "english.toml",
        "rights.py",
        "migrations/__init__.py",
        "migrations/0001_initial.py",
        "tests/__init__.py",
        "tests/test_records.py",
    }
    for path in files:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            ast.parse(text)
        assert "$" not in text
    assert english.read(tmp_path / "tested_thing") == {"受检物": "Tested thing", "进行中": "Open"}
    spec = importlib.util.spec_from_file_location("tested_system", tmp_path / "tested_thing" / "system.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.SYSTEM.code, module.SYSTEM.title, module.SYSTEM.requirements) == (
        "tested_thing",
        "受检物",
        ("PLAT-01",),
    )


@pytest.mark.parametrize("name", ["Thing", "2thing", "class", "a-b", "../x", "a__b", ""])
def test_bad_names_are_refused(tmp_path, name):
    with pytest.raises(ValueError):
        write_system(name, "标题", systems=tmp_path)


def test_a_taken_name_is_refused(tmp_path):
    write_system("tested_thing", "标题", systems=tmp_path)
    with pytest.raises(FileExistsError):
        write_system("tested_thing", "标题", systems=tmp_path)
