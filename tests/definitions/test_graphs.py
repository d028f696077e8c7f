"""Graphs: what a body composes, and the mistakes in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nbasset import (
    AssetCheckSpec,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    DynamicOut,
    GraphOut,
    In,
    InvalidDefinitionError,
    InvalidInvocationError,
    Nothing,
    Out,
    RetryPolicy,
    asset,
    define_asset_job,
    failure_hook,
    graph,
    graph_asset,
    graph_multi_asset,
    job,
    op,
    success_hook,
)
from nbasset.definitions.catalog import NodeStep


@op
def one() -> int:
    return 1


@op
def double(x: int) -> int:
    return 2 * x


@op
def add(x: int, y: int = 10) -> int:
    return x + y


@op
def total(values: list[int]) -> int:
    return sum(values)


@op(out=DynamicOut(int))
def several():  # type: ignore[no-untyped-def]
    yield from ()


@op(out={"left": Out(int, is_required=False), "right": Out(int, is_required=False)})
def choose():  # type: ignore[no-untyped-def]
    yield from ()


@op(ins={"start": In(Nothing)})
def after() -> None: ...


def inputs(step: NodeStep) -> list[tuple[str, str, list[str]]]:
    return [(item.name, item.kind, [ref.step for ref in item.outputs]) for item in step.inputs]


def steps(definition: Any) -> dict[str, NodeStep]:
    return {step.handle: step for step in definition.steps}


def test_calling_an_op_in_a_graph_connects_it_and_runs_nothing() -> None:
    @job
    def small() -> None:
        double(one())

    assert list(steps(small)) == ["one", "double"]
    assert inputs(steps(small)["double"]) == [("x", "output", ["one"])]


def test_the_second_call_of_an_op_gets_a_number_and_an_alias_names_it() -> None:
    @job
    def small() -> None:
        double(double(one()))
        double.alias("again")(one())

    assert list(steps(small)) == ["one", "double", "double_2", "one_2", "again"]


def test_nested_graphs_are_opened_and_their_steps_have_paths() -> None:
    @graph
    def inner(x: Any) -> Any:
        return double(double(x))

    @graph
    def outer(x: Any) -> Any:
        return inner(inner(x))

    @job
    def nested() -> None:
        double(outer(one()))

    found = steps(nested)
    assert list(found) == [
        "one", "outer.inner.double", "outer.inner.double_2", "outer.inner_2.double", "outer.inner_2.double_2", "double",
    ]  # fmt: skip
    assert inputs(found["outer.inner.double"]) == [("x", "output", ["one"])]
    assert inputs(found["outer.inner_2.double"]) == [("x", "output", ["outer.inner.double_2"])]
    assert inputs(found["double"]) == [("x", "output", ["outer.inner_2.double_2"])]


def test_a_list_of_outputs_is_a_fan_in_in_the_order_written() -> None:
    @job
    def fan() -> None:
        first, second = double.alias("a")(one()), double.alias("b")(one())
        total([second, first])

    assert inputs(steps(fan)["total"]) == [("values", "fan_in", ["b", "a"])]


def test_a_graph_hands_a_fan_in_through() -> None:
    @graph
    def summed(values: Any) -> Any:
        return total(values)

    @job
    def fan() -> None:
        summed([one(), one()])

    assert inputs(steps(fan)["summed.total"]) == [("values", "fan_in", ["one", "one_2"])]


def test_an_input_of_type_nothing_only_orders() -> None:
    @job
    def ordered() -> None:
        after(start=one())

    assert inputs(steps(ordered)["after"]) == [("start", "output", ["one"])]


def test_several_outputs_have_names_and_can_be_unpacked() -> None:
    @job
    def branches() -> None:
        chosen = choose()
        left, right = chosen
        double(left)
        double.alias("right")(chosen.right)
        assert right == chosen.right

    assert [(item.outputs[0].step, item.outputs[0].output) for item in steps(branches)["right"].inputs] == [("choose", "right")]


def test_what_is_mapped_over_a_dynamic_output_is_marked_along_every_edge() -> None:
    @job
    def mapped() -> None:
        doubled = several().map(lambda x: add(double(x), one()))
        total(doubled.collect())

    found = steps(mapped)
    origins = {handle: step.mapped_over.step if step.mapped_over else None for handle, step in found.items()}
    assert origins == {"several": None, "double": "several", "one": None, "add": "several", "total": None}
    assert inputs(found["double"]) == [("x", "mapped", ["several"])]
    assert inputs(found["total"]) == [("values", "collected", ["add"])]


def test_a_graph_can_give_a_dynamic_output_and_be_mapped_as_a_whole() -> None:
    @graph
    def doubled_each() -> Any:
        return several().map(double)

    @graph
    def twice(x: Any) -> Any:
        return double(double(x))

    @job
    def mapped() -> None:
        total(doubled_each().map(twice).collect())

    found = steps(mapped)
    assert {handle: step.mapped_over.step if step.mapped_over else None for handle, step in found.items()} == {
        "doubled_each.several": None,
        "doubled_each.double": "doubled_each.several",
        "twice.double": "doubled_each.several",
        "twice.double_2": "doubled_each.several",
        "total": None,
    }
    assert inputs(found["twice.double"]) == [("x", "output", ["doubled_each.double"])]


def test_retries_tags_and_hooks_of_a_call_go_to_its_step_and_the_nearest_wins() -> None:
    @success_hook
    def tell(context: Any) -> None: ...

    patient, busy = RetryPolicy(max_retries=5), RetryPolicy(max_retries=1)

    @op(retry_policy=busy, tags={"kind": "own", "db": "yes"})
    def own() -> int:
        return 1

    @graph(tags={"of": "graph", "kind": "graph"})
    def inner() -> Any:
        return double.with_hooks({tell})(own())

    @job(op_retry_policy=RetryPolicy(max_retries=9))
    def outer() -> None:
        inner.with_retry_policy(patient).tag({"size": 3})()
        own.alias("mine").with_retry_policy(patient)()
        one()

    found = steps(outer)
    assert {handle: step.retry.max_retries if step.retry else None for handle, step in found.items()} == {
        "inner.own": 1, "inner.double": 5, "mine": 5, "one": 9,
    }  # fmt: skip
    assert found["inner.own"].tags == {"of": "graph", "kind": "own", "size": "3", "db": "yes"}
    assert outer.graph is not None
    assert outer.graph.op_at("inner.double").hooks == {tell}
    assert outer.graph.op_at("inner.own").hooks == frozenset()


def test_a_graph_backed_asset_reads_assets_by_the_names_of_its_parameters() -> None:
    @asset
    def orders() -> list[int]:
        return [1]

    @graph_asset(check_specs=[AssetCheckSpec("small", asset="sums")])
    def sums(orders: Any) -> Any:
        summed = total(orders)
        return {"result": double(summed), "sums_small": one()}

    from nbasset import Definitions

    catalog = Definitions(assets=[orders, sums]).catalog
    node = catalog.nodes_by_name["sums"]
    assert catalog.problems == ()
    assert [step.handle for step in node.steps] == ["sums.total", "sums.double", "sums.one"]
    assert [(output.asset, output.check and output.check.name) for step in node.steps for output in step.outputs] == [
        (None, None), (AssetKey("sums"), None), (None, "small"),
    ]  # fmt: skip
    assert catalog.upstream[AssetKey("sums")] == (AssetKey("orders"),)


def test_assets_come_from_ops_and_graphs_that_exist() -> None:
    @graph(out={"a": GraphOut(), "b": GraphOut()})
    def pair(x: Any) -> Any:
        return {"a": double(x), "b": double(x)}

    made = AssetsDefinition.from_graph(pair, keys_by_input_name={"x": "raw/x"}, keys_by_output_name={"a": "first"}, group_name="g")
    assert made.keys == (AssetKey("first"), AssetKey("b"))
    assert made.inputs["x"].key == AssetKey(["raw", "x"])
    assert AssetsDefinition.from_op(add, key_prefix="sums").key == AssetKey(["sums", "add"])


def _body(compose: Callable[..., Any]) -> Callable[[], Any]:
    return lambda: graph(name="g")(compose)


def _returns_number() -> Any:
    one()
    return 3


def _wrong_mapping() -> Any:
    return double(several())


def _two_dynamic() -> Any:
    other = several.alias("other")
    return several().map(lambda x: other().map(lambda y: add(x, y)))


def _nested_dynamic() -> Any:
    @op(out=DynamicOut())
    def split(x):  # type: ignore[no-untyped-def]
        yield from ()

    return several().map(split)


WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a value instead of an output": (
        _body(lambda: double(3)),
        InvalidInvocationError,
        "is given the int 3. The body of a graph only connects",
    ),
    "too many inputs": (_body(lambda: double(one(), one())), InvalidInvocationError, "takes 1 input, but 2 were passed"),
    "an input by a wrong name": (_body(lambda: add(one(), z=one())), InvalidInvocationError, "has no input 'z'"),
    "an input given twice": (_body(lambda: double(one(), x=one())), InvalidInvocationError, "was given 'x' twice, by position and by name"),
    "all outputs at once": (_body(lambda: double(choose())), InvalidInvocationError, "Pass one of: left, right"),
    "an attribute of an output": (
        _body(lambda: one().columns),
        InvalidDefinitionError,
        "'one' has not run yet: its output has no 'columns'",
    ),
    "a decision on an output": (
        _body(lambda: double(one()) if one() else None),
        InvalidDefinitionError,
        "neither true nor false. To choose at run time",
    ),
    "unpacking one output": (_body(lambda: [*one()]), InvalidDefinitionError, "'one' has one output, so its result cannot be unpacked"),
    "two calls of one alias": (_body(lambda: (one.alias("a")(), one.alias("a")())), InvalidDefinitionError, "calls two nodes 'a'"),
    "a number as output": (_body(_returns_number), InvalidDefinitionError, "returns 3 (int) for 'result', not the output of a node"),
    "an input as output": (_body(lambda x: x), InvalidDefinitionError, "returns its own input for 'result'"),
    "a dynamic output as a value": (_body(_wrong_mapping), InvalidDefinitionError, "is given a dynamic output, which is many values"),
    "mapping over a plain output": (_body(lambda: one().map(double)), InvalidDefinitionError, "is not dynamic: declare it DynamicOut()"),
    "collecting a plain output": (_body(lambda: one().collect()), InvalidDefinitionError, "there is nothing to collect"),
    "two dynamic outputs": (_body(_two_dynamic), InvalidDefinitionError, "cannot be downstream of more than one dynamic output"),
    "a dynamic output of a dynamic output": (
        _body(_nested_dynamic),
        InvalidDefinitionError,
        "has a dynamic output and is itself mapped over one",
    ),
    "a context": (_body(lambda context: one()), InvalidDefinitionError, "takes a context, but its body only connects ops"),
    "an asset in a body": (lambda: job(_with_asset), InvalidInvocationError, "asset 'orders' is called in the body of graph"),
    "an unused input": (lambda: graph(_unused), InvalidDefinitionError, "never passes its input 'x' to a node"),
    "an empty job": (lambda: job(_empty), InvalidDefinitionError, "calls no op in its body"),
    "a graph as a function": (lambda: graph(_good)(), InvalidInvocationError, "is composed, not called. Run it with"),
    "a job as a function": (lambda: job(_good)(), InvalidInvocationError, "is not called. Run it with"),
    "outputs without names": (lambda: graph(_pair), InvalidDefinitionError, "returns 2 outputs: name them with out="),
    "an output not returned": (
        lambda: graph(out={"a": GraphOut(), "b": GraphOut()})(_only_a),
        InvalidDefinitionError,
        "declares the outputs a, b but returns a. Return each of them",
    ),
    "a parameter that is not there": (
        lambda: graph(ins={"z": None})(_good),  # type: ignore[dict-item]
        InvalidDefinitionError,
        "no parameter 'z' that ins speaks of",
    ),
    "config of an unknown node": (
        lambda: graph(config={"onne": {"config": 1}})(_good),
        InvalidDefinitionError,
        "'onne', which is none of its nodes. Did you mean 'one'?",
    ),
    "a bad name": (lambda: op(name="my op")(len), InvalidDefinitionError, "'my op' cannot be the name of an op"),
    "ins of a missing parameter": (lambda: op(ins={"yy": In(int)})(_takes_y), InvalidDefinitionError, "no parameter 'yy'"),
    "a hook that is none": (lambda: job(hooks={len})(_good), InvalidDefinitionError, "is no hook. Decorate the function"),
    "a hook with inputs": (
        lambda: failure_hook(name="h")(lambda context, what: None),
        InvalidDefinitionError,
        "nobody says what 'what' is",
    ),
    "an executor that is none": (lambda: job(executor_def="threads")(_good), InvalidDefinitionError, "is no executor. Give in_process"),
    "two assets of a graph_asset": (lambda: graph_asset(_two), InvalidDefinitionError, "it makes one asset, so it returns one"),
    "a dynamic asset": (lambda: graph_asset(_dynamic), InvalidDefinitionError, "an asset is one. Collect it into a list"),
    "an unknown input of from_op": (
        lambda: AssetsDefinition.from_op(add, keys_by_input_name={"z": "z"}),
        InvalidDefinitionError,
        "op 'add' has no input 'z'. It has: x, y",
    ),
    "a job of a bad name": (lambda: define_asset_job("my job"), InvalidDefinitionError, "Use 'my_job'"),
    "values for an unknown input": (lambda: job(input_values={"z": 1})(_good), InvalidDefinitionError, "input_values speaks of 'z'"),
    "a check of another asset": (
        lambda: graph_multi_asset(outs={"a": AssetOut()}, check_specs=[AssetCheckSpec("x", asset="b")])(_only_a),
        InvalidDefinitionError,
        "check 'x' is about 'b', which this graph does not make",
    ),
}


def _good() -> Any:
    return double(one())


def _empty() -> None: ...


def _unused(x: Any) -> Any:
    return one()


def _pair() -> Any:
    return one(), one()


def _two() -> Any:
    return {"a": one(), "b": one()}


def _only_a() -> Any:
    return {"a": one()}


def _dynamic() -> Any:
    return several()


def _takes_y(y: int) -> None: ...


def _with_asset() -> Any:
    @asset
    def orders() -> int:
        return 1

    double(orders())


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_body_says_what_is_wrong_and_what_to_do(mistake: str) -> None:
    define, error, text = WRONG[mistake]
    with pytest.raises(error) as caught:
        define()
    assert text in str(caught.value)
