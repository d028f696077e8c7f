"""Fifty years of partitions in ten zones, every one of them: no gap, no overlap, no key twice, and each moment has its key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from nbasset import DailyPartitionsDefinition, HourlyPartitionsDefinition, MonthlyPartitionsDefinition, WeeklyPartitionsDefinition
from nbasset.definitions.time_windows import TimeWindows

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = "1976-01-01"
ZONES = (
    "UTC",
    "America/New_York",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Africa/Cairo",
    "America/Santiago",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Colombo",
)
KINDS: dict[str, Callable[[str], TimeWindows]] = {
    "days": lambda zone: DailyPartitionsDefinition(START, timezone=zone),
    "days from half past two": lambda zone: DailyPartitionsDefinition(START, hour_offset=2, minute_offset=30, timezone=zone),
    "weeks from Monday": lambda zone: WeeklyPartitionsDefinition(START, day_offset=1, timezone=zone),
    "months": lambda zone: MonthlyPartitionsDefinition(START, timezone=zone),
    "hours of a year": lambda zone: HourlyPartitionsDefinition("2025-01-01", timezone=zone),
}


@pytest.mark.parametrize("kind", KINDS)
def test_partitions_of_fifty_years_tile_time_in_ten_zones(kind: str) -> None:
    for zone in ZONES:
        definition = KINDS[kind](zone)
        keys = definition.get_partition_keys(NOW)
        windows = [definition.time_window_for_partition_key(key) for key in keys]
        assert len(set(keys)) == len(keys), zone
        torn = [one for one, following in pairwise(windows) if one.end.timestamp() != following.start.timestamp()]
        assert (zone, torn) == (zone, [])
        assert all(window.duration_s > 0 for window in windows), zone
        assert [definition.get_partition_key_for_timestamp(window.start.timestamp()) for window in windows[::50]] == keys[::50], zone
