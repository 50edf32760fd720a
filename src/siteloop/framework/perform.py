"""Performing acts: the only way a register changes. UI, REST, import and the rule engine all come through here."""

import copy
import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from siteloop.framework import events, trail
from siteloop.framework.action import Act, Action, Refused
from siteloop.framework.language import pick, sentence
from siteloop.framework.masking import is_masked
from siteloop.framework.page import Page
from siteloop.framework.scope import visible
from siteloop.framework.typed import assign, clean, is_many, messages
from siteloop.framework.viewer import Viewer

#: asked before every act on a row: (action, viewer, row) -> None; one that raises Refused stops the act
GUARDS: list[Callable[[Action, Viewer, Any], None]] = []

GIVEN = {"create": "新增", "change": "修改", "delete": "删除"}


def permission_of(model: type[models.Model], verb: str) -> str:
    """`registry.device.change`."""
    return f"{model._meta.app_label}.{model._meta.model_name}.{verb}"


def require(viewer: Viewer, *permissions: str) -> None:
    """Raises Refused 403 unless one of them is granted."""
    if not any(map(viewer.may, permissions)):
        raise Refused(pick("没有权限", "You may not do this"), status=403)


def perform(
    action: Action, viewer: Viewer, obj: Any = None, data: dict[str, Any] | None = None, reason: str = ""
) -> Any:
    """Do one action. Raises Refused (403 no permission, 404 not in scope, 409 wrong state, 422 bad input)."""
    code = action.permission or permission_of(action.model, action.code)
    require(viewer, code)
    if (obj is None) is not action.on_register or (obj is not None and not isinstance(obj, action.model)):
        raise Refused("此操作不能用于该记录", status=404)
    with transaction.atomic():
        if obj is not None:
            obj = _locked(type(obj), obj.pk, viewer)
            if not action.available(obj, viewer):
                raise Refused("当前状态不能执行此操作")
            for guard in GUARDS:
                guard(action, viewer, obj)
        typed = clean(action.fields, data or {}, viewer)
        before = snapshot(obj) if obj is not None else {}
        answer = action.run(Act(viewer, obj, typed, reason))
        _guard(obj, viewer)
        after = snapshot(obj) if obj is not None and obj.pk else {}
        words = _sentence(action, viewer, obj, typed)
        trail.record(
            viewer, code, obj, words, changes=difference(before, after), reason=reason, model=action.model
        )
        if action.event:
            events.emit(action.event, object=obj.pk if obj is not None else None)
    return answer


def refusal(action: Action, viewer: Viewer, obj: Any) -> str:
    """Why the row as it stands would refuse an action its state allows; "" when it would not. Pages ask before they offer one."""
    try:
        for guard in GUARDS:
            guard(action, viewer, obj)
    except Refused as no:
        return no.message
    return ""


def closed(obj: models.Model, viewer: Viewer) -> str:
    """What the model says against any change of the row as it is stored by this viewer, "" when it may be changed.

    It is said by `clean` without naming a field: a record that was handed in or decided stays as it is; and by `typed_by`:
    what a unit declares is not written by others.
    """
    try:
        copy.copy(obj).clean()
        _typist(obj, viewer)
    except ValidationError as no:
        return "" if hasattr(no, "error_dict") else pick("；", "; ").join(map(sentence, no.messages))
    except Refused as no:
        return no.message
    return ""


def _sentence(action: Action, viewer: Viewer, obj: Any, typed: dict[str, Any]) -> str:
    class Blank(dict[str, Any]):
        def __missing__(self, key: str) -> str:
            return ""

    words = action.log or "{actor}对{obj}执行“" + action.title + "”"
    told = {name: _told(value) for name, value in typed.items()}
    return words.format_map(Blank({**told, "actor": viewer.name, "obj": _told(obj)}))


def _told(value: Any) -> Any:
    """An input as a sentence says it: nothing for none, several one after the other."""
    if value is None:
        return ""
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else value


def _locked(model: type[models.Model], pk: Any, viewer: Viewer) -> Any:
    """The row under a lock, if the viewer may see it; otherwise the same answer as if it did not exist."""
    row = model._base_manager.select_for_update(of=("self",)).filter(pk=pk).first()
    # looked at after the lock is held, so that a row moved out of scope meanwhile stays closed
    if row is None or not visible(model, viewer).filter(pk=pk).exists():
        raise Refused("记录不存在", status=404)
    return row


def create(model: type[models.Model], viewer: Viewer, data: dict[str, Any], reason: str = "") -> Any:
    """Make one row; it must lie inside the viewer's scope. `data` maps field names to values or keys."""
    require(viewer, permission_of(model, "create"))
    with transaction.atomic():
        obj = model()
        many = assign(obj, data, viewer)
        _save(obj, many)
        if not visible(model, viewer).filter(pk=obj.pk).exists():
            raise Refused("新记录不在您的管辖范围内", status=403)
        _typist(obj, viewer)
        _guard(obj, viewer)
        after = snapshot(obj, tuple(many))
        trail.record(
            viewer,
            permission_of(model, "create"),
            obj,
            f"{viewer.name}新增{model._meta.verbose_name}{obj}",
            changes=difference({}, after),
            reason=reason,
        )
        events.emit(f"{model._meta.model_name}_created", object=obj.pk)
        events.emit("row_changed", model=model._meta.label_lower, object=obj.pk)
    return obj


