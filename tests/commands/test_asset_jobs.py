"""Jobs that make assets, and assets that are made by graphs of ops."""

from __future__ import annotations

from typing import Any

import pytest

import nbasset as nb
from nbasset import (
    AssetKey,
    Config,
    Definitions,
    DynamicOut,
    DynamicOutput,
    Instance,
    InvalidConfigError,
    InvalidInvocationError,
    MaterializeResult,
    OpExecutionContext,
    RetryPolicy,
    RunConfig,
    StaticPartitionsDefinition,
    asset,
    define_asset_job,
    graph,
    job,
    op,
    success_hook,
    validate_run_config,
)


@op
def one() -> int:
    return 1


@op
def double(x: int) -> int:
    return 2 * x


@op
def total(values: list[int]) -> int:
    return sum(values)


class Size(Config):
    n: int
    unit: str = "rows"


class Simple(Config):
    size: int


@op
def sized(config: Size) -> str:
    return f"{config.n} {config.unit}"


@op(config_schema={"n": int})
def counted(context: OpExecutionContext) -> int:
    return int(context.op_config["n"])


# -- asset jobs -----------------------------------------------------------------------------------------------------------


@asset(group_name="raw")
def orders() -> list[int]:
    return [1, 2]


@asset
def summed(orders: list[int]) -> int:
    return sum(orders)


@asset
def other() -> int:
    return 5


def test_an_asset_job_makes_what_it_selects() -> None:
    defs = Definitions(assets=[orders, summed, other], jobs=[define_asset_job("nightly", "group:raw+", tags={"team": "data"})])
    result = defs.get_job_def("nightly").execute_in_process()
    assert [str(fact.asset) for fact in result.get_asset_materialization_events()] == ["orders", "summed"]
    assert result.asset_value("summed") == 3
    assert (result.job_name, result.run.job, result.run.tags) == ("nightly", "nightly", {"team": "data"})


def test_an_asset_job_can_be_narrowed_to_some_of_its_assets() -> None:
    defs = Definitions(assets=[orders, summed, other], jobs=[define_asset_job("nightly", [orders, summed])])
    with Instance.ephemeral() as instance:
        defs.get_job_def("nightly").execute_in_process(instance=instance)
        result = defs.get_job_def("nightly").execute_in_process(instance=instance, asset_selection=[AssetKey("summed")])
        assert [str(fact.asset) for fact in result.get_asset_materialization_events()] == ["summed"]
        with pytest.raises(InvalidInvocationError, match="asset 'other' is not in the selection of job 'nightly'"):
            defs.get_job_def("nightly").execute_in_process(instance=instance, asset_selection=["other"])


def test_an_asset_job_alone_knows_no_assets_and_says_where_to_get_it() -> None:
    with pytest.raises(InvalidInvocationError, match=r"get_job_def\('nightly'\)"):
        define_asset_job("nightly", "orders").execute_in_process()


def test_an_asset_job_that_selects_what_is_not_there_is_a_problem() -> None:
    defs = Definitions(assets=[orders], jobs=[define_asset_job("nightly", AssetKey("ordrs"))])
    (problem,) = defs.problems
    assert (problem.job, problem.rule) == ("nightly", "unknown-asset")
    assert "Did you mean 'orders'" in str(problem)
    nb.materialize_to_memory(defs)  # problems of a job do not keep the assets from being made


def test_partitions_of_an_asset_job_are_those_of_its_assets() -> None:
    countries = StaticPartitionsDefinition(["de", "fr"])

    @asset(partitions_def=countries)
    def sales(context: nb.AssetExecutionContext) -> str:
        return context.partition_key

    @asset
    def rates() -> int:
        return 1

    defs = Definitions(assets=[sales, rates], jobs=[define_asset_job("sell", [sales, rates])])
    assert defs.catalog.jobs_by_name["sell"].partitions_def == countries
    result = defs.get_job_def("sell").execute_in_process(partition_key="fr")
    assert result.asset_value("sales") == "fr"
    with pytest.raises(nb.InvalidDefinitionError, match="say which partitions"):
        defs.get_job_def("sell").execute_in_process()


def test_a_job_partitioned_otherwise_than_its_assets_is_a_problem() -> None:
    @asset(partitions_def=StaticPartitionsDefinition(["de"]))
    def sales() -> None: ...

    defs = Definitions(assets=[sales], jobs=[define_asset_job("sell", [sales], partitions_def=StaticPartitionsDefinition(["fr"]))])
    assert [(problem.job, problem.rule) for problem in defs.problems] == [("sell", "partitions")]


def test_retries_and_hooks_of_an_asset_job_are_those_of_its_steps() -> None:
    tries: list[int] = []
    told: list[str] = []

    @asset
    def flaky() -> int:
        tries.append(1)
        if len(tries) < 2:
            raise ValueError
        return 1

    @success_hook
    def tell(context: nb.HookContext) -> None:
        told.append(f"{context.job_name}: {context.step_key}")

    again = define_asset_job("again", [flaky], op_retry_policy=RetryPolicy(max_retries=1), hooks={tell})
    assert Definitions(assets=[flaky], jobs=[again]).get_job_def("again").execute_in_process().success
    assert (len(tries), told) == (2, ["again: flaky"])


