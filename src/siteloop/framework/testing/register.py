"""Tests every register inherits: list, detail, create, change, rights, scope, export, import, trail, number of queries.

    class TestMachines(RegisterTests):
        page = pages.machines

        def make_row(self, region: str) -> Machine: ...       # a new, different row each time, lying in that region
        def new_data(self, region: str) -> dict: ...           # what a person would send to create one (JSON)

Give `home` and `abroad` other regions when the rows need it; `new_data` may be left out for read-only registers,
`change` is worked out from it unless `changed_data` says otherwise.
"""

import io
from typing import Any, ClassVar

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook
from pydantic import ConfigDict, TypeAdapter

from siteloop.framework import trail
from siteloop.framework.models import TrailEntry
from siteloop.framework.page import Page
from siteloop.framework.pages_found import field_at, label
from siteloop.framework.perform import permission_of
from siteloop.framework.rest.schemas import answer_schema
from siteloop.framework.scope import ScopedModel
from siteloop.framework.testing.people import Caller, caller
from siteloop.framework.testing.reading import left_in_chinese, names_in


@pytest.mark.django_db
class RegisterTests:
    """Derive, name the class `Test…`, set `page`, write `make_row` and `new_data`."""

    page: ClassVar[Page]
    home = "330482"  # 平湖
    abroad = "330411"  # 秀洲
    most_queries = 25  # of one list request, sign-in included

    # ---- to be written by the system

    def make_row(self, region: str) -> Any:
        """A saved row lying in the region, different on each call."""
        raise NotImplementedError

    def new_data(self, region: str) -> dict[str, Any] | None:
        """JSON that creates a valid row in the region; None for a read-only register."""
        return None

    def changed_data(self, row: Any) -> dict[str, Any] | None:
        """JSON that changes the row; default: a field of `new_data` that may be sent again."""
        data = self.new_data(self.home) or {}
        for name, value in data.items():
            field: Any = field_at(self.page.model, name)
            if isinstance(field, models.CharField | models.TextField) and not field.choices:
                return {name: value}
        return None

    # ---- ways to the register

    @property
    def api(self) -> str:
        """Path of the API."""
        return f"/api/v1/{label(self.page)}/{self.page.code}"

    @property
    def desk(self) -> str:
        """Path of the screen."""
        return f"/{label(self.page)}/{self.page.code}/"

    @property
    def is_scoped(self) -> bool:
        """Whether a region's officer sees less than everything."""
        model = self.page.model
        return issubclass(model, ScopedModel) and not model.scope.public and bool(model.scope.region)

    def local(self, *verbs: str) -> Caller:
        """An officer of `home` with all rights, or only these verbs on this register."""
        granted = [permission_of(self.page.model, v) for v in verbs] or ["*"]
        return caller(granted, self.home, organisation=self.employer())

    def employer(self) -> Any:
        """Whom that officer works for, where a row is typed only in a unit's name; None: some authority."""
        return None

    # ---- reading

    def test_list_shows_the_row_in_api_and_on_screen(self) -> None:
        row = self.make_row(self.home)
        who = self.local()
        found = who.get(self.api)
        assert found.status_code == 200, found.content
        assert row.pk in [r["id"] for r in found.json()["results"]]
        assert found.json()["count"] >= 1
        shown = who.html.get(self.desk)
        assert shown.status_code == 200
        assert f"{self.desk}{row.pk}/" in shown.content.decode() or not any(
            getattr(c, "link", False) for c in self.page.columns
        )

    def test_answers_keep_the_contract(self) -> None:
        row = self.make_row(self.home)
        answer = self.local().get(f"{self.api}/{row.pk}")
        assert answer.status_code == 200, answer.content
        strict = type("Strict", (answer_schema(self.page),), {"model_config": ConfigDict(extra="forbid")})
        TypeAdapter(strict).validate_python(answer.json())

    def test_detail_on_screen(self) -> None:
        row = self.make_row(self.home)
        shown = self.local().html.get(f"{self.desk}{row.pk}/")
        assert shown.status_code == 200
        assert str(row) in shown.content.decode() or "&" in str(row)

    def test_every_filter_and_order_answers(self) -> None:
        self.make_row(self.home)
        who = self.local()
        for name in self.page.filters:
            field: Any = field_at(self.page.model, name)
            if isinstance(field, models.DateField):
                query = f"{name}__from=2020-01-01&{name}__to=2030-01-01"
            elif isinstance(field, models.BooleanField):
                query = f"{name}=true"
            elif getattr(field, "choices", None):
                query = f"{name}={field.flatchoices[0][0]}"
            else:
                query = f"{name}=1"
            assert who.get(f"{self.api}?{query}").status_code == 200, query
            assert who.html.get(f"{self.desk}?{query}").status_code == 200, query
        if self.page.search:
            assert who.get(f"{self.api}?search=%E6%B5%8B%E8%AF%95").status_code == 200

    def test_unknown_parameter_is_refused(self) -> None:
        answer = self.local().get(f"{self.api}?no_such_parameter=1")
        assert answer.status_code == 422
        assert answer.headers["Content-Type"].startswith("application/problem+json")

    def test_unknown_row_is_not_found(self) -> None:
        who = self.local()
        assert who.get(f"{self.api}/999999999").status_code == 404
        assert who.html.get(f"{self.desk}999999999/").status_code == 404

    # ---- rights and scope

    def test_without_sign_in_nothing_is_shown(self) -> None:
        from django.test import Client

        row = self.make_row(self.home)
        assert Client().get(self.api).status_code == 401
        assert Client().get(f"{self.api}/{row.pk}").status_code == 401
        assert Client().get(self.desk).status_code in (302, 401, 403)

    def test_without_the_right_nothing_is_shown(self) -> None:
        row = self.make_row(self.home)
        who = caller(["nothing.at.all"], self.home)
        assert who.get(self.api).status_code == 403
        assert who.get(f"{self.api}/{row.pk}").status_code == 403
        assert who.html.get(self.desk).status_code == 403

    def test_rows_of_another_region_do_not_exist(self) -> None:
        if not self.is_scoped:
            pytest.skip("a shared table")
        foreign = self.make_row(self.abroad)
        who = self.local()
        assert foreign.pk not in [r["id"] for r in who.get(f"{self.api}?page_size=200").json()["results"]]
        hidden, missing = who.get(f"{self.api}/{foreign.pk}"), who.get(f"{self.api}/999999999")
        assert hidden.status_code == 404
        assert hidden.json() == missing.json(), "a hidden row must answer like one that does not exist"
        assert who.html.get(f"{self.desk}{foreign.pk}/").status_code == 404

    def test_a_reader_cannot_write(self) -> None:
        row = self.make_row(self.home)
        who = self.local("view")
        if self._creates():
            assert who.post(self.api, self.new_data(self.home)).status_code == 403
        data = self.changed_data(row) if self._changes() else None
        if data is not None:
            assert who.send("PATCH", f"{self.api}/{row.pk}", data).status_code == 403
        for action in self.page.actions:
            path = f"/actions/{action.code}" if action.on_register else f"/{row.pk}/actions/{action.code}"
            assert who.post(self.api + path).status_code in (403, 422), action.code

    # ---- writing

    def _creates(self) -> bool:
        return self.page.can_create and bool(self.page.form) and self.new_data(self.home) is not None

    def _changes(self) -> bool:
        return self.page.can_change and bool(self.page.form)

    def test_create_leaves_a_trail(self) -> None:
        if not self._creates():
            pytest.skip("nothing is typed in here")
        made = self.local().post(self.api, self.new_data(self.home))
        assert made.status_code == 201, made.content
        entry = TrailEntry.objects.unscoped("test").get(
            action=permission_of(self.page.model, "create"), object_id=made.json()["id"]
        )
        assert entry.changes
        assert trail.verify() is None

    def test_create_refuses_unknown_and_missing_fields(self) -> None:
        if not self._creates():
            pytest.skip("nothing is typed in here")
        who = self.local()
        answer = who.post(self.api, {**(self.new_data(self.home) or {}), "no_such_field": 1})
        assert answer.status_code == 422
        assert "no_such_field" in answer.json()["errors"]
        needed = [
            n
            for n in self.page.form
            if not (field_at(self.page.model, n).blank or field_at(self.page.model, n).has_default())  # type: ignore[union-attr]
        ]
        if needed:
            answer = who.post(self.api, {})
            assert answer.status_code == 422
            assert set(needed) & set(answer.json()["errors"])

    def test_create_outside_the_own_region_is_refused(self) -> None:
        if not self._creates() or not self.is_scoped:
            pytest.skip("not a scoped register that is typed in")
        data = self.new_data(self.abroad)
        before = self.page.model._base_manager.count()
        assert self.local().post(self.api, data).status_code in (403, 404, 422)
        assert self.page.model._base_manager.count() == before

    def test_change_is_told_in_the_trail(self) -> None:
        row = self.make_row(self.home)
        data = self.changed_data(row) if self._changes() else None
        if not data:
            pytest.skip("nothing is changed by hand here")
        answer = self.local().send("PATCH", f"{self.api}/{row.pk}", data)
        assert answer.status_code == 200, answer.content
        told = TrailEntry.objects.unscoped("test").filter(
            action=permission_of(self.page.model, "change"), object_id=row.pk
        )
        assert told.exists()

    def test_a_foreign_row_cannot_be_changed(self) -> None:
        if not self.is_scoped or not self._changes():
            pytest.skip("not a scoped register that is changed by hand")
        foreign = self.make_row(self.abroad)
        data = self.changed_data(foreign) or {}
        assert self.local().send("PATCH", f"{self.api}/{foreign.pk}", data).status_code == 404

    def test_form_opens_on_screen(self) -> None:
        row = self.make_row(self.home)
        who = self.local()
        if self.page.can_create and self.page.form:
            assert who.html.get(f"{self.desk}new").status_code == 200
        if self._changes():
            assert who.html.get(f"{self.desk}{row.pk}/edit").status_code == 200

    def test_english_leaves_no_word_of_the_program_in_chinese(self) -> None:
        row = self.make_row(self.home)
        who = self.local()
        who.html.cookies["siteloop_language"] = "en"
        paths = [self.desk, f"{self.desk}{row.pk}/"]
        paths += [f"{self.desk}new"] if self.page.can_create and self.page.form else []
        paths += [f"{self.desk}{row.pk}/edit"] if self._changes() else []
        for path in paths:
            left = left_in_chinese(who.html.get(path).content.decode(), names_in(row))
            assert not left, f"{path}: {left}"

    def test_repeated_submission_is_done_once(self) -> None:
        if not self._creates():
            pytest.skip("nothing is typed in here")
        who, data = self.local(), self.new_data(self.home)
        first = who.post(self.api, data, Idempotency_Key="key-1")
        again = who.post(self.api, data, Idempotency_Key="key-1")
        assert first.status_code == again.status_code == 201, first.content
        assert first.json() == again.json()

    # ---- files

    def test_export_holds_own_rows_only_and_is_told(self) -> None:
        if not self.page.exportable:
            pytest.skip("not exported")
        self.make_row(self.home)
        if self.is_scoped:
            self.make_row(self.abroad)
        who = self.local()
        count = who.get(self.api).json()["count"]
        comma = who.get(f"{self.api}/export?format=csv")
        assert comma.status_code == 200
        assert b"".join(comma.streaming_content).startswith("\ufeff".encode())
        excel = who.get(f"{self.api}/export?format=xlsx")
        sheet = load_workbook(io.BytesIO(b"".join(excel.streaming_content)), read_only=True).worksheets[0]
        assert sum(1 for _ in sheet.iter_rows()) == count + 1
        told = TrailEntry.objects.unscoped("test").filter(action=permission_of(self.page.model, "export"))
        assert told.count() == 2
        assert self.local("view").get(f"{self.api}/export").status_code == 403

    def test_import_template_and_row_errors(self) -> None:
        if not (self.page.importable and self.page.can_create and self.page.form):
            pytest.skip("not imported")
        who = self.local()
        template = who.get(f"{self.api}/import/template")
        assert template.status_code == 200
        sheet = load_workbook(io.BytesIO(template.content)).worksheets[0]
        titles = [c.value for c in sheet[1]]
        assert titles
        wrong = io.BytesIO((",".join(titles) + "\n" + ",".join("\u2620" for _ in titles)).encode())
        wrong.name = "rows.csv"
        before = self.page.model._base_manager.count()
        report = who.upload(f"{self.api}/import?dry_run=false", file=wrong)
        assert report.status_code == 200, report.content
        body = report.json()
        if body["errors"]:
            assert {e["row"] for e in body["errors"]} == {2}
            assert not body["written"]
            assert self.page.model._base_manager.count() == before

    # ---- speed

    def test_a_longer_list_asks_no_more_queries(self) -> None:
        who = self.local()
        for path, get in ((self.api, who.get), (self.desk, who.html.get)):
            self.make_row(self.home)
            get(path)
            with CaptureQueriesContext(connection) as few:
                get(path)
            for _ in range(4):
                self.make_row(self.home)
            with CaptureQueriesContext(connection) as many:
                get(path)
            assert len(many) <= len(few), f"{path}: a query a row"
            assert len(many) <= self.most_queries, [q["sql"][:100] for q in many.captured_queries]
