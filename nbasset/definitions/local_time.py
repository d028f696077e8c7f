"""Wall clocks in whole seconds: the offsets of one IANA zone as segments, and the way between wall time and instants.

An *instant* is seconds since 1970-01-01 UTC; a *wall* is what a clock on the wall shows, as seconds since 1970-01-01 00:00 of that clock.
Cron and time windows compute with these numbers, because datetimes of one zone compare by what the clock shows: both 01:30 of an autumn
night are equal to Python. Whatever is asked about a year has the same answer today and in half a year.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from nbasset.errors import InvalidDefinitionError, did_you_mean

DAY = 86_400
EPOCH_DAY = 719_163  # date(1970, 1, 1).toordinal()
FIRST_INSTANT = -62_041_420_800  # inside the year 4
LAST_INSTANT = 253_339_228_800  # the start of the year 9998

# No two changes of one zone lie closer than 6.9 days in the tz database, so samples 5 days apart see them all.
_SAMPLE = 5 * DAY
_MARGIN = 60 * DAY
_CALM = 8 * DAY
_CHUNK = 4 * 366 * DAY
_FIRST_SAMPLED, _LAST_SAMPLED = FIRST_INSTANT - 2 * 366 * DAY, LAST_INSTANT + 366 * DAY  # what datetimes can hold


class Segments(NamedTuple):
    """Stretches of constant offset: segment `i` lasts from ``changes[i - 1]`` up to ``changes[i]`` and has ``offsets[i]``.

    `walls[i]` is what the wall shows at the start of segment `i`. True between `low` and `high`, with some weeks to spare.
    """

    low: float
    high: float
    changes: list[int]
    offsets: list[int]
    walls: list[float]


class Zone:
    """The wall clock of one IANA time zone."""

    __slots__ = ("_segments", "info", "name")

    def __init__(self, name: str) -> None:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones  # 1 MB, for whoever has a clock

        try:
            self.info = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known = available_timezones()
            found = min((one for one in known if one.casefold() == name.casefold()), default=None)
            if found is None:
                hint = did_you_mean(name, known)
                raise InvalidDefinitionError(f"no time zone {name!r}. Give an IANA name such as 'Europe/Berlin'. {hint}".rstrip()) from None
            self.info, name = ZoneInfo(found), found
        self.name = name
        fixed = self.info.utcoffset(None)
        self._segments = Segments(0, 0, [], [], [])
        if fixed is not None:
            self._segments = Segments(float("-inf"), float("inf"), [], [int(fixed.total_seconds())], [float("-inf")])

    def segments(self, instant: int) -> Segments:
        """Segments that are true around `instant` (which may also be a wall time: the margin is wider than any offset)."""
        found = self._segments
        if found.low <= instant < found.high:
            return found
        return self._grown(instant)

    def offset_at(self, instant: int) -> int:
        """Seconds that the wall is ahead of UTC."""
        found = self.segments(instant)
        return found.offsets[bisect_right(found.changes, instant)]

    def instant(self, wall: int) -> int:
        """The instant of a wall time; one that is skipped is the end of the gap, one that comes twice is the later."""
        _, changes, offsets, walls = self.segments(wall)[1:]
        at = bisect_right(walls, wall) - 1
        instant = wall - offsets[at]
        return min(instant, changes[at]) if at < len(changes) else instant

    def first_instant(self, wall: int) -> int:
        """Like `instant`, but of a wall time that comes twice the earlier."""
        _, changes, offsets, walls = self.segments(wall)[1:]
        at = bisect_right(walls, wall) - 1
        if at > 0 and wall - offsets[at - 1] < changes[at - 1]:
            return wall - offsets[at - 1]
        instant = wall - offsets[at]
        return min(instant, changes[at]) if at < len(changes) else instant

    def calm_around(self, instant: int) -> tuple[float, float, int]:
        """From when to when, as instants, no clock is changed within 8 days, and the offset there; an empty stretch near a change."""
        low, high, changes, offsets, _ = self.segments(instant)
        at = bisect_right(changes, instant)
        start = changes[at - 1] + _CALM if at > 0 else low
        end = changes[at] - _CALM if at < len(changes) else high
        return (start, end, offsets[at]) if start <= instant < end else (0, 0, 0)

    def is_second_pass(self, instant: int) -> bool:
        """Whether the wall showed the same time once before."""
        found = self.segments(instant)
        at = bisect_right(found.changes, instant)
        return at > 0 and instant + found.offsets[at] < found.changes[at - 1] + found.offsets[at - 1]

    def datetime(self, instant: int) -> datetime:
        """The aware datetime in this zone."""
        return datetime.fromtimestamp(instant, self.info)

    def _grown(self, instant: int) -> Segments:
        if not FIRST_INSTANT <= instant <= LAST_INSTANT:
            raise OverflowError("time windows and schedules reach from the year 4 to the year 9997")
        old = self._segments
        low, high = max(instant - _CHUNK, _FIRST_SAMPLED), min(instant + _CHUNK, _LAST_SAMPLED)
        if not old.offsets:
            self._segments = self._sampled(low, high, [], [self._offset(low)])
            return self._segments
        sampled_low, sampled_high = int(old.low) - _MARGIN, int(old.high) + _MARGIN
        if instant >= old.high:
            self._segments = self._sampled(sampled_low, high, old.changes, old.offsets, sampled=sampled_high)
        else:
            earlier = self._sampled(low, sampled_low, [], [self._offset(low)])
            changes, offsets = earlier.changes + old.changes, earlier.offsets + old.offsets[1:]
            self._segments = self._sampled(low, sampled_high, changes, offsets, sampled=sampled_high)
        return self._segments

    def _sampled(self, low: int, high: int, changes: list[int], offsets: list[int], *, sampled: int | None = None) -> Segments:
        """Segments from `low` to `high`, where the changes up to `sampled` are known already."""
        changes, offsets = list(changes), list(offsets)
        for at in range(low if sampled is None else sampled, high, _SAMPLE):
            self._find_changes(at, min(at + _SAMPLE, high), changes, offsets)
        walls = [float("-inf"), *(change + offset for change, offset in zip(changes, offsets[1:], strict=True))]
        return Segments(low + _MARGIN, high - _MARGIN, changes, offsets, walls)

    def _find_changes(self, start: int, stop: int, changes: list[int], offsets: list[int]) -> None:
        """Append the changes after `start` up to `stop`, by bisection."""
        while self._offset(stop) != offsets[-1]:
            low, high = start, stop
            while high - low > 1:
                middle = (low + high) // 2
                if self._offset(middle) == offsets[-1]:
                    low = middle
                else:
                    high = middle
            changes.append(high)
            offsets.append(self._offset(high))
            start = high

    def _offset(self, instant: int) -> int:
        offset = datetime.fromtimestamp(instant, self.info).utcoffset()
        assert offset is not None
        return offset.days * DAY + offset.seconds


@cache
def zone_of(name: str) -> Zone:
    """The zone of an IANA name, in whatever case it is written: `name` of the zone is spelt right. The same object for the same name.

    Raises
    ------
    InvalidDefinitionError
        If there is no such zone.
    """
    return Zone(name)


def seconds_of(moment: datetime) -> int:
    """Whole seconds since 1970 UTC of an aware datetime, rounded down.

    Raises
    ------
    InvalidDefinitionError
        If it carries no time zone: nobody could say which moment is meant.
    """
    if moment.tzinfo is None:
        raise InvalidDefinitionError(f"{moment.isoformat()} has no time zone. Give an aware datetime, such as datetime(..., tzinfo=UTC).")
    return int(moment.timestamp() // 1)


def wall_of(moment: datetime) -> int:
    """The wall seconds that a naive datetime shows.

    >>> wall_of(datetime(1970, 1, 2, 0, 1))
    86460
    """
    return (moment.toordinal() - EPOCH_DAY) * DAY + moment.hour * 3600 + moment.minute * 60 + moment.second


def naive_of(wall: int) -> datetime:
    """The naive datetime that shows these wall seconds."""
    return datetime.fromtimestamp(wall, UTC).replace(tzinfo=None)
