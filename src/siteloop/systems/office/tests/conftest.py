"""An authority's office in small: a head who keeps the registers, three colleagues, a builder outside."""

import datetime as dt
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.authority.roles import CATALOGUE
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases.models import Case, CaseDuty
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.framework.rest.tokens import issue
from siteloop.framework.testing import Caller
from siteloop.framework.viewer import Viewer

HOME = "330482"
WHY = "a test looks at everything"
_serial = count(1)


def today(plus: int = 0) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=plus)


def again(row: Any) -> Any:
    """As the database has it."""
    return type(row).objects.unscoped(WHY).get(pk=row.pk)


def unit(name: str, kind: str, region: str = HOME) -> Organisation:
    row = Organisation(name=f"{name}{next(_serial)}", kind=kind, region_code=region)
    row.save()
    return row


def role(code: str) -> Role:
    """One of the roles every installation has, as it is shipped."""
    known = Role.objects.unscoped(WHY).filter(code=code).first()
    if known is not None:
        return known
    shipped = next(r for r in CATALOGUE if r.code == code)
    row = Role(code=code, title=shipped.title, permissions=list(shipped.permissions), sees=shipped.sees)
    row.save()
    return row


def colleague(name: str, employer: Organisation, code: str) -> Account:
    row = Account.objects.create(username=f"office{next(_serial)}", display_name=name)
    held = role(code)
    region = employer.region_code if held.sees == "region" else ""
    Post(account=row, organisation=employer, role=held, region_code=region, title="科员").save()
    return row


def case_of(account: Account, organisation: Organisation) -> Case:
    """An open case that names the person as holder."""
    now = timezone.now()
    row = Case(
        number=f"PD{next(_serial):05d}",
        loop="dust_tsp",
        title=f"测试案件{next(_serial)}",
        region_code=HOME,
        opened_at=now,
        step_since=now,
        step="dispose",
    )
    row.save()
    CaseDuty.objects.create(
        case=row, step="dispose", title="承办人", organisation=organisation, account=account, since=now
    )
    return row


def picture(by: Account) -> Evidence:
    n = next(_serial)
    row = Evidence(
        sha256=f"{n:064d}",
        sm3=f"{n:064d}",
        size=9,
        content_type="image/png",
        original_name=f"截图{n}.png",
        received_at=timezone.now(),
        uploaded_by=by,
    )
    row.save()
    return row


def at_desk(account: Account) -> Caller:
    """The person with browser and API."""
    html = Client()
    html.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return Caller(account, html, issue(account))


@dataclass
class Office:
    """What the tests need."""

    bureau: Organisation
    station: Organisation
    firm: Organisation
    head: Account
    amei: Account
    bo: Account
    chen: Account
    builder: Account

    def viewer(self, who: Account) -> Viewer:
        """The person as the program sees it today."""
        return viewer_for(who)


@pytest.fixture
def packs(db: None) -> None:
    """The regions' numbers, for what runs by a term."""
    shipped_packs()


@pytest.fixture
def office(db: None) -> Office:
    """Pinghu's office in small."""
    bureau, station = unit("住建局", "county_authority"), unit("质安站", "supervision_body")
    firm = unit("建工集团", "contractor")
    return Office(
        bureau,
        station,
        firm,
        colleague("主任", bureau, "county_officer"),
        colleague("阿梅", station, "supervisor"),
        colleague("阿波", station, "supervisor"),
        colleague("阿晨", station, "supervisor"),
        colleague("项目负责人", firm, "enterprise_manager"),
    )
