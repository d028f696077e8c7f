"""The checks that everybody needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from nbasset import (
    AssetCheckSeverity,
    AssetMaterialization,
    AssetObservation,
    AssetSelection,
    AssetSpec,
    DailyPartitionsDefinition,
    Instance,
    InvalidDefinitionError,
    MaterializeResult,
    TableColumn,
    TableSchema,
    asset,
    build_column_schema_change_checks,
    build_last_update_freshness_checks,
    build_metadata_bounds_checks,
    build_not_null_checks,
    build_row_count_checks,
    build_sensor_context,
    build_sensor_for_freshness_checks,
    build_time_partition_freshness_checks,
    build_unique_checks,
    materialize,
)


@asset
def flights() -> pd.DataFrame:
    return pd.DataFrame({"id": [1, 2, 2], "delay": [1.0, None, 3.0]})


def evaluated(instance: Instance, *definitions: Any, **options: Any) -> dict[str, tuple[bool, str | None]]:
    result = materialize(list(definitions), instance=instance, raise_on_error=False, **options)
    return {one.check.name: (one.passed, one.description) for one in result.get_asset_check_evaluations()}


def test_row_counts_come_from_the_record() -> None:
    with Instance.ephemeral() as instance:
        checks = build_row_count_checks(assets=[flights], min_rows=1, max_rows=2)
        assert evaluated(instance, flights, *checks) == {"row_count": (False, "rows is 3; expected at least 1 and at most 2")}


def test_repeated_values_are_found_with_examples() -> None:
    with Instance.ephemeral() as instance:
        (check,) = build_unique_checks(assets=[flights], columns=["id"])
        result = materialize([flights, check], instance=instance)
        (verdict,) = result.get_asset_check_evaluations()
        assert verdict.description == "2 of 3 rows have repeated values of id"
        assert [record.data["id"] for record in verdict.metadata["examples"].value["records"]] == [2, 2]


def test_columns_may_be_unique_only_together() -> None:
    with Instance.ephemeral() as instance:
        (check,) = build_unique_checks(assets=[flights], columns=["id", "delay"], together=True)
        assert evaluated(instance, flights, check)["unique_id_delay"][0] is True


def test_missing_values_are_found() -> None:
    with Instance.ephemeral() as instance:
        (check,) = build_not_null_checks(assets=["flights"], columns=["delay"])
        assert evaluated(instance, flights, check) == {"not_null_delay": (False, "1 of 3 rows have missing values of delay")}


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with Instance.ephemeral() as instance:
        (check,) = build_not_null_checks(assets=[flights], columns=["day"])
        assert evaluated(instance, flights, check)["not_null_day"] == (False, "it has no column day; it has id, delay")


def test_metadata_of_the_newest_materialization_lies_within_bounds() -> None:
    @asset
    def scored() -> MaterializeResult[Any]:
        return MaterializeResult(metadata={"score": 0.5})

    with Instance.ephemeral() as instance:
        for options, expected in (
            ({"min_value": 0.5}, True),
            ({"min_value": 0.5, "exclusive_min": True}, False),
            ({"max_value": 0.4}, False),
        ):
            checks = build_metadata_bounds_checks(assets=[scored], metadata_key="score", **options)  # type: ignore[arg-type]
            assert evaluated(instance, scored, *checks)["score_bounds"][0] is expected


def test_a_change_of_columns_is_told() -> None:
    columns = [["a"], ["a", "b"]]

    @asset
    def table() -> MaterializeResult[Any]:
        schema = TableSchema([TableColumn(name, "int64") for name in columns.pop(0)])
        return MaterializeResult(metadata={"nbasset/column_schema": schema})

    checks = build_column_schema_change_checks(assets=[table])
    with Instance.ephemeral() as instance:
        assert evaluated(instance, table, *checks)["column_schema_change"][0] is True
        assert evaluated(instance, table, *checks)["column_schema_change"] == (False, "new column b")


def test_stored_tables_tell_a_change_of_columns_by_themselves() -> None:
    frames = [pd.DataFrame({"a": [1]}), pd.DataFrame({"a": ["x"]})]

    @asset
    def table() -> pd.DataFrame:
        return frames.pop(0)

    checks = build_column_schema_change_checks(assets=[table])
    with Instance.ephemeral() as instance:
        evaluated(instance, table, *checks)
        assert evaluated(instance, table, *checks)["column_schema_change"] == (False, "the columns differ from before")


def test_an_asset_is_fresh_when_it_was_updated_within_the_bound() -> None:
    checks = build_last_update_freshness_checks(assets=["made"], lower_bound_delta=timedelta(hours=1))
    with Instance.ephemeral() as instance:
        alone = AssetSelection.checks(*checks)
        assert evaluated(instance, AssetSpec("made"), *checks, selection=alone)["freshness_check"][0] is False
        instance.report_runless_asset_event(AssetMaterialization("made"))
        assert evaluated(instance, AssetSpec("made"), *checks, selection=alone)["freshness_check"][0] is True


def test_what_an_observation_tells_of_the_last_update_counts() -> None:
    checks = build_last_update_freshness_checks(assets=["seen"], lower_bound_delta=timedelta(hours=1), severity=AssetCheckSeverity.ERROR)
    with Instance.ephemeral() as instance:
        instance.report_runless_asset_event(AssetObservation("seen", metadata={"nbasset/last_updated_timestamp": 1.0}))
        assert evaluated(instance, AssetSpec("seen"), *checks, selection=AssetSelection.checks(*checks))["freshness_check"][0] is False


def test_the_newest_partition_must_be_there_by_the_deadline() -> None:
    daily = DailyPartitionsDefinition("2024-01-01", "2024-01-03")

    @asset(partitions_def=daily)
    def days() -> None: ...

    (check,) = build_time_partition_freshness_checks(assets=[days], deadline_cron="0 6 * * *")
    with Instance.ephemeral() as instance:
        assert evaluated(instance, days, check, partition_keys=["2024-01-01"])["freshness_check"][0] is False
        assert evaluated(instance, days, check, partition_keys=["2024-01-02"])["freshness_check"][0] is True


def test_a_sensor_evaluates_freshness_checks_only_when_their_verdict_may_have_changed() -> None:
    checks = build_last_update_freshness_checks(assets=["made"], lower_bound_delta=timedelta(hours=1))
    sensor = build_sensor_for_freshness_checks(freshness_checks=checks)
    with Instance.ephemeral() as instance:
        assert sensor.evaluate_tick(build_sensor_context(instance)).run_requests[0].asset_check_keys == checks[0].check_keys
        instance.report_runless_asset_event(AssetMaterialization("made"))
        materialize([AssetSpec("made"), *checks], instance=instance, selection=AssetSelection.checks(*checks))
        assert sensor.evaluate_tick(build_sensor_context(instance)).skip_message == "no freshness check is due"


def test_bounds_that_leave_nothing_are_refused() -> None:
    with pytest.raises(InvalidDefinitionError, match="nothing lies between 2 and 1"):
        build_row_count_checks(assets=["a"], min_rows=2, max_rows=1)
    with pytest.raises(InvalidDefinitionError, match="has no bound"):
        build_metadata_bounds_checks(assets=["a"], metadata_key="n")
