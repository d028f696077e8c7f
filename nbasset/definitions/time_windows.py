"""Partitions by time: daily, hourly, weekly, monthly, or from each tick of a cron to the next.

A window exists when it has ended (`end_offset=0`), so that its data can be whole; `end_offset=1` adds the running one, ``-1`` drops the
newest. The first window begins with the first tick that is not before the start. Starts and ends given without a time zone are wall times
of the definition's zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from nbasset.definitions.cron import parse_cron
from nbasset.definitions.cron_words import describe
from nbasset.definitions.local_time import LAST_INSTANT, seconds_of
from nbasset.definitions.partitions import (
    DynamicPartitionsStore,
    PartitionKeyRange,
    PartitionsDefinition,
    PartitionsView,
    TimeWindow,
    reference_to,
    view_at,
)
from nbasset.definitions.window_bounds import exclusions_of, instant_of, zone_for
from nbasset.definitions.window_calendar import WindowCalendar
from nbasset.definitions.window_numbers import Days, Hours, Months, Weeks
from nbasset.errors import InvalidDefinitionError, UnknownPartitionError
from nbasset.keys import PartitionRef
from nbasset.ordinals import KeyTable, OrdinalSet
from nbasset.serde import serializable


@serializable
class ScheduleType(Enum):
    """How often windows of `TimeWindowPartitionsDefinition` begin, if no cron says it.

    >>> from nbasset import TimeWindowPartitionsDefinition
    >>> days = TimeWindowPartitionsDefinition(
    ...     start="2013-01-01", end="2013-01-03", fmt="%Y-%m-%d", schedule_type=ScheduleType.DAILY
    ... )
    >>> days.get_partition_keys()
    ['2013-01-01', '2013-01-02']
    """

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


_SCHEDULE_TYPES = ((Hours, ScheduleType.HOURLY), (Days, ScheduleType.DAILY), (Weeks, ScheduleType.WEEKLY), (Months, ScheduleType.MONTHLY))
_SCHEDULE_ARGUMENTS = {
    ScheduleType.HOURLY: ("minute_of_hour",),
    ScheduleType.DAILY: ("minute_of_hour", "hour_of_day"),
    ScheduleType.WEEKLY: ("minute_of_hour", "hour_of_day", "day_of_week"),
    ScheduleType.MONTHLY: ("minute_of_hour", "hour_of_day", "day_of_month"),
}


class TimeWindows(PartitionsDefinition):
    """What all partitions by time can do. `calendar` is the arithmetic, compiled once."""

    timezone: str | None
    fmt: str | None
    end_offset: int
    exclusions: Sequence[str | datetime] | None

    @property
    def calendar(self) -> WindowCalendar:
        """The windows as instants."""
        found: WindowCalendar = self.__dict__["_calendar"]
        return found

    @property
    def cron_schedule(self) -> str:
        """The cron whose ticks begin windows."""
        return self.calendar.cron.text

    @property
    def family(self) -> tuple[str, ...]:
        """Days are one family, hours another, whatever their start, offset or zone; cron windows by their cron."""
        numbers = self.calendar.numbers
        return ("time", numbers.unit, self.calendar.fmt) if numbers else ("time", self.calendar.cron.text, self.calendar.fmt)

    @property
    def schedule_type(self) -> ScheduleType | None:
        """Hourly, daily, weekly or monthly; None for any other cron."""
        return self._kind()

    def describe(self) -> str:
        """``daily from 2013-01-01 to 2013-12-31 (Europe/Berlin)``."""
        calendar = self.calendar
        kind = self._kind()
        words = f"{kind.value.lower() if kind else describe(calendar.cron.text)} from {calendar.keys.write(calendar.first)}"
        if calendar.end is not None:
            last = calendar.ticks.before(calendar.at_or_before(calendar.end))
            words += f" to {calendar.keys.write(last)}" if last is not None and last >= calendar.first else " (none)"
        return words if calendar.zone.name == "UTC" else f"{words} ({calendar.zone.name})"

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    def __post_init__(self) -> None:
        raise InvalidDefinitionError(f"{type(self).__name__} is no complete definition of time windows.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeWindows) and self.calendar.identity == other.calendar.identity

    def __hash__(self) -> int:
        return hash(self.calendar.identity)

    # -- ordinals -----------------------------------------------------------------------------------------------------------

    def _ordinals(self, view: PartitionsView) -> OrdinalSet:
        numbers, now = self.calendar.numbers, seconds_of(view.now)
        if numbers is not None:
            return self.calendar.existing(numbers, now)
        keys = self.calendar.existing_keys(now)
        known = self.__dict__.get("_of_keys")
        if known is None or known[0]() is not view.table or known[1] is not keys:
            known = self.__dict__["_of_keys"] = (reference_to(view.table), keys, OrdinalSet.of(view.table.ordinals(keys)))
        found: OrdinalSet = known[2]
        return found

    def _keys(self, view: PartitionsView) -> Sequence[str]:
        return self.calendar.existing_keys(seconds_of(view.now))

    def ordinal_of(self, key: str, table: KeyTable) -> int:
        """The number of the window that a key names, existing or not; the number in the table for windows of a cron."""
        tick = self.tick_of(key)
        return self.calendar.numbers.number(tick) if self.calendar.numbers else table.ordinals([key])[0]

    def key_of(self, ordinal: int, table: KeyTable) -> str:
        """The key of a window's number."""
        numbers = self.calendar.numbers
        return self.calendar.keys.write(numbers.tick(ordinal)) if numbers else table.keys([ordinal])[0]

    def keys_of(self, ordinals: OrdinalSet, table: KeyTable) -> list[str]:
        """The keys of these windows, the earliest first."""
        if self.calendar.numbers is None:
            return sorted(table.keys(ordinals), key=self.calendar.keys.read)
        return self.calendar.in_time(self.calendar.numbers, ordinals)

    def refs_of(self, ordinals: OrdinalSet, table: KeyTable) -> tuple[PartitionRef, ...]:
        """Keys with their numbers, the earliest window first."""
        keys = self.keys_of(ordinals, table)
        if self.calendar.numbers is None:
            return tuple(map(PartitionRef, keys, table.ordinals(keys)))
        if self.is_numbered_in_order(ordinals):
            return tuple(map(PartitionRef, keys, ordinals))
        return tuple(PartitionRef(key, self.ordinal_of(key, table)) for key in keys)

    def is_numbered_in_order(self, ordinals: OrdinalSet) -> bool:
        """Whether these windows follow each other as their numbers do: not those of a cron, nor the second window in one UTC hour."""
        return self.calendar.numbers is not None and not (ordinals and ordinals.runs[-1][1] > LAST_INSTANT)

    def ordinals_in_range(self, partition_key_range: PartitionKeyRange, view: PartitionsView) -> OrdinalSet:
        """The windows from one key to another, both included and both existing."""
        now = seconds_of(view.now)
        first, last = self._existing_tick(partition_key_range.start, now), self._existing_tick(partition_key_range.end, now)
        if last < first:
            raise self.reversed_range(partition_key_range)
        return self.ordinals_between(first, self.calendar.next(last), view.table)

    def ordinals_between(self, first: int, stop: int, table: KeyTable) -> OrdinalSet:
        """The windows that begin from one tick up to but not including another, existing or not, without excluded ones."""
        calendar = self.calendar
        if calendar.numbers is None:
            return OrdinalSet.of(table.ordinals([calendar.keys.write(tick) for tick in calendar.windows(first, stop)]))
        return calendar.between(calendar.numbers, first, stop)

    def fits_into(self, wider: TimeWindows) -> bool:
        """Whether each window surely lies within one of the other definition's, because boundaries fall together in one zone."""
        ours, theirs = self.calendar, wider.calendar
        if ours.zone is not theirs.zone or self.calendar.numbers is None or wider.calendar.numbers is None:
            return ours.zone is theirs.zone and ours.cron == theirs.cron
        if ours.cron == theirs.cron:
            return True
        if isinstance(ours.numbers, Hours):
            return not isinstance(theirs.numbers, Hours) and ours.cron.minutes == theirs.cron.minutes
        return isinstance(ours.numbers, Days) and isinstance(theirs.numbers, (Weeks, Months)) and ours.cron.times == theirs.cron.times

    def spans(self, ordinals: OrdinalSet, table: KeyTable) -> list[tuple[int, int]]:
        """The ticks of these windows as stretches (first tick, end of the last), a run of touching windows as one."""
        calendar = self.calendar
        if isinstance(calendar.numbers, Hours):
            plain = calendar.numbers.spans(ordinals.runs)
            if plain is not None:
                return plain
        if calendar.numbers is None:
            ticks = sorted(calendar.keys.read(key) for key in table.keys(ordinals))
        elif isinstance(calendar.numbers, (Months, Hours)):
            ticks = sorted(tick for start, stop in ordinals.runs for tick in self._run_ends(start, stop))
            return self._merged([(first, calendar.next(last)) for first, last in zip(ticks[::2], ticks[1::2], strict=True)])
        else:
            tick = calendar.numbers.tick
            return self._merged([(tick(start), calendar.next(tick(stop - 1))) for start, stop in ordinals.runs])
        return self._merged([(tick, calendar.next(tick)) for tick in ticks])

    def first_ordinal(self, view: PartitionsView) -> int | None:
        """The earliest window that exists."""
        calendar, stop = self.calendar, self.calendar.stop(seconds_of(view.now))
        tick = next(calendar.windows(calendar.first, stop), None)
        return None if tick is None else self._ordinal(tick, view.table)

    def last_ordinal(self, view: PartitionsView) -> int | None:
        """The latest window that exists."""
        tick = self._last_tick(seconds_of(view.now))
        return None if tick is None else self._ordinal(tick, view.table)

    def place_of(self, key: str) -> int:
        """Windows are ordered by when they begin."""
        return self.tick_of(key)

    def tick_of(self, key: str) -> int:
        """The instant at which the window of a key begins, existing or not.

        Raises
        ------
        UnknownPartitionError
            If a key of this definition cannot look like this.
        """
        try:
            return self.calendar.keys.read(key)
        except (ValueError, OverflowError, TypeError):
            example = self.calendar.keys.write(self.calendar.first)
            meant = self.calendar.keys.meant(key) if isinstance(key, str) else None
            hint = f" Did you mean {meant!r}?" if meant else ""
            raise UnknownPartitionError(
                f"{key!r} is no partition key of {self.describe()}. Keys look like {example!r} ({self.calendar.fmt}).{hint}"
            ) from None

    # -- windows: what people ask -----------------------------------------------------------------------------------------

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """The window that a key names, whether or not it exists yet.

        Raises
        ------
        UnknownPartitionError
            If no window is called that.
        """
        calendar: WindowCalendar = self.__dict__["_calendar"]
        try:
            tick = calendar.keys.read(partition_key)
        except (ValueError, OverflowError, TypeError):
            tick = self.tick_of(partition_key)
        info, at = calendar.zone.info, datetime.fromtimestamp
        return TimeWindow(at(tick, info), at(calendar.next(tick), info))

    def time_windows_for_partition_keys(self, partition_keys: Sequence[str]) -> list[TimeWindow]:
        """The stretches that these keys cover, windows that touch taken together, the earliest first."""
        found = self._merged([(tick, self.calendar.next(tick)) for tick in sorted({self.tick_of(key) for key in partition_keys})])
        return [TimeWindow(self.calendar.zone.datetime(start), self.calendar.zone.datetime(stop)) for start, stop in found]

    def start_time_for_partition_key(self, partition_key: str) -> datetime:
        """When the window of a key begins."""
        return self.calendar.zone.datetime(self.tick_of(partition_key))

    def end_time_for_partition_key(self, partition_key: str) -> datetime:
        """When the window of a key ends."""
        return self.time_window_for_partition_key(partition_key).end

    def get_next_partition_window(self, end_dt: datetime, respect_bounds: bool = True) -> TimeWindow | None:
        """The first window that begins at a moment or after it; None where it does not exist yet, unless bounds do not matter."""
        tick = self.calendar.at_or_after(seconds_of(end_dt))
        if respect_bounds and not self.calendar.first <= tick < self.calendar.stop(seconds_of(view_at(None, None).now)):
            return None
        return self._window(tick)

    def get_prev_partition_window(self, start_dt: datetime, respect_bounds: bool = True) -> TimeWindow | None:
        """The last window that ends at a moment or before it; None where it lies before the first, unless bounds do not matter."""
        tick = self.calendar.shifted(self.calendar.at_or_before(seconds_of(start_dt)), -1)
        return None if respect_bounds and tick < self.calendar.first else self._window(tick)

    def get_partition_key_for_timestamp(self, timestamp: float, end_closed: bool = False) -> str:
        """The key of the window that holds a moment (seconds since 1970 UTC); with `end_closed` a window holds its end, not its start."""
        instant = int(timestamp // 1)
        tick = self.calendar.ticks.before(instant) if end_closed and instant == timestamp else self.calendar.at_or_before(instant)
        if tick is None:
            raise OverflowError("time windows reach from the year 4 to the year 9997")
        return self.calendar.keys.write(tick)

    def get_partition_keys_in_time_window(
        self,
        time_window: TimeWindow,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """The keys of existing windows that begin within a stretch of time."""
        calendar, now = self.calendar, seconds_of(view_at(current_time, dynamic_partitions_store).now)
        start, end = seconds_of(time_window.start), seconds_of(time_window.end)
        if end <= start:
            return []
        first = max(calendar.at_or_after(start), calendar.first)
        stop = min(calendar.at_or_after(end), calendar.stop(now))
        if calendar.numbers is None:
            return [calendar.keys.write(tick) for tick in calendar.windows(first, stop)]
        return calendar.in_time(calendar.numbers, calendar.between(calendar.numbers, first, stop))

    def get_partition_key_range_for_time_window(self, time_window: TimeWindow) -> PartitionKeyRange:
        """The range of keys that covers a stretch of time.

        Raises
        ------
        UnknownPartitionError
            If the stretch is empty.
        """
        start, end = seconds_of(time_window.start), seconds_of(time_window.end)
        if end <= start:
            raise UnknownPartitionError(f"no partition lies between {time_window.start.isoformat()} and {time_window.end.isoformat()}.")
        return PartitionKeyRange(self.get_partition_key_for_timestamp(start), self.get_partition_key_for_timestamp(end, end_closed=True))

    def time_window_for_partition_key_range(self, partition_key_range: PartitionKeyRange) -> TimeWindow:
        """From the start of the first to the end of the last window of a range."""
        first, last = self.tick_of(partition_key_range.start), self.tick_of(partition_key_range.end)
        if last < first:
            raise self.reversed_range(partition_key_range)
        return TimeWindow(self.calendar.zone.datetime(first), self.calendar.zone.datetime(self.calendar.next(last)))

    def get_first_partition_window(self, current_time: datetime | None = None) -> TimeWindow | None:
        """The earliest window that exists."""
        calendar = self.calendar
        tick = next(calendar.windows(calendar.first, calendar.stop(seconds_of(view_at(current_time, None).now))), None)
        return None if tick is None else self._window(tick)

    def get_last_partition_window(self, current_time: datetime | None = None) -> TimeWindow | None:
        """The latest window that exists."""
        tick = self._last_tick(seconds_of(view_at(current_time, None).now))
        return None if tick is None else self._window(tick)

    def get_cron_schedule(
        self,
        minute_of_hour: int | None = None,
        hour_of_day: int | None = None,
        day_of_week: int | None = None,
        day_of_month: int | None = None,
    ) -> str:
        """The cron of a schedule that follows these partitions: at the windows' ends, or as much later as the arguments say.

        Raises
        ------
        InvalidDefinitionError
            If an argument makes no sense for this kind of window.
        """
        given = {"minute_of_hour": minute_of_hour, "hour_of_day": hour_of_day, "day_of_week": day_of_week, "day_of_month": day_of_month}
        kind, cron = self._kind(), self.calendar.cron
        allowed = _SCHEDULE_ARGUMENTS[kind] if kind else ()
        for name, value in given.items():
            if value is not None and name not in allowed:
                may = " and ".join(allowed) or "none of these"
                raise InvalidDefinitionError(f"{name} says nothing for partitions {self.describe()}. What can be given: {may}.")
        if all(value is None for value in given.values()):
            return cron.text
        fields = cron.text.split()
        for at, value in ((0, minute_of_hour), (1, hour_of_day), (2, day_of_month), (4, day_of_week)):
            if value is not None:
                fields[at] = str(value)
        return parse_cron(" ".join(fields)).text

    # -- helpers ------------------------------------------------------------------------------------------------------------

    def _kind(self) -> ScheduleType | None:
        for kind, schedule_type in _SCHEDULE_TYPES:
            if isinstance(self.calendar.numbers, kind):
                return schedule_type
        return None

    def _window(self, tick: int) -> TimeWindow:
        zone = self.calendar.zone
        return TimeWindow(zone.datetime(tick), zone.datetime(self.calendar.next(tick)))

    def _ordinal(self, tick: int, table: KeyTable) -> int:
        numbers = self.calendar.numbers
        return numbers.number(tick) if numbers else table.ordinals([self.calendar.keys.write(tick)])[0]

    def _existing_tick(self, key: str, now: int) -> int:
        tick = self.tick_of(key)
        if not self.calendar.is_window(tick, now):
            raise self.unknown(key, PartitionsView(datetime.fromtimestamp(now, UTC)))
        return tick

    def _last_tick(self, now: int) -> int | None:
        calendar = self.calendar
        tick = calendar.ticks.before(calendar.stop(now))
        while tick is not None and tick >= calendar.first:
            if not calendar.is_excluded(tick):
                return tick
            tick = calendar.ticks.before(tick)
        return None

    def _run_ends(self, start: int, stop: int) -> list[int]:
        """First and last tick of a run of numbers, or of each window where the run and time do not go together."""
        calendar = self.calendar
        assert calendar.numbers is not None
        first, last = calendar.numbers.tick(start), calendar.numbers.tick(stop - 1)
        if calendar.numbers.between(first, calendar.next(last)) == OrdinalSet.between(start, stop):
            return [first, last]
        return [tick for number in range(start, stop) for tick in (calendar.numbers.tick(number),) * 2]

    @staticmethod
    def _merged(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for start, stop in stretches:
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], stop)
            else:
                found.append((start, stop))
        return found

    def _neighbour(self, key: str, step: int, view: PartitionsView) -> str | None:
        now = seconds_of(view.now)
        tick: int | None = self._existing_tick(key, now)
        while tick is not None:
            tick = self.calendar.ticks.after(tick) if step > 0 else self.calendar.ticks.before(tick)
            if tick is None or not self.calendar.first <= tick < self.calendar.stop(now):
                return None
            if not self.calendar.is_excluded(tick):
                return self.calendar.keys.write(tick)
        return None

    def _near(self, key: str, view: PartitionsView) -> str:
        now, calendar = seconds_of(view.now), self.calendar
        tick = self.tick_of(key)
        if calendar.is_excluded(tick):
            return f"{key!r} is excluded."
        if tick >= calendar.stop(now):
            if calendar.end is not None and calendar.next(tick) > calendar.end:
                return "It lies after the end."
            return f"It has not ended as of {calendar.zone.datetime(now).isoformat()}; end_offset=1 would add the running window."
        return "It lies before the start."

    def _compile(self, cron: str, start: object, end: object, default_fmt: str) -> tuple[datetime, datetime | None]:
        """Check and normalise zone, format and exclusions, compile the calendar; start and end on the clock of the zone."""
        zone = zone_for(self.timezone, start)
        fmt = self.fmt or default_fmt
        first, last = instant_of(start, zone, fmt, "start"), None if end is None else instant_of(end, zone, fmt, "end")
        if last is not None and last <= first:
            raise InvalidDefinitionError(f"partitions end ({end}) before they begin ({start}). The end comes after the start.")
        if not isinstance(self.end_offset, int):
            raise InvalidDefinitionError(f"end_offset is a whole number of windows, not {self.end_offset!r}.")
        exclusions = exclusions_of(self.exclusions, zone)
        excluded = frozenset(item if isinstance(item, str) else seconds_of(item) for item in exclusions or ())
        calendar = WindowCalendar(cron, zone.name, fmt, start=first, end=last, end_offset=self.end_offset, exclusions=excluded)
        for name, value in (("timezone", zone.name), ("fmt", fmt), ("exclusions", exclusions)):
            object.__setattr__(self, name, value)
        self.__dict__["_calendar"] = calendar
        return zone.datetime(first), None if last is None else zone.datetime(last)
