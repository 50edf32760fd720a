"""What every page of the desk needs."""

from django.http import HttpRequest


def context(request: HttpRequest) -> dict[str, object]:
    """Viewer and language."""
    return {"viewer": getattr(request, "viewer", None)}
