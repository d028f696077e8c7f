"""Jobs run in this process: values, order, dynamic outputs, results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import nbasset as nb
from nbasset import (
    DynamicOut,
    DynamicOutput,
    In,
    Nothing,
    OpExecutionContext,
    Out,
    Output,
    RetryPolicy,
    graph,
    job,
    op,
)
from nbasset.errors import TypeCheckDidNotPass


@op
def one() -> int:
    return 1


@op
def double(x: int) -> int:
    return 2 * x


@op
def total(values: list[int]) -> int:
    return sum(values)


# -- values ---------------------------------------------------------------------------------------------------------------


def test_a_job_runs_its_ops_in_order_and_hands_values_on() -> None:
    @job
    def small() -> None:
        double(double(one()))

    result = small.execute_in_process()
    assert result.success
    assert [event.step for event in result.get_step_success_events()] == ["one", "double", "double_2"]
    assert (result.output_for_node("double"), result.output_for_node("double_2")) == (2, 4)


def test_values_are_the_very_objects_in_one_process() -> None:
    class Thing: ...

    made = Thing()

    @op
    def make() -> Any:
        return made

    @op
    def look(thing: Any) -> bool:
        return thing is made

    @job
    def same() -> None:
        look(make())

    assert same.execute_in_process().output_for_node("look") is True


def test_a_graph_runs_by_itself_with_values_for_its_inputs() -> None:
    @graph
    def doubled(x: Any) -> Any:
        return double(x)

    assert doubled.execute_in_process(input_values={"x": 4}).output_value() == 8
    assert doubled.to_job(name="named", input_values={"x": 5}).execute_in_process().output_value() == 10


def test_an_op_runs_by_itself() -> None:
    assert double.execute_in_process(input_values={"x": 4}).output_for_node("double") == 8


def test_outputs_of_nested_graphs_are_found_by_their_paths() -> None:
    @graph
    def inner() -> Any:
        return double(one())

    @graph
    def outer() -> Any:
        return double(inner())

    @job
    def nested() -> None:
        outer()

    result = nested.execute_in_process()
    assert [result.output_for_node(path) for path in ("outer", "outer.inner", "outer.inner.one", "outer.double")] == [4, 2, 1, 4]
    assert result.is_node_success("outer.inner")
    assert len(result.events_for_node("outer")) == 3


def test_a_fan_in_comes_as_a_list_in_the_order_written() -> None:
    @op
    def show(values: list[int]) -> list[int]:
        return values

    @job
    def fan() -> None:
        first = one()
        show([double(first), first, double.alias("last")(double.alias("next")(first))])

    assert fan.execute_in_process().output_for_node("show") == [2, 1, 4]


def test_several_outputs_come_as_a_tuple_or_yielded_and_unpack_in_the_body() -> None:
    @op(out={"small": Out(), "large": Out()})
    def pair() -> tuple[int, int]:
        return 1, 100

    @op(out={"small": Out(int), "large": Out(int)})
    def yielded() -> Iterator[Output[int]]:
        yield Output(2, "small", metadata={"n": 1})
        yield Output(200, "large")

    @job
    def unpack() -> None:
        small, _ = pair()
        double(small)
        double.alias("second")(yielded().large)

    result = unpack.execute_in_process()
    assert (result.output_for_node("double"), result.output_for_node("second")) == (2, 400)
    assert result.output_for_node("pair", "large") == 100


def test_an_output_that_was_not_yielded_skips_its_branch_and_the_run_succeeds() -> None:
    @op(out={"left": Out(is_required=False), "right": Out(is_required=False)})
    def choose() -> Iterator[Output[int]]:
        yield Output(1, "right")

    @job
    def branches() -> None:
        left, right = choose()
        double.alias("on_left")(left)
        double.alias("on_right")(right)
        total([double.alias("a")(left), double.alias("b")(right)])

    result = branches.execute_in_process()
    assert result.success
    assert [(event.step, event.reason) for event in result.get_step_skipped_events()] == [("on_left", "not-yielded"), ("a", "not-yielded")]
    assert (result.output_for_node("total"), result.is_node_skipped("on_left"), result.is_node_success("on_right")) == (2, True, True)


def test_nothing_orders_without_a_value() -> None:
    seen: list[str] = []

    @op
    def first() -> None:
        seen.append("first")

    @op(ins={"start": In(Nothing)})
    def second() -> None:
        seen.append("second")

    @job
    def ordered() -> None:
        second(start=[first(), first()])

    assert ordered.execute_in_process().success
    assert seen == ["first", "first", "second"]


def test_an_op_that_returns_nothing_gives_none_to_who_wants_a_value() -> None:
    @op
    def quiet() -> None: ...

    @op
    def look(x: Any) -> str:
        return repr(x)

    @job
    def chain() -> None:
        look(quiet())

    assert chain.execute_in_process().output_for_node("look") == "None"


def test_types_are_checked_on_every_input_and_output() -> None:
    @op
    def text() -> Any:
        return "a"

    @job
    def wrong() -> None:
        double(text())

    with pytest.raises(TypeCheckDidNotPass, match=r"input 'x' of op 'double'.*expected int"):
        wrong.execute_in_process()


def test_async_ops_work_also_inside_a_running_loop() -> None:
    @op
    async def slow() -> int:
        await asyncio.sleep(0)
        return 3

    @op(out=DynamicOut(int))
    async def several() -> AsyncIterator[DynamicOutput[int]]:
        for at in range(2):
            yield DynamicOutput(at, f"k{at}")

    @job
    def waiting() -> None:
        several().map(double)
        double.alias("three")(slow())

    async def inside() -> Any:
        return waiting.execute_in_process()

    result = asyncio.run(inside())
    assert (result.output_for_node("double"), result.output_for_node("three")) == ({"k0": 0, "k1": 2}, 6)


# -- dynamic outputs ------------------------------------------------------------------------------------------------------


def test_each_value_of_a_dynamic_output_has_a_step_and_results_are_collected_in_order() -> None:
    @op(out=DynamicOut(int))
    def several() -> Iterator[DynamicOutput[int]]:
        for key in ("c", "a", "b"):
            yield DynamicOutput(ord(key) - ord("a"), mapping_key=key)

    @op
    def show(values: list[int]) -> list[int]:
        return values

    @job
    def dynamic() -> None:
        values = several()
        show(values.map(double).collect())
        show.alias("raw")(values.collect())

    result = dynamic.execute_in_process()
    assert [step.key for step in result.steps] == ["several", "double[c]", "double[a]", "double[b]", "show", "raw"]
    assert result.output_for_node("several") == {"c": 2, "a": 0, "b": 1}
    assert result.output_for_node("double") == {"c": 4, "a": 0, "b": 2}
    assert (result.output_for_node("show"), result.output_for_node("raw")) == ([4, 0, 2], [2, 0, 1])
    assert result.output_for_node("double[a]") == 0


def test_mapping_keys_are_unique_and_valid() -> None:
    @op(out=DynamicOut())
    def twice() -> Iterator[DynamicOutput[int]]:
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "a")

    @job
    def dynamic() -> None:
        twice().map(double)

    with pytest.raises(nb.InvariantViolationError, match="gave output 'result' twice with mapping key 'a'"):
        dynamic.execute_in_process()
    with pytest.raises(nb.InvalidDefinitionError, match="a mapping key is text of letters"):
        DynamicOutput(1, "a-b")


def test_each_value_is_retried_alone() -> None:
    tries: dict[int, int] = {}

    @op(out=DynamicOut())
    def several() -> list[DynamicOutput[int]]:
        return [DynamicOutput(at, f"k{at}") for at in range(3)]

    @op(retry_policy=RetryPolicy(max_retries=2))
    def flaky(x: int) -> int:
        tries[x] = tries.get(x, 0) + 1
        if x == 1 and tries[x] < 3:
            raise ValueError("not yet")
        return x

    @job
    def dynamic() -> None:
        total(several().map(flaky).collect())

    result = dynamic.execute_in_process()
    assert result.output_for_node("total") == 3
    assert tries == {0: 1, 1: 3, 2: 1}
    assert (result.retry_attempts_for_node("flaky[k1]"), result.retry_attempts_for_node("flaky[k0]")) == (2, 0)


def test_the_mapping_key_is_known_to_the_step() -> None:
    @op(out=DynamicOut())
    def several() -> list[DynamicOutput[int]]:
        return [DynamicOutput(1, "x"), DynamicOutput(2, "y")]

    @op
    def key(context: OpExecutionContext, value: int) -> str:
        return f"{context.get_mapping_key()}={value}"

    @job
    def dynamic() -> None:
        several().map(key)

    assert dynamic.execute_in_process().output_for_node("key") == {"x": "x=1", "y": "y=2"}
