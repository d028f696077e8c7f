"""Configuration that follows from the partition: `PartitionedConfig` and the decorators that make one of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.run_config import run_config_data
from nbasset.definitions.time_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from nbasset.errors import InvalidDefinitionError

ConfigOf = Callable[[str], Any]
TagsOf = Callable[[str], Mapping[str, str]]


class PartitionedConfig:
    """A run config for each partition of a partitions definition, and tags. Called, it is the function that it was made of.

    >>> config = PartitionedConfig(
    ...     StaticPartitionsDefinition(["de", "fr"]), lambda key: {"ops": {"load": {"config": {"country": key}}}}
    ... )
    >>> config.get_run_config_for_partition_key("fr")
    {'ops': {'load': {'config': {'country': 'fr'}}}}
    """

    def __init__(
        self,
        partitions_def: PartitionsDefinition,
        run_config_for_partition_key_fn: ConfigOf | None = None,
        tags_for_partition_key_fn: TagsOf | None = None,
        decorated_fn: Callable[..., Any] | None = None,
    ) -> None:
        if not isinstance(partitions_def, PartitionsDefinition):
            raise InvalidDefinitionError(f"PartitionedConfig needs a partitions definition, not {partitions_def!r:.60}.")
        self._partitions_def = partitions_def
        self._config_of = run_config_for_partition_key_fn
        self._tags_of = tags_for_partition_key_fn
        self._fn = decorated_fn

    @property
    def partitions_def(self) -> PartitionsDefinition:
        """The partitions."""
        return self._partitions_def

    def get_partition_keys(self, current_time: datetime | None = None) -> Sequence[str]:
        """All keys, as of a time."""
        return self.partitions_def.get_partition_keys(current_time)

    def get_run_config_for_partition_key(self, partition_key: str) -> dict[str, Any]:
        """The run config of one partition, as plain data.

        Raises
        ------
        UnknownPartitionError
            If there is no such partition.
        """
        if not isinstance(self.partitions_def, DynamicPartitionsDefinition):
            self.partitions_def.validate_partition_key(partition_key)
        return run_config_data(self._config_of(partition_key) if self._config_of is not None else None)

    def get_tags_for_partition_key(self, partition_key: str) -> dict[str, str]:
        """The run tags of one partition."""
        return {key: str(value) for key, value in (self._tags_of(partition_key) if self._tags_of is not None else {}).items()}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's own result, for tests."""
        if self._fn is None:
            raise InvalidDefinitionError("this PartitionedConfig was not made of a function. Ask get_run_config_for_partition_key(key).")
        return self._fn(*args, **kwargs)


def static_partitioned_config(
    partition_keys: Sequence[str],
    tags_for_partition_fn: TagsOf | None = None,
    tags_for_partition_key_fn: TagsOf | None = None,
) -> Callable[[ConfigOf], PartitionedConfig]:
    """Decorator: the function makes the run config for one of these keys.

    >>> @static_partitioned_config(["de", "fr"])
    ... def by_country(partition_key):
    ...     return {"ops": {"load": {"config": {"country": partition_key}}}}
    >>> by_country.get_partition_keys()
    ['de', 'fr']
    """
    partitions_def = StaticPartitionsDefinition(partition_keys)
    return lambda fn: PartitionedConfig(partitions_def, fn, tags_for_partition_key_fn or tags_for_partition_fn, fn)


def dynamic_partitioned_config(
    partition_fn: Callable[[datetime | None], Sequence[str]] | str,
    tags_for_partition_fn: TagsOf | None = None,
    tags_for_partition_key_fn: TagsOf | None = None,
) -> Callable[[ConfigOf], PartitionedConfig]:
    """Decorator: the function makes the run config for a key of a set that changes.

    `partition_fn` is the name of dynamic partitions that the instance keeps, or a function that lists the keys; the function is asked
    again each time the code is loaded.

    >>> @dynamic_partitioned_config("customers")
    ... def by_customer(partition_key):
    ...     return {"ops": {"load": {"config": {"customer": partition_key}}}}
    >>> by_customer.get_run_config_for_partition_key("ada")["ops"]["load"]["config"]
    {'customer': 'ada'}
    """
    partitions_def: PartitionsDefinition = (
        DynamicPartitionsDefinition(partition_fn) if isinstance(partition_fn, str) else StaticPartitionsDefinition(list(partition_fn(None)))
    )
    return lambda fn: PartitionedConfig(partitions_def, fn, tags_for_partition_key_fn or tags_for_partition_fn, fn)


