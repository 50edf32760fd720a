"""Registers of organisations, posts, roles and grants."""

from collections.abc import Callable

from siteloop.foundation.authority.models import (
    DepartmentGrant,
    GrantState,
    Organisation,
    Post,
    ProjectGrant,
    Role,
)
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.page import Column, Page

organisations = Page(
    model=Organisation,
    code="organisations",
    title="单位",
    title_en="Organisations",
    icon="building",
    columns=(Column("name", link=True), "kind", "uscc", "region_code", "parent", "is_active"),
    filters=("region_code", "kind", "is_active"),
    search=("name", "short_name", "uscc"),
    form=("name", "short_name", "kind", "uscc", "region_code", "parent", "is_active"),
    ordering=("name",),
    related=("parent",),
    key="name",
)
posts = Page(
    model=Post,
    code="posts",
    title="岗位授权",
    title_en="Posts",
    icon="user-shield",
    columns=(
        Column("account", link=True),
        "organisation",
        "role",
        "title",
        "region_code",
        "valid_from",
        "valid_to",
    ),
    filters=("role", "organisation"),
    search=("account__username", "account__display_name", "organisation__name"),
    form=("account", "organisation", "role", "title", "region_code", "is_main", "valid_from", "valid_to"),
    related=("account", "organisation", "role"),
    can_delete=True,
)
roles = Page(
    model=Role,
    code="roles",
    title="角色",
    title_en="Roles",
    icon="shield-lock",
    columns=(Column("code", link=True), "title", "sees", "demands_mfa"),
    search=("code", "title"),
    form=("code", "title", "title_en", "permissions", "sees", "demands_mfa"),
    ordering=("code",),
    key="code",
)
project_grants = Page(
    model=ProjectGrant,
    code="project-grants",
    title="项目授权",
    title_en="Project grants",
    icon="key",
    columns=(Column("account", link=True), "project_id", "reason", "valid_to"),
    search=("account__display_name", "reason"),
    form=("account", "project_id", "reason", "valid_to"),
    related=("account",),
    can_delete=True,
)


def _decide(state: GrantState) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        if act.obj.state != GrantState.APPLIED:
            raise Refused("该申请已办结")
        act.obj.state, act.obj.opinion = state, act.data["opinion"]
        act.obj.save()
        return str(act.obj.get_state_display())

    return run


_OPINION = (Input("opinion", "审批意见", "Opinion", required=True),)
approve = Action(
    "approve",
    "批准",
    "Approve",
    DepartmentGrant,
    _decide(GrantState.APPROVED),
    fields=_OPINION,
    available=lambda grant, viewer: grant.state == GrantState.APPLIED,
    log="{actor}批准{obj}的调阅申请",
)
refuse = Action(
    "refuse",
    "不批准",
    "Refuse",
    DepartmentGrant,
    _decide(GrantState.REFUSED),
    fields=_OPINION,
    available=lambda grant, viewer: grant.state == GrantState.APPLIED,
    log="{actor}不批准{obj}的调阅申请",
)
department_grants = Page(
    model=DepartmentGrant,
    code="department-grants",
    title="部门调阅授权",
    title_en="Department grants",
    icon="share",
    columns=(Column("organisation", link=True), "region_code", "purpose", "state", "valid_to", "opinion"),
    filters=("state",),
    search=("organisation__name", "purpose"),
    form=("organisation", "region_code", "permissions", "purpose", "valid_to"),
    related=("organisation",),
    actions=(approve, refuse),
)
