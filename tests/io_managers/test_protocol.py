"""Contexts say what a manager needs to know, and refuse what has no answer."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from nbasset.definitions.partitions import PartitionKeyRange, TimeWindow
from nbasset.definitions.time_partitions import DailyPartitionsDefinition
from nbasset.errors import InvalidMetadata, InvariantViolationError
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.io_managers.protocol import IOManager, Staged, build_input_context, build_output_context, split_output
from nbasset.keys import AssetKey, PartitionRef
from nbasset.metadata import MetadataValue
from nbasset.serde import dumps, loads


def test_an_output_of_an_asset_knows_key_and_partition() -> None:
    context = build_output_context(asset_key="raw/orders", partition_key="2013-01-01", definition_metadata={"a": 1}, resources={"db": 7})
    assert (context.asset_key, context.asset_partition_key, context.partition_key) == (
        AssetKey(["raw", "orders"]),
        "2013-01-01",
        "2013-01-01",
    )
    assert (context.has_asset_key, context.has_asset_partitions, context.has_partition_key) == (True, True, True)
    assert context.get_asset_identifier() == ["raw", "orders", "2013-01-01"]
    assert (context.definition_metadata, context.resources.db) == ({"a": 1}, 7)


def test_an_output_of_an_op_is_known_by_run_step_and_name() -> None:
    context = build_output_context("clean", "out", run_id="r1", mapping_key="m")
    assert context.get_identifier() == ["r1", "clean", "out", "m"]
    assert build_input_context(upstream_output=context).get_identifier() == ["r1", "clean", "out", "m"]
    with pytest.raises(InvariantViolationError, match="belongs to no asset"):
        _ = context.asset_key


def test_several_partitions_have_keys_a_range_and_a_window() -> None:
    context = build_input_context(
        asset_key="a", asset_partition_keys=["2013-01-01", "2013-01-03"], asset_partitions_def=DailyPartitionsDefinition("2013-01-01")
    )
    assert context.asset_partition_keys == ["2013-01-01", "2013-01-03"]
    assert context.asset_partition_key_range == PartitionKeyRange("2013-01-01", "2013-01-03")
    assert context.asset_partitions_time_window == TimeWindow(datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 4, tzinfo=UTC))
    with pytest.raises(InvariantViolationError, match="2 partitions here"):
        _ = context.asset_partition_key
    with pytest.raises(InvariantViolationError, match="not for one partition"):
        _ = context.partition_key
    with pytest.raises(InvariantViolationError, match="not partitioned by time"):
        _ = build_input_context(asset_key="a", partition_key="x").asset_partitions_time_window


def test_facts_are_typed_when_they_are_added() -> None:
    context = build_output_context(asset_key="a")
    context.add_output_metadata({"rows": 3})
    context.add_output_metadata({"where": MetadataValue.path("x")})
    assert context.added_metadata == {"rows": MetadataValue.int(3), "where": MetadataValue.path("x")}
    with pytest.raises(InvalidMetadata, match="'bad' of asset 'a'"):
        context.add_output_metadata({"bad": object()})


def test_each_write_has_a_version_of_its_own() -> None:
    assert build_output_context(asset_key="a").version_id != build_output_context(asset_key="a").version_id


def test_a_dict_by_partition_is_split_and_anything_else_refused() -> None:
    context = build_output_context(asset_key="a")
    context.partitions = (PartitionRef("x", 0), PartitionRef("y", 1))
    parts = split_output(context, {"y": 2, "x": 1})
    assert [(one.asset_partition_key, value) for one, value in parts] == [("x", 1), ("y", 2)]
    assert len({one.version_id for one, _ in parts}) == 2
    with pytest.raises(InvariantViolationError, match=r"1 missing \(y\) and 1 not asked for \(z\)"):
        split_output(context, {"x": 1, "z": 2})
    with pytest.raises(InvariantViolationError, match="returned an int"):
        split_output(context, 5)


def test_a_staged_value_crosses_processes_as_json() -> None:
    staged = Staged(
        AssetKey("a"), PartitionRef("x", 3), "/w/.stage-1", "/w/a/x.parquet", "1", "c1:0", 3, 100, "s1:0", {"n": MetadataValue.int(1)}
    )
    assert loads(dumps(staged)) == staged


def test_managers_are_classes_to_derive_from() -> None:
    with pytest.raises(TypeError, match="abstract"):
        IOManager()  # type: ignore[abstract]
    assert isinstance(InMemoryIOManager(), IOManager)


def test_an_input_wants_the_versions_it_is_given_and_the_newest_where_none_is() -> None:
    context = build_input_context(asset_key="a", asset_partition_keys=["x", "y", "z"], version_ids=["v1", ""])
    assert [context.for_partition(at).version_of(0) for at in range(3)] == ["v1", None, None]
    assert context.resources == SimpleNamespace()


def test_a_context_for_a_test_is_built_for_a_range_of_partitions() -> None:
    days = DailyPartitionsDefinition("2025-01-01", end_date="2025-02-01")
    between = PartitionKeyRange("2025-01-01", "2025-01-03")
    wanted = ["2025-01-01", "2025-01-02", "2025-01-03"]
    read = build_input_context(asset_key="a", asset_partition_key_range=between, asset_partitions_def=days)
    written = build_output_context(asset_key="a", asset_partition_key_range=between, asset_partitions_def=days)
    assert (read.asset_partition_keys, written.asset_partition_keys) == (wanted, wanted)
    assert read.asset_partitions_time_window.end == datetime(2025, 1, 4, tzinfo=UTC)
    with pytest.raises(InvariantViolationError, match="needs asset_partitions_def"):
        build_input_context(asset_key="a", asset_partition_key_range=between)


def test_older_names_of_what_a_context_tells_are_understood() -> None:
    context = build_output_context(asset_key="a", metadata={"table": "t"}, step_key="s", run_id="r")
    context.add_output_metadata({"rows": 3})
    assert (context.metadata, context.definition_metadata) == ({"table": "t"}, {"table": "t"})
    assert context.get_logged_metadata() == {"rows": MetadataValue.int(3)}
    assert context.get_run_scoped_output_identifier() == ["r", "s", "result"]
    assert build_input_context(asset_key="a", metadata={"table": "t"}).metadata == {"table": "t"}
