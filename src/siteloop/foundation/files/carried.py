"""A kept file as a phone shows it."""

from typing import Any

from siteloop.foundation.files.models import Evidence
from siteloop.framework.rest.carried import iso


def photo(evidence: Evidence) -> dict[str, Any]:
    """A kept file as a phone shows it."""
    return {
        "id": evidence.pk,
        "url": evidence.url,
        "type": evidence.content_type,
        "sha256": evidence.sha256,
        "at": iso(evidence.taken_at or evidence.received_at),
    }
