"""Positions of partition keys: what the page computes from a start and a step is what the definition says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from nbasset.definitions.partitions import PartitionsView
from nbasset.notebook.panel_keys import changes_between, computed_keys, joined, key_space
from nbasset.notebook.wire_json import pack_runs
from nbasset.notebook.wire_views import ListKeys, Runs, TimeKeys
from nbasset.ordinals import MemoryKeyTable, OrdinalSet

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
DATES = st.dates(datetime(2001, 1, 1).date(), datetime(2030, 1, 1).date())


def view(now: datetime = datetime(2040, 1, 1, tzinfo=UTC)) -> PartitionsView:
    return PartitionsView(now, MemoryKeyTable(), {})


@st.composite
def time_definitions(draw: st.DrawFn) -> object:
    start, zone = draw(DATES), draw(st.sampled_from(ZONES))
    kind = draw(
        st.sampled_from([DailyPartitionsDefinition, HourlyPartitionsDefinition, WeeklyPartitionsDefinition, MonthlyPartitionsDefinition])
    )
    options: dict[str, object] = {"timezone": zone, "minute_offset": draw(st.sampled_from([0, 15]))}
    if kind is not HourlyPartitionsDefinition:
        options["hour_offset"] = draw(st.integers(0, 23))
    if kind is MonthlyPartitionsDefinition:
        options["day_offset"] = draw(st.sampled_from([1, 15, 28, 31]))
    days = draw(st.integers(40, 500))
    end = datetime.fromordinal(start.toordinal() + days)
    fmt = "%Y-%m-%d-%H:%M" if kind is HourlyPartitionsDefinition else draw(st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y %H"]))
    return kind(start.strftime(fmt), end_date=end.strftime(fmt), fmt=fmt, **options)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(time_definitions())
def test_computed_keys_are_the_keys_of_the_definition(definition: object) -> None:
    at = view()
    space = key_space(definition, at)  # type: ignore[arg-type]
    keys = definition.get_partition_keys(at.now)  # type: ignore[attr-defined]
    (dimension,) = space.dimensions
    found = computed_keys(dimension.keys) if isinstance(dimension.keys, TimeKeys) else dimension.keys.keys
    assert list(found) == list(keys)
    assert [definition.key_of(space.ordinal(place), at.table) for place in range(0, len(space), 7)] == list(keys)[::7]  # type: ignore[attr-defined]


@settings(max_examples=40, deadline=None)
@given(time_definitions(), st.data())
def test_spans_and_ordinals_lead_to_each_other(definition: object, data: st.DataObject) -> None:
    space = key_space(definition, view())  # type: ignore[arg-type]
    places = data.draw(st.sets(st.integers(0, max(0, len(space) - 1)), max_size=20)) if len(space) else set()
    spans = joined(sorted(places))
    assert space.spans(space.chosen(spans)) == spans


def test_a_hundred_thousand_hours_are_a_line_of_text() -> None:
    definition = HourlyPartitionsDefinition("2013-01-01-00:00", end_date="2024-06-01-00:00", timezone="Europe/Berlin")
    (dimension,) = key_space(definition, view()).dimensions
    assert isinstance(dimension.keys, TimeKeys)
    assert (dimension.keys.count, len(dimension.keys.shifts), len(dimension.keys.renamed)) == (100_055, 23, 11)


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        (StaticPartitionsDefinition(["b", "a", "c"]), [("b", "a", "c")]),
        (TimeWindowPartitionsDefinition(start="2013-01-01", end="2013-02-01", cron_schedule="0 0 * * 1-5", fmt="%Y-%m-%d"), None),
        (
            MultiPartitionsDefinition(
                {"day": DailyPartitionsDefinition("2013-01-01", end_date="2013-01-04"), "port": StaticPartitionsDefinition(["JFK", "EWR"])}
            ),
            None,
        ),
    ],
)
def test_other_keys_are_listed_in_their_order(definition: object, keys: list[tuple[str, ...]] | None) -> None:
    at = view()
    space = key_space(definition, at)  # type: ignore[arg-type]
    expected = list(definition.get_partition_keys(at.now))  # type: ignore[attr-defined]
    assert [definition.key_of(space.ordinal(place), at.table) for place in range(len(space))] == expected  # type: ignore[attr-defined]
    if keys is not None:
        assert [dimension.keys.keys for dimension in space.dimensions if isinstance(dimension.keys, ListKeys)] == keys


def test_two_dimensions_run_as_digits_do() -> None:
    day, port = DailyPartitionsDefinition("2013-01-01", end_date="2013-01-04"), StaticPartitionsDefinition(["JFK", "EWR"])
    space = key_space(MultiPartitionsDefinition({"day": day, "port": port}), view())
    assert [(one.name, type(one.keys).__name__) for one in space.dimensions] == [("day", "TimeKeys"), ("port", "ListKeys")]
    assert len(space) == 6


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_changes_turn_one_list_of_states_into_the_other(before: list[int], now: list[int]) -> None:
    length = min(len(before), len(now))
    old, new = before[:length], now[:length]
    states = list(old)
    for start, stop, state in changes_between(Runs(*pack_runs(old)), Runs(*pack_runs(new))):
        states[start:stop] = [state] * (stop - start)
    assert states == new


def test_states_by_position_follow_the_layers() -> None:
    space = key_space(StaticPartitionsDefinition(["a", "b", "c", "d"]), view())
    first, third = space.ordinal(0), space.ordinal(2)
    rest = OrdinalSet.of([space.ordinal(1), space.ordinal(3)])
    runs = space.runs([("failed", OrdinalSet.of([first])), ("fresh", OrdinalSet.of([third])), ("missing", rest)])
    assert (runs.stops, runs.states) == ((1, 2, 3, 4), (3, 2, 0, 2))
