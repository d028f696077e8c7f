"""Reading stored values outside the inputs of a function, and the other names under which definitions answer."""

from __future__ import annotations

from nbasset import (
    AssetCheckExecutionContext,
    AssetExecutionContext,
    AssetKey,
    AssetSelection,
    Definitions,
    Instance,
    MaterializeResult,
    MetadataValue,
    OpExecutionContext,
    StaticPartitionsDefinition,
    TableColumnDep,
    TableColumnLineage,
    asset,
    asset_check,
    define_asset_job,
    job,
    materialize,
    materialize_to_memory,
    op,
)


@asset
def orders():
    return [1, 2]


@asset_check(asset=orders)
def has_rows(context, orders) -> bool:
    return isinstance(context, AssetCheckExecutionContext)


def test_a_function_may_load_any_asset_of_its_run_also_in_memory() -> None:
    @asset(deps=[orders])
    def total(context):
        return sum(context.load_asset_value(AssetKey("orders")))

    assert materialize_to_memory([orders, total]).asset_value("total") == 3


def test_a_loader_reads_several_assets_of_one_instance() -> None:
    with Instance.ephemeral() as instance:
        materialize([orders], instance=instance)
        with Definitions(assets=[orders]).get_asset_value_loader(instance) as loader:
            assert loader.load_asset_value("orders") == [1, 2]


def test_the_class_of_a_context_says_what_runs() -> None:
    @asset
    def kind(context):
        return isinstance(context, AssetExecutionContext)

    @op
    def tell(context):
        return type(context) is OpExecutionContext

    @job
    def telling():
        tell()

    assert materialize_to_memory([kind]).asset_value("kind")
    assert telling.execute_in_process().output_for_node("tell")
    (verdict,) = materialize_to_memory([orders, has_rows]).get_asset_check_evaluations()
    assert verdict.passed


def test_definitions_answer_under_both_names() -> None:
    defs = Definitions(assets=[orders], jobs=[define_asset_job("nightly", selection="orders")])
    assert defs.resolve_all_asset_specs() == defs.get_all_asset_specs()
    assert (defs.resolve_assets_def("orders"), defs.resolve_job_def("nightly").name) == (orders, "nightly")


def test_a_job_of_partitioned_assets_asks_for_a_run_of_one_partition() -> None:
    @asset(partitions_def=StaticPartitionsDefinition(["EWR", "JFK"]))
    def flights(): ...

    defs = Definitions(assets=[flights], jobs=[define_asset_job("nightly", selection="flights")])
    assert defs.get_job_def("nightly").run_request_for_partition("JFK").partition_key == "JFK"


def test_all_checks_can_be_selected() -> None:
    defs = Definitions(assets=[orders], asset_checks=[has_rows])
    assert [check.name for check in AssetSelection.all_asset_checks().resolve_checks(defs.catalog)] == ["has_rows"]


def test_a_job_can_be_named_in_metadata() -> None:
    assert (MetadataValue.job("nightly").kind, MetadataValue.job("nightly").value) == ("job", "nightly")


def test_the_origin_of_columns_is_kept_with_a_materialization() -> None:
    origin = TableColumnLineage({"total": (TableColumnDep(AssetKey("orders"), "price"),)})

    @asset(deps=[orders])
    def totals():
        return MaterializeResult(value=[{"total": 3}], metadata={"nbasset/column_lineage": MetadataValue.column_lineage(origin)})

    with Instance.ephemeral() as instance:
        materialize([orders, totals], instance=instance)
        made = instance.get_latest_materialization_event("totals").asset_materialization
        assert made.metadata["nbasset/column_lineage"].value == origin
