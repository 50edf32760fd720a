"""Types of the contract, made from a page: what is sent, what comes back, which parameters a list knows."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.db import models
from ninja import Schema
from pydantic import ConfigDict, Field, create_model

from siteloop.framework.action import Action, Input
from siteloop.framework.listing import Listing
from siteloop.framework.page import Page
from siteloop.framework.pages_found import field_at, label
from siteloop.framework.rest.rows import computed, has_title, names

ISO_DATE = {"type": "string", "format": "date"}


class Strict(Schema):
    """Unknown names are refused."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: dict[str, list[str]] | None = None
    conflict: dict[str, Any] | None = None


def name_of(page: Page) -> str:
    """Schema name, unique in the contract: DustDevices."""
    return "".join(p.title() for p in f"{label(page)}_{page.code}".replace("-", "_").split("_"))


def _choices(field: Any) -> tuple[Any, str]:
    values = [v for v, _ in field.flatchoices if v not in (None, "")]
    titles = "；".join(f"{v}={t}" for v, t in field.flatchoices if v not in (None, ""))
    return Literal[tuple(values)], titles


def _plain_type(field: Any) -> Any:
    for kinds, python in (
        (models.BooleanField, bool),
        (models.IntegerField, int),
        (models.FloatField, float),
        (models.DecimalField, Decimal),
        (models.DateTimeField, dt.datetime),
        (models.DateField, dt.date),
        (models.TimeField, dt.time),
        (models.JSONField, Any),
    ):
        if isinstance(field, kinds):
            return python
    return str


def _key_type(field: Any) -> Any:
    return _plain_type(field.target_field) if not field.many_to_many else int


def _input_type(field: Any) -> tuple[Any, dict[str, Any]]:
    """Python type and Field options of one writable field."""
    options: dict[str, Any] = {"title": str(field.verbose_name), "description": str(field.help_text) or None}
    if field.many_to_many:
        return list[int], options
    if field.is_relation:
        return _key_type(field), options
    if field.choices:
        kind, options["description"] = _choices(field)
        return (kind | Literal[""] if field.blank and not field.null else kind), options
    kind = _plain_type(field)
    if kind is str and getattr(field, "max_length", None):
        options["max_length"] = field.max_length
    if kind is Decimal:
        options |= {"max_digits": field.max_digits, "decimal_places": field.decimal_places}
    return kind, options


def body_schema(page: Page, *, partial: bool) -> type[Schema]:
    """What create (or, partial, change) takes: the form's fields."""
    fields: dict[str, Any] = {}
    for name in page.form:
        field: Any = field_at(page.model, name)
        kind, options = _input_type(field)
        optional = partial or field.blank or field.has_default() or field.null
        if getattr(field, "null", False) and not field.many_to_many:
            kind = kind | None
        # what is left out is not touched, so the default never reaches a row
        fields[name] = (kind, Field(None if optional else ..., **options))
    suffix = "Change" if partial else "Create"
    return create_model(f"{name_of(page)}{suffix}", __base__=Strict, **fields)


def answer_schema(page: Page) -> type[Schema]:
    """One row as it comes back."""
    key = _plain_type(page.model._meta.pk)
    fields: dict[str, Any] = {"id": (key, ...), "display": (str, Field(..., title="名称"))}
    for name in names(page):
        if name == "pk":
            continue
        field: Any = field_at(page.model, name)
        fields[name] = _answer_field(field) if field is not None else (Any, None)
        if has_title(page, field):
            fields[f"{name}_title"] = (str, "")
    for column in computed(page):
        fields[column.name] = (Any, Field(None, title=column.title or None))
    return create_model(name_of(page), __base__=Schema, **fields)


def _answer_field(field: Any) -> tuple[Any, Any]:
    title = str(getattr(field, "verbose_name", field.name))
    if not field.concrete or field.many_to_many:
        return list[int], Field(..., title=title)
    kind, description = _plain_type(field), None
    if field.is_relation:
        kind = _key_type(field)
    elif field.choices:
        _, description = _choices(field)
    if kind is Decimal:
        kind = str
    return (kind | None if kind is not Any else Any), Field(None, title=title, description=description)


def list_schema(page: Page, row: type[Schema]) -> type[Schema]:
    """A page of rows."""
    return create_model(
        f"{name_of(page)}List",
        __base__=Schema,
        count=(int, Field(..., description="符合条件的总数")),
        page=(int, ...),
        page_size=(int, ...),
        results=(list[row], ...),  # type: ignore[valid-type]
    )


def parameters(page: Page) -> list[dict[str, Any]]:
    """OpenAPI query parameters of a list: paging, search, order and each filter with its choices."""
    sortable = [s for name in Listing.sortable_of(page) for s in (name, f"-{name}")]
    found = [
        _parameter("page", {"type": "integer", "minimum": 1, "default": 1}, "页码"),
        _parameter(
            "page_size", {"type": "integer", "minimum": 1, "default": 20}, "每页条数，大于 200 按 200 计"
        ),
        _parameter("ordering", {"type": "string", "enum": sortable}, "排序，“-”为倒序"),
    ]
    if page.search:
        found.insert(2, _parameter("search", {"type": "string"}, "关键字，空格分隔为“且”"))
    for name in page.filters:
        field: Any = field_at(page.model, name)
        title = str(getattr(field, "verbose_name", name))
        if isinstance(field, models.DateField):
            found.append(_parameter(f"{name}__from", ISO_DATE, f"{title}起（含）"))
            found.append(_parameter(f"{name}__to", ISO_DATE, f"{title}止（含）"))
            continue
        found.append(_parameter(name, _filter_type(field), title))
    return found


def _filter_type(field: Any) -> dict[str, Any]:
    if isinstance(field, models.BooleanField):
        return {"type": "string", "enum": ["true", "false"]}
    if getattr(field, "choices", None):
        values = [str(v) for v, _ in field.flatchoices]
        return {"type": "string", "description": "可用逗号分隔多个：" + "、".join(values)}
    return {"type": "string"}


def _parameter(name: str, schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": title}


_INPUTS: dict[str, Any] = {
    "number": Decimal,
    "money": Decimal,
    "date": dt.date,
    "datetime": dt.datetime,
    "bool": bool,
    "file": int,
    "files": list[int],
    "reference": int | str,
}


def _of_input(item: Input) -> Any:
    if item.kind == "choice" and item.choices:
        return Literal[tuple(code for code, _ in item.choices)]
    return _INPUTS.get(item.kind, str)


def action_schema(page: Page, action: Action, *, bulk: bool = False) -> type[Schema]:
    """What an action takes: its inputs, and `reason`; `ids` when done on several rows."""
    fields: dict[str, Any] = {}
    for item in action.fields:
        help_text = "；".join(f"{c}={t}" for c, t in item.choices) or item.help or None
        kind: Annotated[Any, ...] = _of_input(item)
        field = Field(... if item.required else None, title=item.title, description=help_text)
        fields[item.name] = (kind if item.required else kind | None, field)
    if "reason" not in fields:
        fields["reason"] = (str, Field("", title="理由", max_length=500))
    if bulk:
        fields["ids"] = (list[int], Field(..., title="记录", max_length=500))
    code = "".join(p.title() for p in action.code.split("_"))
    return create_model(f"{name_of(page)}{code}{'Bulk' if bulk else ''}", __base__=Strict, **fields)
