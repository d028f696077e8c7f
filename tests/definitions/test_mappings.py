"""Mappings between partitions: what each kind reads, what is nonexistent, which cannot be, and that both directions agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset import serde
from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from nbasset.definitions.mappings import (
    AllPartitionMapping,
    DimensionPartitionMapping,
    Edge,
    IdentityPartitionMapping,
    LastPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
    PartitionMapping,
    PartitionsSubset,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    TimeWindowPartitionMapping,
    UpstreamPartitionsResult,
    infer_mapping,
    tabulated,
)
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.definitions.time_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from nbasset.errors import InvalidPartitionMapping
from nbasset.ordinals import MemoryKeyTable, OrdinalSet

NOW = datetime(2025, 4, 10, 12, tzinfo=UTC)
NEW_YORK = "America/New_York"
HOURS = HourlyPartitionsDefinition("2025-03-01", timezone=NEW_YORK)
DAYS = DailyPartitionsDefinition("2025-03-01", timezone=NEW_YORK)
WEEKS = WeeklyPartitionsDefinition("2025-03-01", timezone=NEW_YORK)
MONTHS = MonthlyPartitionsDefinition("2025-01-01", timezone=NEW_YORK)
WEEKDAYS = TimeWindowPartitionsDefinition("2025-03-01", "%Y-%m-%d", cron_schedule="0 0 * * 1-5", timezone=NEW_YORK)
LETTERS = StaticPartitionsDefinition(["a", "b", "c"])
DIGITS = StaticPartitionsDefinition(["1", "2"])
NAMES = DynamicPartitionsDefinition("names")
GRID = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})
SPARSE = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS}, [{"letter": "a"}, {"letter": "b", "day": "2025-03-02"}])


def view(now: datetime = NOW) -> PartitionsView:
    return PartitionsView(now, MemoryKeyTable(), {"names": ["a", "z"]})


def read(mapping: PartitionMapping, upstream: Any, downstream: Any, *keys: str, now: datetime = NOW) -> tuple[list[str], list[str]]:
    """What downstream keys read: existing keys, nonexistent keys."""
    asked = view(now)
    mapping.check(upstream, downstream)
    wanted = None if downstream is None else OrdinalSet.of(downstream.ordinal_of(key, asked.table) for key in keys)
    mapped = mapping.upstream_of(wanted, downstream, upstream, asked)
    return upstream.keys_of(mapped.ordinals, asked.table), upstream.keys_of(mapped.nonexistent, asked.table)


def readers(mapping: PartitionMapping, upstream: Any, downstream: Any, *keys: str) -> list[str]:
    """The downstream keys that read upstream keys."""
    asked = view()
    changed = None if upstream is None else OrdinalSet.of(upstream.ordinal_of(key, asked.table) for key in keys)
    return list(downstream.keys_of(mapping.downstream_of(changed, upstream, downstream, asked), asked.table))


# -- time ---------------------------------------------------------------------------------------------------------------


def test_a_day_reads_its_hours_also_when_clocks_change() -> None:
    keys, nonexistent = read(TimeWindowPartitionMapping(), HOURS, DAYS, "2025-03-09")
    assert (len(keys), keys[1], keys[2], nonexistent) == (23, "2025-03-09-01:00", "2025-03-09-03:00", [])
    assert readers(TimeWindowPartitionMapping(), HOURS, DAYS, "2025-03-09-03:00", "2025-03-10-00:00") == ["2025-03-09", "2025-03-10"]


def test_an_hour_reads_its_day_and_a_week_its_days() -> None:
    assert read(TimeWindowPartitionMapping(), DAYS, HOURS, "2025-03-09-03:00") == (["2025-03-09"], [])
    assert read(TimeWindowPartitionMapping(), DAYS, WEEKS, "2025-03-09")[0] == [f"2025-03-{day:02}" for day in range(9, 16)]
    assert read(TimeWindowPartitionMapping(), WEEKS, MONTHS, "2025-03-01")[0] == [
        "2025-03-02",
        "2025-03-09",
        "2025-03-16",
        "2025-03-23",
        "2025-03-30",
    ]


def test_windows_of_a_cron_map_by_time_too() -> None:
    assert read(TimeWindowPartitionMapping(), DAYS, WEEKDAYS, "2025-03-07")[0] == ["2025-03-07", "2025-03-08", "2025-03-09"]
    assert read(TimeWindowPartitionMapping(), WEEKDAYS, DAYS, "2025-03-08", "2025-03-10")[0] == ["2025-03-07", "2025-03-10"]


def test_offsets_are_counted_in_downstream_windows_and_clamped_to_what_upstream_defines() -> None:
    week = TimeWindowPartitionMapping(-6, 0)
    assert len(read(week, DAYS, DAYS, "2025-03-20")[0]) == 7
    assert read(week, DAYS, DAYS, "2025-03-02") == (["2025-03-01", "2025-03-02"], [])
    assert read(TimeWindowPartitionMapping(-1, -1), DAYS, DAYS, "2025-03-01") == ([], [])
    assert read(TimeWindowPartitionMapping(-1, -1), DAYS, DAYS, "2025-03-02") == (["2025-03-01"], [])


def test_what_upstream_does_not_have_is_nonexistent() -> None:
    later = DailyPartitionsDefinition("2025-03-05", timezone=NEW_YORK)
    assert read(TimeWindowPartitionMapping(), later, DAYS, "2025-03-04", "2025-03-05") == (["2025-03-05"], ["2025-03-04"])
    allowing = TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    assert read(allowing, later, DAYS, "2025-03-04", "2025-03-05") == (["2025-03-05"], [])
    ended = DailyPartitionsDefinition("2025-03-01", "2025-03-05", timezone=NEW_YORK)
    assert read(TimeWindowPartitionMapping(0, 1), ended, DAYS, "2025-03-04") == (["2025-03-04"], [])
    assert read(TimeWindowPartitionMapping(0, 1), ended, DAYS, "2025-03-05") == ([], ["2025-03-05"])


def test_what_has_not_ended_yet_is_nonexistent_and_not_clamped() -> None:
    assert read(TimeWindowPartitionMapping(0, 1), DAYS, DAYS, "2025-04-09") == (["2025-04-09"], ["2025-04-10"])


def test_excluded_windows_are_not_asked_for() -> None:
    without_sundays = DailyPartitionsDefinition("2025-03-01", timezone=NEW_YORK, exclusions=["0 0 * * 0"])
    keys, nonexistent = read(TimeWindowPartitionMapping(), without_sundays, WEEKS, "2025-03-09")
    assert (keys[0], len(keys), nonexistent) == ("2025-03-10", 6, [])


# -- lists --------------------------------------------------------------------------------------------------------------------


def test_the_same_key_is_intersected_and_the_rest_does_not_exist() -> None:
    fewer = StaticPartitionsDefinition(["b", "c", "d"])
    assert read(IdentityPartitionMapping(), fewer, LETTERS, "a", "b") == (["b"], ["a"])
    assert readers(IdentityPartitionMapping(), fewer, LETTERS, "b", "d") == ["b"]


def test_all_last_and_specific() -> None:
    assert read(AllPartitionMapping(), LETTERS, DIGITS, "1")[0] == ["a", "b", "c"]
    assert read(AllPartitionMapping(), LETTERS, None)[0] == ["a", "b", "c"]
    assert read(LastPartitionMapping(), DAYS, DIGITS, "1")[0] == ["2025-04-09"]
    assert readers(LastPartitionMapping(), DAYS, DIGITS, "2025-04-08") == []
    assert readers(LastPartitionMapping(), DAYS, DIGITS, "2025-04-09") == ["1", "2"]
    assert read(SpecificPartitionsPartitionMapping(["2025-03-02", "2024-01-01"]), DAYS, DIGITS, "1") == (["2025-03-02"], ["2024-01-01"])
    assert readers(SpecificPartitionsPartitionMapping(["a", "b"]), LETTERS, DIGITS, "c") == []
    assert readers(AllPartitionMapping(), None, DIGITS) == ["1", "2"]


def test_a_static_table_reads_both_ways() -> None:
    table = StaticPartitionMapping({"a": "1", "b": ["1", "2"]})
    assert read(table, LETTERS, DIGITS, "1") == (["a", "b"], [])
    assert readers(table, LETTERS, DIGITS, "a", "c") == ["1"]
    assert readers(table, LETTERS, DIGITS, "b") == ["1", "2"]


# -- several dimensions -----------------------------------------------------------------------------------------------------


def test_one_day_of_several_dimensions_is_all_its_combinations() -> None:
    assert read(infer_mapping(GRID, DAYS), GRID, DAYS, "2025-03-02")[0] == ["2025-03-02|a", "2025-03-02|b", "2025-03-02|c"]
    assert read(infer_mapping(SPARSE, DAYS), SPARSE, DAYS, "2025-03-02")[0] == ["2025-03-02|a", "2025-03-02|b"]
    assert read(infer_mapping(LETTERS, GRID), LETTERS, GRID, "2025-03-02|b", "2025-03-03|b") == (["b"], [])
    assert readers(infer_mapping(LETTERS, SPARSE), LETTERS, SPARSE, "b") == ["2025-03-02|b"]


def test_a_dimension_may_map_by_time() -> None:
    monthly = MultiToSingleDimensionPartitionMapping("day")
    keys, nonexistent = read(monthly, GRID, MONTHS, "2025-03-01")
    assert (len(keys), nonexistent) == (31 * 3, [])
    assert readers(monthly, GRID, MONTHS, "2025-03-04|a") == ["2025-03-01"]


def test_a_nonexistent_day_makes_its_combinations_nonexistent() -> None:
    later = MultiPartitionsDefinition({"day": DailyPartitionsDefinition("2025-03-03", timezone=NEW_YORK), "digit": DIGITS})
    assert read(infer_mapping(later, DAYS), later, DAYS, "2025-03-02") == ([], ["2025-03-02|1", "2025-03-02|2"])
    by_day = MultiPartitionMapping({"day": DimensionPartitionMapping("day", TimeWindowPartitionMapping())})
    assert read(by_day, later, GRID, "2025-03-02|a", "2025-03-03|a") == (["2025-03-03|1", "2025-03-03|2"], ["2025-03-02|1", "2025-03-02|2"])


def test_dimension_by_dimension() -> None:
    by_both = MultiPartitionMapping(
        {
            "day": DimensionPartitionMapping("day", TimeWindowPartitionMapping(-1, -1)),
            "letter": DimensionPartitionMapping("letter", IdentityPartitionMapping()),
        }
    )
    assert read(by_both, GRID, GRID, "2025-03-02|b", "2025-03-01|c") == (["2025-03-01|b"], [])
    assert readers(by_both, GRID, GRID, "2025-03-01|b") == ["2025-03-02|b"]
    assert len(readers(MultiPartitionMapping({}), GRID, GRID, "2025-03-01|b")) == 40 * 3


# -- written by users ---------------------------------------------------------------------------------------------------------


class Shouted(PartitionMapping):
    def upstream(self, keys: Sequence[str]) -> Iterable[str]:
        return [key.lower() for key in keys]


class Reference(PartitionMapping):
    def get_upstream_mapped_partitions_result_for_partitions(
        self, downstream_partitions_subset: Any, downstream_partitions_def: Any, upstream_partitions_def: Any, current_time: Any, store: Any
    ) -> UpstreamPartitionsResult:
        keys = [key.lower() for key in downstream_partitions_subset.get_partition_keys()]
        return UpstreamPartitionsResult(PartitionsSubset(upstream_partitions_def).with_partition_keys(keys))

    def get_downstream_partitions_for_partitions(
        self, subset: Any, upstream_def: Any, downstream_def: Any, current_time: Any, store: Any
    ) -> Any:
        return PartitionsSubset(downstream_def, tuple(key.upper() for key in subset.get_partition_keys()))


@pytest.mark.parametrize("mapping", [Shouted(), Reference()])
def test_a_mapping_of_user_code_reads_both_ways_and_as_a_table(mapping: PartitionMapping) -> None:
    loud = StaticPartitionsDefinition(["A", "B"])
    assert read(mapping, LETTERS, loud, "A", "B") == (["a", "b"], [])
    assert readers(mapping, LETTERS, loud, "b") == ["B"]
    table = tabulated(mapping, Edge(LETTERS, loud, view()))
    assert table.upstream_keys == {"A": ("a",), "B": ("b",)}
    assert read(serde.loads(serde.dumps(table)), LETTERS, loud, "B") == (["b"], [])
    assert readers(table, LETTERS, loud, "a") == ["A"]


def test_a_mapping_that_names_an_impossible_key_is_told() -> None:
    with pytest.raises(InvalidPartitionMapping, match="Shouted names a key that cannot be"):
        read(Shouted(), LETTERS, StaticPartitionsDefinition(["Q"]), "Q")
    with pytest.raises(InvalidPartitionMapping, match="Give it a method upstream"):
        read(PartitionMapping(), LETTERS, LETTERS, "a")


# -- what is inferred, and what cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upstream", "downstream", "mapping"),
    [
        (HOURS, DAYS, TimeWindowPartitionMapping()),
        (DAYS, DAYS, TimeWindowPartitionMapping()),
        (LETTERS, LETTERS, IdentityPartitionMapping()),
        (NAMES, NAMES, IdentityPartitionMapping()),
        (NAMES, DynamicPartitionsDefinition("others"), IdentityPartitionMapping()),
        (GRID, GRID, IdentityPartitionMapping()),
        (GRID, DAYS, MultiToSingleDimensionPartitionMapping("day")),
        (LETTERS, GRID, MultiToSingleDimensionPartitionMapping("letter")),
        (GRID, DailyPartitionsDefinition("2020-01-01", timezone=NEW_YORK), MultiToSingleDimensionPartitionMapping("day")),
        (MultiPartitionsDefinition({"a": DIGITS, "b": LETTERS}), LETTERS, MultiToSingleDimensionPartitionMapping("b")),
        (None, DAYS, AllPartitionMapping()),
        (DAYS, None, AllPartitionMapping()),
        (None, None, AllPartitionMapping()),
    ],
)
def test_the_mapping_that_is_inferred(upstream: Any, downstream: Any, mapping: PartitionMapping) -> None:
    assert infer_mapping(upstream, downstream) == mapping


@pytest.mark.parametrize(
    ("upstream", "downstream", "says"),
    [
        (LETTERS, DAYS, "no partition reads the one of the same key"),
        (LETTERS, NAMES, "of one kind"),
        (DAYS, DailyPartitionsDefinition("2025-03-01", timezone="Europe/Berlin"), "time windows of two zones"),
        (GRID, NAMES, "not exactly one dimension"),
        (MultiPartitionsDefinition({"a": DIGITS, "b": LETTERS}), NAMES, "not exactly one dimension"),
        (GRID, MultiPartitionsDefinition({"x": DAYS, "letter": LETTERS}), "of one kind|different ways"),
    ],
)
def test_partitions_that_do_not_go_together_are_refused(
    upstream: PartitionsDefinition, downstream: PartitionsDefinition, says: str
) -> None:
    with pytest.raises(InvalidPartitionMapping, match=says):
        infer_mapping(upstream, downstream)


@pytest.mark.parametrize(
    ("mapping", "upstream", "downstream", "says"),
    [
        (TimeWindowPartitionMapping(), LETTERS, DAYS, "is not time"),
        (TimeWindowPartitionMapping(), DAYS, None, "both sides"),
        (IdentityPartitionMapping(), None, DAYS, "both sides"),
        (
            IdentityPartitionMapping(),
            DAYS,
            DailyPartitionsDefinition("01.03.2025", fmt="%d.%m.%Y", timezone=NEW_YORK),
            "written in different ways",
        ),
        (LastPartitionMapping(), None, DAYS, "no last one"),
        (SpecificPartitionsPartitionMapping(["x"]), None, DAYS, "no specific ones"),
        (SpecificPartitionsPartitionMapping(["x"]), DAYS, None, "names 'x' upstream"),
        (StaticPartitionMapping({"a": "1"}), DAYS, DIGITS, "upstream asset is daily"),
        (StaticPartitionMapping({"a": "9"}), LETTERS, DIGITS, "names '9' downstream"),
        (StaticPartitionMapping({"x": "1"}), LETTERS, DIGITS, "names 'x' upstream"),
        (MultiToSingleDimensionPartitionMapping("dya"), GRID, DAYS, "Did you mean 'day'"),
        (MultiToSingleDimensionPartitionMapping(), DAYS, DAYS, "with several"),
        (MultiToSingleDimensionPartitionMapping("letter"), GRID, DAYS, "same key"),
        (MultiPartitionMapping({}), GRID, DAYS, "two assets with several"),
        (MultiPartitionMapping({"x": DimensionPartitionMapping("day", IdentityPartitionMapping())}), GRID, GRID, "no dimension 'x'"),
        (MultiPartitionMapping({"day": DimensionPartitionMapping("letter", IdentityPartitionMapping())}), GRID, GRID, "same key"),
    ],
)
def test_a_mapping_that_cannot_stand_between_two_assets_is_refused(
    mapping: PartitionMapping, upstream: PartitionsDefinition, downstream: PartitionsDefinition, says: str
) -> None:
    with pytest.raises(InvalidPartitionMapping, match=says):
        mapping.check(upstream, downstream)


def test_offsets_that_read_nothing_are_refused() -> None:
    with pytest.raises(InvalidPartitionMapping, match=r"Did you mean TimeWindowPartitionMapping\(-1, 0\)"):
        TimeWindowPartitionMapping(0, -1)
    with pytest.raises(InvalidPartitionMapping, match="list of keys"):
        SpecificPartitionsPartitionMapping("abc")


@pytest.mark.parametrize(
    ("mapping", "upstream", "downstream", "several"),
    [
        (TimeWindowPartitionMapping(), DAYS, DAYS, False),
        (TimeWindowPartitionMapping(-1, -1), DAYS, DAYS, False),
        (TimeWindowPartitionMapping(-1, 0), DAYS, DAYS, True),
        (TimeWindowPartitionMapping(), HOURS, DAYS, True),
        (TimeWindowPartitionMapping(), DAYS, HOURS, False),
        (TimeWindowPartitionMapping(), WEEKS, DAYS, False),
        (TimeWindowPartitionMapping(), WEEKS, MONTHS, True),
        (TimeWindowPartitionMapping(), DAYS, DailyPartitionsDefinition("2025-03-01", hour_offset=6, timezone=NEW_YORK), True),
        (TimeWindowPartitionMapping(), WEEKDAYS, WEEKDAYS, False),
        (IdentityPartitionMapping(), LETTERS, LETTERS, False),
        (AllPartitionMapping(), LETTERS, None, True),
        (LastPartitionMapping(), DAYS, None, False),
        (SpecificPartitionsPartitionMapping(["a"]), LETTERS, None, False),
        (SpecificPartitionsPartitionMapping(["a", "b"]), LETTERS, None, True),
        (StaticPartitionMapping({"a": ["1", "2"]}), LETTERS, DIGITS, False),
        (StaticPartitionMapping({"a": "1", "b": "1"}), LETTERS, DIGITS, True),
        (MultiToSingleDimensionPartitionMapping("day"), GRID, DAYS, True),
        (MultiToSingleDimensionPartitionMapping("day"), DAYS, GRID, False),
        (MultiPartitionMapping({"day": DimensionPartitionMapping("day", IdentityPartitionMapping())}), GRID, GRID, True),
        (Shouted(), LETTERS, LETTERS, True),
    ],
)
def test_whether_one_partition_may_read_several(mapping: PartitionMapping, upstream: Any, downstream: Any, several: bool) -> None:
    assert mapping.can_give_several(downstream, upstream) is several


# -- laws -----------------------------------------------------------------------------------------------------------------------

TIMES: list[Any] = [
    HOURS,
    DAYS,
    WEEKS,
    MONTHS,
    WEEKDAYS,
    DailyPartitionsDefinition("2025-03-05", "2025-03-20", hour_offset=6, timezone=NEW_YORK, exclusions=["0 6 * * 0"]),
    WeeklyPartitionsDefinition("2025-02-01", day_offset=3, timezone=NEW_YORK, end_offset=1),
    HourlyPartitionsDefinition("2025-03-08", minute_offset=30, timezone=NEW_YORK),
]
OFFSETS = st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(sorted)
EDGES: list[tuple[PartitionMapping, PartitionsDefinition, PartitionsDefinition]] = [
    (IdentityPartitionMapping(), LETTERS, StaticPartitionsDefinition(["b", "d", "a"])),
    (IdentityPartitionMapping(), DAYS, DailyPartitionsDefinition("2025-03-05", "2025-03-20", timezone=NEW_YORK)),
    (AllPartitionMapping(), LETTERS, DIGITS),
    (LastPartitionMapping(), DAYS, DIGITS),
    (SpecificPartitionsPartitionMapping(["a", "c"]), LETTERS, DIGITS),
    (StaticPartitionMapping({"a": "1", "b": ["1", "2"]}), LETTERS, DIGITS),
    (MultiToSingleDimensionPartitionMapping(), GRID, DAYS),
    (MultiToSingleDimensionPartitionMapping(), SPARSE, LETTERS),
    (MultiToSingleDimensionPartitionMapping("day"), MONTHS, SPARSE),
    (MultiToSingleDimensionPartitionMapping("day", TimeWindowPartitionMapping(-2, -1)), SPARSE, WEEKS),
    (MultiPartitionMapping({"day": DimensionPartitionMapping("day", TimeWindowPartitionMapping(-1, 0))}), SPARSE, GRID),
    (
        MultiPartitionMapping(
            {
                "day": DimensionPartitionMapping("day", TimeWindowPartitionMapping(-1, -1)),
                "letter": DimensionPartitionMapping("letter", AllPartitionMapping()),
            }
        ),
        GRID,
        SPARSE,
    ),
    (Shouted(), LETTERS, LETTERS),
]


def assert_both_directions_agree(mapping: PartitionMapping, upstream: Any, downstream: Any, data: st.DataObject) -> None:
    asked = view()
    ups, downs = list(upstream.ordinals(asked)), list(downstream.ordinals(asked))
    wanted = OrdinalSet.of(data.draw(st.lists(st.sampled_from(downs), max_size=5)))
    changed = OrdinalSet.of(data.draw(st.lists(st.sampled_from(ups), max_size=5)))
    found = mapping.upstream_of(wanted, downstream, upstream, asked)
    reading = mapping.downstream_of(changed, upstream, downstream, asked)
    each_up = {one: mapping.upstream_of(OrdinalSet.of([one]), downstream, upstream, asked) for one in wanted}
    # A set reads what its members read, and nothing exists twice.
    assert found.ordinals == OrdinalSet.of(ordinal for one in each_up.values() for ordinal in one.ordinals)
    assert found.nonexistent == OrdinalSet.of(ordinal for one in each_up.values() for ordinal in one.nonexistent)
    assert found.ordinals - upstream.ordinals(asked) == OrdinalSet()
    assert not found.nonexistent & upstream.ordinals(asked)
    # x is read by y exactly when y reads x.
    for one in wanted:
        assert bool(each_up[one].ordinals & changed) == (one in reading)
    for one in changed:
        assert bool(mapping.downstream_of(OrdinalSet.of([one]), upstream, downstream, asked) & wanted) == (one in found.ordinals)
    assert reading - downstream.ordinals(asked) == OrdinalSet()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TIMES), st.sampled_from(TIMES), OFFSETS, st.data())
def test_both_directions_of_time_agree(upstream: Any, downstream: Any, offsets: list[int], data: st.DataObject) -> None:
    assert_both_directions_agree(TimeWindowPartitionMapping(*offsets), upstream, downstream, data)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(EDGES), st.data())
def test_both_directions_of_other_mappings_agree(edge: tuple[PartitionMapping, Any, Any], data: st.DataObject) -> None:
    assert_both_directions_agree(*edge, data)


@pytest.mark.parametrize("mapping", [edge[0] for edge in EDGES if not isinstance(edge[0], Shouted)])
def test_a_mapping_comes_back_from_json(mapping: PartitionMapping) -> None:
    assert serde.loads(serde.dumps(mapping)) == mapping


def test_weeks_read_the_dimension_of_days_that_is_the_only_one_of_time() -> None:
    upstream = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})
    view = PartitionsView(NOW, MemoryKeyTable())
    mapping = infer_mapping(upstream, WEEKS)
    found = mapping.upstream_of(WEEKS.ordinals_of(["2025-03-09"], view), WEEKS, upstream, view)
    keys = sorted(map(str, upstream.keys_of(found.ordinals, view.table)))
    assert (keys[0], keys[-1], len(keys)) == ("2025-03-09|a", "2025-03-15|c", 21)