WindowConfig = Callable[[datetime, datetime], Any]
WindowTags = Callable[[datetime, datetime], Mapping[str, str]]


def hourly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: WindowTags | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> Callable[[WindowConfig], PartitionedConfig]:
    """Decorator: the function makes the run config for one hour, from its start and end.

    >>> @hourly_partitioned_config(start_date="2013-01-01-00:00")
    ... def by_hour(start, end):
    ...     return {"ops": {"load": {"config": {"hour": start.hour}}}}
    >>> by_hour.get_run_config_for_partition_key("2013-01-01-05:00")["ops"]["load"]["config"]
    {'hour': 5}
    """
    partitions = HourlyPartitionsDefinition(start_date, None, minute_offset, timezone, fmt, end_offset, exclusions)
    return lambda fn: _by_window(partitions, fn, tags_for_partition_fn)


def daily_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: WindowTags | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> Callable[[WindowConfig], PartitionedConfig]:
    """Decorator: the function makes the run config for one day, from its start and end.

    >>> @daily_partitioned_config(start_date="2013-01-01")
    ... def by_day(start, end):
    ...     return {"ops": {"load": {"config": {"day": f"{start:%Y-%m-%d}"}}}}
    >>> by_day.get_run_config_for_partition_key("2013-01-02")["ops"]["load"]["config"]
    {'day': '2013-01-02'}
    """
    partitions = DailyPartitionsDefinition(start_date, None, minute_offset, hour_offset, timezone, fmt, end_offset, exclusions)
    return lambda fn: _by_window(partitions, fn, tags_for_partition_fn)


def weekly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: WindowTags | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> Callable[[WindowConfig], PartitionedConfig]:
    """Decorator: the function makes the run config for one week, from its start and end. Weeks begin on Sunday, or `day_offset` later.

    >>> @weekly_partitioned_config(start_date="2013-01-06")
    ... def by_week(start, end):
    ...     return {"ops": {"load": {"config": {"days": (end - start).days}}}}
    >>> by_week.get_run_config_for_partition_key("2013-01-13")["ops"]["load"]["config"]
    {'days': 7}
    """
    partitions = WeeklyPartitionsDefinition(
        start_date, None, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset, exclusions
    )  # fmt: skip
    return lambda fn: _by_window(partitions, fn, tags_for_partition_fn)


def monthly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 1,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: WindowTags | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> Callable[[WindowConfig], PartitionedConfig]:
    """Decorator: the function makes the run config for one month, from its start and end. Months begin on day `day_offset`.

    >>> @monthly_partitioned_config(start_date="2013-01-01")
    ... def by_month(start, end):
    ...     return {"ops": {"load": {"config": {"month": f"{start:%B}"}}}}
    >>> by_month.get_run_config_for_partition_key("2013-02-01")["ops"]["load"]["config"]
    {'month': 'February'}
    """
    partitions = MonthlyPartitionsDefinition(
        start_date, None, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset, exclusions
    )  # fmt: skip
    return lambda fn: _by_window(partitions, fn, tags_for_partition_fn)


def _by_window(partitions_def: Any, fn: WindowConfig, tags_fn: WindowTags | None) -> PartitionedConfig:
    def config(key: str) -> Any:
        window = partitions_def.time_window_for_partition_key(key)
        return fn(window.start, window.end)

    def tags(key: str) -> Mapping[str, str]:
        window = partitions_def.time_window_for_partition_key(key)
        return tags_fn(window.start, window.end) if tags_fn is not None else {}

    return PartitionedConfig(partitions_def, config, tags, fn)
