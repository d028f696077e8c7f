"""The digest of plain configuration data."""

from __future__ import annotations

import json
from typing import Any


def data_digest(data: Any) -> str:
    """The digest of JSON data, whatever the order of its keys."""
    import hashlib  # brings OpenSSL: 4 MB, which who only defines does not need

    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
