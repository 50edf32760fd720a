"""Events in the past tense, heard only after the transaction that made them has been committed."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db import transaction

Listener = Callable[..., None]
_listeners: dict[str, list[Listener]] = defaultdict(list)


def listen(name: str) -> Callable[[Listener], Listener]:
    """Decorator: call the function after every commit that emitted `name`."""

    def add(listener: Listener) -> Listener:
        if listener not in _listeners[name]:
            _listeners[name].append(listener)
        return listener

    return add


def emit(name: str, **payload: Any) -> None:
    """Tell the listeners on commit; nothing is told of a rolled-back write."""
    for listener in _listeners[name]:
        transaction.on_commit(lambda heard=listener: heard(**payload))  # type: ignore[misc]