def test_an_asset_job_has_config_for_its_assets() -> None:
    @asset
    def table(config: Size) -> str:
        return f"{config.n} {config.unit}"

    made = define_asset_job("tables", [table], config=RunConfig(ops={"table": Size(n=3)}))
    defs = Definitions(assets=[table], jobs=[made])
    assert defs.get_job_def("tables").execute_in_process().asset_value("table") == "3 rows"
    assert validate_run_config(defs.get_job_def("tables"))["ops"]["table"]["config"]["n"] == 3
    with pytest.raises(InvalidConfigError, match=r"ops\.table\.config\.n"):
        defs.get_job_def("tables").execute_in_process(run_config={"ops": {"table": {"config": {"n": "x"}}}})


def test_an_op_job_and_an_asset_may_have_one_name() -> None:
    @asset
    def etl() -> int:
        return 1

    @job(name="etl")
    def etl_job() -> None:
        one()

    defs = Definitions(assets=[etl], jobs=[etl_job])
    assert defs.problems == ()
    assert defs.get_job_def("etl").execute_in_process().output_for_node("one") == 1


# -- graph-backed assets --------------------------------------------------------------------------------------------------


def test_a_graph_backed_asset_is_made_by_several_steps_and_each_is_retried_alone() -> None:
    tries: list[str] = []

    @op
    def clean(orders: list[int]) -> list[int]:
        tries.append("clean")
        return [one for one in orders if one > 1]

    @op(retry_policy=RetryPolicy(max_retries=1))
    def summed_up(orders: list[int]) -> int:
        tries.append("sum")
        if tries.count("sum") == 1:
            raise ValueError("not yet")
        return sum(orders)

    @op
    def is_positive(value: int) -> nb.AssetCheckResult:
        return nb.AssetCheckResult(value > 0)

    @nb.graph_asset(check_specs=[nb.AssetCheckSpec("positive", asset="large_orders")])
    def large_orders(orders: Any) -> Any:
        summed = summed_up(clean(orders))
        return {"result": summed, "large_orders_positive": is_positive(summed)}

    @asset
    def after(large_orders: int) -> int:
        return large_orders + 1

    with Instance.ephemeral() as instance:
        result = nb.materialize([orders, large_orders, after], instance=instance)
        assert tries == ["clean", "sum", "sum"]
        assert (result.asset_value("large_orders"), result.asset_value("after")) == (2, 3)
        assert [(str(verdict.check), verdict.passed) for verdict in result.get_asset_check_evaluations()] == [
            ("large_orders:positive", True)
        ]
        (made,) = [fact for fact in result.get_asset_materialization_events() if fact.asset == AssetKey("large_orders")]
        assert [str(used.asset) for used in made.inputs] == ["orders"]


def test_a_partitioned_graph_backed_asset_knows_its_partition_in_each_op() -> None:
    @op
    def read(context: OpExecutionContext) -> str:
        return context.partition_key

    @op
    def shout(context: OpExecutionContext, text: str) -> str:
        return f"{text.upper()} {context.partition_key}"

    @nb.graph_asset(partitions_def=StaticPartitionsDefinition(["de", "fr"]))
    def sales() -> Any:
        return shout(read())

    result = nb.materialize_to_memory([sales], partition_key="fr")
    assert result.asset_value("sales") == "FR fr"
    assert [step.key for step in result.steps] == ["sales.read[fr]", "sales.shout[fr]"]


def test_a_graph_backed_asset_may_map_over_a_dynamic_output() -> None:
    @op(out=DynamicOut())
    def pieces(orders: list[int]) -> list[DynamicOutput[int]]:
        return [DynamicOutput(one, f"k{one}") for one in orders]

    @nb.graph_asset
    def doubled(orders: Any) -> Any:
        return total(pieces(orders).map(double).collect())

    assert nb.materialize_to_memory([orders, doubled]).asset_value("doubled") == 6


def test_only_the_ops_run_that_wanted_assets_of_a_graph_come_from() -> None:
    ran: list[str] = []

    def noting(name: str) -> Any:
        @op(name=name)
        def note() -> int:
            ran.append(name)
            return 1

        return note

    @nb.graph_multi_asset(outs={"a": nb.AssetOut(), "b": nb.AssetOut()}, can_subset=True)
    def both() -> Any:
        return {"a": noting("for_a")(), "b": noting("for_b")()}

    nb.materialize_to_memory([both], selection=["b"])
    assert ran == ["for_b"]


def test_config_of_a_graph_backed_asset_stands_under_its_name() -> None:
    @nb.graph_asset
    def table() -> Any:
        return sized()

    config = {"ops": {"table": {"ops": {"sized": {"config": {"n": 8}}}}}}
    assert nb.materialize_to_memory([table], run_config=config).asset_value("table") == "8 rows"
    with pytest.raises(InvalidConfigError, match=r"ops\.table\.ops\.sized\.config\.n: missing"):
        nb.materialize_to_memory([table])


def test_assets_from_an_op_and_from_a_graph_are_made_like_others() -> None:
    @graph
    def pair(orders: Any) -> Any:
        return total(orders)

    made = nb.AssetsDefinition.from_graph(pair)
    doubled = nb.AssetsDefinition.from_op(double, keys_by_input_name={"x": "pair"}, keys_by_output_name={"result": "doubled"})
    assert nb.materialize_to_memory([orders, made, doubled]).asset_value("doubled") == 6


def test_a_graph_backed_asset_stores_its_own_materialization() -> None:
    @op
    def write() -> MaterializeResult[Any]:
        return MaterializeResult(metadata={"rows": 3})

    @nb.graph_asset
    def table() -> Any:
        return write()

    (made,) = nb.materialize_to_memory([table]).get_asset_materialization_events()
    assert made.metadata["rows"].value == 3
