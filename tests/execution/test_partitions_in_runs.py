"""Partitions as functions meet them: what the context says, how inputs come, what may be returned, checked and added."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nbasset import (
    AddDynamicPartitionsRequest,
    AssetCheckResult,
    AssetDep,
    AssetIn,
    BackfillPolicy,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    Output,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    asset_check,
    materialize,
)
from nbasset.errors import InvariantViolationError, MissingValue, TypeCheckDidNotPass, UnknownPartitionError
from nbasset.events.facts import CheckEvaluated
from nbasset.instance import Instance, instance_for_test
from nbasset.keys import AssetKey

DAILY = DailyPartitionsDefinition("2013-01-01", "2013-03-01")
MONTHLY = MonthlyPartitionsDefinition("2013-01-01", "2013-03-01")
ORIGINS = StaticPartitionsDefinition(["LGA", "EWR", "JFK"])
CUSTOMERS = DynamicPartitionsDefinition("customers")
SAID: list[Any] = []


@pytest.fixture
def instance() -> Iterator[Instance]:
    """A home on disk for one test; nothing was said in it."""
    SAID.clear()
    with instance_for_test() as made:
        yield made


@asset(partitions_def=DAILY)
def day(context: Any) -> pd.DataFrame:
    return pd.DataFrame({"at": [context.partition_key], "n": [int(context.partition_key[-2:])]})


# -- what the context says -----------------------------------------------------------------------------------------------------


def test_a_call_for_one_partition_knows_its_key_its_range_and_its_window(instance: Instance) -> None:
    @asset(partitions_def=DAILY)
    def one(context: Any) -> int:
        window = context.partition_time_window
        SAID.append(
            (
                context.partition_key,
                context.partition_keys,
                str(context.partition_key_range),
                window.start.isoformat(),
                window.end.isoformat(),
            )
        )
        return 1

    materialize([one], instance=instance, partition_key="2013-01-31")
    assert SAID == [
        ("2013-01-31", ["2013-01-31"], "2013-01-31...2013-01-31", "2013-01-31T00:00:00+00:00", "2013-02-01T00:00:00+00:00")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "calls"),
    [(None, [1] * 5), (BackfillPolicy.multi_run(2), [2, 2, 1]), (BackfillPolicy.single_run(), [5])],
)
def test_a_policy_says_how_many_partitions_go_into_a_call(instance: Instance, policy: BackfillPolicy | None, calls: list[int]) -> None:
    @asset(partitions_def=DAILY, backfill_policy=policy)
    def some(context: Any) -> dict[str, int] | int:
        SAID.append(context.partition_keys)
        found = {key: int(key[-2:]) for key in context.partition_keys}
        return found if len(found) > 1 else next(iter(found.values()))

    result = materialize([some], instance=instance, partition_range=("2013-01-03", "2013-01-07"))
    assert [len(keys) for keys in SAID] == calls
    assert [key for keys in SAID for key in keys] == [f"2013-01-0{at}" for at in range(3, 8)]
    assert result.asset_value("some", partition_key="2013-01-06") == 6
    assert len(result.get_asset_materialization_events()) == 5


@pytest.mark.parametrize(("policy", "stored"), [(BackfillPolicy.multi_run(2), 3), (None, {"2013-01-03": 3})])
def test_a_function_for_many_partitions_returns_a_dict_also_when_it_is_asked_for_one(
    instance: Instance, policy: BackfillPolicy | None, stored: Any
) -> None:
    @asset(partitions_def=DAILY, backfill_policy=policy)
    def some(context: Any) -> dict[str, int]:
        return {key: int(key[-2:]) for key in context.partition_keys}

    result = materialize([some], instance=instance, partition_key="2013-01-03")
    assert result.asset_value("some", partition_key="2013-01-03") == stored


def test_keys_of_a_list_go_with_their_own_values_whatever_their_numbers_are(instance: Instance) -> None:
    @asset(partitions_def=ORIGINS, backfill_policy=BackfillPolicy.single_run())
    def origin(context: Any) -> dict[str, str]:
        SAID.append((context.partition_keys, str(context.partition_key_range)))
        return {key: key.lower() for key in context.partition_keys}

    instance.storage.key_table.ordinals(["JFK", "LGA", "EWR"])
    result = materialize([origin], instance=instance, partition_keys=["JFK", "EWR", "LGA"])
    assert SAID == [(["LGA", "EWR", "JFK"], "LGA...JFK")]
    assert [result.asset_value("origin", partition_key=key) for key in ("LGA", "EWR", "JFK")] == ["lga", "ewr", "jfk"]
    files = sorted(path.name for path in Path(instance.warehouse, "origin").iterdir())
    assert files == ["EWR.parquet", "JFK.parquet", "LGA.parquet"]


def test_a_key_of_several_dimensions_says_each_and_has_folders_of_its_own(instance: Instance) -> None:
    both = MultiPartitionsDefinition({"origin": ORIGINS, "day": DAILY})

    @asset(partitions_def=both)
    def flights(context: Any) -> pd.DataFrame:
        SAID.append(dict(context.partition_key.keys_by_dimension))
        return pd.DataFrame({"n": [1]})

    @asset(partitions_def=DAILY)
    def by_day(flights: pd.DataFrame) -> int:
        SAID.append(sorted(flights["origin"]))
        return len(flights)

    keys = both.get_partition_keys()
    materialize([flights], instance=instance, partition_keys=[key for key in keys if "2013-01-05" in key])
    assert [{"day": "2013-01-05", "origin": origin} for origin in ("LGA", "EWR", "JFK")] == SAID
    assert Path(instance.warehouse, "flights", "day=2013-01-05", "origin=EWR", "part.parquet").is_file()
    SAID.clear()
    result = materialize([flights, by_day], instance=instance, selection="by_day", partition_key="2013-01-05")
    assert (SAID, result.asset_value("by_day", partition_key="2013-01-05")) == ([["EWR", "JFK", "LGA"]], 3)


def test_an_hour_that_comes_twice_is_two_partitions(instance: Instance) -> None:
    @asset(partitions_def=HourlyPartitionsDefinition("2025-11-02-00:00", "2025-11-02-04:00", timezone="America/New_York"))
    def hour(context: Any) -> float:
        SAID.append(context.partition_key)
        return float(context.partition_time_window.start.timestamp())

    materialize([hour], instance=instance, partition_range=("2025-11-02-00:00", "2025-11-02-02:00"))
    assert SAID == ["2025-11-02-00:00", "2025-11-02-01:00", "2025-11-02-01:00-0500", "2025-11-02-02:00"]


# -- how inputs come -------------------------------------------------------------------------------------------------------------


def test_several_partitions_are_a_dict_or_one_frame_as_the_annotation_says(instance: Instance) -> None:
    @asset(partitions_def=MONTHLY)
    def as_frame(day: pd.DataFrame) -> int:
        SAID.append((type(day).__name__, list(day.columns), day["partition"].iloc[0], len(day)))
        return int(day["n"].sum())

    @asset(partitions_def=MONTHLY)
    def as_dict(day: dict[str, pd.DataFrame]) -> int:
        SAID.append((type(day).__name__, next(iter(day)), len(day)))
        return 1

    materialize([day], instance=instance, partition_range=("2013-01-01", "2013-01-31"))
    result = materialize([day, as_frame, as_dict], instance=instance, selection=["as_frame", "as_dict"], partition_key="2013-01-01")
    assert sorted(SAID) == [("DataFrame", ["at", "n", "partition"], "2013-01-01", 31), ("dict", "2013-01-01", 31)]
    assert result.asset_value("as_frame", partition_key="2013-01-01") == sum(range(1, 32))


def test_one_partition_is_bare_unless_the_annotation_says_dict(instance: Instance) -> None:
    @asset(partitions_def=DAILY)
    def bare(day: pd.DataFrame) -> int:
        SAID.append(type(day).__name__)
        return len(day)

    @asset(partitions_def=DAILY)
    def in_dict(day: dict[str, pd.DataFrame]) -> int:
        SAID.append(list(day))
        return len(day)

    materialize([day, bare, in_dict], instance=instance, partition_key="2013-01-05")
    assert SAID == ["DataFrame", ["2013-01-05"]]


def test_partitions_that_were_never_made_are_an_error_or_left_out_if_allowed(instance: Instance) -> None:
    @asset(partitions_def=MONTHLY)
    def strict(day: pd.DataFrame) -> int:
        return len(day)

    @asset(partitions_def=MONTHLY, ins={"day": AssetIn(metadata={"allow_missing_partitions": True})})
    def lenient(day: pd.DataFrame) -> int:
        return len(day)

    materialize([day], instance=instance, partition_range=("2013-01-05", "2013-01-06"))
    with pytest.raises(MissingValue, match=r"partition '2013-01-01' was never materialized"):
        materialize([day, strict], instance=instance, selection="strict", partition_key="2013-01-01")
    result = materialize([day, lenient], instance=instance, selection="lenient", partition_key="2013-01-01")
    assert result.asset_value("lenient", partition_key="2013-01-01") == 2


def test_partitions_that_do_not_exist_are_an_error_or_left_out_if_the_mapping_allows_it(instance: Instance) -> None:
    longer = DailyPartitionsDefinition("2012-12-30", "2013-03-01")

    @asset(partitions_def=longer)
    def strict(day: pd.DataFrame) -> int:
        return 1

    @asset(
        partitions_def=longer,
        ins={"day": AssetIn(partition_mapping=TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True))},
    )
    def lenient(day: pd.DataFrame | None) -> int:
        return 0 if day is None else len(day)

    with pytest.raises(InvariantViolationError, match="needs 1 partitions of 'day' that its definition does not have"):
        materialize([day, strict], instance=instance, selection="strict", partition_key="2012-12-31")
    result = materialize([day, lenient], instance=instance, selection="lenient", partition_key="2012-12-31")
    assert result.asset_value("lenient", partition_key="2012-12-31") == 0


def test_an_asset_that_reads_its_own_past_starts_with_none_and_goes_on_in_order(instance: Instance) -> None:
    @asset(partitions_def=DAILY, ins={"total": AssetIn(partition_mapping=TimeWindowPartitionMapping(-1, -1))})
    def total(context: Any, total: int | None, day: pd.DataFrame) -> int:
        return (total or 0) + int(day["n"].sum())

    result = materialize([day, total], instance=instance, partition_range=("2013-01-01", "2013-01-05"))
    assert [result.asset_value("total", partition_key=f"2013-01-0{at}") for at in range(1, 6)] == [1, 3, 6, 10, 15]


# -- what comes out: types, checks, keys -----------------------------------------------------------------------------------------


def test_each_partition_of_an_output_is_checked_by_its_type(instance: Instance) -> None:
    @asset(partitions_def=DAILY, backfill_policy=BackfillPolicy.single_run())
    def numbers(context: Any) -> dict[str, int]:
        return {key: ("three" if key.endswith("03") else 3) for key in context.partition_keys}  # type: ignore[misc]

    with pytest.raises(TypeCheckDidNotPass, match="partition '2013-01-03'"):
        materialize([numbers], instance=instance, partition_range=("2013-01-01", "2013-01-04"))


def test_a_check_is_evaluated_for_each_partition_as_it_is_made(instance: Instance) -> None:
    @asset_check(asset=day)
    def small(day: pd.DataFrame) -> AssetCheckResult:
        return AssetCheckResult(passed=bool(day["n"].iloc[0] < 3))

    result = materialize([day, small], instance=instance, partition_range=("2013-01-01", "2013-01-03"))
    verdicts = [fact for event in result.all_events for fact in getattr(event, "facts", ()) if isinstance(fact, CheckEvaluated)]
    assert {(one.partition.key, one.passed) for one in verdicts if one.partition is not None} == {
        ("2013-01-01", True), ("2013-01-02", True), ("2013-01-03", False),
    }  # fmt: skip


def test_keys_that_a_run_finds_are_there_when_their_step_has_ended(instance: Instance) -> None:
    @asset
    def scan(context: Any) -> Iterator[Any]:
        yield AddDynamicPartitionsRequest("customers", ("ada", "bob"))
        context.add_dynamic_partitions("customers", ["bob", "eve"])
        context.delete_dynamic_partitions("customers", ["ada"])
        yield Output(3)

    @asset(partitions_def=CUSTOMERS)
    def invoice(context: Any) -> str:
        return str(context.partition_key)

    assert materialize([scan], instance=instance).success
    assert instance.get_dynamic_partitions("customers") == ["bob", "eve"]
    assert materialize([invoice], instance=instance, partition_keys=["bob", "eve"]).asset_value("invoice", partition_key="eve") == "eve"
    with pytest.raises(UnknownPartitionError, match="'ada'"):
        materialize([invoice], instance=instance, partition_key="ada")


def test_keys_that_a_failed_step_told_are_not_added(instance: Instance) -> None:
    @asset
    def scan(context: Any) -> int:
        context.add_dynamic_partitions("customers", ["ada"])
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        materialize([scan], instance=instance)
    assert instance.get_dynamic_partitions("customers") == []


def test_ranges_go_through_python_as_they_do_elsewhere(instance: Instance) -> None:
    result = materialize([day], instance=instance, partition_range=PartitionKeyRange("2013-01-01", "2013-01-03"))
    assert [fact.partition.key for fact in result.get_asset_materialization_events() if fact.partition is not None] == [
        "2013-01-01", "2013-01-02", "2013-01-03",
    ]  # fmt: skip


def test_assets_partitioned_otherwise_follow_by_mapping_in_one_run(instance: Instance) -> None:
    @asset(partitions_def=MONTHLY, ins={"day": AssetIn(metadata={"allow_missing_partitions": True})})
    def month(day: pd.DataFrame) -> int:
        return len(day)

    @asset(deps=[AssetDep("month")])
    def after() -> int:
        return 1

    result = materialize([day, month, after], instance=instance, partition_range=("2013-01-30", "2013-02-02"))
    assert {str(target.asset): None if target.partitions is None else len(target.partitions) for target in result.plan.targets} == {
        "day": 4, "month": 2, "after": None,
    }  # fmt: skip
    assert [result.asset_value("month", partition_key=key) for key in ("2013-01-01", "2013-02-01")] == [2, 2]
    assert instance.get_latest_materialization_event(AssetKey("after")) is not None
