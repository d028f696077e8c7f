"""Calling ops, assets and checks like plain functions, with contexts built by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import nbasset as nb
from nbasset import (
    AssetCheckExecutionContext,
    AssetExecutionContext,
    AssetKey,
    Config,
    ConfigurableResource,
    DailyPartitionsDefinition,
    In,
    Instance,
    InvalidInvocationError,
    InvariantViolationError,
    Nothing,
    OpExecutionContext,
    Out,
    Output,
    PartitionKeyRange,
    ResourceParam,
    StaticPartitionsDefinition,
    asset,
    build_asset_check_context,
    build_asset_context,
    build_op_context,
    op,
)
from nbasset.errors import InvalidConfigError, TypeCheckDidNotPass


class Size(Config):
    n: int
    unit: str = "rows"


class Store(ConfigurableResource):  # type: ignore[type-arg]
    place: str

    def read(self) -> str:
        return f"from {self.place}"


@op
def add(x: int, y: int = 1) -> int:
    return x + y


@op
def logged(context: OpExecutionContext, x: int) -> int:
    context.log.info("got %d", x)
    context.add_output_metadata({"x": x})
    return x


def test_a_plain_op_or_asset_is_called_with_values() -> None:
    @asset
    def total(orders: list[int]) -> int:
        return sum(orders)

    assert (add(1), add(1, 2), add(x=1, y=3), total([1, 2]), total(orders=[3])) == (2, 3, 4, 3, 3)


def test_a_missing_context_is_an_error_that_says_how_to_make_one() -> None:
    with pytest.raises(InvalidInvocationError, match=r"op 'logged' takes a context.*build_op_context\(\)"):
        logged(3)
    assert logged(build_op_context(), 3) == 3
    assert logged(context=build_op_context(), x=3) == 3


def test_a_context_may_be_passed_to_a_function_that_takes_none() -> None:
    assert add(build_op_context(), 1) == 2


def test_what_was_told_can_be_asked_after_each_call() -> None:
    context = build_op_context()
    logged(context, 3)
    assert context.get_output_metadata("result")["x"].value == 3  # type: ignore[index]
    logged(context, 4)
    assert context.get_output_metadata()["x"].value == 4  # type: ignore[index]

    @op
    def tells(context: OpExecutionContext) -> None:
        context.log_event(nb.AssetObservation("file"))

    tells(context)
    assert ([event.asset_key for event in context.get_events()], context.get_output_metadata()) == ([AssetKey("file")], None)


def test_the_log_of_a_context_is_an_ordinary_one(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logged(build_op_context(), 5)
    assert [record.getMessage() for record in caplog.records] == ["got 5"]


def test_config_comes_by_name_or_in_the_context_never_both() -> None:
    @op
    def sized(config: Size) -> str:
        return f"{config.n} {config.unit}"

    @op
    def seen(context: OpExecutionContext, config: Size) -> int:
        return int(context.op_config["n"]) + config.n

    assert sized(config=Size(n=1)) == "1 rows"
    assert sized(build_op_context(config={"n": 2})) == "2 rows"
    assert sized(build_op_context(op_config=Size(n=3, unit="cm"))) == "3 cm"
    assert seen(build_op_context(config={"n": 2})) == 4
    with pytest.raises(InvalidInvocationError, match=r"op 'sized' needs config. Pass it: config=Size\(\.\.\.\)"):
        sized()
    with pytest.raises(InvalidInvocationError, match="was given config twice"):
        sized(build_op_context(config={"n": 2}), config=Size(n=1))
    with pytest.raises(InvalidConfigError, match="n: expected int"):
        sized(build_op_context(config={"n": "x"}))


def test_config_of_the_older_kind_is_checked_and_gets_its_defaults() -> None:
    @op(config_schema={"n": int, "m": nb.Field(int, default_value=7)})
    def counted(context: OpExecutionContext) -> int:
        return int(context.op_config["n"]) * int(context.op_config["m"])

    assert counted(build_op_context(config={"n": 2})) == 14
    with pytest.raises(InvalidConfigError, match="n: missing"):
        counted(build_op_context())


def test_resources_come_by_name_or_in_the_context_never_both() -> None:
    @asset
    def table(store: Store, cache: ResourceParam[dict[str, int]]) -> str:
        return f"{store.read()} {len(cache)}"

    assert table(store=Store(place="here"), cache={}) == "from here 0"
    assert table(build_asset_context(resources={"store": Store(place="there"), "cache": {"a": 1}})) == "from there 1"
    assert table(build_asset_context(resources={"store": Store(place="there")}), cache={}) == "from there 0"
    with pytest.raises(InvalidInvocationError, match=r"needs the resource 'store'\. Pass it by name"):
        table(cache={})
    with pytest.raises(InvalidInvocationError, match="was given the resource 'store' twice"):
        table(build_asset_context(resources={"store": Store(place="x")}), store=Store(place="y"), cache={})


def test_resources_asked_for_by_key_must_be_in_the_context() -> None:
    @op(required_resource_keys={"db"})
    def reads(context: OpExecutionContext) -> str:
        return str(context.resources.db)

    assert reads(build_op_context(resources={"db": "sqlite"})) == "sqlite"
    with pytest.raises(InvalidInvocationError, match="op 'reads' needs the resource 'db'"):
        reads(build_op_context())


def test_resources_of_a_context_are_opened_and_closed() -> None:
    seen: list[str] = []

    @nb.resource
    def door() -> Iterator[str]:
        seen.append("open")
        yield "door"
        seen.append("closed")

    @op
    def through(door: ResourceParam[str]) -> str:
        return door

    with build_op_context(resources={"door": door}) as context:
        assert through(context) == "door"
        assert seen == ["open"]
    assert seen == ["open", "closed"]


def test_partitions_are_named_in_the_context() -> None:
    daily = DailyPartitionsDefinition("2013-01-01", "2013-02-01")

    @asset(partitions_def=daily)
    def days(context: AssetExecutionContext) -> Any:
        if context.has_partition_key:
            return context.partition_key, context.partition_time_window.start, str(context.asset_key)
        return context.partition_keys, str(context.partition_key_range)

    assert days(build_asset_context(partition_key="2013-01-05")) == ("2013-01-05", datetime(2013, 1, 5, tzinfo=UTC), "days")
    keys = ["2013-01-05", "2013-01-06", "2013-01-07"]
    assert days(build_asset_context(partition_key_range=PartitionKeyRange(keys[0], keys[-1])))[0] == keys
    assert days(build_asset_context(partition_keys=keys))[0] == keys
    with pytest.raises(InvariantViolationError, match="runs without a partition"):
        days(build_asset_context())
    with pytest.raises(InvalidInvocationError, match="Keep one"):
        build_asset_context(partition_key="a", partition_keys=["b"])


def test_a_call_for_several_partitions_returns_a_dict_whatever_the_annotation_of_one_is() -> None:
    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def letters(context: AssetExecutionContext) -> int:
        return dict.fromkeys(context.partition_keys, 1)  # type: ignore[return-value]

    assert letters(build_asset_context(partition_keys=["a", "b"])) == {"a": 1, "b": 1}


def test_a_partition_for_an_asset_without_any_is_refused() -> None:
    @asset
    def whole(context: AssetExecutionContext) -> int:
        return 1

    with pytest.raises(InvalidInvocationError, match="'whole' is not partitioned, but the context was built for partition 'a'"):
        whole(build_asset_context(partition_key="a"))


def test_a_partition_of_several_dimensions_has_its_keys() -> None:
    both = nb.MultiPartitionsDefinition({"day": StaticPartitionsDefinition(["mo"]), "country": StaticPartitionsDefinition(["de"])})

    @asset(partitions_def=both)
    def sales(context: AssetExecutionContext) -> Any:
        return context.multi_partition_key.keys_by_dimension

    context = build_asset_context(partition_key=nb.MultiPartitionKey({"day": "mo", "country": "de"}))
    assert sales(context) == {"day": "mo", "country": "de"}


def test_run_tags_instance_mapping_key_and_retries_can_be_given() -> None:
    @op
    def asks(context: OpExecutionContext) -> Any:
        return context.run_tags["who"], context.get_mapping_key(), context.retry_number, context.instance.get_dynamic_partitions("x")

    with Instance.ephemeral() as instance:
        instance.add_dynamic_partitions("x", ["a"])
        context = build_op_context(run_tags={"who": "ada"}, mapping_key="k", retry_number=2, instance=instance)
        assert asks(context) == ("ada", "k", 2, ["a"])
    with pytest.raises(InvariantViolationError, match="this context has no instance"):
        asks(build_op_context(run_tags={"who": "ada"}))


def test_a_check_is_called_with_its_asset() -> None:
    @nb.asset_check(asset="orders")
    def enough(context: AssetCheckExecutionContext, orders: list[int]) -> nb.AssetCheckResult:
        return nb.AssetCheckResult(len(orders) >= context.resources.least)

    assert enough(build_asset_check_context(resources={"least": 1}), [1]).passed
    with pytest.raises(InvalidInvocationError, match="takes a context"):
        enough([1])


def test_outputs_are_checked_by_their_types() -> None:
    @op
    def wrong() -> int:
        return "a"  # type: ignore[return-value]

    @op
    def wrapped() -> Output[int]:
        return Output("a", metadata={"n": 1})  # type: ignore[arg-type]

    with pytest.raises(TypeCheckDidNotPass, match=r"the output of op 'wrong'.*expected int"):
        wrong()
    with pytest.raises(TypeCheckDidNotPass):
        wrapped()


def test_results_come_back_as_they_are() -> None:
    @op
    def wrapped() -> Output[int]:
        return Output(3, metadata={"n": 1})

    @asset
    def made() -> nb.MaterializeResult[Any]:
        return nb.MaterializeResult(metadata={"rows": 3})

    assert (wrapped().value, wrapped().metadata["n"].value) == (3, 1)
    assert made().metadata["rows"].value == 3


def test_several_outputs_come_as_a_tuple_of_the_right_length() -> None:
    @op(out={"a": Out(int), "b": Out(int)})
    def pair(n: int) -> Any:
        return tuple(range(n))

    assert pair(2) == (0, 1)
    with pytest.raises(InvariantViolationError, match="returned a tuple of 3, but has 2 outputs: a, b"):
        pair(3)


def test_a_generator_is_read_by_the_caller_and_must_give_every_output() -> None:
    @op(out={"a": Out(int), "b": Out(int), "c": Out(int, is_required=False)})
    def some(names: str) -> Iterator[Output[int]]:
        for name in names:
            yield Output(1, name)

    assert [one.output_name for one in some("ab")] == ["a", "b"]
    with pytest.raises(InvariantViolationError, match="ended without giving output 'b'"):
        list(some("a"))
    with pytest.raises(InvariantViolationError, match="gave a value for 'd', which is none of its outputs"):
        list(some("d"))


def test_async_functions_are_awaited_by_the_caller_and_checked_too() -> None:
    @op
    async def slow(x: int) -> int:
        await asyncio.sleep(0)
        return x if x else "zero"  # type: ignore[return-value]

    @op(out={"a": Out(int)})
    async def items() -> AsyncIterator[Output[int]]:
        yield Output(1, "a")

    async def collected() -> list[Any]:
        return [one async for one in items()]

    assert asyncio.run(slow(3)) == 3
    assert [one.value for one in asyncio.run(collected())] == [1]
    with pytest.raises(TypeCheckDidNotPass):
        asyncio.run(slow(0))


WRONG = [
    (lambda: add(), "op 'add' was called without 'x'"),
    (lambda: add(1, 2, 3), r"takes 2 values by position \(x, y\), but 3 were passed"),
    (lambda: add(1, x=2), "was given 'x' twice"),
    (lambda: add(1, z=2), "has no parameter 'z'"),
    (lambda: ordered(start=1), "has no parameter 'start'"),
]


@op(ins={"start": In(Nothing)})
def ordered() -> None: ...


@pytest.mark.parametrize(("call", "text"), WRONG)
def test_a_wrong_call_says_what_is_wrong(call: Any, text: str) -> None:
    with pytest.raises(InvalidInvocationError, match=text):
        call()


def test_a_cell_of_a_graph_is_not_called_by_accident() -> None:
    @nb.graph_asset
    def made() -> Any:
        return add(add.alias("first")(one()))

    with pytest.raises(nb.InvalidDefinitionError, match="made by a graph of several ops"):
        made()


@op
def one() -> int:
    return 1


def test_text_annotations_may_name_classes_of_the_function_around() -> None:
    class Size(Config):
        n: int

    class Place(ConfigurableResource):
        name: str

    class Rows(list[int]):
        pass

    @asset
    def counted(rows: Rows, config: Size, place: Place) -> Rows:
        return Rows([len(rows), config.n, len(place.name)])

    assert counted(Rows(), config=Size(n=3), place=Place(name="Oslo")) == [0, 3, 4]

    @asset
    def wrong() -> Rows:
        return [1]  # type: ignore[return-value]

    with pytest.raises(TypeCheckDidNotPass, match="expected Rows"):
        wrong()
