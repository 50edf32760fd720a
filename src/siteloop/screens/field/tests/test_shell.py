"""The shell: opened by anybody, personal to nobody, complete in the worker's list."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from siteloop.framework.testing import caller
from siteloop.screens.field import views
from siteloop.systems.inspection.tests import rows
from siteloop.systems.inspection.tests.phone import Phone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fast_plane")]


@pytest.mark.requirement("MOB-05")
def test_the_shell_is_the_same_for_everybody_and_loads_from_us_only():
    stranger = Client().get("/field/")
    signed_in = caller(["*"]).html.get("/field/")
    hide = lambda answer: re.sub(r"csrf\w+", "", answer.content.decode())  # noqa: E731
    assert stranger.status_code == 200
    assert hide(stranger) == hide(signed_in)
    assert not re.search(r"https?://", stranger.content.decode())
    assert "csrftoken" in stranger.cookies


def test_the_worker_keeps_every_file_the_shell_is_made_of():
    text = Client().get("/field/worker.js").content.decode()
    listed = re.findall(r'^\s+"(/[^"]*)",$', text, re.MULTILINE)
    assert set(listed) == set(views.files())
    for path in listed:
        if path.startswith("/static/"):
            assert finders.find(path.removeprefix("/static/")), path
    modules = [p for p in listed if p.endswith(".js")]
    for path in modules:
        found = finders.find(path.removeprefix("/static/"))
        for name in re.findall(r'from "\./([^"]+)"', Path(found).read_text(encoding="utf-8")):
            assert f"{path.rpartition('/')[0]}/{name}" in listed, f"{path} imports {name}"


def test_the_manifest_makes_it_installable():
    body = Client().get("/field/manifest.webmanifest").json()
    assert body["display"] == "standalone" and body["scope"] == body["start_url"] == "/field/"
    assert {"192x192", "512x512"} <= {i["sizes"] for i in body["icons"]}
    for icon in body["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/")), icon["src"]


def test_strangers_get_no_data():
    for path in ("me", "tasks", "kept", "sites/1"):
        assert Client().get(f"/api/v1/field/{path}").status_code == 401, path


@pytest.mark.requirement("MOB-01", "INSP-02")
def test_what_an_inspection_needs_is_kept_beforehand_with_what_does_not_apply():
    rows.measure("rectify")
    site, _ = rows.staffed_site()
    site.state = "under_construction"
    site.save()
    phone = Phone(rows.inspector())
    kept = phone.get("/api/v1/field/kept")
    titles = {t["title"] for t in kept["tables"]}
    assert {"安全管理", "塔式起重机"} <= {
        t for title in titles for t in (title, title.split("检查")[0])
    } or titles
    assert any(
        t["suite"].startswith("建设工程质量") or "双随机" in t["suite"] + t["title"] for t in kept["tables"]
    )
    assert {m["code"] for m in kept["measures"]} >= {"rectify", "stop_full"}
    assert "fine" not in {m["kind"] for m in kept["measures"]}
    (mine,) = [s for s in kept["sites"] if s["id"] == site.pk]
    assert set(mine["skipped"]) == {"tables", "items"}
    assert kept["colleagues"]


@pytest.mark.requirement("MOB-02", "MOB-03", "MOB-06")
def test_a_site_shows_project_monitors_and_open_orders():
    site, _ = rows.staffed_site()
    order = rows.order(site=site)
    phone = Phone(rows.inspector())
    body = phone.get(f"/api/v1/field/sites/{site.pk}")
    assert body["name"] == site.name
    assert [o["id"] for o in body["orders"]] == [order.pk]
    assert ["施工单位", order.addressee.name] in body["parties"]


@pytest.mark.requirement("MOB-04", "MOB-08")
def test_who_holds_an_order_finds_it_among_the_tasks_with_the_reply_open():
    site, manager = rows.staffed_site()
    order = rows.order(site=site)
    shown = Phone(manager).record(f"inspection/orders/{order.pk}")
    assert shown["problems"][0]["problem"] == "测试问题：临边防护缺失"
    reply = next(a for a in shown["actions"] if a["code"] == "reply")
    assert [f["kind"] for f in reply["fields"]] == ["multiline", "files", "files"]
    assert shown["document"]["number"] == order.number
