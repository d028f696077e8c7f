"""The digest of plain configuration data."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def data_digest(data: Any) -> str:
    """The digest of JSON data, whatever the order of its keys."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
