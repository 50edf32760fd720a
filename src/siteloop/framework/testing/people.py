"""People for tests: a real account with a real post and role, so that the whole way of a request is tested.

The models of accounts are reached by name, because the framework stands below them.
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import Client

from siteloop.framework.rest.tokens import issue

_numbers = itertools.count(1)


def officer(
    permissions: Sequence[str] = ("*",),
    region: str = "330482",
    *,
    sees: str = "region",
    organisation: Any = None,
) -> Any:
    """An active account whose one post grants these permission patterns in this region (or in that organisation)."""
    n = next(_numbers)
    Organisation = apps.get_model("authority.Organisation")
    employer = organisation or Organisation._base_manager.create(
        name=f"测试单位{n}", kind="county_authority", region_code=region
    )
    role = apps.get_model("authority.Role")._base_manager.create(
        code=f"tested_{n}", title=f"测试角色{n}", permissions=list(permissions), sees=sees
    )
    account: Any = get_user_model()._default_manager.create(
        username=f"tester{n}",
        display_name=f"测试员{n}",
        password="!",  # noqa: S106 - no password fits
    )
    apps.get_model("authority.Post")._base_manager.create(
        account=account, organisation=employer, role=role, region_code=region if sees == "region" else ""
    )
    return account


@dataclass(frozen=True)
class Caller:
    """The desk (`html`, signed in by session) and the API (by bearer token) of one person."""

    account: Any
    html: Client
    token: str

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """JSON request with the bearer token; `headers` as `Idempotency_Key="…"`."""
        given: dict[str, Any] = {"HTTP_" + name.upper(): value for name, value in headers.items()}
        data = json.dumps(body, default=str) if body is not None else ""
        return Client().generic(
            method,
            path,
            data,
            content_type="application/json",
            HTTP_AUTHORIZATION=f"Bearer {self.token}",
            **given,
        )

    def get(self, path: str) -> Any:
        """GET from the API."""
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST to the API."""
        return self.send("POST", path, body if body is not None else {}, **headers)

    def upload(self, path: str, **parts: Any) -> Any:
        """POST of a form with files to the API."""
        return Client().post(path, parts, HTTP_AUTHORIZATION=f"Bearer {self.token}")


def caller(permissions: Sequence[str] = ("*",), region: str = "330482", **more: Any) -> Caller:
    """An officer with both ways in."""
    account = officer(permissions, region, **more)
    html = Client()
    html.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return Caller(account, html, issue(account))
