"""Which fields never leave in clear: encrypted ones, and anything whose name says it is a secret."""

import re
from typing import Any

_SECRET = re.compile(r"(^|_)(password|secret|token|token_hash|private_key|id_hash)$")


def is_masked(field: Any) -> bool:
    """Whether lists, exports, REST answers and the trail must show the field masked."""
    return bool(getattr(field, "masked", False)) or bool(_SECRET.search(getattr(field, "name", "") or ""))
