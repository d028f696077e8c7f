"""Assets that are made elsewhere, and functions that look at them."""

from __future__ import annotations

from typing import Any

import pytest

from nbasset import (
    AssetKey,
    AssetObservation,
    AssetSelection,
    AssetSpec,
    DailyPartitionsDefinition,
    DataVersion,
    DataVersionsByPartition,
    Definitions,
    ExpectationResult,
    Instance,
    InvalidDefinitionError,
    MaterializeResult,
    ObserveResult,
    SourceAsset,
    asset,
    materialize,
    multi_observable_source_asset,
    observable_source_asset,
    observe,
)
from nbasset.events.facts import ExpectationEvaluated


def test_an_observation_tells_the_data_version() -> None:
    @observable_source_asset(group_name="raw")
    def upload() -> DataVersion:
        """The nightly upload."""
        return DataVersion("7")

    with Instance.ephemeral() as instance:
        result = observe([upload], instance=instance)
        record = instance.reader.latest([upload.key])[upload.key]
    assert [seen.data_version for seen in result.get_asset_observation_events()] == ["7"]
    assert (record.materialization, record.observation is not None) == (None, True)
    assert (upload.get_asset_spec().group, upload.get_asset_spec().description) == ("raw", "The nightly upload.")


def test_observations_by_partition_need_no_partition_to_be_named() -> None:
    daily = DailyPartitionsDefinition("2024-01-01", "2024-01-05")

    @observable_source_asset(partitions_def=daily)
    def parts() -> DataVersionsByPartition:
        return DataVersionsByPartition({"2024-01-01": "a", "2024-01-03": "c"})

    with Instance.ephemeral() as instance:
        result = observe([parts], instance=instance)
    assert {seen.partition.key: seen.data_version for seen in result.get_asset_observation_events() if seen.partition} == {
        "2024-01-01": "a",
        "2024-01-03": "c",
    }


def test_one_function_observes_several_assets() -> None:
    @multi_observable_source_asset(specs=[AssetSpec("a"), AssetSpec("b", skippable=True)], group_name="lake")
    def look() -> Any:
        yield ObserveResult("a", data_version=DataVersion("1"), metadata={"rows": 3})

    with Instance.ephemeral() as instance:
        (seen,) = observe([look], instance=instance).get_asset_observation_events()
    assert (seen.asset, seen.data_version, seen.metadata["rows"].value) == (AssetKey("a"), "1", 3)
    assert {spec.group for spec in look.specs} == {"lake"}


def test_what_only_observes_is_not_materialized() -> None:
    @observable_source_asset
    def upload() -> DataVersion:
        return DataVersion("7")

    @asset(deps=[upload])
    def report() -> int:
        return 1

    with Instance.ephemeral() as instance:
        assert [step.key for step in materialize([upload, report], instance=instance).plan.steps] == ["report"]
        with pytest.raises(InvalidDefinitionError, match=r"observe\(\)"):
            materialize([upload], instance=instance)


def test_nothing_to_observe_is_said() -> None:
    @asset
    def made() -> int:
        return 1

    with Instance.ephemeral() as instance, pytest.raises(InvalidDefinitionError, match="nothing of 'made' can be observed"):
        observe([made], instance=instance)


def test_something_else_than_a_version_is_refused_with_what_is_right() -> None:
    @observable_source_asset
    def upload() -> Any:
        return "7"

    with Instance.ephemeral() as instance:
        error = observe([upload], instance=instance, raise_on_error=False).error
    assert error is not None
    assert "returned a str. Return DataVersion(...)" in error.message


def test_an_observation_reads_no_other_asset() -> None:
    with pytest.raises(InvalidDefinitionError, match="has the inputs 'orders', but what only looks at an asset reads no other"):

        @observable_source_asset
        def upload(orders: int) -> DataVersion:
            return DataVersion("1")


def test_source_assets_of_the_older_kind_are_external_or_observable() -> None:
    external = SourceAsset("raw", description="made by the shop", metadata={"team": "shop"})
    seen = SourceAsset("seen", observe_fn=lambda: DataVersion("1"))
    catalog = Definitions([external, seen]).catalog
    assert {str(key): one.execution for key, one in catalog.by_key.items()} == {"raw": "external", "seen": "observe"}
    assert catalog.by_key[AssetKey("raw")].spec.description == "made by the shop"


def test_an_op_may_tell_of_other_assets_and_of_expectations() -> None:
    @asset
    def report(context: Any) -> MaterializeResult[Any]:
        context.log_event(AssetObservation("lake", metadata={"rows": 1}))
        context.log_event(ExpectationResult(success=False, label="enough", metadata={"rows": 1}))
        return MaterializeResult()

    with Instance.ephemeral() as instance:
        result = materialize([report], instance=instance)
    assert [str(seen.asset) for seen in result.get_asset_observation_events()] == ["lake"]
    told = [fact for event in result.get_step_success_events() for fact in event.facts if isinstance(fact, ExpectationEvaluated)]
    assert [(one.label, one.success) for one in told] == [("enough", False)]


def test_observations_can_be_selected_among_others() -> None:
    @observable_source_asset
    def one() -> DataVersion:
        return DataVersion("1")

    @observable_source_asset
    def two() -> DataVersion:
        return DataVersion("2")

    with Instance.ephemeral() as instance:
        result = observe([one, two], instance=instance, selection=AssetSelection.assets("two"))
    assert [str(seen.asset) for seen in result.get_asset_observation_events()] == ["two"]
