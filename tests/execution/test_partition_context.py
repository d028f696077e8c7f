"""What a function learns of the partition that it makes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nbasset import (
    AssetDep,
    DailyPartitionsDefinition,
    Instance,
    LastPartitionMapping,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    WeeklyPartitionsDefinition,
    asset,
    materialize,
)

DAYS, ORIGINS = StaticPartitionsDefinition(["mon", "tue"]), StaticPartitionsDefinition(["EWR", "JFK"])


def test_a_partition_of_several_dimensions_knows_the_key_of_each() -> None:
    @asset(partitions_def=MultiPartitionsDefinition({"origin": ORIGINS, "day": DAYS}))
    def traffic(context):
        return [dict(context.partition_key.keys_by_dimension), dict(context.multi_partition_key.keys_by_dimension)]

    with Instance.ephemeral() as instance:
        result = materialize([traffic], partition_key="tue|JFK", instance=instance)
        assert result.asset_value("traffic", partition_key="tue|JFK") == [{"day": "tue", "origin": "JFK"}] * 2


def test_a_run_of_several_dimensions_has_a_tag_for_each() -> None:
    @asset(partitions_def=MultiPartitionsDefinition({"origin": ORIGINS, "day": DAYS}))
    def traffic(context: Any) -> Any:
        return [dict(context.run_tags)]

    with Instance.ephemeral() as instance:
        result = materialize([traffic], partition_key="tue|JFK", instance=instance)
        (tags,) = result.asset_value("traffic", partition_key="tue|JFK")
    assert tags == {"nbasset/partition": "tue|JFK", "nbasset/partition/day": "tue", "nbasset/partition/origin": "JFK"}


def test_partitions_of_an_asset_that_only_orders_are_asked_for_as_those_of_an_input() -> None:
    asked: dict[str, Any] = {}

    @asset(key_prefix="raw", partitions_def=DailyPartitionsDefinition("2025-01-01", end_date="2025-02-01"))
    def days() -> int:
        return 1

    @asset(partitions_def=WeeklyPartitionsDefinition("2025-01-05", end_date="2025-01-26"), deps=[days])
    def week(context: Any) -> None:
        asked["key"] = context.asset_key_for_input("raw__days")
        asked["range"] = context.asset_partition_key_range_for_input("raw__days")
        asked["window"] = context.asset_partitions_time_window_for_input("raw__days")

    @asset(deps=[AssetDep(days.key, partition_mapping=LastPartitionMapping())])
    def newest(context: Any) -> None:
        asked["newest"] = context.asset_partition_key_for_input("raw__days")

    with Instance.ephemeral() as instance:
        assert materialize([days, week, newest], selection=[week], partition_key="2025-01-12", instance=instance).success
        assert materialize([days, week, newest], selection=[newest], instance=instance).success
    assert asked["key"] == days.key
    assert (asked["range"].start, asked["range"].end) == ("2025-01-12", "2025-01-18")
    assert asked["window"].end == datetime(2025, 1, 19, tzinfo=UTC)
    assert asked["newest"] == "2025-01-31"
