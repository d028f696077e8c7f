"""Assets that become partitioned, or are so no longer: what is said of it, and that what was stored before can still be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbasset import (
    DailyPartitionsDefinition,
    Instance,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    asset,
)
from nbasset.arguments.options import LoadArguments, PartitionArguments, PlanArguments
from nbasset.arguments.options_time import WhyArguments
from nbasset.commands.load import load
from nbasset.commands.materialize import materialize
from nbasset.commands.plan import plan
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.states import standing
from nbasset.commands.why import why, why_text
from nbasset.definitions.asset import AssetsDefinition
from nbasset.errors import MissingValue, UnknownPartitionError
from nbasset.instance import instance_for_test
from nbasset.keys import AssetKey
from nbasset.planning.staleness import Memo

DAILY = DailyPartitionsDefinition("2013-01-01", "2013-01-04")
BY_DAY_AND_ORIGIN = MultiPartitionsDefinition({"day": DAILY, "origin": StaticPartitionsDefinition(["EWR", "JFK/4"])})
ORDERS, TOTAL = AssetKey("orders"), AssetKey("total")
Rows = list[dict[str, Any]]


@pytest.fixture
def instance() -> Iterator[Instance]:
    """A home on disk for one test."""
    with instance_for_test() as made:
        yield made


@asset(name="orders")
def whole() -> Rows:
    return [{"n": 1}, {"n": 2}]


@asset(name="orders", partitions_def=DAILY)
def daily(context: Any) -> Rows:
    return [{"n": int(context.partition_key[-2:])}]


@asset(name="orders", partitions_def=BY_DAY_AND_ORIGIN)
def by_day_and_origin(context: Any) -> Rows:
    return [{"n": str(context.partition_key)}]


@asset(name="orders", partitions_def=MonthlyPartitionsDefinition("2013-01-01", "2013-03-01"))
def monthly(context: Any) -> Rows:
    return [{"n": context.partition_key}]


@asset
def total(orders: Any) -> int:
    return len(orders)


def scope(orders: AssetsDefinition, instance: Instance) -> Scope:
    return scope_of([orders, total], instance=instance)


def make(orders: AssetsDefinition, instance: Instance, *keys: str) -> str:
    return str(materialize([orders], instance=instance, partition_keys=list(keys) or None).run_id)


def value(orders: AssetsDefinition, instance: Instance, as_of: str = "", partition: str = "") -> Any:
    return load(scope(orders, instance), LoadArguments("orders", "", PartitionArguments(partition), as_of))


def reason(orders: AssetsDefinition, instance: Instance, key: AssetKey = ORDERS) -> tuple[str, str]:
    state = standing(scope(orders, instance)).states[key]
    return state.status, state.reasons[0].text if state.reasons else ""


def version(instance: Instance) -> str:
    made = instance.storage.latest([ORDERS])[ORDERS].materialization
    assert made is not None
    return made.version_id


def test_a_table_that_becomes_partitioned_is_explained_and_can_still_be_read(instance: Instance) -> None:
    materialize([whole, total], instance=instance)
    before = version(instance)
    said = f"it is partitioned now ({DAILY.describe()}); the whole table of before can still be read: load orders --as-of {before[:8]}"
    assert reason(daily, instance) == ("missing", said)
    assert reason(daily, instance, TOTAL) == ("stale", "'orders' is partitioned now")
    told = plan(scope(daily, instance), PlanArguments("orders", PartitionArguments("2013-01-01")))
    assert [one.text for one in told.nodes[0].why] == ["you asked for it", said]
    assert said in why_text(why(scope(daily, instance), WhyArguments("orders")))
    assert "'orders' is partitioned now" in why_text(why(scope(daily, instance), WhyArguments("total")))
    with pytest.raises(MissingValue, match=f"no partition of asset 'orders' was ever.*load orders --as-of {before[:8]}"):
        value(daily, instance)
    assert value(daily, instance, before[:8]) == [{"n": 1}, {"n": 2}]
    run = make(daily, instance, "2013-01-01", "2013-01-02")
    assert value(daily, instance) == {"2013-01-01": [{"n": 1}], "2013-01-02": [{"n": 2}]}
    assert value(daily, instance, before[:8]) == [{"n": 1}, {"n": 2}]
    assert value(daily, instance, run[:8]) == {"2013-01-01": [{"n": 1}], "2013-01-02": [{"n": 2}]}
    assert (Path(instance.warehouse) / "orders.parquet").exists()


def test_partitions_that_become_one_table_are_explained_and_can_still_be_read(instance: Instance) -> None:
    materialize([daily, total], instance=instance, partition_keys=DAILY.get_partition_keys())
    run = make(daily, instance, "2013-01-01", "2013-01-03")
    last = version(instance)
    said = f"it has no partitions any more; what was made before can still be read: load orders --as-of {last[:8]}"
    assert reason(whole, instance) == ("missing", said)
    assert reason(whole, instance, TOTAL) == ("stale", "'orders' has no partitions any more")
    assert said in why_text(why(scope(whole, instance), WhyArguments("orders")))
    with pytest.raises(MissingValue, match=f"was not materialized since it has no partitions any more.*--as-of {last[:8]}"):
        value(whole, instance)
    then = {key: [{"n": int(key[-2:])}] for key in DAILY.get_partition_keys()}
    assert value(whole, instance, last[:8]) == then
    make(whole, instance)
    assert value(whole, instance) == [{"n": 1}, {"n": 2}]
    assert reason(whole, instance)[0] == "fresh"
    assert value(whole, instance, run[:8]) == then
    assert value(whole, instance, run[:8], "2013-01-03") == [{"n": 3}]
    assert value(whole, instance, run[:8], "2013-01-01..2013-01-03") == then
    with pytest.raises(UnknownPartitionError, match="had no partition '2013-01-04' then"):
        value(whole, instance, run[:8], "2013-01-04")


def test_a_step_does_not_read_the_table_from_before_the_partitions(instance: Instance) -> None:
    make(whole, instance)
    make(daily, instance, "2013-01-01")
    result = materialize([whole, total], instance=instance, selection="total", raise_on_error=False)
    (failed,) = result.get_step_failure_events()
    assert "asset 'orders' was not materialized since it has no partitions any more" in failed.error.message
    assert materialize([whole, total], instance=instance).asset_value("total") == 2
    assert materialize([whole, total], instance=instance, selection="total").asset_value("total") == 2


def test_there_and_back_again_nothing_is_lost(instance: Instance) -> None:
    first = make(whole, instance)
    second = make(daily, instance, "2013-01-01")
    third = make(whole, instance)
    fourth = make(daily, instance, "2013-01-02")
    for orders in (whole, daily):
        assert value(orders, instance, first[:8]) == value(orders, instance, third[:8]) == [{"n": 1}, {"n": 2}]
        assert value(orders, instance, second[:8]) == [{"n": 1}]
        assert value(orders, instance, fourth[:8]) == [{"n": 2}]


def test_partitions_of_several_dimensions_are_found_in_their_folders_also_when_nobody_knows_the_dimensions(instance: Instance) -> None:
    run = make(by_day_and_origin, instance, "2013-01-01|JFK/4", "2013-01-02|EWR")
    assert value(whole, instance, run[:8]) == {"2013-01-01|JFK/4": [{"n": "2013-01-01|JFK/4"}], "2013-01-02|EWR": [{"n": "2013-01-02|EWR"}]}


def test_other_partitions_than_before_are_explained(instance: Instance) -> None:
    run = make(daily, instance, "2013-01-01")
    last = version(instance)
    said = "it is partitioned otherwise now (monthly from 2013-01-01 to 2013-02-01)"
    assert reason(monthly, instance) == ("missing", f"{said}; what was made before can still be read: load orders --as-of {last[:8]}")
    assert value(monthly, instance, run[:8]) == [{"n": 1}]
    make(monthly, instance, "2013-02-01")
    assert value(monthly, instance, partition="2013-02-01") == [{"n": "2013-02-01"}]


def test_the_states_of_assets_that_are_cut_otherwise_are_not_remembered_wrongly(instance: Instance) -> None:
    make(whole, instance)
    memo = Memo()
    assert memo.catalog is None
    assert reason(whole, instance)[0] == "fresh"
    assert reason(daily, instance)[0] == "missing"
    assert reason(whole, instance)[0] == "fresh"
