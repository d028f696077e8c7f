"""Config of single outputs and inputs, and what contexts of I/O managers know of the step around them."""

from __future__ import annotations

from typing import Any

import pytest

from nbasset import (
    AssetIn,
    Field,
    In,
    InputContext,
    Instance,
    InvalidConfigError,
    InvariantViolationError,
    IOManager,
    IOManagerDefinition,
    Out,
    OutputContext,
    asset,
    build_input_context,
    build_output_context,
    input_manager,
    io_manager,
    job,
    materialize,
    op,
)

Seen = dict[str, Any]
TABLE = {"orders": {"outputs": {"result": {"table": "t"}}}}


class _Tables(IOManager):
    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.tables: dict[str, Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        self.seen[context.step_key] = context.config
        self.tables[context.config["table"]] = obj

    def load_input(self, context: InputContext) -> Any:
        assert context.upstream_output is not None
        self.seen[context.name] = context.config
        return self.tables[context.upstream_output.config["table"]]


def _tables(seen: Seen, table: Any = str) -> IOManagerDefinition:
    @io_manager(output_config_schema={"table": table}, input_config_schema={"rows": Field(int, default_value=10)})
    def tables(context: Any) -> IOManager:
        return _Tables(seen)

    return tables


def _counting(manager: IOManagerDefinition) -> Any:
    @op(out=Out(io_manager_key="db"))
    def orders():
        return [1, 2]

    @op(ins={"table": In(input_manager_key="db")})
    def count(table):
        return len(table)

    @job(resource_defs={"db": manager})
    def counting():
        count(orders())

    return counting


def test_an_io_manager_is_configured_for_each_output_and_input_of_a_job() -> None:
    seen: Seen = {}
    config = {"ops": {**TABLE, "count": {"inputs": {"table": {"rows": 3}}}}}

    result = _counting(_tables(seen)).execute_in_process(run_config=config)

    assert result.output_for_node("count") == 2
    assert seen == {"orders": {"table": "t"}, "table": {"rows": 3}}


def test_an_io_manager_is_configured_for_each_output_and_input_of_assets() -> None:
    seen: Seen = {}

    @asset(io_manager_key="db")
    def orders():
        return [1, 2]

    @asset(ins={"table": AssetIn("orders", input_manager_key="db")})
    def count(table):
        return len(table)

    config = {"ops": {**TABLE, "count": {"inputs": {"table": {"rows": 3}}}}}
    result = materialize([orders, count], resources={"db": _tables(seen)}, run_config=config, instance=Instance.ephemeral())

    assert result.asset_value("count") == 2
    assert seen == {"orders": {"table": "t"}, "table": {"rows": 3}}


def test_defaults_of_the_config_of_an_output_reach_the_manager() -> None:
    seen: Seen = {}

    result = _counting(_tables(seen, Field(str, default_value="d"))).execute_in_process()

    assert result.success
    assert seen == {"orders": {"table": "d"}, "table": {"rows": 10}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, r"ops\.orders\.outputs\.result.*table"),
        ({"ops": {"orders": {"outputs": {"result": {"table": 3}}}}}, r"ops\.orders\.outputs\.result\.table"),
        ({"ops": {"orders": {"outputs": {"rows": {"table": "t"}}}}}, r"ops\.orders\.outputs\.rows"),
        (
            {"ops": {"orders": {"outputs": {"result": {"table": "t"}}}, "count": {"inputs": {"table": {"rows": "x"}}}}},
            r"inputs\.table\.rows",
        ),
    ],
)
def test_wrong_config_of_an_output_or_input_is_refused_before_the_run(config: Any, said: str) -> None:
    with pytest.raises(InvalidConfigError, match=said):
        _counting(_tables({})).execute_in_process(run_config=config)


def test_an_input_manager_is_configured_for_the_input_that_it_loads() -> None:
    @input_manager(input_config_schema={"n": int})
    def numbers(context: InputContext) -> list[int]:
        return list(range(context.config["n"]))

    @op(ins={"rows": In(input_manager_key="numbers")})
    def count(rows):
        return len(rows)

    @job(resource_defs={"numbers": numbers})
    def counting():
        count()

    assert counting.execute_in_process(run_config={"ops": {"count": {"inputs": {"rows": {"n": 3}}}}}).output_for_node("count") == 3
    with pytest.raises(InvalidConfigError, match=r"inputs\.rows\.n"):
        counting.execute_in_process()


def test_a_configured_manager_keeps_its_config_of_outputs() -> None:
    @io_manager(config_schema={"folder": str}, output_config_schema={"table": str})
    def tables(context: Any) -> IOManager:
        return _Tables({})

    fixed = tables.configured({"folder": "f"})

    assert isinstance(fixed, IOManagerDefinition)
    assert fixed.output_config_schema is tables.output_config_schema


def test_contexts_of_a_run_tell_of_the_step_around_them() -> None:
    seen: Seen = {}

    class Noting(IOManager):
        def handle_output(self, context: OutputContext, obj: Any) -> None:
            seen[context.op_def.name] = (context.job_name, context.asset_spec.key.to_user_string(), context.instance, context.version)

        def load_input(self, context: InputContext) -> Any:
            upstream = context.upstream_output
            assert upstream is not None
            seen["read"] = (context.op_def.name, context.instance, upstream.op_def.name, upstream.asset_spec.key.to_user_string())
            return 1

    @asset
    def orders():
        return 1

    @asset
    def count(orders):
        return orders

    with Instance.ephemeral() as instance:
        materialize([orders, count], resources={"io_manager": Noting()}, instance=instance)

        assert seen == {
            "orders": (None, "orders", instance, None),
            "count": (None, "count", instance, None),
            "read": ("count", instance, "orders", "orders"),
        }


def test_a_context_of_a_test_tells_what_it_was_given() -> None:
    @op
    def count():
        return 1

    written = build_output_context(op_def=count, version="7")

    assert (written.op_def, written.version, build_input_context(op_def=count).op_def) == (count, "7", count)
    with pytest.raises(InvariantViolationError, match="build_output_context"):
        _ = build_output_context().op_def
