"""Partitions definitions in one line, as ``%%asset --partitions`` takes them.

::

    daily:2013-01-01..2013-12-31            both ends included; without an end it goes on
    hourly:2013-01-01..2013-01-31@Europe/Berlin
    weekly:2013-01-01..   monthly:2013-01..2013-12
    cron:0 9 * * 1-5:2013-01-01..           windows from each tick to the next
    static:EWR,JFK,LGA                      a key with a comma or a semicolon in double quotes
    dynamic:customers
    multi:day=daily:2013-01-01..;origin=static:EWR,JFK

An end names a period and includes all of it: ``2013-12-31`` the whole day, ``2013-12`` the whole month.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partition_ranges import split_outside_quotes
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.time_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from nbasset.definitions.time_windows import TimeWindows
from nbasset.definitions.window_bounds import instant_of
from nbasset.definitions.window_calendar import HOUR_FORMAT
from nbasset.errors import InvalidDefinitionError, InvalidPartitionRange, did_you_mean

_KINDS = ("daily", "hourly", "weekly", "monthly", "cron", "static", "dynamic", "multi")
_MONTH = re.compile(r"\d{4}-\d{2}\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def partitions_from_text(text: str) -> PartitionsDefinition:
    """The definition of a text.

    >>> daily = partitions_from_text("daily:2013-01-01..2013-01-03")
    >>> daily.get_partition_keys()
    ['2013-01-01', '2013-01-02', '2013-01-03']
    >>> partitions_from_text("multi:day=daily:2013-01-01..2013-01-01;origin=static:EWR,JFK").get_partition_keys()
    ['2013-01-01|EWR', '2013-01-01|JFK']

    Raises
    ------
    InvalidDefinitionError
        If the text cannot be read.
    """
    kind, colon, rest = text.strip().partition(":")
    kind, rest = kind.strip().lower(), rest.strip()
    if kind not in _KINDS:
        raise InvalidDefinitionError(
            f"{text!r} names no kind of partitions. Kinds are {', '.join(_KINDS)}: 'daily:2013-01-01..2013-12-31'. "
            f"{did_you_mean(kind, _KINDS)}".rstrip()
        )
    if not colon or not rest:
        raise InvalidDefinitionError(f"{text!r} ends after the kind. Say which: {_EXAMPLES[kind]!r}.")
    try:
        return _READERS[kind](rest, text)
    except InvalidPartitionRange as error:
        raise InvalidDefinitionError(f"{text!r}: {error}") from None


def _daily(rest: str, text: str) -> PartitionsDefinition:
    start, end, timezone = _bounds(rest, text)
    made = DailyPartitionsDefinition(start, timezone=timezone)
    return made if end is None else DailyPartitionsDefinition(start, _end_of(end, made, text), timezone=timezone)


def _hourly(rest: str, text: str) -> PartitionsDefinition:
    start, end, timezone = _bounds(rest, text)
    made = HourlyPartitionsDefinition(start, timezone=timezone)
    return made if end is None else HourlyPartitionsDefinition(start, _end_of(end, made, text), timezone=timezone)


def _weekly(rest: str, text: str) -> PartitionsDefinition:
    start, end, timezone = _bounds(rest, text)
    made = WeeklyPartitionsDefinition(start, timezone=timezone)
    return made if end is None else WeeklyPartitionsDefinition(start, _end_of(end, made, text), timezone=timezone)


def _monthly(rest: str, text: str) -> PartitionsDefinition:
    start, end, timezone = _bounds(rest, text)
    made = MonthlyPartitionsDefinition(start, timezone=timezone)
    return made if end is None else MonthlyPartitionsDefinition(start, _end_of(end, made, text), timezone=timezone)


def _cron(rest: str, text: str) -> PartitionsDefinition:
    cron, colon, bounds = rest.partition(":")
    if not colon:
        raise InvalidDefinitionError(f"{text!r} has no start. Write {_EXAMPLES['cron']!r}.")
    start, end, timezone = _bounds(bounds, text)
    for fmt in ("%Y-%m-%d", HOUR_FORMAT):
        try:
            made = TimeWindowPartitionsDefinition(start, fmt, cron_schedule=cron.strip(), timezone=timezone)
            break
        except InvalidDefinitionError:
            if fmt == HOUR_FORMAT:
                raise
    until = None if end is None else _end_of(end, made, text)
    return TimeWindowPartitionsDefinition(start, fmt, end=until, cron_schedule=cron.strip(), timezone=timezone)


def _static(rest: str, text: str) -> PartitionsDefinition:
    keys = [part.strip() for part in split_outside_quotes(rest, ",")]
    return StaticPartitionsDefinition([key[1:-1].replace('""', '"') if len(key) > 1 and key[0] == key[-1] == '"' else key for key in keys])


def _dynamic(rest: str, text: str) -> PartitionsDefinition:
    return DynamicPartitionsDefinition(rest)


def _multi(rest: str, text: str) -> PartitionsDefinition:
    dimensions: dict[str, PartitionsDefinition] = {}
    for part in split_outside_quotes(rest, ";"):
        name, equals, definition = part.partition("=")
        if not equals:
            raise InvalidDefinitionError(f"{part.strip()!r} in {text!r} is no dimension. Write {_EXAMPLES['multi']!r}.")
        if name.strip() in dimensions:
            raise InvalidDefinitionError(f"the dimension '{name.strip()}' stands twice in {text!r}.")
        dimensions[name.strip()] = partitions_from_text(definition)
    return MultiPartitionsDefinition(dimensions)


_READERS: dict[str, Callable[[str, str], PartitionsDefinition]] = {
    "daily": _daily,
    "hourly": _hourly,
    "weekly": _weekly,
    "monthly": _monthly,
    "cron": _cron,
    "static": _static,
    "dynamic": _dynamic,
    "multi": _multi,
}
_EXAMPLES = {
    "daily": "daily:2013-01-01..2013-12-31",
    "hourly": "hourly:2013-01-01..2013-01-31",
    "weekly": "weekly:2013-01-01..",
    "monthly": "monthly:2013-01..2013-12",
    "cron": "cron:0 9 * * 1-5:2013-01-01..2013-12-31",
    "static": "static:EWR,JFK,LGA",
    "dynamic": "dynamic:customers",
    "multi": "multi:day=daily:2013-01-01..;origin=static:EWR,JFK",
}


def _bounds(rest: str, text: str) -> tuple[str, str | None, str | None]:
    """Start, end and zone of ``START..END@ZONE``."""
    bounds, at, zone = rest.partition("@")
    start, dots, end = bounds.partition("..")
    start, end = start.strip(), end.lstrip(".").strip()
    if not start or (at and not zone.strip()):
        raise InvalidDefinitionError(f"{text!r} cannot be read. Write START..END@ZONE, such as 2013-01-01..2013-12-31@Europe/Berlin.")
    if _MONTH.match(start):
        start += "-01"
    return start, (end or None) if dots else None, zone.strip() or None


def _end_of(end: str, made: TimeWindows, text: str) -> datetime:
    """Where the last window ends that begins in the period named by `end`."""
    calendar = made.calendar
    after = instant_of(_following(end), calendar.zone, HOUR_FORMAT, "end")
    last = calendar.ticks.before(after)
    if last is None or last < calendar.first:
        raise InvalidDefinitionError(f"no window of {text!r} begins between its start and its end.")
    return calendar.zone.datetime(calendar.next(last))


def _following(end: str) -> datetime | str:
    """When the month, the day or the minute is over."""
    try:
        if _MONTH.match(end):
            return (datetime.strptime(end, "%Y-%m") + timedelta(days=31)).replace(day=1)  # noqa: DTZ007
        if _DAY.match(end):
            return datetime.strptime(end, "%Y-%m-%d") + timedelta(days=1)  # noqa: DTZ007
        return datetime.strptime(end, HOUR_FORMAT) + timedelta(minutes=1)  # noqa: DTZ007
    except ValueError:
        return end