def change(obj: Any, viewer: Viewer, data: dict[str, Any], reason: str = "") -> Any:
    """Change fields of one row, which must be in scope before and after."""
    model = type(obj)
    require(viewer, permission_of(model, "change"))
    with transaction.atomic():
        row = _locked(model, obj.pk, viewer)
        # before and after: neither is another's record taken over nor one's own put into another's name
        _typist(row, viewer)
        linked = tuple(n for n in data if is_many(model, n))
        before = snapshot(row, linked)
        many = assign(row, data, viewer)
        _save(row, many)
        if not visible(model, viewer).filter(pk=row.pk).exists():
            raise Refused("不能把记录移出您的管辖范围", status=403)
        _typist(row, viewer)
        _guard(row, viewer)
        changes = difference(before, snapshot(row, linked))
        if changes:
            trail.record(
                viewer,
                permission_of(model, "change"),
                row,
                f"{viewer.name}修改{model._meta.verbose_name}{row}",
                changes=changes,
                reason=reason,
            )
            events.emit(f"{model._meta.model_name}_changed", object=row.pk)
            events.emit("row_changed", model=model._meta.label_lower, object=row.pk)
    return row


def delete(obj: Any, viewer: Viewer, reason: str = "") -> None:
    """Delete one row in scope; refused with 409 when something still refers to it."""
    model = type(obj)
    require(viewer, permission_of(model, "delete"))
    with transaction.atomic():
        row = _locked(model, obj.pk, viewer)
        before = snapshot(row)
        words = f"{viewer.name}删除{model._meta.verbose_name}{row}"
        trail.record(
            viewer, permission_of(model, "delete"), row, words, changes=difference(before, {}), reason=reason
        )
        try:
            row.delete()
        except models.ProtectedError as used:
            raise Refused("仍有其他记录引用，不能删除") from used
        events.emit("row_changed", model=model._meta.label_lower, object=obj.pk)


def _guard(obj: Any, viewer: Viewer) -> None:
    """A model may have the last word on a row as it now stands: `guard(viewer)` raises Refused (e.g. rights given away)."""
    guard = getattr(obj, "guard", None)
    if guard is not None and not viewer.is_system:
        guard(viewer)


def _typist(obj: Any, viewer: Viewer) -> None:
    """A model may say in whose name its form is filled in: `typed_by(viewer)` raises Refused for everybody else."""
    typed_by = getattr(obj, "typed_by", None)
    if typed_by is not None and not viewer.is_system:
        typed_by(viewer)


def _save(obj: models.Model, many: dict[str, list[Any]]) -> None:
    try:
        obj.full_clean()
    except ValidationError as wrong:
        raise Refused("填写有误", status=422, errors=messages(wrong)) from wrong
    try:
        with transaction.atomic():
            obj.save()
    except IntegrityError as clash:
        raise Refused("与已有记录冲突，请刷新后重试") from clash
    for name, rows in many.items():
        getattr(obj, name).set(rows)


def snapshot(obj: models.Model, many: tuple[str, ...] = ()) -> dict[str, Any]:
    """Field values for the trail, with the keys of the named many-to-many fields; secrets never appear in clear."""
    shown: dict[str, Any] = {}
    for field in obj._meta.concrete_fields:
        value = getattr(obj, field.attname)
        shown[field.name] = _veiled(value) if is_masked(field) else value
    for name in many:
        shown[name] = sorted(getattr(obj, name).values_list("pk", flat=True))
    return shown


def _veiled(value: Any) -> str:
    """Shows only that a secret is there and whether it changed: four signs of its digest."""
    return "•" + hashlib.sha256(f"{settings.SECRET_KEY}{value}".encode()).hexdigest()[:4] if value else ""


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """{field: [old, new]} of what changed."""
    names = [n for n in {**before, **after} if before.get(n) != after.get(n)]
    return {n: [before.get(n), after.get(n)] for n in names}


def create_on(page: Page, viewer: Viewer, data: dict[str, Any]) -> Any:
    """Create through a register: only its form fields may be given."""
    _only(page, data)
    if not page.can_create:
        raise Refused("此登记表不能新增", status=405)
    return create(page.model, viewer, data)


def change_on(page: Page, obj: Any, viewer: Viewer, data: dict[str, Any]) -> Any:
    """Change through a register: only its form fields may be given."""
    _only(page, data)
    if not page.can_change:
        raise Refused("此登记表不能修改", status=405)
    return change(obj, viewer, data)


def _only(page: Page, data: dict[str, Any]) -> None:
    unknown = [name for name in data if name not in page.form]
    if unknown:
        raise Refused("填写有误", status=422, errors={name: ["没有这个字段"] for name in unknown})
