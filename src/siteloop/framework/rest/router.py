"""What a folder's `api.py` needs of the API library, so that no room but this one imports it."""

from typing import Any

import ninja
from ninja import Body, File, Form, Path, Query, Schema
from ninja.files import UploadedFile

__all__ = ["Body", "File", "Form", "Path", "Query", "Router", "Schema", "UploadedFile"]


class Router(ninja.Router):
    """Extra routes of one folder: `router = Router()` in its `api.py`.

    Mounted at `/api/v1/<app label>/`, or at `/api/v1<prefix>` when `prefix` is given ("/commands", "" for the root).
    Handlers are plain sync functions `(request, …)`; `request.viewer` is set; raise `Refused` to say no; pass
    `auth=None` to open a route to the public.
    """

    def __init__(self, prefix: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.prefix = prefix
