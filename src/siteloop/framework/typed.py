"""What was typed becomes values: the fields of a row, the inputs of an action. What does not fit is said field by field.

A form, the API and an import hand over texts and keys; what comes out has the type the row or the act wants.
"""

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware

from siteloop.framework.action import Input, Refused
from siteloop.framework.language import pick, term
from siteloop.framework.scope import visible
from siteloop.framework.viewer import Viewer


def assign(obj: models.Model, data: dict[str, Any], viewer: Viewer) -> dict[str, list[Any]]:
    """Put values on a row; references must be visible to the viewer. Returns many-to-many values to set after saving."""
    many: dict[str, list[Any]] = {}
    errors: dict[str, list[str]] = {}
    for name, value in data.items():
        try:
            field = obj._meta.get_field(name.removesuffix("_id") if name.endswith("_id") else name)
        except FieldDoesNotExist:
            try:
                field = obj._meta.get_field(name)
            except FieldDoesNotExist:
                errors[name] = ["没有这个字段"]
                continue
        try:
            if field.many_to_many:
                many[field.name] = _references(field.related_model, value or [], viewer)
            elif field.is_relation:
                setattr(obj, field.name, _reference(field.related_model, value, viewer))
            elif isinstance(field, models.Field):
                setattr(obj, field.name, _typed(field, value))
        except (ValidationError, ValueError) as wrong:
            errors[name] = wrong.messages if isinstance(wrong, ValidationError) else [str(wrong)]
    if errors:
        raise Refused("填写有误", status=422, errors={**_others(obj, errors), **errors})
    return many


def clean(inputs: tuple[Input, ...], data: dict[str, Any], viewer: Viewer) -> dict[str, Any]:
    """Typed input of an action. Raises Refused 422 with every message, field by field."""
    typed: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for item in inputs:
        value = data.get(item.name)
        if value in (None, "", []) or (isinstance(value, str) and not value.strip()):
            if item.required:
                errors[item.name] = ["必填"]
            typed[item.name] = _nothing(item, value)
            continue
        try:
            typed[item.name] = _input(item, value, viewer)
        except (InvalidOperation, TypeError):
            errors[item.name] = ["取值有误"]
        except ValueError as wrong:
            errors[item.name] = [str(wrong)]
    unknown = set(data) - {i.name for i in inputs}
    errors.update({name: ["没有这一项"] for name in unknown})
    if errors:
        raise Refused("填写有误", status=422, errors=errors)
    return typed


def messages(wrong: ValidationError) -> dict[str, list[str]]:
    """Field -> sentences; "__all__" for what no field is to blame for."""
    if hasattr(wrong, "error_dict"):
        return {name: [m for one in told for m in _sentences(one)] for name, told in wrong.error_dict.items()}
    return {"__all__": [str(m) for m in wrong.messages]}


def _sentences(wrong: ValidationError) -> list[str]:
    """What a person reads; nothing in a field that needs something is said as people say it."""
    if getattr(wrong, "code", None) in ("null", "blank"):
        return [pick("请填写", "Please fill this in")]
    named = getattr(wrong, "params", None) or {}
    if "unique_check" in named:
        meta = named["model_class"]._meta
        titles = [term(str(meta.get_field(name).verbose_name)) for name in named["unique_check"]]
        named["model_name"] = term(str(meta.verbose_name))
        named["field_label"] = named["field_labels"] = pick("、", " + ").join(titles)
    return [str(m) for m in wrong.messages]


def is_many(model: type[models.Model], name: str) -> bool:
    """Whether a field refers to several rows, so that it is set after the row is saved."""
    return any(f.name == name for f in model._meta.many_to_many)


def _others(obj: models.Model, known: dict[str, list[str]]) -> dict[str, list[str]]:
    """What else is wrong with a half-filled row, so that the person hears everything at once."""
    try:
        obj.full_clean(exclude={n.removesuffix("_id") for n in known} | set(known), validate_unique=False)
    except ValidationError as wrong:
        return messages(wrong)
    return {}


def _typed(field: "models.Field[Any, Any]", value: Any) -> Any:
    if value in (None, ""):
        if field.null:
            return None
        return (
            field.get_default()
            if value is None and field.has_default()
            else ""
            if field.empty_strings_allowed
            else None
        )
    typed = field.to_python(value)
    if isinstance(typed, dt.datetime) and is_naive(typed):
        # a form knows no zone: it is the installation's, before anything is compared
        return make_aware(typed)
    if isinstance(typed, str) and "\x00" in typed:
        raise ValueError("含有不允许的字符")
    if isinstance(typed, float | Decimal) and not math.isfinite(typed):
        raise ValueError("不是有效数字")
    return typed


def _reference(model: Any, value: Any, viewer: Viewer) -> Any:
    if value in (None, ""):
        return None
    try:
        key = value.pk if isinstance(value, models.Model) else model._meta.pk.to_python(value)
    except (ValidationError, TypeError):
        key = None
    row = visible(model, viewer).filter(pk=key).first() if key is not None else None
    if row is None:
        raise ValueError("引用的记录不存在")
    return row


def _references(model: Any, values: Any, viewer: Viewer) -> list[Any]:
    if not isinstance(values, list | tuple | models.QuerySet):
        raise ValueError("须为列表")
    return [_reference(model, v, viewer) for v in values if v not in (None, "")]


def _nothing(item: Input, value: Any) -> Any:
    """What an empty box means: no text is text, but no number is not a number."""
    if item.kind == "files":
        return []
    return value if item.kind in ("text", "multiline") and isinstance(value, str) else None


def _input(item: Input, value: Any, viewer: Viewer) -> Any:
    if item.kind in ("number", "money"):
        number = Decimal(str(value))
        if not number.is_finite():
            raise ValueError("不是有效数字")
        return number
    if item.kind == "date":
        return value if isinstance(value, dt.date) else _need(_parsed(parse_date, value), "不是有效日期")
    if item.kind == "datetime":
        moment = (
            value if isinstance(value, dt.datetime) else _need(_parsed(parse_datetime, value), "不是有效时间")
        )
        return make_aware(moment) if is_naive(moment) else moment
    if item.kind == "bool":
        return value in (True, "true", "True", "1", "on", 1)
    if item.kind == "choice":
        if str(value) not in dict(item.choices):
            raise ValueError("不在可选范围内")
        return str(value)
    if item.kind == "reference":
        return _reference(apps.get_model(item.reference), value, viewer)
    if item.kind in ("files", "file", "upload"):
        return _file(item, value)
    if "\x00" in str(value):
        raise ValueError("含有不允许的字符")
    return str(value)


def _file(item: Input, value: Any) -> Any:
    """`files`: keys of kept evidence; `file`: one of them or an upload; `upload`: the upload itself, not kept."""
    if item.kind == "files":
        return value if isinstance(value, list) else [value]
    if isinstance(value, UploadedFile):
        return value
    if item.kind == "upload":
        raise ValueError("请上传文件")
    return int(value)


def _parsed(parse: Callable[[str], Any], value: Any) -> Any:
    """None for what is no date, and for a day that no month has: Django raises for the second, in English."""
    try:
        return parse(str(value))
    except ValueError:
        return None


def _need(value: Any, message: str) -> Any:
    if value is None:
        raise ValueError(message)
    return value
