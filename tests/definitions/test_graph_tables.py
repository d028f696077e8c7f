"""Graphs from a table of dependencies, and graphs run as they are that have a config of their own."""

from __future__ import annotations

from typing import Any

import pytest

from nbasset import (
    ConfigMapping,
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    DynamicOut,
    DynamicOutput,
    GraphDefinition,
    In,
    InputMapping,
    Instance,
    InvalidConfigError,
    InvalidDefinitionError,
    MultiDependencyDefinition,
    NodeInvocation,
    Nothing,
    OutputMapping,
    RetryPolicy,
    graph,
    op,
)


@op
def one() -> int:
    return 1


@op
def add(x: int, y: int) -> int:
    return x + y


@op
def total(xs: list[int]) -> int:
    return sum(xs)


@op(out=DynamicOut())
def several() -> Any:
    return [DynamicOutput(at, f"k{at}") for at in (1, 2, 3)]


@op
def double(x: int) -> int:
    return 2 * x


def run(made: GraphDefinition, **given: Any) -> Any:
    return made.execute_in_process(instance=Instance.ephemeral(), **given)


def test_a_table_of_dependencies_is_a_graph_with_uses_of_one_node_under_several_names() -> None:
    table: dict[Any, Any] = {
        "add": {"x": DependencyDefinition("one"), "y": DependencyDefinition("second")},
        NodeInvocation("add", alias="second"): {"x": DependencyDefinition("one"), "y": DependencyDefinition("one")},
    }
    made = GraphDefinition("sums", node_defs=[one, add], dependencies=table, output_mappings=[OutputMapping("answer", "add")])
    assert list(made.calls) == ["one", "second", "add"]
    assert run(made).output_value("answer") == 3


def test_inputs_of_the_graph_lists_and_order_come_from_the_table() -> None:
    done: list[str] = []

    @op(ins={"start": In(Nothing)})
    def last() -> None:
        done.append("last")

    made = GraphDefinition(
        "listed",
        node_defs=[one, add, total, last],
        dependencies={
            "add": {"y": DependencyDefinition("one")},
            "total": {"xs": MultiDependencyDefinition([DependencyDefinition("one"), DependencyDefinition("add")])},
            "last": {"start": DependencyDefinition("total")},
        },
        input_mappings=[InputMapping("number", "add", "x")],
    )
    assert run(made, input_values={"number": 9}).output_for_node("total") == 11
    assert done == ["last"]


def test_values_of_a_dynamic_output_are_mapped_over_and_collected() -> None:
    made = GraphDefinition(
        "many",
        node_defs=[several, double, total],
        dependencies={
            "double": {"x": DependencyDefinition("several")},
            "total": {"xs": DynamicCollectDependencyDefinition("double")},
        },
    )
    assert run(made).output_for_node("total") == 12


def test_a_use_has_tags_hooks_and_retries_of_its_own() -> None:
    use = NodeInvocation("one", "again", tags={"a": 1}, retry_policy=RetryPolicy(max_retries=2))
    made = GraphDefinition("tagged", node_defs=[one], dependencies={use: {}})
    assert [(step.handle, step.tags["a"], step.retry) for step in made.to_job().steps] == [("again", "1", RetryPolicy(max_retries=2))]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"ad": {}}, "'ad', which is not among node_defs. Did you mean 'add'"),
        ({"add": {"x": DependencyDefinition("on")}}, "speaks of the node 'on', which is not in the graph. Did you mean 'one'"),
        ({"add": {"x": DependencyDefinition("one", "rest")}}, "which has none such. Did you mean 'result'"),
        ({"add": {"x": DependencyDefinition("add")}}, "goes in a circle: add -> add"),
        ({"one": {}, NodeInvocation("add", "one"): {}}, "uses two nodes as 'one'. Give one of them another alias"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table: Any, said: str) -> None:
    with pytest.raises(InvalidDefinitionError) as raised:
        GraphDefinition("wrong", node_defs=[one, add], dependencies=table)
    assert said in str(raised.value)


def test_a_graph_without_nodes_is_refused() -> None:
    with pytest.raises(InvalidDefinitionError, match="graph 'empty' has no nodes"):
        GraphDefinition("empty")


@op(config_schema={"n": int})
def configured(context: Any) -> Any:
    return context.op_config["n"]


def test_the_config_of_a_graph_counts_also_where_the_graph_is_run_as_it_is() -> None:
    @graph(config={"configured": {"config": {"n": 8}}})
    def fixed() -> Any:
        return configured()

    @graph(config=ConfigMapping(lambda given: {"configured": {"config": {"n": given["w"] + 1}}}, {"w": int}))
    def mapped() -> Any:
        return configured()

    assert run(fixed).output_value() == 8
    assert run(mapped, run_config={"ops": {"config": {"w": 3}}}).output_value() == 4
    job = mapped.to_job(config={"ops": {"config": {"w": 5}}})
    assert job.execute_in_process(instance=Instance.ephemeral()).output_value() == 6
    with pytest.raises(InvalidConfigError, match=r"ops\.config\.w"):
        run(mapped, run_config={"ops": {"config": {"w": "three"}}})
    with pytest.raises(InvalidConfigError, match=r"ops\.configured: unknown entry: the graph's own config hides that of the ops inside"):
        run(mapped, run_config={"ops": {"configured": {"config": {"n": 3}}}})
