"""Partitions by time: worked-out cases of calendars and clock changes, and the laws that windows, keys and ordinals keep."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset import serde
from nbasset.definitions.partitions import PartitionKeyRange, PartitionsView, TimeWindow, partition_loading_context
from nbasset.definitions.time_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from nbasset.definitions.time_windows import ScheduleType, TimeWindows
from nbasset.errors import InvalidDefinitionError, InvalidPartitionRange, UnknownPartitionError
from nbasset.ordinals import MemoryKeyTable, OrdinalSet

NEW_YORK, LORD_HOWE = "America/New_York", "Australia/Lord_Howe"
TODAYS = [datetime(2027, 1, 5, tzinfo=UTC), datetime(2027, 7, 5, tzinfo=UTC)]
TABLE = MemoryKeyTable()

today = pytest.mark.parametrize("now", TODAYS, ids=["asked in January", "asked in July"])


def hours(definition: TimeWindows, key: str) -> float:
    return definition.time_window_for_partition_key(key).duration_s / 3600


# -- worked-out cases ---------------------------------------------------------------------------------------------------


@today
def test_a_day_has_23_or_25_hours_when_clocks_change(now: datetime) -> None:
    daily = DailyPartitionsDefinition("2026-01-01", timezone=NEW_YORK)
    assert [hours(daily, key) for key in ("2026-03-08", "2026-11-01", "2026-07-01")] == [23, 25, 24]
    assert daily.has_partition_key("2026-03-08", now)


def test_a_boundary_in_the_gap_moves_and_windows_stay_contiguous() -> None:
    daily = DailyPartitionsDefinition("2026-01-01", minute_offset=30, hour_offset=2, timezone=NEW_YORK)
    assert [hours(daily, key) for key in ("2026-03-07", "2026-03-08")] == [23.5, 23.5]
    assert daily.time_window_for_partition_key("2026-03-07").end == daily.time_window_for_partition_key("2026-03-08").start


def test_a_boundary_that_comes_twice_is_the_later() -> None:
    daily = DailyPartitionsDefinition("2026-01-01", minute_offset=30, hour_offset=1, timezone=NEW_YORK)
    assert [hours(daily, key) for key in ("2026-10-31", "2026-11-01")] == [25, 24]


@today
def test_the_hour_that_comes_twice_has_two_keys_and_the_skipped_has_none(now: datetime) -> None:
    hourly = HourlyPartitionsDefinition("2026-01-01", timezone=NEW_YORK)
    fold = TimeWindow(datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC))
    assert hourly.get_partition_keys_in_time_window(fold, now) == [
        "2026-11-01-00:00",
        "2026-11-01-01:00",
        "2026-11-01-01:00-0500",
        "2026-11-01-02:00",
    ]
    assert [hours(hourly, key) for key in ("2026-11-01-01:00", "2026-11-01-01:00-0500")] == [1, 1]
    assert not hourly.has_partition_key("2026-03-08-02:00", now)
    assert not hourly.has_partition_key("2026-11-01-01:00-0400", now)
    assert not hourly.has_partition_key("2026-11-01-02:00-0500", now)


@today
def test_an_hourly_window_over_a_half_hour_fold_has_90_minutes(now: datetime) -> None:
    hourly = HourlyPartitionsDefinition("2026-01-01", timezone=LORD_HOWE)
    keys = hourly.get_partition_keys_in_range(PartitionKeyRange("2026-04-05-00:00", "2026-04-05-03:00"), now)
    assert [(key[-5:], hours(hourly, key)) for key in keys] == [("00:00", 1), ("01:00", 1.5), ("02:00", 1), ("03:00", 1)]


def test_a_day_of_lord_howe_has_half_an_hour_more_or_less() -> None:
    daily = DailyPartitionsDefinition("2026-01-01", timezone=LORD_HOWE)
    assert [hours(daily, key) for key in ("2026-04-05", "2026-10-04")] == [24.5, 23.5]


def test_hours_of_kolkata_that_begin_at_half_past() -> None:
    hourly = HourlyPartitionsDefinition("2026-01-01", minute_offset=30, timezone="Asia/Kolkata")
    assert hourly.get_first_partition_key(TODAYS[0]) == "2026-01-01-00:30"
    assert hourly.time_window_for_partition_key("2026-01-01-00:30").start == datetime(2025, 12, 31, 19, tzinfo=UTC)


@today
def test_weeks_from_a_wednesday_begin_next_sunday(now: datetime) -> None:
    weekly = WeeklyPartitionsDefinition("2026-01-07", timezone=NEW_YORK)
    assert weekly.get_first_partition_key(now) == "2026-01-11"
    assert hours(weekly, "2026-03-08") == 167
    assert WeeklyPartitionsDefinition("2025-01-01").get_first_partition_key(now) == "2025-01-05"


def test_months_from_the_fifteenth_begin_on_the_first_of_the_next() -> None:
    monthly = MonthlyPartitionsDefinition("2026-01-15", timezone=NEW_YORK)
    assert monthly.get_first_partition_key(TODAYS[0]) == "2026-02-01"
    assert hours(monthly, "2026-03-01") == 743


@pytest.mark.parametrize(("end_offset", "count"), [(-1, 2), (0, 3), (1, 4), (2, 5)])
def test_the_end_offset_adds_the_running_window_or_drops_the_newest(end_offset: int, count: int) -> None:
    daily = DailyPartitionsDefinition("2026-03-01", end_offset=end_offset)
    keys = daily.get_partition_keys(datetime(2026, 3, 4, 12, tzinfo=UTC))
    assert keys == [f"2026-03-0{day}" for day in range(1, count + 1)]


def test_a_window_exists_from_the_moment_it_ends() -> None:
    daily = DailyPartitionsDefinition("2026-03-01")
    midnight = datetime(2026, 3, 4, tzinfo=UTC)
    assert not daily.has_partition_key("2026-03-03", midnight - timedelta(microseconds=1))
    assert daily.has_partition_key("2026-03-03", midnight)


def test_windows_of_the_31st_last_59_and_61_days() -> None:
    cron = TimeWindowPartitionsDefinition("2026-01-01", "%Y-%m-%d", cron_schedule="0 0 31 * *")
    assert [hours(cron, key) / 24 for key in ("2026-01-31", "2026-03-31")] == [59, 61]
    assert MonthlyPartitionsDefinition("2026-01-01", day_offset=31).get_partition_keys(datetime(2026, 6, 1, tzinfo=UTC)) == [
        "2026-01-31",
        "2026-03-31",
    ]


def test_29_february_is_a_window_when_the_start_is_that_day() -> None:
    cron = TimeWindowPartitionsDefinition("2028-02-29", "%Y-%m-%d", cron_schedule="0 0 29 2 *")
    assert cron.get_first_partition_key(datetime(2040, 1, 1, tzinfo=UTC)) == "2028-02-29"


def test_a_friday_of_weekday_windows_lasts_to_monday() -> None:
    weekdays = TimeWindowPartitionsDefinition("2026-01-01", "%Y-%m-%d", cron_schedule="0 0 * * 1-5")
    assert hours(weekdays, "2026-01-09") == 72


@pytest.mark.parametrize(
    "key", ["2026-3-2", "2026-02-29", "2026-03-02 ", " 2026-03-02", "", "x", "20260302", "2026-W10-1", "2026-03-02T00", "\uff12026-03-02"]
)
def test_a_key_written_in_another_way_is_none(key: str) -> None:
    daily = DailyPartitionsDefinition("2026-01-01")
    assert not daily.has_partition_key(key, TODAYS[0])
    with pytest.raises(UnknownPartitionError, match="Keys look like '2026-01-01'"):
        daily.time_window_for_partition_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "2026-03-02-5:00",
        "2026-03-02-05:30",
        "2026-03-02",
        "2026-03-02-05:00 ",
        "2026-03-02-24:00",
        "2026-03-02T05:00",
        "2026-03-02-05:00+0000",
    ],
)
def test_an_hourly_key_written_in_another_way_is_none(key: str) -> None:
    assert not HourlyPartitionsDefinition("2026-01-01").has_partition_key(key, TODAYS[0])


def test_a_nearly_right_key_is_told_how_it_is_written() -> None:
    with pytest.raises(UnknownPartitionError, match="Did you mean '2026-03-02'"):
        DailyPartitionsDefinition("2026-01-01").validate_partition_key("2026-3-2", TODAYS[0])


def test_nine_days_of_outage_leave_nine_daily_partitions() -> None:
    daily = DailyPartitionsDefinition("2026-01-01")
    down, up = (PartitionsView(datetime(2026, 3, day, 6, tzinfo=UTC), TABLE) for day in (1, 10))
    assert len(daily.ordinals(up) - daily.ordinals(down)) == 9


def test_the_day_that_samoa_left_out_is_no_partition() -> None:
    daily = DailyPartitionsDefinition("2011-12-28", "2012-01-02", timezone="Pacific/Apia")
    assert daily.get_partition_keys(TODAYS[0]) == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]
    assert not daily.has_partition_key("2011-12-30", TODAYS[0])
    assert daily.get_next_partition_key("2011-12-29", TODAYS[0]) == "2011-12-31"


def test_two_windows_that_begin_in_one_utc_hour_have_two_ordinals() -> None:
    hourly = HourlyPartitionsDefinition("2006-04-14", "2006-04-17", timezone="Asia/Colombo")
    keys = hourly.get_partition_keys(TODAYS[0])
    ordinals = [hourly.ordinal_of(key, TABLE) for key in keys]
    assert len(set(ordinals)) == len(keys) == len(set(keys))
    assert [hourly.key_of(ordinal, TABLE) for ordinal in ordinals] == keys
    assert hourly.keys_of(OrdinalSet.of(ordinals), TABLE) == keys
    assert hourly.get_num_partitions(TODAYS[0]) == len(keys)


# -- definitions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DailyPartitionsDefinition("2026-13-01"), "start '2026-13-01' cannot be read"),
        (lambda: DailyPartitionsDefinition(20260101), "start is a datetime or a text"),  # type: ignore[arg-type]
        (lambda: DailyPartitionsDefinition("2026-01-01T00:00:30"), "lies within a minute"),
        (lambda: DailyPartitionsDefinition("2026-01-02", "2026-01-01"), "before they begin"),
        (lambda: DailyPartitionsDefinition("2026-01-02", timezone="Mars/Base"), "no time zone"),
        (lambda: DailyPartitionsDefinition("2026-01-02", timezone=5), "IANA name"),  # type: ignore[arg-type]
        (lambda: DailyPartitionsDefinition("2026-01-02", hour_offset=24), "hour_offset is a whole number from 0 to 23"),
        (lambda: HourlyPartitionsDefinition("2026-01-02", minute_offset=60), "minute_offset"),
        (lambda: WeeklyPartitionsDefinition("2026-01-02", day_offset=7), "day_offset is a whole number from 0 to 6"),
        (lambda: MonthlyPartitionsDefinition("2026-01-02", day_offset=0), "day_offset is a whole number from 1 to 31"),
        (lambda: DailyPartitionsDefinition("2026-01-02", end_offset="1"), "end_offset"),  # type: ignore[arg-type]
        (lambda: DailyPartitionsDefinition("2026-01", fmt="%Y-%m"), "too coarse"),
        (lambda: DailyPartitionsDefinition("00:00", fmt="%H:%M"), "too coarse"),
        (lambda: HourlyPartitionsDefinition("2026-01-02", fmt="%Y-%m-%d"), "too coarse"),
        (lambda: WeeklyPartitionsDefinition("2026-01-02", fmt="%G-W%V"), "cannot be read back"),
        (lambda: TimeWindowPartitionsDefinition("2026-01-02", "%Y-%m-%d", cron_schedule="0 6,18 * * *"), "too coarse"),
        (lambda: TimeWindowPartitionsDefinition("2026-01-02", "%Y-%m-%d"), "either cron_schedule"),
        (
            lambda: TimeWindowPartitionsDefinition("2026-01-02", "%Y-%m-%d", schedule_type=ScheduleType.DAILY, cron_schedule="@daily"),
            "not both",
        ),
        (lambda: TimeWindowPartitionsDefinition("2026-01-02", "%Y-%m-%d", cron_schedule="@daily", hour_offset=1), "offsets belong"),
        (lambda: TimeWindowPartitionsDefinition("2026-01-02", "%Y-%m-%d", cron_schedule="0 0 31 4 *"), "never fires"),
        (lambda: DailyPartitionsDefinition("2026-01-02", exclusions=["often"]), "fields"),
        (lambda: DailyPartitionsDefinition("2026-01-02", exclusions="0 0 * * 0"), "list of cron texts"),
        (lambda: DailyPartitionsDefinition("2026-01-02", exclusions=[5]), "an exclusion is"),  # type: ignore[list-item]
        (lambda: DailyPartitionsDefinition(datetime(9999, 1, 1)), "9997"),
    ],
)
def test_a_definition_that_cannot_be_is_refused_with_the_reason(make: Callable[[], object], says: str) -> None:
    with pytest.raises((InvalidDefinitionError, OverflowError), match=says):
        make()


def test_starts_are_read_as_text_date_or_datetime_with_or_without_a_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    same = [
        DailyPartitionsDefinition("2026-01-01", timezone="Europe/Berlin"),
        DailyPartitionsDefinition("2026-01-01T00:00", timezone="Europe/Berlin"),
        DailyPartitionsDefinition(date(2026, 1, 1), timezone="Europe/Berlin"),  # type: ignore[arg-type]
        DailyPartitionsDefinition(datetime(2026, 1, 1), timezone="Europe/Berlin"),
        DailyPartitionsDefinition(datetime(2026, 1, 1, tzinfo=berlin)),
        DailyPartitionsDefinition(datetime(2025, 12, 31, 23, tzinfo=UTC), timezone="Europe/Berlin"),
        TimeWindowPartitionsDefinition("2026-01-01", "%Y-%m-%d", schedule_type=ScheduleType.DAILY, timezone="Europe/Berlin"),
        TimeWindowPartitionsDefinition("2026-01-01", "%Y-%m-%d", cron_schedule="@daily", timezone="Europe/Berlin"),
    ]
    assert len(set(same)) == 1
    assert same[0] != DailyPartitionsDefinition("2026-01-01")
    assert all(isinstance(definition, TimeWindowPartitionsDefinition) for definition in same)
    assert same[0].start == datetime(2026, 1, 1, tzinfo=berlin)


def test_an_excluded_window_is_a_hole_and_its_neighbours_keep_their_length() -> None:
    daily = DailyPartitionsDefinition("2026-01-01", "2026-01-13", exclusions=["0 0 * * 6,0", datetime(2026, 1, 6)])
    assert daily.get_partition_keys(TODAYS[0]) == [f"2026-01-{day:02}" for day in (1, 2, 5, 7, 8, 9, 12)]
    assert hours(daily, "2026-01-02") == 24
    assert (daily.get_next_partition_key("2026-01-02", TODAYS[0]), daily.get_prev_partition_key("2026-01-05", TODAYS[0])) == (
        "2026-01-05",
        "2026-01-02",
    )
    with pytest.raises(UnknownPartitionError, match="excluded"):
        daily.validate_partition_key("2026-01-03", TODAYS[0])


def test_exclusions_of_hours_take_both_hours_of_one_name() -> None:
    hourly = HourlyPartitionsDefinition("2026-11-01", "2026-11-02", timezone=NEW_YORK, exclusions=["0 1 * * *"])
    keys = hourly.get_partition_keys(TODAYS[0])
    assert keys[:3] == ["2026-11-01-00:00", "2026-11-01-02:00", "2026-11-01-03:00"]
    assert keys == [key for key in keys if hourly.has_partition_key(key, TODAYS[0])]


def test_the_words_for_a_definition() -> None:
    assert DailyPartitionsDefinition("2013-01-01", "2014-01-01").describe() == "daily from 2013-01-01 to 2013-12-31"
    weekdays = TimeWindowPartitionsDefinition("2026-01-01", "%Y-%m-%d", cron_schedule="0 9 * * 1-5", timezone=NEW_YORK)
    assert weekdays.describe() == "weekdays at 09:00 from 2026-01-01 (America/New_York)"


def test_what_lies_outside_is_told_with_the_range_that_exists() -> None:
    daily = DailyPartitionsDefinition("2013-01-01", "2014-01-01")
    for key, says in (("2012-12-31", "before the start"), ("2014-01-01", "after the end")):
        with pytest.raises(UnknownPartitionError, match=f"There are 365 from '2013-01-01' to '2013-12-31'. It lies {says}"):
            daily.validate_partition_key(key, TODAYS[0])
    with pytest.raises(UnknownPartitionError, match="has not ended"):
        DailyPartitionsDefinition("2013-01-01").validate_partition_key("2027-01-05", TODAYS[0])
    with pytest.raises(UnknownPartitionError, match="are none as of"):
        DailyPartitionsDefinition("2030-01-01").validate_partition_key("2030-01-01", TODAYS[0])


def test_a_reversed_range_is_an_error_and_says_so() -> None:
    daily = DailyPartitionsDefinition("2013-01-01")
    with pytest.raises(InvalidPartitionRange, match=r"Did you mean 2013-01-01\.\.\.2013-02-01"):
        daily.get_partition_keys_in_range(PartitionKeyRange("2013-02-01", "2013-01-01"), TODAYS[0])


def test_first_last_and_neighbours_stop_at_the_ends() -> None:
    daily, now = DailyPartitionsDefinition("2026-01-01"), datetime(2026, 1, 4, tzinfo=UTC)
    assert (daily.get_first_partition_key(now), daily.get_last_partition_key(now)) == ("2026-01-01", "2026-01-03")
    assert (daily.get_next_partition_key("2026-01-03", now), daily.get_prev_partition_key("2026-01-01", now)) == (None, None)
    early = datetime(2025, 1, 1, tzinfo=UTC)
    assert (daily.get_first_partition_key(early), daily.get_last_partition_key(early), daily.get_partition_keys(early)) == (None, None, [])


def test_now_can_be_given_for_a_whole_block() -> None:
    daily = DailyPartitionsDefinition("2026-01-01")
    with partition_loading_context(datetime(2026, 1, 3, tzinfo=UTC)):
        assert daily.get_partition_keys() == ["2026-01-01", "2026-01-02"]
    with pytest.raises(InvalidDefinitionError, match="time zone"):
        daily.get_partition_keys(datetime(2026, 1, 3))


def test_ranges_and_windows_belong_together() -> None:
    daily, monthly = DailyPartitionsDefinition("2026-01-01"), MonthlyPartitionsDefinition("2026-01-01")
    window = monthly.time_window_for_partition_key("2026-02-01")
    asked = daily.get_partition_key_range_for_time_window(window)
    assert asked == PartitionKeyRange("2026-02-01", "2026-02-28")
    assert daily.time_window_for_partition_key_range(asked) == window
    assert daily.get_partition_keys_in_time_window(window, TODAYS[0]) == [f"2026-02-{day:02}" for day in range(1, 29)]
    assert len(daily.time_windows_for_partition_keys(["2026-02-03", "2026-02-01", "2026-02-02", "2026-03-01"])) == 2


def test_the_schedule_of_partitions_fires_at_their_ends() -> None:
    daily = DailyPartitionsDefinition("2026-01-01", hour_offset=6)
    assert daily.get_cron_schedule() == "0 6 * * *"
    assert daily.get_cron_schedule(minute_of_hour=30, hour_of_day=7) == "30 7 * * *"
    assert WeeklyPartitionsDefinition("2026-01-01").get_cron_schedule(day_of_week=1) == "0 0 * * 1"
    assert MonthlyPartitionsDefinition("2026-01-01").get_cron_schedule(day_of_month=3) == "0 0 3 * *"
    with pytest.raises(InvalidDefinitionError, match="hour_of_day says nothing"):
        HourlyPartitionsDefinition("2026-01-01").get_cron_schedule(hour_of_day=3)


def test_a_window_unpacks_and_equals_by_instant() -> None:
    ours = TimeWindow(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    theirs = TimeWindow(*(moment.astimezone(ZoneInfo(NEW_YORK)) for moment in ours))
    assert (ours, hash(ours)) == (theirs, hash(theirs))
    assert ours != "a window"


# -- laws -----------------------------------------------------------------------------------------------------------------

ZONES = (
    "UTC",
    NEW_YORK,
    LORD_HOWE,
    "Europe/Berlin",
    "Asia/Kolkata",
    "Africa/Cairo",
    "America/Santiago",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Colombo",
)
FIRST = datetime(1976, 1, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def definitions() -> st.SearchStrategy[TimeWindows]:
    starts = st.dates(FIRST.date(), date(2025, 12, 1)).map(lambda day: day.isoformat())
    zones, offsets = st.sampled_from(ZONES), st.sampled_from([0, 30, 45])
    crons = st.sampled_from(["0 0 * * 1-5", "0 */6 * * *", "30 2 * * *", "*/30 * * * *", "0 0 1,15 * *", "0 0 L * *"])
    excluded = st.sampled_from([None, ["0 0 * * 0"], ["* * 1 * *", "0 2 * * *"]])
    return st.one_of(
        st.builds(
            HourlyPartitionsDefinition, starts, minute_offset=offsets, timezone=zones, end_offset=st.integers(-2, 2), exclusions=excluded
        ),
        st.builds(
            DailyPartitionsDefinition, starts, minute_offset=offsets, hour_offset=st.integers(0, 23), timezone=zones, exclusions=excluded
        ),
        st.builds(WeeklyPartitionsDefinition, starts, day_offset=st.integers(0, 6), hour_offset=st.integers(0, 3), timezone=zones),
        st.builds(MonthlyPartitionsDefinition, starts, day_offset=st.integers(1, 31), hour_offset=st.integers(0, 3), timezone=zones),
        st.builds(
            lambda start, cron, zone: TimeWindowPartitionsDefinition(start, "%Y-%m-%d-%H:%M", cron_schedule=cron, timezone=zone),
            starts,
            crons,
            zones,
        ),
    )


moments = st.datetimes(FIRST, datetime(2026, 5, 1), timezones=st.just(UTC))


@settings(max_examples=150, deadline=None)
@given(definitions(), moments)
def test_windows_tile_time_without_gap_or_overlap(definition: TimeWindows, moment: datetime) -> None:
    calendar = definition.calendar
    ticks = [calendar.at_or_before(int(moment.timestamp()))]
    for _ in range(60):
        ticks.append(calendar.next(ticks[-1]))
    keys = [calendar.keys.write(tick) for tick in ticks]
    windows = [definition.time_window_for_partition_key(key) for key in keys]
    assert all(left.end.timestamp() == right.start.timestamp() for left, right in pairwise(windows))
    assert all(window.duration_s > 0 for window in windows)
    assert len(set(keys)) == len(keys)


@settings(max_examples=150, deadline=None)
@given(definitions(), moments)
def test_a_key_leads_to_its_window_and_ordinal_and_back(definition: TimeWindows, moment: datetime) -> None:
    key = definition.get_partition_key_for_timestamp(moment.timestamp())
    window = definition.time_window_for_partition_key(key)
    ordinal = definition.ordinal_of(key, TABLE)
    assert window.start <= moment < window.end
    assert definition.key_of(ordinal, TABLE) == key
    assert definition.keys_of(OrdinalSet.between(ordinal, ordinal + 1), TABLE) == [key]
    assert definition.get_partition_key_for_timestamp(window.start.timestamp()) == key
    assert definition.get_partition_key_for_timestamp(window.end.timestamp(), end_closed=True) == key


@settings(max_examples=60, deadline=None)
@given(definitions(), st.integers(0, 400))
def test_existing_ordinals_and_keys_are_those_of_walking_the_windows(definition: TimeWindows, steps: int) -> None:
    calendar = definition.calendar
    first = calendar.first
    now = datetime.fromtimestamp(calendar.shifted(first, steps), UTC)
    walked = []
    tick = first
    while tick < calendar.stop(int(now.timestamp())):
        if not calendar.is_excluded(tick):
            walked.append(calendar.keys.write(tick))
        tick = calendar.next(tick)
    view = PartitionsView(now, TABLE)
    assert definition.get_partition_keys(now) == walked
    assert definition.ordinals(view) == OrdinalSet.of(definition.ordinal_of(key, TABLE) for key in walked)
    assert definition.keys_of(definition.ordinals(view), TABLE) == walked
    assert (definition.get_first_partition_key(now), definition.get_last_partition_key(now)) == (
        (walked[0], walked[-1]) if walked else (None, None)
    )


@settings(max_examples=60, deadline=None)
@given(definitions(), moments, st.integers(-40, 40))
def test_steps_by_arithmetic_are_those_of_walking(definition: TimeWindows, moment: datetime, steps: int) -> None:
    calendar = definition.calendar
    start = calendar.at_or_before(int(moment.timestamp()))
    walked = start
    for _ in range(abs(steps)):
        following = calendar.ticks.after(walked) if steps > 0 else calendar.ticks.before(walked)
        assert following is not None
        walked = following
    assert calendar.shifted(start, steps) == walked


@settings(max_examples=60, deadline=None)
@given(definitions(), st.integers(0, 300), st.integers(0, 60))
def test_a_range_holds_both_ends_and_all_between(definition: TimeWindows, skip: int, length: int) -> None:
    calendar = definition.calendar
    view = PartitionsView(datetime.fromtimestamp(calendar.shifted(calendar.first, skip + length + 9), UTC), TABLE)
    keys = list(definition._keys(view))
    part = keys[skip : skip + length + 1]
    if part:
        asked = PartitionKeyRange(part[0], part[-1])
        assert definition.keys_of(definition.ordinals_in_range(asked, view), TABLE) == part


@given(st.dates(date(2000, 1, 1), date(2020, 1, 1)), st.integers(0, 23), st.sampled_from(ZONES))
def test_the_ordinal_of_a_day_is_its_calendar_number_whatever_start_offset_and_zone(start: date, hour: int, zone: str) -> None:
    daily = DailyPartitionsDefinition(start.isoformat(), hour_offset=hour, timezone=zone)
    assert daily.ordinal_of("2021-05-03", TABLE) == (date(2021, 5, 3) - date(1970, 1, 1)).days


@given(st.dates(date(2000, 1, 1), date(2020, 1, 1)), st.integers(0, 6))
def test_the_ordinal_of_a_week_does_not_change_with_the_day_it_begins_on(start: date, day: int) -> None:
    weekly = WeeklyPartitionsDefinition(start.isoformat(), day_offset=day)
    sunday = date(2021, 5, 2)
    assert weekly.ordinal_of((sunday + timedelta(days=day)).isoformat(), TABLE) == ((sunday - date(1970, 1, 1)).days + 4) // 7


@settings(max_examples=60)
@given(definitions())
def test_a_definition_comes_back_from_json_and_pickle(definition: TimeWindows) -> None:
    copies: list[Any] = [serde.loads(serde.dumps(definition)), pickle.loads(pickle.dumps(definition))]
    assert [type(copy) for copy in copies] == [type(definition)] * 2
    assert copies == [definition] * 2
    assert all(copy.get_partition_keys(FIRST.replace(tzinfo=UTC)) == [] for copy in copies)
    assert serde.dumps(copies[0]) == serde.dumps(definition)


@given(definitions(), st.text(max_size=22) | st.from_regex(r"\d{4}-\d\d-\d\d(-\d\d:\d\d)?([+-]\d{4})?", fullmatch=True))
def test_any_text_is_a_key_or_is_refused(definition: TimeWindows, text: str) -> None:
    try:
        ordinal = definition.ordinal_of(text, TABLE)
    except UnknownPartitionError:
        return
    assert definition.key_of(ordinal, TABLE) == text


def test_the_windows_before_and_after_a_moment_are_told() -> None:
    days = DailyPartitionsDefinition("2025-10-20", timezone=NEW_YORK)
    zone = ZoneInfo(NEW_YORK)
    midnight = datetime(2025, 11, 3, tzinfo=zone)
    with partition_loading_context(datetime(2025, 11, 5, 10, tzinfo=UTC)):
        before = days.get_prev_partition_window(midnight)
        assert before == TimeWindow(datetime(2025, 11, 2, tzinfo=zone), midnight), "a day of 25 hours"
        assert days.get_prev_partition_window(midnight + timedelta(hours=5)) == before
        assert days.get_next_partition_window(midnight) == TimeWindow(midnight, datetime(2025, 11, 4, tzinfo=zone))
        assert days.get_next_partition_window(datetime(2025, 11, 5, 10, tzinfo=UTC)) is None, "it has not ended"
        assert days.get_next_partition_window(datetime(2025, 11, 5, 10, tzinfo=UTC), respect_bounds=False) is not None
        assert days.get_prev_partition_window(datetime(2025, 10, 20, 12, tzinfo=zone)) is None
    assert days.end_time_for_partition_key("2025-11-02") == midnight
