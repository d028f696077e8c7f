"""One cron text, read and computed with on wall seconds, without any zone. `cron.py` puts it on the clock of a zone."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from copy import copy
from datetime import date
from functools import lru_cache

from nbasset.definitions.local_time import DAY, EPOCH_DAY
from nbasset.errors import InvalidCron, did_you_mean

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 7, WEEKDAYS),
)
_EVERY_MONTH_SEARCHED = 12 * 60  # a fifth weekday of 29 February comes back after 40 years at the latest


def parse_cron(text: str) -> Cron:
    """The cron of a text; equal texts give the same object.

    Raises
    ------
    InvalidCron
        If the text cannot be read, or names days that no year has (``0 0 31 4 *``).
    """
    if not isinstance(text, str):
        raise InvalidCron(f"a cron schedule is text such as '0 6 * * *', not {text!r}.")
    return _parsed(text)


class Cron:
    """A parsed cron: arithmetic on wall seconds, without any zone.

    `times` are the seconds of a day at which it fires; `every_hour` says whether the hour field leaves no hour out.
    """

    __slots__ = (
        "_masks",
        "any_day",
        "any_month",
        "any_weekday",
        "days",
        "every_day",
        "every_hour",
        "hours",
        "minutes",
        "months",
        "notes",
        "nth_weekdays",
        "on_last_day",
        "text",
        "times",
        "weekdays",
    )

    def __init__(self, text: str) -> None:
        fields = ALIASES.get(text.strip().lower(), text).split()
        _check_fields(text, fields)
        self.text = " ".join(fields)
        notes: list[str] = []
        day, weekday = fields[2], fields[4]
        self.minutes = tuple(sorted(_numbers(text, 0, fields[0], notes)))
        self.hours = tuple(sorted(_numbers(text, 1, fields[1], notes)))
        self.months = tuple(sorted(_numbers(text, 3, fields[3], notes)))
        self.any_day, self.any_weekday = day in ("*", "?"), weekday in ("*", "?")
        days, self.on_last_day = _split_last(day)
        self.days = tuple(sorted(_numbers(text, 2, days, notes))) if days else ()
        weekdays, self.nth_weekdays = _split_nth(text, weekday)
        self.weekdays = tuple(sorted({number % 7 for number in _numbers(text, 4, weekdays, notes)})) if weekdays else ()
        self.any_month = len(self.months) == 12
        self.every_hour = len(self.hours) == 24
        self.every_day = self.any_day and self.any_weekday and self.any_month
        self.times = tuple(hour * 3600 + minute * 60 for hour in self.hours for minute in self.minutes)
        self._masks: dict[int, int] = {}
        self._check_days(text)
        if not self.any_day and not self.any_weekday:
            notes.append(f"{self.text!r} fires on the days of month {day} and on the days of week {weekday}: either is enough.")
        self.notes = tuple(notes)

    def __repr__(self) -> str:
        return f"Cron({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cron) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def at_times_of(self, other: Cron) -> Cron | None:
        """This cron on its own days, at the times of day that the other has too; None if there are none."""
        common = set(self.times) & set(other.times)
        if not common:
            return None
        found = copy(self)
        found.times = tuple(sorted(common))
        return found

    def matches(self, wall: int) -> bool:
        """Whether it fires at this wall time."""
        day, second = divmod(wall, DAY)
        at = bisect_left(self.times, second)
        return at < len(self.times) and self.times[at] == second and (self.every_day or self._fires_on(day))

    def next_wall(self, wall: int) -> int | None:
        """The first wall time strictly after `wall`; None at the end of the calendar."""
        day, second = divmod(wall, DAY)
        if second < self.times[-1] and (self.every_day or self._fires_on(day)):
            return day * DAY + self.times[bisect_right(self.times, second)]
        if self.every_day:
            return (day + 1) * DAY + self.times[0]
        following = self._next_day(day + 1)
        return None if following is None else following * DAY + self.times[0]

    def previous_wall(self, wall: int) -> int | None:
        """The last wall time strictly before `wall`; None at the start of the calendar."""
        day, second = divmod(wall, DAY)
        if second > self.times[0] and (self.every_day or self._fires_on(day)):
            return day * DAY + self.times[bisect_left(self.times, second) - 1]
        if self.every_day:
            return (day - 1) * DAY + self.times[-1]
        preceding = self._previous_day(day - 1)
        return None if preceding is None else preceding * DAY + self.times[-1]

    def _fires_on(self, day: int) -> bool:
        moment = date.fromordinal(day + EPOCH_DAY)
        return bool(self._mask(moment.year * 12 + moment.month - 1) >> moment.day & 1)

    def _next_day(self, day: int) -> int | None:
        moment = date.fromordinal(day + EPOCH_DAY)
        month = moment.year * 12 + moment.month - 1
        mask = self._mask(month) >> moment.day << moment.day
        for _ in range(_EVERY_MONTH_SEARCHED):
            if mask:
                return date(month // 12, month % 12 + 1, (mask & -mask).bit_length() - 1).toordinal() - EPOCH_DAY
            month += 1
            if month >= 9998 * 12:
                return None
            mask = self._mask(month)
        return None

    def _previous_day(self, day: int) -> int | None:
        moment = date.fromordinal(day + EPOCH_DAY)
        month = moment.year * 12 + moment.month - 1
        mask = self._mask(month) & (2 << moment.day) - 1
        for _ in range(_EVERY_MONTH_SEARCHED):
            if mask:
                return date(month // 12, month % 12 + 1, mask.bit_length() - 1).toordinal() - EPOCH_DAY
            month -= 1
            if month < 4 * 12:
                return None
            mask = self._mask(month)
        return None

    def _mask(self, month: int) -> int:
        """The days of a month (year * 12 + month - 1) on which it fires, bit 1 to bit 31."""
        mask = self._masks.get(month)
        if mask is None:
            mask = self._masks[month] = self._computed_mask(month)
        return mask

    def _computed_mask(self, month: int) -> int:
        if month % 12 + 1 not in self.months:
            return 0
        first = date(month // 12, month % 12 + 1, 1).toordinal()
        length = date((month + 1) // 12, (month + 1) % 12 + 1, 1).toordinal() - first
        whole = (2 << length) - 2
        by_day = sum(1 << day for day in self.days if day <= length) | (1 << length if self.on_last_day else 0)
        by_weekday = 0
        for weekday in self.weekdays:
            for day in range(1 + (weekday - first) % 7, length + 1, 7):
                by_weekday |= 1 << day
        for weekday, nth in self.nth_weekdays:
            days = range(1 + (weekday - first) % 7, length + 1, 7)
            if nth <= len(days):
                by_weekday |= 1 << days[nth - 1 if nth else -1]
        if self.any_day and self.any_weekday:
            return whole
        if self.any_day:
            return by_weekday
        return by_day if self.any_weekday else by_day | by_weekday

    def _check_days(self, text: str) -> None:
        if self.any_day or self.on_last_day or not self.any_weekday:
            return
        if all(_LONGEST_MONTHS[month - 1] < self.days[0] for month in self.months):
            months = ", ".join(MONTHS[month - 1].capitalize() for month in self.months)
            raise InvalidCron(
                f"{text!r} never fires: {months} has no day {self.days[0]}. For the last day of the month write L in the day field."
            )


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Cron:
    return Cron(text)


def _check_fields(text: str, fields: list[str]) -> None:
    if len(fields) == 5:
        return
    if len(fields) == 6:
        raise InvalidCron(
            f"{text!r} has 6 fields. A cron has 5: minute, hour, day of month, month, day of week; seconds are not supported."
        )
    if len(fields) == 1 and fields[0].startswith("@"):
        raise InvalidCron(f"no alias {text!r}. There are {', '.join(ALIASES)}. {did_you_mean(text.lower(), ALIASES)}".rstrip())
    raise InvalidCron(f"{text!r} has {len(fields)} fields. A cron has 5: minute, hour, day of month, month, day of week ('0 6 * * *').")


def _numbers(text: str, field: int, value: str, notes: list[str]) -> set[int]:
    """All numbers that a field names."""
    found: set[int] = set()
    for part in value.split(","):
        found |= _part_numbers(text, field, part, notes)
    return found


def _part_numbers(text: str, field: int, part: str, notes: list[str]) -> set[int]:
    name, low, high, _ = _FIELDS[field]
    match = re.fullmatch(r"(\*|\?|[^-/*?]+)(?:-([^-/]+))?(?:/(\d{1,9}))?", part)
    if match is None or ("?" in part and (field not in (2, 4) or part != "?")) or (match[1] == "*" and match[2]):
        raise InvalidCron(f"{part!r} cannot be read as {name} in {text!r}. Write a number, *, a range 1-5, a list 1,3 or a step */15.")
    step = int(match[3]) if match[3] else 1
    if step == 0:
        raise InvalidCron(f"the step of {part!r} in {text!r} is 0. A step is at least 1.")
    top = 6 if field == 4 else high
    if match[1] in ("*", "?"):
        start, stop = low, top
        if step > top - low and step > 1:
            reach = " For every 90 minutes give two crons." if step == 90 else ""
            unit = {"minute": "hour", "hour": "day"}.get(name, "month" if name == "day of month" else "year" if name == "month" else "week")
            notes.append(f"{part!r} in the {name} field is the same as {low}: a step does not reach past the {unit}.{reach}")
    else:
        start = _number(text, field, match[1])
        stop = _number(text, field, match[2]) if match[2] else (top if match[3] else start)
    if start <= stop:
        return set(range(start, stop + 1, step))
    if field == 4:
        start, stop = start % 7, stop % 7
        if start <= stop:
            return set(range(start, stop + 1, step))
    return set([*range(start, top + 1), *range(low, stop + 1)][::step])


def _number(text: str, field: int, word: str) -> int:
    name, low, high, names = _FIELDS[field]
    if re.fullmatch(r"[0-9]{1,4}", word):
        number = int(word)
        if low <= number <= high:
            return number
        raise InvalidCron(f"{name} {word} in {text!r} is out of range: {low} to {high}.")
    if word.lower() in names:
        return names.index(word.lower()) + (1 if field == 3 else 0)
    choice = f" Names are {', '.join(names).upper()}. {did_you_mean(word.lower(), names)}" if names else ""
    raise InvalidCron(f"{word!r} is no {name} ({text!r}): {low} to {high}.{choice}".rstrip())


def _split_last(value: str) -> tuple[str, bool]:
    """The day-of-month field without its ``L``, and whether it had one."""
    parts = value.split(",")
    return ",".join(part for part in parts if part.upper() != "L"), any(part.upper() == "L" for part in parts)


def _split_nth(text: str, value: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The day-of-week field without ``1#2`` and ``L5``, and those as (weekday, nth); nth 0 is the last."""
    plain, nth = [], []
    for part in value.split(","):
        match = re.fullmatch(r"([^#]+)#([1-5])", part)
        last = re.fullmatch(r"[lL]([0-7A-Za-z]+)", part)
        if match:
            nth.append((_number(text, 4, match[1]) % 7, int(match[2])))
        elif last:
            nth.append((_number(text, 4, last[1]) % 7, 0))
        else:
            plain.append(part)
    return ",".join(plain), tuple(nth)
