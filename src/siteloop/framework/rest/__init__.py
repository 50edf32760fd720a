"""REST: every register as an API, assembled from the pages; ninja is imported only in this folder."""

from siteloop.framework.rest.router import Body, File, Form, Path, Query, Router, Schema, UploadedFile

__all__ = ["Body", "File", "Form", "Path", "Query", "Router", "Schema", "UploadedFile"]
