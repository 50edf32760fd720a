"""Declarations are checked at start; cells never show a secret."""

import dataclasses

import pytest
from django.apps import apps

from siteloop.framework import exporting, menu, pages_found
from siteloop.framework.fields import text
from siteloop.framework.listing import Listing
from siteloop.framework.page import Column, Page, Section
from siteloop.framework.testing import RegisterTests
from siteloop.framework.trail import record
from siteloop.framework.viewer import system_viewer


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns": ("nothing",)},
        {"filters": ("nothing",)},
        {"search": ("region__nothing",)},
        {"form": ("id",)},
        {"form": ("region__name",)},
        {"related": ("nothing",)},
        {"prefetch": ("nothing",)},
        {"ordering": ("-nothing",)},
        {"key": "nothing"},
        {"api_fields": ("nothing",)},
        {"sections": (Section("x", ("nothing",)),)},
    ],
)
def test_a_page_naming_an_unknown_field_is_refused(wrong):
    page = pages_found.page("regions", "zones")
    assert pages_found.problems(page) == []
    assert pages_found.problems(dataclasses.replace(page, **wrong))


def test_every_page_of_the_program_is_sound():
    assert pages_found.all_pages()


@pytest.mark.django_db
def test_people_are_masked_in_cells_and_exports():
    Person = apps.get_model("people.Person")
    row = Person(name="张三丰", id_number="330482199503071219", phone="13800001234", region_code="330482")
    row.full_clean()
    row.save()
    assert text(row, Column("name")) == "张**"
    page = Page(Person, "people", "人员", "People", columns=("name", "id_number", "phone", "region_code"))
    line = b"".join(exporting.lines(Listing(page, system_viewer("测试"), {}))).decode()
    for secret in ("张三丰", "330482199503071219", "13800001234"):
        assert secret not in line
    assert "138****1234" in line and "330482" in line


class TestTrail(RegisterTests):
    """The trail is a register like any other, only that nobody writes it."""

    page = pages_found.page("framework", "trail") if apps.ready else None

    def make_row(self, region):
        Organisation = apps.get_model("authority.Organisation")
        n = Organisation._base_manager.count()
        row = Organisation._base_manager.create(name=f"单位{n}", kind="builder", region_code=region)
        return record(system_viewer("测试"), "authority.organisation.create", row, f"新增单位{n}")

    def test_export_holds_own_rows_only_and_is_told(self):
        mine, theirs = self.make_row(self.home), self.make_row(self.abroad)
        answer = self.local().get(f"{self.api}/export?format=csv")
        told = b"".join(answer.streaming_content).decode()
        assert mine.sentence in told and theirs.sentence not in told
        assert "导出操作留痕" in told, "the export is itself an act of the trail"


def test_every_page_of_the_menu_stands_in_a_group_there_is() -> None:
    groups = {code for code, *_ in menu.GROUPS} | {""}
    lost = [
        page.code
        for page in pages_found.all_pages()
        if isinstance(page.menu, str) and page.menu not in groups
    ]
    assert not lost
    assert {s.menu for s in menu.systems()} <= groups
