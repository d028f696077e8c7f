"""When schedules fire: worked-out cases of daylight saving and calendars, texts that are refused, and laws against plain enumeration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset.definitions.cron import (
    CronTicks,
    cron_notes,
    describe,
    next_tick,
    parse_cron,
    parse_crons,
    previous_tick,
    ticks,
    ticks_between,
)
from nbasset.definitions.local_time import Zone, seconds_of
from nbasset.errors import InvalidCron, InvalidDefinitionError

NEW_YORK, BERLIN, LORD_HOWE = "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"
TODAYS = (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC))

# cron, zone, from when on, the first ticks on the clock of the zone
CASES = [
    ("30 2 * * *", NEW_YORK, "2026-03-08", ["03-08 03:00 -0400", "03-09 02:30 -0400"]),
    ("*/15 2 * * *", NEW_YORK, "2026-03-08", ["03-08 03:00 -0400", "03-09 02:00 -0400"]),
    ("0 1-5 * * *", NEW_YORK, "2026-03-08", ["03-08 01:00 -0500", "03-08 03:00 -0400", "03-08 04:00 -0400", "03-08 05:00 -0400"]),
    ("0 * * * *", NEW_YORK, "2026-03-08", ["03-08 00:00 -0500", "03-08 01:00 -0500", "03-08 03:00 -0400", "03-08 04:00 -0400"]),
    ("30 1 * * *", NEW_YORK, "2026-11-01", ["11-01 01:30 -0500", "11-02 01:30 -0500"]),
    ("0 * * * *", NEW_YORK, "2026-11-01", ["11-01 00:00 -0400", "11-01 01:00 -0400", "11-01 01:00 -0500", "11-01 02:00 -0500"]),
    (
        "*/30 * * * *",
        NEW_YORK,
        "2026-11-01T01:00",
        ["11-01 01:00 -0400", "11-01 01:30 -0400", "11-01 01:00 -0500", "11-01 01:30 -0500", "11-01 02:00 -0500"],
    ),
    ("0 */2 * * *", BERLIN, "2026-03-29", ["03-29 00:00 +0100", "03-29 03:00 +0200", "03-29 04:00 +0200"]),
    ("30 2 * * 0", BERLIN, "2026-10-25", ["10-25 02:30 +0100", "11-01 02:30 +0100"]),
    ("15 2 * * *", LORD_HOWE, "2026-10-04", ["10-04 02:30 +1100", "10-05 02:15 +1100"]),
    ("45 1 * * *", LORD_HOWE, "2026-04-05", ["04-05 01:45 +1030", "04-06 01:45 +1030"]),
    ("0 * * * *", LORD_HOWE, "2026-04-05T01:00", ["04-05 01:00 +1100", "04-05 02:00 +1030", "04-05 03:00 +1030"]),
    ("30 * * * *", LORD_HOWE, "2026-04-05T01:00", ["04-05 01:30 +1100", "04-05 01:30 +1030", "04-05 02:30 +1030"]),
    ("0 0 * * *", "Asia/Kolkata", "2026-07-01", ["07-01 00:00 +0530", "07-02 00:00 +0530"]),
    ("0 0 * * *", "Africa/Cairo", "2026-04-24", ["04-24 01:00 +0300", "04-25 00:00 +0300"]),
    ("30 0 * * *", "Africa/Cairo", "2026-04-24", ["04-24 01:00 +0300", "04-25 00:30 +0300"]),
    ("30 23 * * *", "America/Santiago", "2026-04-04", ["04-04 23:30 -0400", "04-05 23:30 -0400"]),
    (
        "0 0 31 * *",
        "UTC",
        "2026-01-01",
        ["01-31", "03-31", "05-31", "07-31", "08-31", "10-31", "12-31", "01-31"],
    ),
    ("0 0 29 2 *", "UTC", "2026-01-01", ["2028-02-29", "2032-02-29"]),
    ("0 0 29 2 *", "UTC", "2028-02-29", ["2028-02-29", "2032-02-29"]),
    ("0 9 1 * 1", "UTC", "2026-09-01", ["09-01 09:00", "09-07 09:00", "09-14 09:00", "09-21 09:00", "09-28 09:00", "10-01 09:00"]),
    ("0 9 L * *", "UTC", "2026-02-01", ["02-28 09:00", "03-31 09:00", "04-30 09:00"]),
    ("0 9 * * 1#2", "UTC", "2026-02-01", ["02-09 09:00", "03-09 09:00"]),
    ("0 9 * * L5", "UTC", "2026-02-01", ["02-27 09:00", "03-27 09:00"]),
    (["0 6 * * *", "0 */6 * * *"], "UTC", "2026-02-01", ["02-01 00:00", "02-01 06:00", "02-01 12:00"]),
    (["30 2 * * *", "0 3 * * *"], NEW_YORK, "2026-03-08", ["03-08 03:00 -0400", "03-09 02:30 -0400", "03-09 03:00 -0400"]),
]


@pytest.mark.parametrize("today", TODAYS, ids=["asked in July", "asked in December"])
@pytest.mark.parametrize(("cron", "tz", "start", "expected"), CASES)
def test_ticks_follow_the_rule_whatever_day_it_is_asked(
    cron: str | list[str], tz: str, start: str, expected: list[str], today: datetime
) -> None:
    zone = Zone(tz)
    zone.offset_at(seconds_of(today))
    each = CronTicks(parse_crons(cron), zone)
    at = seconds_of(datetime.fromisoformat(start).replace(tzinfo=zone.info)) - 1
    found = []
    for _ in expected:
        after = each.after(at)
        assert after is not None
        assert each.before(after) is None or each.before(after) <= at
        at = after
        shown = zone.datetime(at).strftime("%Y-%m-%d %H:%M %z")
        found.append(next((shown[low:high] for low, high in SHAPES if high - low == len(expected[len(found)])), shown))
    assert found == expected


SHAPES = ((5, 10), (0, 10), (5, 16), (5, 22))


def test_midnight_in_kolkata_is_always_half_past_six_in_the_evening_utc() -> None:
    found = islice(ticks("0 0 * * *", "Asia/Kolkata", datetime(2026, 1, 1, tzinfo=UTC)), 400)
    assert {(tick.hour, tick.minute, tick.tzinfo) for tick in found} == {(18, 30, UTC)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 0 31 4 *", "never fires: Apr has no day 31"),
        ("0 0 30 2 *", "never fires: Feb has no day 30"),
        ("0 0 31 2,4,6,9,11 *", "never fires"),
        ("0 0 6 * * *", "6 fields"),
        ("0 0 * *", "4 fields"),
        ("", "0 fields"),
        ("60 * * * *", "minute 60 .* out of range: 0 to 59"),
        ("* 24 * * *", "hour 24"),
        ("* * 0 * *", "day of month 0"),
        ("* * * 13 *", "month 13"),
        ("* * * * 8", "day of week 8"),
        ("* * * * MOM", "Did you mean 'mon'"),
        ("*/0 * * * *", "step"),
        ("1-2-3 * * * *", "cannot be read"),
        ("a * * * *", "no minute"),
        ("1,,2 * * * *", "cannot be read"),
        ("? * * * *", "cannot be read"),
        ("-5 * * * *", "cannot be read"),
        ("5/ * * * *", "cannot be read"),
        ("* * * * 1#6", "cannot be read|no day of week"),
        ("٣ * * * *", "no minute"),
        ("@dayly", "Did you mean '@daily'"),
        ("@reboot", "no alias"),
    ],
)
def test_a_cron_that_cannot_be_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(InvalidCron, match=says):
        parse_cron(text)


@pytest.mark.parametrize("bad", [[], None, 5, [5], [""]])
def test_what_is_no_cron_at_all_is_refused(bad: object) -> None:
    with pytest.raises(InvalidCron):
        parse_crons(bad)  # type: ignore[arg-type]


def test_an_unknown_zone_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidDefinitionError, match="Europe/Berlin"):
        next_tick("@daily", "Europe/Berlim", TODAYS[0])


@pytest.mark.parametrize("zone", ["../etc/passwd", "/etc/localtime", "Europe", "", "a\0b"])
def test_a_zone_that_is_a_path_is_no_zone(zone: str) -> None:
    with pytest.raises(InvalidDefinitionError, match="no time zone"):
        next_tick("@daily", zone, TODAYS[0])


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidDefinitionError, match="no time zone"):
        next_tick("@daily", "UTC", datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("@hourly", "0 * * * *"),
        ("@MONTHLY", "0 0 1 * *"),
        ("@weekly", "0 0 * * SUN"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * fri-mon", "0 0 * * 0,1,5,6"),
        ("0 22-2 * * *", "0 22,23,0,1,2 * * *"),
        ("5/20 * * * *", "5,25,45 * * * *"),
        ("0 0 * JAN,dec *", "0 0 * 1,12 *"),
        ("0 0 ? * 1-5", "0 0 * * MON-FRI"),
        ("0  0   * *  *", "0 0 * * *"),
        ("* * * * 0-7", "* * * * *"),
    ],
)
def test_spellings_of_one_schedule_fire_together(text: str, same: str) -> None:
    start = datetime(2026, 2, 20, tzinfo=UTC)
    assert list(islice(ticks(text, BERLIN, start), 30)) == list(islice(ticks(same, BERLIN, start), 30))


def test_what_is_legal_but_odd_is_told() -> None:
    assert "does not reach past the hour" in cron_notes("*/90 * * * *")[0]
    assert "does not reach past the day" in cron_notes("0 */30 * * *")[0]
    assert "either is enough" in cron_notes("0 0 1 * 1")[0]
    assert cron_notes(["0 6 * * *", "*/15 * * * *"]) == ()


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 6 * * *", "every day at 06:00"),
        ("30 9 * * 1-5", "weekdays at 09:30"),
        ("0 0 * * 6,0", "weekends at 00:00"),
        ("0 8,20 * * *", "every day at 08:00 and 20:00"),
        ("@hourly", "every hour"),
        ("15 * * * *", "every hour at :15"),
        ("*/5 * * * *", "every 5 minutes"),
        ("* * * * *", "every minute"),
        ("0 */6 * * *", "every day at 00:00, 06:00, 12:00 and 18:00"),
        ("0 */2 * * *", "every 2 hours"),
        ("0 9-17 * * 1-5", "every hour from 09:00 to 17:00 weekdays"),
        ("0 8 * * MON", "every Monday at 08:00"),
        ("0 8 * * MON,SUN", "every Monday and Sunday at 08:00"),
        ("0 0 1 * *", "on the 1st of every month at 00:00"),
        ("0 0 1,15 * *", "on the 1st and 15th of every month at 00:00"),
        ("0 0 L * *", "on the last day of every month at 00:00"),
        ("0 0 29 2 *", "on 29 February at 00:00"),
        ("0 0 1 1,7 *", "on the 1st of January and July at 00:00"),
        ("0 0 * 1 *", "every day in January at 00:00"),
        ("0 9 * * 1#2", "on the second Monday at 09:00"),
        ("0 9 * * L5", "on the last Friday at 09:00"),
        ("0 9 1 * 1", "on the 1st of every month, and every Monday at 09:00"),
        (["0 9 * * 6", "0 6 * * 1-5"], "every Saturday at 09:00, and weekdays at 06:00"),
    ],
)
def test_a_schedule_is_told_in_words(cron: str | list[str], words: str) -> None:
    assert describe(cron) == words


def test_an_outage_of_seven_hours_misses_seven_hourly_ticks() -> None:
    down, up = datetime(2026, 3, 1, 9, 30, tzinfo=UTC), datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    found = ticks_between("0 * * * *", BERLIN, down, up)
    assert [tick.hour for tick in found] == [10, 11, 12, 13, 14, 15, 16]


def test_a_clock_that_goes_back_gives_nothing_new() -> None:
    last, back = datetime(2026, 3, 1, 10, 0, tzinfo=UTC), datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert ticks_between("0 * * * *", BERLIN, last, back) == []


def test_previous_is_strictly_before_and_next_strictly_after() -> None:
    tick = datetime(2026, 3, 1, 10, tzinfo=UTC)
    just_after = tick + timedelta(microseconds=1)
    assert next_tick("0 * * * *", "UTC", tick) == tick + timedelta(hours=1)
    assert previous_tick("0 * * * *", "UTC", tick) == tick - timedelta(hours=1)
    assert previous_tick("0 * * * *", "UTC", just_after) == tick


def test_the_calendar_ends_instead_of_looping() -> None:
    late = datetime(9997, 12, 1, tzinfo=UTC)
    assert len(list(ticks("0 0 * * *", NEW_YORK, late))) < 40
    with pytest.raises(OverflowError):
        next_tick("0 0 29 2 *", NEW_YORK, late)


def test_a_day_that_a_zone_left_out_has_no_tick_of_its_own() -> None:
    apia = ZoneInfo("Pacific/Apia")
    found = islice(ticks("0 0 * * *", "Pacific/Apia", datetime(2011, 12, 28, 20, tzinfo=UTC)), 3)
    assert [tick.astimezone(apia).strftime("%m-%d %H:%M") for tick in found] == ["12-29 00:00", "12-31 00:00", "01-01 00:00"]


ZONES = (
    NEW_YORK,
    BERLIN,
    LORD_HOWE,
    "UTC",
    "Asia/Kolkata",
    "Africa/Cairo",
    "America/Santiago",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kathmandu",
)
fields = st.tuples(
    st.sampled_from(["0", "30", "*/15", "45", "7,52"]),
    st.sampled_from(["*", "0", "1", "2", "23", "*/2", "0-3", "1,2,3"]),
    st.sampled_from(["*", "*", "1", "31", "29", "L", "10-20"]),
    st.sampled_from(["*", "*", "3", "2-4", "10,11"]),
    st.sampled_from(["*", "*", "0", "1-5", "6"]),
).map(" ".join)

moments = st.datetimes(datetime(1976, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


def is_satisfiable(cron: str) -> bool:
    try:
        parse_cron(cron)
    except InvalidCron:
        return False
    return True


def plain_ticks(cron: str, tz: str, start: datetime, days: int) -> list[datetime]:
    """The rule, minute by minute over UTC: slow and obvious."""
    zone, one, epoch = ZoneInfo(tz), parse_cron(cron), datetime(1970, 1, 1)
    minutes = [start + timedelta(minutes=minute) for minute in range(-2 * 1440, (days + 2) * 1440)]
    offsets = {at: at.astimezone(zone).utcoffset() or timedelta(0) for at in minutes}
    found = set()
    for before, at in pairwise(minutes):
        wall, gained = at.replace(tzinfo=None) + offsets[at] - epoch, offsets[at] - offsets[before]
        comes_again = any(offsets.get(at + step) == offsets[at] - step for step in STEPS)
        if one.matches(int(wall.total_seconds())) and (one.every_hour or not comes_again):
            found.add(at)
        skipped = range(int((wall - gained).total_seconds()), int(wall.total_seconds()), 60)
        if not one.every_hour and any(one.matches(second) for second in skipped):
            found.add(at)
    return sorted(at for at in found if start < at <= start + timedelta(days=days))


STEPS = (timedelta(minutes=30), timedelta(hours=1), timedelta(hours=3))
SWITCHES = [
    (NEW_YORK, datetime(2026, 3, 8, tzinfo=UTC)),
    (NEW_YORK, datetime(2026, 11, 1, tzinfo=UTC)),
    (BERLIN, datetime(2026, 3, 29, tzinfo=UTC)),
    (LORD_HOWE, datetime(2026, 4, 4, tzinfo=UTC)),
    (LORD_HOWE, datetime(2026, 10, 3, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(1985, 12, 31, tzinfo=UTC)),
    ("Asia/Colombo", datetime(2006, 4, 14, tzinfo=UTC)),
    ("America/Caracas", datetime(2007, 12, 9, tzinfo=UTC)),
]


@settings(max_examples=25, deadline=None)
@given(fields.filter(is_satisfiable), st.sampled_from(SWITCHES))
def test_ticks_around_a_clock_change_are_those_of_plain_enumeration(cron: str, switch: tuple[str, datetime]) -> None:
    tz, day = switch
    start = day - timedelta(hours=30)
    assert ticks_between(cron, tz, start, start + timedelta(days=3)) == plain_ticks(cron, tz, start, 3)


@settings(deadline=None)
@given(
    fields.filter(is_satisfiable),
    st.sampled_from(ZONES),
    moments,
)
def test_next_and_previous_are_inverse(cron: str, tz: str, moment: datetime) -> None:
    first = next_tick(cron, tz, moment)
    second = next_tick(cron, tz, first)
    assert moment < first < second
    assert previous_tick(cron, tz, second) == first
    assert previous_tick(cron, tz, first) <= moment.replace(microsecond=0)


@settings(deadline=None)
@given(
    fields.filter(is_satisfiable),
    st.sampled_from(ZONES),
    moments,
)
def test_a_tick_shows_a_time_that_the_cron_names_or_the_end_of_a_gap(cron: str, tz: str, moment: datetime) -> None:
    tick = next_tick(cron, tz, moment)
    shown, before = tick.astimezone(ZoneInfo(tz)), (tick - timedelta(seconds=1)).astimezone(ZoneInfo(tz))
    wall = (shown.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
    is_gap_end = shown.utcoffset() > before.utcoffset()  # type: ignore[operator]
    assert parse_cron(cron).matches(int(wall)) or is_gap_end


@given(st.text(max_size=30) | st.lists(st.sampled_from(["*", "1", "/", "-", ",", "MON", "L", "#", " ", "99"]), max_size=12).map("".join))
def test_any_text_is_a_cron_or_is_refused(text: str) -> None:
    if is_satisfiable(text):
        assert next_tick(text, "UTC", TODAYS[0]) > TODAYS[0]
