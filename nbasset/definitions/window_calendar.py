"""The windows of one time-partitioned definition: which there are, what they are called, where they begin and end.

A window begins at a tick of the cron and ends at the next, so windows tile time. All of it is arithmetic on instants; a key is read and
written only at the border. A window keeps the name that the cron gives it: one of 02:30 that a clock change moves to 03:00 is still named
for its day. The second of two windows that the wall calls alike has the UTC offset behind its key (``2025-11-02-01:00-0500``).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from nbasset.definitions.cron import Cron, CronTicks, parse_cron, ticks_of
from nbasset.definitions.local_time import DAY, EPOCH_DAY, FIRST_INSTANT, LAST_INSTANT, Zone, naive_of, wall_of
from nbasset.definitions.window_numbers import HOUR, Days, Hours, Months, Weeks, WindowNumbers, numbers_for, stepped
from nbasset.errors import InvalidDefinitionError
from nbasset.ordinals import OrdinalSet

DAY_FORMAT = "%Y-%m-%d"
HOUR_FORMAT = "%Y-%m-%d-%H:%M"
_LENGTHS: dict[type, int] = {Hours: HOUR, Days: DAY, Weeks: 7 * DAY}  # where no clock is changed
_OFFSET = re.compile(r"[+-]\d{4}(?:\d\d)?\Z")


class KeyText:
    """Keys of windows as text: a strftime format over the ticks of one cron in one zone."""

    __slots__ = ("_calm", "_cron", "_fmt", "_has_offset", "_kind", "_marks_second", "_ticks", "_time", "_zone")

    def __init__(self, ticks: CronTicks, numbers: WindowNumbers | None, fmt: str) -> None:
        self._ticks = ticks
        self._cron = ticks.crons[0]
        self._zone = ticks.zone
        self._fmt = fmt
        self._has_offset = "%z" in fmt or "%:z" in fmt
        self._marks_second = self._cron.every_hour and not self._has_offset
        self._time = self._cron.times[0]
        self._calm: tuple[float, float, int] = (0, 0, 0)
        self._kind = "text"
        if fmt == DAY_FORMAT and isinstance(numbers, (Days, Weeks, Months)):
            self._kind = "day"
        elif fmt == HOUR_FORMAT and isinstance(numbers, Hours):
            self._kind = "hour"

    def write(self, tick: int) -> str:
        """The key of the window that begins at a tick."""
        if self._has_offset:
            return self._zone.datetime(tick).strftime(self._fmt)
        wall = self._ticks.nominal(tick)
        if self._kind == "day":
            return date.fromordinal(wall // DAY + EPOCH_DAY).isoformat()
        key = naive_of(wall).strftime(self._fmt)
        if self._marks_second and self._zone.is_second_pass(tick):
            return key + self._zone.datetime(tick).strftime("%z")
        return key

    def read(self, key: str) -> int:
        """The tick of a key. ValueError if no window is called that; the text must be exactly what `write` gives."""
        if self._kind == "day" and len(key) == 10 and key[4] == "-" == key[7]:
            wall = (date.fromisoformat(key).toordinal() - EPOCH_DAY) * DAY + self._time
            if not self._cron.every_day and not self._cron.matches(wall):
                raise ValueError(key)
            tick = self._zone.instant(wall)
            if tick + self._zone.offset_at(tick) != wall and self._ticks.nominal(tick) != wall:
                raise ValueError(key)
            return tick
        if self._kind == "hour" and len(key) == 16 and key[4] == "-" == key[7] and key[10] == "-" and key[13] == ":":
            moment = datetime.fromisoformat(key)
            if moment.minute * 60 != self._time:
                raise ValueError(key)
            wall = (moment.toordinal() - EPOCH_DAY) * DAY + moment.hour * HOUR + self._time
            low, high, offset = self._calm
            if low <= wall - offset < high:
                return wall - offset
            tick = self._zone.first_instant(wall)
            if tick + self._zone.offset_at(tick) != wall:
                raise ValueError(key)
            self._calm = self._zone.calm_around(tick)
            return tick
        tick = self._read_text(key)
        if self.write(tick) != key:
            raise ValueError(key)
        return tick

    def meant(self, text: str) -> str | None:
        """The key that a text written in another way may mean: ``2026-03-02`` for ``2026-3-2``."""
        try:
            return self.write(self._read_text(text.strip()))
        except (ValueError, OverflowError):
            return None

    def write_all(self, numbers: WindowNumbers, ordinals: OrdinalSet) -> list[str]:
        """The keys of windows by their numbers, in the order of the numbers."""
        if self._kind == "day" and isinstance(numbers, Days):
            return [date.fromordinal(number + EPOCH_DAY).isoformat() for number in ordinals]
        if self._kind != "hour":
            return [self.write(numbers.tick(number)) for number in ordinals]
        found: list[str] = []
        for start, stop in ordinals.runs:
            if start < 0 or start >= LAST_INSTANT // HOUR:
                found += [self.write(numbers.tick(number)) for number in range(start, stop)]
            else:
                found += self._hours(numbers, start, stop)
        return found

    def _hours(self, numbers: WindowNumbers, start: int, stop: int) -> list[str]:
        """Hourly keys, a day's date written once."""
        first, last = numbers.tick(start), numbers.tick(stop - 1)
        self._zone.segments(first)
        _, _, changes, offsets, _ = self._zone.segments(last)
        times = [f"-{hour:02}:{self._time // 60:02}" for hour in range(24)]
        found: list[str] = []
        at, tick = bisect_right(changes, first), first
        while tick <= last:
            end = min(last + 1, changes[at]) if at < len(changes) else last + 1
            offset = offsets[at]
            again = changes[at - 1] + offsets[at - 1] - offset if at > 0 else tick
            while tick < min(end, again):
                found.append(self.write(tick))
                tick += HOUR
            while tick < end:
                day, second = divmod(tick + offset, DAY)
                hour = second // HOUR
                count = min(24 - hour, (end - tick + HOUR - 1) // HOUR)
                text = date.fromordinal(day + EPOCH_DAY).isoformat()
                found += [text + time for time in times[hour : hour + count]]
                tick += count * HOUR
            at += 1
            if at <= len(changes) and end == changes[at - 1]:
                tick = end + (self._time - offsets[at] - end) % HOUR
        # Two windows that begin in one UTC hour: the second is not of this run.
        return found if len(found) == stop - start else [self.write(numbers.tick(number)) for number in range(start, stop)]

    def _read_text(self, key: str) -> int:
        try:
            moment, offset = datetime.strptime(key, self._fmt), ""  # noqa: DTZ007 (the zone is the definition's)
        except ValueError:
            match = _OFFSET.search(key) if self._marks_second else None
            if match is None:
                raise
            moment, offset = datetime.strptime(key[: match.start()], self._fmt), match[0]  # noqa: DTZ007
        if moment.tzinfo is not None:
            tick = self._ticks.after(int(moment.timestamp()) - 1)
        else:
            wall = wall_of(moment)
            nominal = wall if self._cron.matches(wall) else self._cron.next_wall(wall)
            if nominal is None or not FIRST_INSTANT < nominal < LAST_INSTANT - DAY:
                raise ValueError(key)
            is_first = self._cron.every_hour and not offset
            tick = self._zone.first_instant(nominal) if is_first else self._zone.instant(nominal)
        if tick is None:
            raise ValueError(key)
        return tick


class WindowCalendar:
    """All windows of one definition. `start` and `end` are instants; `exclusions` are crons and instants."""

    def __init__(
        self, cron: str, tz: str, fmt: str, *, start: int, end: int | None, end_offset: int, exclusions: frozenset[str | int]
    ) -> None:
        self.ticks = ticks_of(cron, tz)
        self.cron: Cron = self.ticks.crons[0]
        self.zone: Zone = self.ticks.zone
        self.fmt = fmt
        self.start = start
        self.end = end
        self.end_offset = end_offset
        self.exclusions = exclusions
        self.numbers, self.keys = _compiled(self.cron.text, tz, fmt)
        self.identity = (self.cron.text, self.zone.name, fmt, start, end, end_offset, exclusions)
        first = self.ticks.after(start - 1)
        if first is None:
            raise InvalidDefinitionError(
                f"partitions cannot start in the year {naive_of(start).year}: there are windows up to the year 9997."
            )
        self.first = first
        self._excluded_instants = frozenset(item for item in exclusions if isinstance(item, int))
        self._excluding = tuple(parse_cron(item) for item in exclusions if isinstance(item, str))
        self._length = _LENGTHS.get(type(self.numbers), 0)
        self._calm: tuple[float, float, int] = (0, 0, 0)
        self._memo: tuple[int, OrdinalSet] = (first, OrdinalSet())
        self._keys_memo: tuple[int, list[str]] = (first, [])

    def stop(self, now: int) -> int:
        """The tick at which windows end to exist as of `now`: those exist that begin before it, from `first` on."""
        running = self.at_or_before(now)
        stop = self.shifted(running, self.end_offset) if self.end_offset else running
        return stop if self.end is None else min(stop, self.at_or_before(self.end))

    def at_or_before(self, instant: int) -> int:
        """The start of the window that holds an instant."""
        found = self.ticks.before(instant + 1)
        if found is None:
            raise OverflowError("time windows reach from the year 4 to the year 9997")
        return found

    def next(self, tick: int) -> int:
        """The end of the window that begins at a tick."""
        low, high, _ = self._calm
        if low <= tick < high:
            return tick + self._length
        if self._length:
            self._calm = self.zone.calm_around(tick)
        found = self.ticks.after(tick)
        if found is None:
            raise OverflowError("time windows reach from the year 4 to the year 9997")
        return found

    def at_or_after(self, instant: int) -> int:
        """The first tick that is not before an instant."""
        found = self.ticks.after(instant - 1)
        if found is None:
            raise OverflowError("time windows reach from the year 4 to the year 9997")
        return found

    def shifted(self, tick: int, steps: int) -> int:
        """The tick so many windows later, or earlier; excluded windows count."""
        return stepped(self.ticks, tick, steps) if self.numbers is None else self.numbers.shifted(tick, steps)

    def is_window(self, tick: int, now: int) -> bool:
        """Whether the window of a tick exists."""
        return self.first <= tick < self.stop(now) and not self.is_excluded(tick)

    def is_excluded(self, tick: int) -> bool:
        """Whether an exclusion takes the window away."""
        if not self.exclusions:
            return False
        wall = self.ticks.nominal(tick)
        return tick in self._excluded_instants or any(cron.matches(wall) for cron in self._excluding)

    def windows(self, first: int, stop: int) -> Iterator[int]:
        """The ticks from one up to but not including another, without excluded ones."""
        tick: int | None = first
        while tick is not None and tick < stop:
            if not self.is_excluded(tick):
                yield tick
            tick = self.ticks.after(tick)

    def between(self, numbers: WindowNumbers, first: int, stop: int) -> OrdinalSet:
        """The numbers of the windows from one tick up to but not including another, without excluded ones."""
        if first >= stop:
            return OrdinalSet()
        found = numbers.between(first, stop)
        return found - self._excluded(numbers, first, stop) if self.exclusions else found

    def existing(self, numbers: WindowNumbers, now: int) -> OrdinalSet:
        """The numbers of all windows that exist."""
        stop = self.stop(now)
        known, found = self._memo
        if known != stop:
            found = self.between(numbers, self.first, stop)
            self._memo = (stop, found)
        return found

    def existing_keys(self, now: int) -> list[str]:
        """The keys of all windows that exist. Do not change the list."""
        stop = self.stop(now)
        known, keys = self._keys_memo
        if known != stop:
            if self.numbers is None:
                keys = [self.keys.write(tick) for tick in self.windows(self.first, stop)]
            else:
                keys = self.in_time(self.numbers, self.existing(self.numbers, now))
            self._keys_memo = (stop, keys)
        return keys

    def in_time(self, numbers: WindowNumbers, ordinals: OrdinalSet) -> list[str]:
        """The keys of these numbers, the earliest window first."""
        if isinstance(numbers, Hours) and ordinals.runs and ordinals.runs[-1][1] > LAST_INSTANT:
            return [self.keys.write(tick) for tick in sorted(numbers.tick(number) for number in ordinals)]
        return self.keys.write_all(numbers, ordinals)

    def _excluded(self, numbers: WindowNumbers, first: int, stop: int) -> OrdinalSet:
        found = {numbers.number(tick) for tick in self._excluded_instants if first <= tick < stop and self.ticks.after(tick - 1) == tick}
        low, high = self.ticks.nominal(first) - 1, self.ticks.nominal(stop)
        for cron in self._excluding:
            common = cron.at_times_of(self.cron)
            wall = common.next_wall(low) if common else None
            while common and wall is not None and wall < high:
                if self.cron.matches(wall):
                    each = {self.zone.instant(wall), self.zone.first_instant(wall)} if self.cron.every_hour else {self.zone.instant(wall)}
                    found |= {numbers.number(tick) for tick in each if self.ticks.nominal(tick) == wall}
                wall = common.next_wall(wall)
        return OrdinalSet.of(found)


@lru_cache(maxsize=1024)
def _compiled(cron: str, tz: str, fmt: str) -> tuple[WindowNumbers | None, KeyText]:
    ticks = ticks_of(cron, tz)
    numbers = numbers_for(ticks)
    keys = KeyText(ticks, numbers, fmt)
    _check_format(ticks, keys, cron, fmt)
    return numbers, keys


def _check_format(ticks: CronTicks, keys: KeyText, cron: str, fmt: str) -> None:
    """A key must lead back to its window: neighbours, the next month, the next year and the next decade are tried."""
    for start in (1_600_000_000, 1_603_000_000, 1_632_000_000, 1_960_000_000):
        tick = start
        for _ in range(3):
            following = ticks.after(tick)
            assert following is not None
            tick = following
            key = keys.write(tick)
            try:
                is_back = keys.read(key) == tick
            except ValueError:
                is_back = False
            if not is_back:
                raise InvalidDefinitionError(
                    f"the format {fmt!r} is too coarse for {cron!r}, or cannot be read back: {key!r} does not name one window. "
                    f"Try {HOUR_FORMAT!r}."
                )
