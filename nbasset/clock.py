"""The one place that reads a clock. Everything else is given the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def now_us() -> int:
    """The current moment as whole microseconds since 1970-01-01 UTC: the form that events carry."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Seconds on a clock that never goes back; only differences mean something."""
    return time.monotonic()


def from_us(moment_us: int) -> datetime:
    """The aware UTC datetime of a moment in microseconds.

    >>> from_us(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(moment_us / 1_000_000, UTC)
