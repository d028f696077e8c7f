"""Numbers of time windows: a day, a week, a month and an hour have one, whatever a definition's start, end and offsets are.

Days, weeks (which begin on Sunday) and months count from 1970 on the wall clock, by the date that a window is named for; hours count from
1970 in UTC. Each class turns the instant of a window's start (a *tick*) into its number and back, and a stretch of time into a set.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from typing import Protocol

from nbasset.definitions.cron import Cron, CronTicks
from nbasset.definitions.local_time import DAY, EPOCH_DAY
from nbasset.ordinals import OrdinalSet

HOUR = 3600
# Where clocks go back by half an hour at half past, two windows can begin in one UTC hour: the second counts from here.
SECOND_IN_HOUR = 1 << 40


class WindowNumbers(Protocol):
    """The numbers of one kind of windows."""

    unit: str

    def number(self, tick: int) -> int:
        """The number of the window that begins at `tick`."""

    def tick(self, number: int) -> int:
        """The instant at which a window begins. KeyError if there is no such window."""

    def between(self, first: int, stop: int) -> OrdinalSet:
        """The windows that begin from one tick up to but not including another."""

    def shifted(self, tick: int, steps: int) -> int:
        """The tick so many windows later, or earlier."""


def numbers_for(ticks: CronTicks) -> WindowNumbers | None:
    """How windows of this cron are numbered; None if they have no calendar number."""
    cron = ticks.crons[0]
    if len(cron.minutes) != 1:
        return None
    if cron.every_hour and cron.every_day:
        return Hours(ticks)
    if len(cron.hours) != 1:
        return None
    if cron.every_day:
        return Days(ticks)
    if cron.any_day and cron.any_month and len(cron.weekdays) == 1 and not cron.nth_weekdays:
        return Weeks(ticks)
    if cron.any_weekday and cron.any_month and len(cron.days) == 1 and not cron.on_last_day:
        return Months(ticks)
    return None


def stepped(ticks: CronTicks, tick: int, steps: int) -> int:
    """The tick so many ticks later, or earlier, one at a time."""
    for _ in range(abs(steps)):
        following = ticks.after(tick) if steps > 0 else ticks.before(tick)
        if following is None:
            raise OverflowError("time windows reach from the year 4 to the year 9997")
        tick = following
    return tick


class Days:
    """Local days since 1970-01-01."""

    unit = "day"

    def __init__(self, ticks: CronTicks) -> None:
        self._ticks = ticks
        self._zone = ticks.zone
        self._time = ticks.crons[0].times[0]

    def number(self, tick: int) -> int:
        """The day that the window is named for."""
        return self._ticks.nominal(tick) // DAY

    def tick(self, number: int) -> int:
        """When the day's window begins."""
        return self._zone.instant(number * DAY + self._time)

    def between(self, first: int, stop: int) -> OrdinalSet:
        """Days in a row, but for one that a zone left out when it crossed the date line."""
        return OrdinalSet.between(self.number(first), self.number(stop)) - self._left_out(first, stop)

    def shifted(self, tick: int, steps: int) -> int:
        """Days later."""
        there = self.tick(self.number(tick) + steps)
        return stepped(self._ticks, tick, steps) if self._left_out(min(tick, there), max(tick, there) + 1) else there

    def _left_out(self, first: int, stop: int) -> OrdinalSet:
        self._zone.segments(first)
        _, _, changes, offsets, _ = self._zone.segments(stop)
        found = OrdinalSet()
        for at in range(bisect_left(changes, first), bisect_right(changes, stop)):
            change, before, after = changes[at], offsets[at], offsets[at + 1]
            if after - before >= DAY:
                found |= OrdinalSet.between(-((self._time - change - before) // DAY), (change + after - self._time) // DAY)
        return found


class Weeks:
    """Weeks since the Sunday before 1970-01-01."""

    unit = "week"

    def __init__(self, ticks: CronTicks) -> None:
        self._ticks = ticks
        self._wall = ticks.crons[0].weekdays[0] * DAY + ticks.crons[0].times[0]

    def number(self, tick: int) -> int:
        """The week, from Sunday to Saturday, that the start falls into."""
        return (self._ticks.nominal(tick) // DAY + 4) // 7

    def tick(self, number: int) -> int:
        """When the week's window begins."""
        return self._ticks.zone.instant((number * 7 - 4) * DAY + self._wall)

    def between(self, first: int, stop: int) -> OrdinalSet:
        """Weeks in a row."""
        return OrdinalSet.between(self.number(first), self.number(stop))

    def shifted(self, tick: int, steps: int) -> int:
        """Weeks later."""
        return self.tick(self.number(tick) + steps)


class Months:
    """Months since January 1970. Without a 31st there is no window of the 31st."""

    unit = "month"

    def __init__(self, ticks: CronTicks) -> None:
        self._ticks = ticks
        self._day = ticks.crons[0].days[0]
        self._time = ticks.crons[0].times[0]

    def number(self, tick: int) -> int:
        """The month that the start falls into."""
        start = date.fromordinal(self._ticks.nominal(tick) // DAY + EPOCH_DAY)
        return (start.year - 1970) * 12 + start.month - 1

    def tick(self, number: int) -> int:
        """When the month's window begins."""
        try:
            start = date(1970 + number // 12, number % 12 + 1, self._day)
        except ValueError:
            raise KeyError(number) from None
        return self._ticks.zone.instant((start.toordinal() - EPOCH_DAY) * DAY + self._time)

    def between(self, first: int, stop: int) -> OrdinalSet:
        """Months in a row, but for those that are too short."""
        months = OrdinalSet.between(self.number(first), self.number(stop))
        return months if self._day <= 28 else OrdinalSet.of(month for month in months if self._is_long_enough(month))

    def shifted(self, tick: int, steps: int) -> int:
        """Windows later."""
        return self.tick(self.number(tick) + steps) if self._day <= 28 else stepped(self._ticks, tick, steps)

    def _is_long_enough(self, month: int) -> bool:
        following = month + 1
        length = date(1970 + following // 12, following % 12 + 1, 1) - date(1970 + month // 12, month % 12 + 1, 1)
        return length.days >= self._day


class Hours:
    """UTC hours since 1970: the hour that the window begins in."""

    unit = "hour"

    def __init__(self, ticks: CronTicks) -> None:
        self._ticks = ticks
        self._zone = ticks.zone
        self._minute = ticks.crons[0].minutes[0] * 60

    def number(self, tick: int) -> int:
        """The UTC hour, or a number beyond all of them for the second window in one."""
        hour = tick // HOUR
        found = self._zone.segments(tick)
        at = bisect_right(found.changes, tick)
        if at > 0 and tick - found.changes[at - 1] < HOUR and (found.offsets[at] - found.offsets[at - 1]) % HOUR:
            before = self._ticks.before(tick)
            if before is not None and before // HOUR == hour:
                return SECOND_IN_HOUR + hour
        return hour

    def tick(self, number: int) -> int:
        """When the hour's window begins."""
        is_second, hour = number >= SECOND_IN_HOUR, number % SECOND_IN_HOUR if number >= SECOND_IN_HOUR else number
        start = hour * HOUR
        found = self._zone.segments(start)
        at = bisect_right(found.changes, start)
        tick = start + (self._minute - found.offsets[at]) % HOUR
        if at < len(found.changes) and (tick >= found.changes[at] or is_second):
            change = found.changes[at]
            tick = change + (self._minute - found.offsets[at + 1] - change) % HOUR
            if tick >= start + HOUR:
                raise KeyError(number)
        return tick

    def spans(self, runs: tuple[tuple[int, int], ...]) -> list[tuple[int, int]] | None:
        """From when to when these runs last; None where a clock was changed by a part of an hour in between."""
        if not runs or runs[-1][1] >= SECOND_IN_HOUR:
            return None
        low, high = runs[0][0] * HOUR, runs[-1][1] * HOUR + HOUR
        self._zone.segments(low)
        _, _, changes, offsets, _ = self._zone.segments(high)
        among = offsets[bisect_left(changes, low) : bisect_right(changes, high) + 1]
        shift = (self._minute - among[0]) % HOUR
        if any((self._minute - offset) % HOUR != shift for offset in among):
            return None
        return [(start * HOUR + shift, stop * HOUR + shift) for start, stop in runs]

    def between(self, first: int, stop: int) -> OrdinalSet:
        """Hours in a row, but where a clock is changed by half an hour."""
        if first >= stop:
            return OrdinalSet()
        self._zone.segments(first)
        _, _, changes, offsets, _ = self._zone.segments(stop)
        runs: list[tuple[int, int]] = []
        seconds: list[int] = []
        at = bisect_right(changes, first)
        start = first
        while start < stop:
            end = min(stop, changes[at]) if at < len(changes) else stop
            tick = start + (self._minute - offsets[at] - start) % HOUR
            if tick < end:
                low, high = tick // HOUR, (end - 1 - (end - 1 - tick) % HOUR) // HOUR + 1
                if runs and runs[-1][1] > low:
                    seconds.append(SECOND_IN_HOUR + low)
                    low += 1
                if runs and runs[-1][1] == low:
                    runs[-1] = (runs[-1][0], max(high, low))
                elif low < high:
                    runs.append((low, high))
            start, at = end, at + 1
        found = OrdinalSet(tuple(runs))
        return found | OrdinalSet.of(seconds) if seconds else found

    def shifted(self, tick: int, steps: int) -> int:
        """Hours later."""
        there = tick + steps * HOUR
        low, high = min(tick, there), max(tick, there)
        self._zone.segments(low)
        found = self._zone.segments(high)
        offset = found.offsets[bisect_right(found.changes, tick)]
        for at in range(bisect_left(found.changes, low), bisect_right(found.changes, high)):
            if (found.offsets[at + 1] - offset) % HOUR or (found.offsets[at] - offset) % HOUR:
                return stepped(self._ticks, tick, steps)
        return there


__all__ = ["SECOND_IN_HOUR", "Cron", "Days", "Hours", "Months", "Weeks", "WindowNumbers", "numbers_for", "stepped"]
