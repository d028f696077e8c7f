"""A cron text in words, for cards and review sheets."""

from __future__ import annotations

from collections.abc import Sequence

from nbasset.definitions.cron_fields import Cron, parse_cron

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NTH = ("last", "first", "second", "third", "fourth", "fifth")
_MOST_TIMES = 6


def describe(cron: str | Sequence[str], tz: str | None = None) -> str:
    """When a schedule fires, as a person would say it.

    >>> describe("0 6 * * *"), describe("30 9 * * 1-5", "Europe/Berlin")
    ('every day at 06:00', 'weekdays at 09:30 (Europe/Berlin)')
    >>> describe("*/15 9-17 * * MON"), describe("0 0 1 * *")
    ('every 15 minutes from 09:00 to 17:45 every Monday', 'on the 1st of every month at 00:00')
    >>> describe(["0 9 * * 6", "0 6 * * 1-5"])
    'every Saturday at 09:00, and weekdays at 06:00'
    """
    texts = (cron,) if isinstance(cron, str) else cron
    words = ", and ".join(_words(parse_cron(text)) for text in texts)
    return f"{words} ({tz})" if tz else words


def _words(cron: Cron) -> str:
    days = _days(cron)
    if len(cron.times) <= _MOST_TIMES and not cron.every_hour:
        return f"{days} at {_listed([_clock(time) for time in cron.times])}"
    rhythm = _rhythm(cron)
    return rhythm if cron.every_day else f"{rhythm} {days}"


def _rhythm(cron: Cron) -> str:
    """What happens within a day on which it fires."""
    minutes, hours = cron.minutes, cron.hours
    step = _step(minutes, 60)
    if step == 1:
        every = "every minute"
    elif step is not None:
        every = f"every {step} minutes"
    elif minutes == (0,):
        every = "every hour"
    else:
        every = f"every hour at {_listed([f':{minute:02}' for minute in minutes])}"
    if cron.every_hour:
        return every
    if len(hours) > 1 and hours == tuple(range(hours[0], hours[-1] + 1)):
        return f"{every} from {_clock(cron.times[0])} to {_clock(cron.times[-1])}"
    hour_step = _step(hours, 24)
    if hour_step and len(minutes) == 1:
        past = f" at :{minutes[0]:02}" if minutes[0] else ""
        return f"every {hour_step} hours{past}"
    return f"{every} in the hours {_listed([f'{hour:02}' for hour in hours])}"


def _days(cron: Cron) -> str:
    by_weekday = "" if cron.any_weekday else _weekdays(cron)
    by_day = "" if cron.any_day else _month_days(cron)
    if by_weekday and by_day:
        return f"{by_day}, and {by_weekday}" + _in_months(cron)
    if by_weekday:
        return by_weekday + _in_months(cron)
    return by_day or ("every day" + _in_months(cron))


def _weekdays(cron: Cron) -> str:
    if cron.weekdays == (1, 2, 3, 4, 5) and not cron.nth_weekdays:
        return "weekdays"
    if cron.weekdays == (0, 6) and not cron.nth_weekdays:
        return "weekends"
    if len(cron.weekdays) == 7:
        return "every day"
    monday_first = sorted(cron.weekdays, key=lambda day: (day - 1) % 7)
    names = [_WEEKDAYS[day] for day in monday_first]
    every = f"every {_listed(names)}" if names else ""
    nth = _listed([f"the {_NTH[n]} {_WEEKDAYS[day]}" for day, n in cron.nth_weekdays])
    return " and ".join(part for part in (every, f"on {nth}" if nth else "") if part)


def _month_days(cron: Cron) -> str:
    if len(cron.months) == 1 and not cron.on_last_day and cron.any_weekday:
        return f"on {_listed([str(day) for day in cron.days])} {_MONTHS[cron.months[0] - 1]}"
    days = [_ordinal(day) for day in cron.days] + (["last day"] if cron.on_last_day else [])
    of = "of every month" if cron.any_month or not cron.any_weekday else f"of {_listed([_MONTHS[month - 1] for month in cron.months])}"
    return f"on the {_listed(days)} {of}"


def _in_months(cron: Cron) -> str:
    return "" if cron.any_month else f" in {_listed([_MONTHS[month - 1] for month in cron.months])}"


def _step(numbers: tuple[int, ...], whole: int) -> int | None:
    """The step, if these are all multiples of one that divides the whole."""
    if len(numbers) < 2:
        return None
    step = numbers[1]
    return step if whole % step == 0 and numbers == tuple(range(0, whole, step)) else None


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}"


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" and {words[-1]}" if words else ""
