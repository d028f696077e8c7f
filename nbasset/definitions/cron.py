"""Cron texts: when a schedule fires and where cron windows begin.

Five fields (minute, hour, day of month, month, day of week), names (``MON``, ``JAN``), ranges, steps, lists, ``L`` for the last day of a
month, ``L5`` for its last Friday, ``1#2`` for its second Monday, and the aliases ``@hourly`` to ``@yearly``. If both day fields are
restricted, either may match. Where cron and daylight saving meet, this is the rule, in every zone and whatever today's date is:

- if every hour matches, a skipped time does not fire and a time that comes twice fires twice;
- else a skipped time fires at the end of the gap, a time that comes twice fires once, at the later instant, and ticks that fall together
  are one tick.

Ticks are given as UTC datetimes, which compare and hash by instant; show them with ``tick.astimezone(ZoneInfo(tz))``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from nbasset.definitions.cron_fields import Cron, parse_cron
from nbasset.definitions.cron_words import describe
from nbasset.definitions.local_time import DAY, LAST_INSTANT, Zone, seconds_of, zone_of
from nbasset.errors import InvalidCron

__all__ = [
    "Cron",
    "CronTicks",
    "cron_notes",
    "describe",
    "next_tick",
    "parse_cron",
    "parse_crons",
    "previous_tick",
    "ticks",
    "ticks_between",
    "ticks_of",
]

_LAST = LAST_INSTANT - 2 * DAY


def parse_crons(cron: str | Sequence[str]) -> tuple[Cron, ...]:
    """One cron text, or several whose ticks are united.

    Raises
    ------
    InvalidCron
        As `parse_cron`, or if the list is empty.
    """
    if isinstance(cron, str):
        return (parse_cron(cron),)
    if not isinstance(cron, Sequence) or not cron:
        raise InvalidCron(f"a cron schedule is a text such as '0 6 * * *', or a list with at least one, not {cron!r}.")
    return tuple(parse_cron(text) for text in cron)


def cron_notes(cron: str | Sequence[str]) -> tuple[str, ...]:
    """What is legal but may not be meant, in sentences; empty when there is nothing to say.

    >>> cron_notes("*/90 * * * *")
    ("'*/90' in the minute field is the same as 0: a step does not reach past the hour. For every 90 minutes give two crons.",)
    """
    return tuple(note for one in parse_crons(cron) for note in one.notes)


def ticks(cron: str | Sequence[str], tz: str, after: datetime) -> Iterator[datetime]:
    """The ticks strictly after a moment, in order, as UTC datetimes, to the end of the calendar.

    >>> from itertools import islice
    >>> [tick.isoformat() for tick in islice(ticks("30 1 * * *", "America/New_York", datetime(2026, 10, 31, tzinfo=UTC)), 2)]
    ['2026-10-31T05:30:00+00:00', '2026-11-01T06:30:00+00:00']
    """
    each = ticks_of(cron, tz)
    at: int | None = seconds_of(after)
    while True:
        assert at is not None
        at = each.after(at)
        if at is None:
            return
        yield datetime.fromtimestamp(at, UTC)


def next_tick(cron: str | Sequence[str], tz: str, after: datetime) -> datetime:
    """The first tick strictly after a moment.

    Raises
    ------
    OverflowError
        If there is none before the year 9998.
    """
    at = ticks_of(cron, tz).after(seconds_of(after))
    if at is None:
        raise OverflowError(f"{cron!r} does not fire between {after.isoformat()} and the end of the calendar")
    return datetime.fromtimestamp(at, UTC)


def previous_tick(cron: str | Sequence[str], tz: str, before: datetime) -> datetime:
    """The last tick strictly before a moment.

    Raises
    ------
    OverflowError
        If there is none since the year 4.
    """
    at = seconds_of(before)
    found = ticks_of(cron, tz).before(at + 1 if before.microsecond else at)
    if found is None:
        raise OverflowError(f"{cron!r} does not fire between the start of the calendar and {before.isoformat()}")
    return datetime.fromtimestamp(found, UTC)


def ticks_between(cron: str | Sequence[str], tz: str, after: datetime, until: datetime) -> list[datetime]:
    """The ticks with ``after < tick <= until``: what became due since the last look."""
    each = ticks_of(cron, tz)
    found = []
    at, last = each.after(seconds_of(after)), seconds_of(until)
    while at is not None and at <= last:
        found.append(datetime.fromtimestamp(at, UTC))
        at = each.after(at)
    return found


class CronTicks:
    """The ticks of one or more crons on the wall clock of a zone, as instants."""

    __slots__ = ("crons", "zone")

    def __init__(self, crons: tuple[Cron, ...], zone: Zone) -> None:
        self.crons = crons
        self.zone = zone

    def after(self, instant: int) -> int | None:
        """The first tick strictly after; None at the end of the calendar."""
        if instant >= _LAST:
            return None
        if len(self.crons) == 1:
            cron = self.crons[0]
            return self._after_hourly(cron, instant) if cron.every_hour else self._after(cron, instant)
        found = [self._after_hourly(cron, instant) if cron.every_hour else self._after(cron, instant) for cron in self.crons]
        return min((at for at in found if at is not None), default=None)

    def before(self, instant: int) -> int | None:
        """The last tick strictly before; None at the start of the calendar."""
        found = [self._before_hourly(cron, instant) if cron.every_hour else self._before(cron, instant) for cron in self.crons]
        return max((at for at in found if at is not None), default=None)

    def nominal(self, tick: int) -> int:
        """The wall time that the (only) cron means by a tick: another than the wall shows when it fell into a gap."""
        cron = self.crons[0]
        wall = tick + self.zone.offset_at(tick)
        if cron.every_hour or cron.matches(wall):
            return wall
        moved = cron.previous_wall(wall)
        assert moved is not None
        return moved

    def _after(self, cron: Cron, instant: int) -> int | None:
        _, high, changes, offsets, walls = self.zone.segments(instant)
        at = bisect_right(changes, instant)
        wall = instant + offsets[at]
        # In the first pass of a time that comes twice nothing fires any more: go on from where the second pass begins.
        if at < len(changes) and wall >= walls[at + 1]:
            wall = int(walls[at + 1]) - 1
        following = cron.next_wall(wall)
        if following is None or following >= _LAST:
            return None
        is_plain = following < (min(walls[at + 1], changes[at] + offsets[at]) if at < len(changes) else high)
        return following - offsets[at] if is_plain else self.zone.instant(following)

    def _before(self, cron: Cron, instant: int) -> int | None:
        _, _, changes, offsets, walls = self.zone.segments(instant)
        at = bisect_right(changes, instant)
        wall = instant + offsets[at]
        if at < len(changes) and wall > walls[at + 1]:
            wall = int(walls[at + 1])
        if at > 0 and instant == changes[at - 1]:
            wall = min(wall, instant + offsets[at - 1])
        preceding = cron.previous_wall(wall)
        return None if preceding is None else self.zone.instant(preceding)

    def _after_hourly(self, cron: Cron, instant: int) -> int | None:
        _, _, changes, offsets, walls = self.zone.segments(instant)
        at = bisect_right(changes, instant)
        wall = instant + offsets[at]
        while True:
            following = cron.next_wall(wall)
            if following is None or following >= _LAST:
                return None
            tick = following - offsets[at]
            if at < len(changes) and tick < changes[at]:
                return tick
            _, _, grown, offsets, walls = self.zone.segments(tick)
            if grown is not changes:
                changes = grown
                at = bisect_right(changes, instant)
            if at == len(changes) or tick < changes[at]:
                return tick
            wall = int(walls[at + 1]) - 1
            instant = changes[at]
            at += 1

    def _before_hourly(self, cron: Cron, instant: int) -> int | None:
        _, _, changes, offsets, _ = self.zone.segments(instant)
        at = bisect_left(changes, instant)
        wall = instant + offsets[at]
        while True:
            preceding = cron.previous_wall(wall)
            if preceding is None:
                return None
            tick = preceding - offsets[at]
            if at > 0 and tick >= changes[at - 1]:
                return tick
            _, _, grown, offsets, _ = self.zone.segments(tick)
            if grown is not changes:
                changes = grown
                at = bisect_left(changes, instant)
            if at == 0 or tick >= changes[at - 1]:
                return tick
            at -= 1
            instant = changes[at]
            wall = instant + offsets[at]


def ticks_of(cron: str | Sequence[str], tz: str) -> CronTicks:
    """The ticks of a cron text, or of several united, in a zone; compiled once.

    Raises
    ------
    InvalidCron, InvalidDefinitionError
        If the text or the zone is not valid.
    """
    if isinstance(cron, str):
        return _compiled((cron,), tz)
    parse_crons(cron)
    return _compiled(tuple(cron), tz)


@lru_cache(maxsize=4096)
def _compiled(crons: tuple[str, ...], tz: str) -> CronTicks:
    return CronTicks(parse_crons(crons), zone_of(tz))
