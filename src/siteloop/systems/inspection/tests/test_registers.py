"""The given tests for every register of inspection."""

from itertools import count

from django.utils import timezone

from siteloop.framework.testing import RegisterTests
from siteloop.systems.inspection import pages
from siteloop.systems.inspection.tests import rows

_serial = count(1)


class TestInspections(RegisterTests):
    page = pages.inspections
    most_queries = 27

    def make_row(self, region):
        return rows.inspection(region)

    def new_data(self, region):
        return {
            "site": rows.staffed_site(region)[0].pk,
            "kind": "daily",
            "checked_on": str(timezone.localdate()),
            "inspectors": [rows.inspector(region).pk, rows.inspector(region).pk],
            "tables": [rows.table().pk],
            "note": "测试",
        }


class TestOrders(RegisterTests):
    page = pages.orders

    def make_row(self, region):
        return rows.order(region)


class TestExtensions(RegisterTests):
    page = pages.extensions

    def make_row(self, region):
        return rows.extension(region)


class TestPenalties(RegisterTests):
    page = pages.penalties_page

    def make_row(self, region):
        return rows.penalty(region)


class TestProofs(RegisterTests):
    page = pages.proofs

    def make_row(self, region):
        return rows.proof(region)


class TestMeasures(RegisterTests):
    page = pages.measures

    def make_row(self, region):
        from siteloop.systems.inspection.models import Measure

        row = Measure(code=f"m{next(_serial)}", title="测试措施", kind="order", instrument="测试依据")
        row.save()
        return row

    def new_data(self, region):
        return {"code": f"n{next(_serial)}", "title": "测试措施", "kind": "order", "instrument": "测试依据"}


class TestTables(RegisterTests):
    page = pages.tables

    def make_row(self, region):
        return rows.table()

    def new_data(self, region):
        n = next(_serial)
        return {"code": f"x{n}", "suite": "x", "suite_title": "表组", "title": f"表{n}", "category": "类别"}


class TestItems(RegisterTests):
    page = pages.items

    def make_row(self, region):
        return rows.table().items.first()

    def new_data(self, region):
        return {"table": rows.table().pk, "number": 90 + next(_serial), "title": "测试检查项"}
