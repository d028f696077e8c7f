"""The definitions of time windows that people write: hourly, daily, weekly, monthly, and windows of any cron.

A start or end without a time zone is wall time of the definition's zone; `end_date` is where the last window must have ended, so the day it
names is not included. Offsets move the boundaries: ``hour_offset=6`` makes days that begin at six.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Sequence
from datetime import datetime

from nbasset.dataclass import dataclass
from nbasset.definitions.time_windows import ScheduleType, TimeWindows
from nbasset.definitions.window_calendar import DAY_FORMAT, HOUR_FORMAT
from nbasset.errors import InvalidDefinitionError
from nbasset.serde import serializable


@serializable
@dataclass(frozen=True, eq=False)
class TimeWindowPartitionsDefinition(TimeWindows, metaclass=ABCMeta):
    """Windows from each tick of a cron to the next, or of a `schedule_type` with offsets, which is kept as its cron.

    The other definitions here count as instances too.

    >>> weekdays = TimeWindowPartitionsDefinition("2025-01-01", "%Y-%m-%d", cron_schedule="0 0 * * 1-5")
    >>> weekdays.time_window_for_partition_key("2025-01-03").duration_s / 86400
    3.0

    Raises
    ------
    InvalidDefinitionError
        If cron and schedule type are both given or both missing, if a bound cannot be read, or if two windows would get one key.
    """

    start: datetime | str
    fmt: str
    end: datetime | str | None = None
    schedule_type: ScheduleType | None = None
    timezone: str | None = None
    end_offset: int = 0
    minute_offset: int | None = None
    hour_offset: int | None = None
    day_offset: int | None = None
    cron_schedule: str | None = None  # type: ignore[assignment]
    exclusions: Sequence[str | datetime] | None = None

    def __post_init__(self) -> None:
        offsets = (self.minute_offset, self.hour_offset, self.day_offset)
        if not isinstance(self.fmt, str) or not self.fmt:
            raise InvalidDefinitionError("fmt says how keys are written, such as '%Y-%m-%d'.")
        if (self.cron_schedule is None) == (self.schedule_type is None):
            raise InvalidDefinitionError("give either cron_schedule='0 0 * * 1-5' or schedule_type=ScheduleType.DAILY, and not both.")
        if self.cron_schedule is not None:
            if any(offset is not None for offset in offsets):
                raise InvalidDefinitionError("offsets belong to schedule_type. With cron_schedule the cron itself says when windows begin.")
            cron = self.cron_schedule
            if not isinstance(cron, str):
                raise InvalidDefinitionError(
                    f"cron_schedule of partitions is one cron, not {cron!r}: windows of several would overlap, and a moment belong to two "
                    "partitions. Write one that names all the times, such as '0 0,12 * * *'."
                )
        else:
            assert self.schedule_type is not None
            cron = _cron(self.schedule_type, self.minute_offset or 0, self.hour_offset or 0, self.day_offset)
        start, end = self._compile(cron, self.start, self.end, self.fmt)
        settled = {"start": start, "end": end, "cron_schedule": self.calendar.cron.text, "schedule_type": None}
        for name, value in (settled | {"minute_offset": None, "hour_offset": None, "day_offset": None}).items():
            object.__setattr__(self, name, value)


class _Dated(TimeWindows):
    """Definitions whose bounds are called dates."""

    start_date: datetime | str
    end_date: datetime | str | None

    @property
    def start(self) -> datetime:
        """From when on there are windows, on the clock of the zone."""
        assert isinstance(self.start_date, datetime)
        return self.start_date

    @property
    def end(self) -> datetime | None:
        """Where the last window must have ended, on the clock of the zone."""
        assert not isinstance(self.end_date, str)
        return self.end_date

    def _date(self, cron: str, fmt: str) -> None:
        start, end = self._compile(cron, self.start_date, self.end_date, fmt)
        object.__setattr__(self, "start_date", start)
        object.__setattr__(self, "end_date", end)


@TimeWindowPartitionsDefinition.register
@serializable
@dataclass(frozen=True, eq=False)
class HourlyPartitionsDefinition(_Dated):
    """One window an hour, by the wall clock: the hour that comes twice has two, the hour that is skipped has none.

    >>> hourly = HourlyPartitionsDefinition("2025-11-02", "2025-11-03", timezone="America/New_York")
    >>> hourly.get_partition_keys()[:4]
    ['2025-11-02-00:00', '2025-11-02-01:00', '2025-11-02-01:00-0500', '2025-11-02-02:00']
    """

    start_date: datetime | str
    end_date: datetime | str | None = None
    minute_offset: int = 0
    timezone: str | None = None
    fmt: str | None = None
    end_offset: int = 0
    exclusions: Sequence[str | datetime] | None = None

    def __post_init__(self) -> None:
        self._date(_cron(ScheduleType.HOURLY, self.minute_offset, 0, None), HOUR_FORMAT)


@TimeWindowPartitionsDefinition.register
@serializable
@dataclass(frozen=True, eq=False)
class DailyPartitionsDefinition(_Dated):
    """One window a day.

    >>> DailyPartitionsDefinition("2013-01-01", "2013-01-04").get_partition_keys()
    ['2013-01-01', '2013-01-02', '2013-01-03']
    """

    start_date: datetime | str
    end_date: datetime | str | None = None
    minute_offset: int = 0
    hour_offset: int = 0
    timezone: str | None = None
    fmt: str | None = None
    end_offset: int = 0
    exclusions: Sequence[str | datetime] | None = None

    def __post_init__(self) -> None:
        self._date(_cron(ScheduleType.DAILY, self.minute_offset, self.hour_offset, None), DAY_FORMAT)


@TimeWindowPartitionsDefinition.register
@serializable
@dataclass(frozen=True, eq=False)
class WeeklyPartitionsDefinition(_Dated):
    """One window a week, named for its first day; `day_offset` 0 is Sunday, 6 Saturday.

    >>> WeeklyPartitionsDefinition("2025-01-01", "2025-01-20").get_partition_keys()
    ['2025-01-05', '2025-01-12']
    """

    start_date: datetime | str
    end_date: datetime | str | None = None
    minute_offset: int = 0
    hour_offset: int = 0
    day_offset: int = 0
    timezone: str | None = None
    fmt: str | None = None
    end_offset: int = 0
    exclusions: Sequence[str | datetime] | None = None

    def __post_init__(self) -> None:
        self._date(_cron(ScheduleType.WEEKLY, self.minute_offset, self.hour_offset, self.day_offset), DAY_FORMAT)


@TimeWindowPartitionsDefinition.register
@serializable
@dataclass(frozen=True, eq=False)
class MonthlyPartitionsDefinition(_Dated):
    """One window a month, named for its first day; `day_offset` is that day of the month, 1 to 31. A month without the day has no window.

    >>> MonthlyPartitionsDefinition("2025-01-15", "2025-04-01").get_partition_keys()
    ['2025-02-01', '2025-03-01']
    """

    start_date: datetime | str
    end_date: datetime | str | None = None
    minute_offset: int = 0
    hour_offset: int = 0
    day_offset: int = 1
    timezone: str | None = None
    fmt: str | None = None
    end_offset: int = 0
    exclusions: Sequence[str | datetime] | None = None

    def __post_init__(self) -> None:
        self._date(_cron(ScheduleType.MONTHLY, self.minute_offset, self.hour_offset, self.day_offset), DAY_FORMAT)


def _cron(schedule_type: ScheduleType, minute: int, hour: int, day: int | None) -> str:
    _check_offset("minute_offset", minute, 0, 59)
    _check_offset("hour_offset", hour, 0, 23)
    if schedule_type is ScheduleType.HOURLY:
        return f"{minute} * * * *"
    if schedule_type is ScheduleType.DAILY:
        return f"{minute} {hour} * * *"
    if schedule_type is ScheduleType.WEEKLY:
        return f"{minute} {hour} * * {_check_offset('day_offset', day or 0, 0, 6)}"
    return f"{minute} {hour} {_check_offset('day_offset', 1 if day is None else day, 1, 31)} * *"


def _check_offset(name: str, value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or not low <= value <= high:
        raise InvalidDefinitionError(f"{name} is a whole number from {low} to {high}, not {value!r}.")
    return value
