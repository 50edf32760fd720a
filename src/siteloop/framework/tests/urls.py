"""Paths for the framework's own tests: the API of one scoped register declared here."""

from django.apps import apps
from django.urls import path
from ninja import NinjaAPI

from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.page import Column, Page
from siteloop.framework.rest import ui
from siteloop.framework.rest.api import _errors, build_api
from siteloop.framework.rest.registers import router_for
from siteloop.framework.rest.tokens import Bearer, Session

Organisation = apps.get_model("authority.Organisation")


def _stop(act: Act) -> str:
    act.obj.is_active = False
    act.obj.save()
    return "已停用"


def _never(act: Act) -> str:
    act.obj.is_active = False
    act.obj.save()
    raise Refused("做了一半又反悔")


stop = Action(
    "stop",
    "停用",
    "Stop",
    Organisation,
    _stop,
    fields=(
        Input("why", "原因", required=True),
        Input("successor", "接替单位", kind="reference", reference="authority.Organisation"),
    ),
    available=lambda obj, viewer: obj.is_active,
    bulk=True,
    log="{actor}停用{obj}：{why}",
    event="organisation_stopped",
)
never = Action("never", "反悔", "Never", Organisation, _never, log="{actor}反悔{obj}")

ORGS = Page(
    model=Organisation,
    code="tested",
    title="单位（测试）",
    title_en="Organisations",
    columns=(Column("name", link=True), "kind", "region_code", "parent", "is_active"),
    filters=("kind", "is_active", "parent"),
    search=("name", "short_name"),
    form=("name", "short_name", "kind", "region_code", "parent", "is_active"),
    ordering=("name",),
    related=("parent",),
    key="name",
    actions=(stop, never),
)

_api = NinjaAPI(urls_namespace="tested", auth=[Bearer(), Session()], docs_url=None)
_errors(_api)
_api.add_router("/authority/tested", router_for(ORGS))

urlpatterns = [
    path("api/tested/", _api.urls),
    path("api/v1/", build_api().urls),
]
assert ui  # the description is part of the real API
