"""Partitions by state, as the schema tells them: ranges of time, lists of keys, one dimension within another."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from nbasset import DailyPartitionsDefinition, DynamicPartitionsDefinition, MultiPartitionsDefinition, StaticPartitionsDefinition
from nbasset.api.partition_shapes import PartitionSets, definition_of, keys_by_dimension, stats_of, statuses_of
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.ordinals import OrdinalSet

DAYS = DailyPartitionsDefinition("2013-01-01")
ORIGINS = StaticPartitionsDefinition(["EWR", "JFK", "LGA"])
VIEW = PartitionsView(datetime(2013, 1, 6, tzinfo=UTC), dynamic={"customers": ["ada", "bob"]})
DAY = 86_400.0
START = datetime(2013, 1, 1, tzinfo=UTC).timestamp()


def sets(
    definition: PartitionsDefinition, made: list[str], failed: list[str] | None = None, running: list[str] | None = None
) -> PartitionSets:
    ordinals = [definition.ordinals_of(keys or [], VIEW) for keys in (made, failed, running)]
    return PartitionSets(definition.ordinals(VIEW), *ordinals)


def test_days_are_told_as_ranges_of_one_state() -> None:
    found = statuses_of(DAYS, sets(DAYS, ["2013-01-01", "2013-01-02", "2013-01-05"], ["2013-01-03"]), VIEW)
    assert [(one["startKey"], one["endKey"], one["status"]) for one in found["ranges"]] == [
        ("2013-01-01", "2013-01-02", "MATERIALIZED"), ("2013-01-03", "2013-01-03", "FAILED"), ("2013-01-05", "2013-01-05", "MATERIALIZED"),
    ]  # fmt: skip
    assert (found["ranges"][0]["startTime"], found["ranges"][0]["endTime"]) == (START, START + 2 * DAY)


def test_other_keys_are_listed_by_state() -> None:
    assert statuses_of(ORIGINS, sets(ORIGINS, ["JFK"], ["LGA"]), VIEW) == {
        "__typename": "DefaultPartitionStatuses", "materializedPartitions": ["JFK"], "failedPartitions": ["LGA"],
        "unmaterializedPartitions": ["EWR"], "materializingPartitions": [],
    }  # fmt: skip


def test_of_two_dimensions_the_time_comes_first_and_days_alike_are_one_range() -> None:
    both = MultiPartitionsDefinition({"origin": ORIGINS, "day": DAYS})
    made = [f"2013-01-0{day}|{origin}" for day in (1, 2) for origin in ("EWR", "LGA")]
    found = statuses_of(both, sets(both, made, ["2013-01-04|JFK"]), VIEW)
    assert found["primaryDimensionName"] == "day"
    assert [(one["primaryDimStartKey"], one["primaryDimEndKey"]) for one in found["ranges"]] == [
        ("2013-01-01", "2013-01-02"), ("2013-01-04", "2013-01-04"),
    ]  # fmt: skip
    assert found["ranges"][0]["secondaryDim"]["materializedPartitions"] == ["EWR", "LGA"]
    assert found["ranges"][1]["secondaryDim"]["failedPartitions"] == ["JFK"]
    assert found["ranges"][0]["primaryDimEndTime"] == START + 2 * DAY


def test_a_definition_says_its_kind_its_dimensions_and_the_name_of_a_dynamic_one() -> None:
    both = MultiPartitionsDefinition({"who": DynamicPartitionsDefinition("customers"), "day": DAYS})
    assert definition_of(DynamicPartitionsDefinition("customers"))["name"] == "customers"
    assert definition_of(both)["type"] == "MULTIPARTITIONED"
    assert definition_of(both)["dimensionTypes"] == [
        {"name": "day", "type": "TIME_WINDOW", "dynamicPartitionsDefinitionName": None},
        {"name": "who", "type": "DYNAMIC", "dynamicPartitionsDefinitionName": "customers"},
    ]
    assert [(one["name"], one["partitionKeys"]) for one in keys_by_dimension(both, VIEW, 1, None)] == [
        ("day", ["2013-01-02", "2013-01-03", "2013-01-04", "2013-01-05"]), ("who", ["bob"]),
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["made", "failed", "running", "missing"]), min_size=5, max_size=5))
def test_ranges_and_counts_tell_of_each_day_exactly_what_is_known(states: list[str]) -> None:
    keys = [f"2013-01-0{day}" for day in range(1, 6)]
    by_state = {name: [key for key, state in zip(keys, states, strict=True) if state == name] for name in ("made", "failed", "running")}
    found = sets(DAYS, by_state["made"], by_state["failed"], by_state["running"])
    names = {"MATERIALIZED": "made", "FAILED": "failed", "MATERIALIZING": "running"}
    told = dict.fromkeys(keys, "missing")
    for one in statuses_of(DAYS, found, VIEW)["ranges"]:
        for key in keys[keys.index(one["startKey"]) : keys.index(one["endKey"]) + 1]:
            assert told[key] == "missing"
            told[key] = names[one["status"]]
    assert list(told.values()) == states
    assert stats_of(found) == {
        "numPartitions": 5, "numMaterialized": states.count("made"), "numFailed": states.count("failed"),
        "numMaterializing": states.count("running"),
    }  # fmt: skip
    assert OrdinalSet() == found.materialized & found.failed
