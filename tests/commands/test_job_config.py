"""Configuration and inputs of jobs: checked before any step, by path, through mappings."""

from __future__ import annotations

from typing import Any

import pytest

import nbasset as nb
from nbasset import (
    Config,
    ConfigMapping,
    Definitions,
    DynamicOut,
    DynamicOutput,
    EnvVar,
    In,
    Instance,
    InvalidConfigError,
    InvalidInvocationError,
    OpExecutionContext,
    RunConfig,
    config_mapping,
    graph,
    job,
    op,
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


# -- config ---------------------------------------------------------------------------------------------------------------


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


def test_config_is_checked_before_any_step_with_all_errors_at_once() -> None:
    ran: list[int] = []

    @op
    def first() -> None:
        ran.append(1)

    @job
    def configured() -> None:
        first()
        sized()
        counted()

    with pytest.raises(InvalidConfigError) as caught:
        configured.execute_in_process(run_config={"ops": {"sized": {"config": {"n": "many"}}, "other": {}}})
    text = str(caught.value)
    assert "ops.sized.config.n: expected int" in text
    assert "ops.counted.config" in text
    assert "ops.other" in text
    assert ran == []


def test_config_comes_as_run_config_dict_or_yaml_and_the_job_has_a_default() -> None:
    @job(config=RunConfig(ops={"sized": Size(n=1)}))
    def configured() -> None:
        sized()

    assert configured.execute_in_process().output_for_node("sized") == "1 rows"
    assert configured.execute_in_process(run_config=RunConfig({"sized": Size(n=2)})).output_for_node("sized") == "2 rows"
    assert configured.execute_in_process(run_config="ops: {sized: {config: {n: 3, unit: cm}}}").output_for_node("sized") == "3 cm"


def test_nested_graphs_are_configured_along_their_path() -> None:
    @graph
    def inner() -> Any:
        return sized()

    @job
    def nested() -> None:
        inner()

    config = {"ops": {"inner": {"ops": {"sized": {"config": {"n": 4}}}}}}
    assert nested.execute_in_process(run_config=config).output_for_node("inner") == "4 rows"


def test_a_config_mapping_hides_the_config_of_the_ops_inside() -> None:
    @config_mapping
    def simple(config: Simple) -> RunConfig:
        return RunConfig(ops={"sized": Size(n=config.size)})

    @graph(config=simple)
    def inner() -> Any:
        return sized()

    @job
    def nested() -> None:
        inner()

    assert nested.execute_in_process(run_config={"ops": {"inner": {"config": {"size": 5}}}}).output_for_node("inner") == "5 rows"
    with pytest.raises(InvalidConfigError, match=r"ops\.inner\.config\.size: missing"):
        nested.execute_in_process()
    with pytest.raises(InvalidConfigError, match="the inside of this graph is not open to config"):
        nested.execute_in_process(run_config={"ops": {"inner": {"config": {"size": 5}, "ops": {"sized": {}}}}})


def test_a_dict_fixes_the_config_of_a_graph() -> None:
    @graph(config={"sized": {"config": {"n": 6}}})
    def inner() -> Any:
        return sized()

    @job
    def nested() -> None:
        inner()

    assert nested.execute_in_process().output_for_node("inner") == "6 rows"


def test_a_mapping_that_makes_wrong_config_is_told_before_any_step() -> None:
    @graph(config=ConfigMapping(lambda config: {"sized": {"config": {"n": "x"}}}, {"any": nb.Field(int, is_required=False)}))
    def inner() -> Any:
        return sized()

    @job
    def nested() -> None:
        inner()

    with pytest.raises(InvalidConfigError, match="what the config mapping of graph 'inner' made"):
        nested.execute_in_process()


def test_a_job_may_have_a_simpler_config_of_its_own_which_is_what_gets_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    @config_mapping(config_schema={"unit": str})
    def simple(config: dict[str, str]) -> Any:
        return {"ops": {"sized": {"config": {"n": 7, "unit": config["unit"]}}}}

    @job(config=simple)
    def mapped() -> None:
        sized()

    monkeypatch.setenv("UNIT_OF_SIZE", "a unit nobody may see")
    with Instance.ephemeral() as instance:
        result = mapped.execute_in_process(run_config={"unit": EnvVar("UNIT_OF_SIZE")}, instance=instance)
        assert result.output_for_node("sized") == "7 a unit nobody may see"
        assert result.run.config == {"unit": {"env": "UNIT_OF_SIZE"}}


def test_a_configured_op_has_its_config_fixed() -> None:
    fixed = counted.configured({"n": 9}, name="nine")

    @nb.configured(sized, name="in_cm")
    def in_cm(config: Size) -> Any:
        return {"n": config.n, "unit": "cm"}

    @job
    def fixed_job() -> None:
        fixed()
        in_cm()

    result = fixed_job.execute_in_process(run_config={"ops": {"in_cm": {"config": {"n": 2}}}})
    assert (result.output_for_node("nine"), result.output_for_node("in_cm")) == (9, "2 cm")


def test_a_run_config_is_validated_without_running() -> None:
    @job
    def configured() -> None:
        sized()

    assert validate_run_config(configured, {"ops": {"sized": {"config": {"n": 1}}}})["ops"]["sized"]["config"]["n"] == 1
    with pytest.raises(InvalidConfigError, match=r"ops\.sized\.config\.n: missing"):
        validate_run_config(configured)


def test_the_config_of_a_job_that_does_not_fit_is_a_problem_of_the_definitions() -> None:
    @job(config={"ops": {"sized": {"config": {"n": "x"}}}})
    def wrong() -> None:
        sized()

    defs = Definitions(jobs=[wrong])
    assert [problem.rule for problem in defs.problems] == ["invalid-config"]
    assert "ops.sized.config.n: expected int" in str(defs.problems[0])
    with pytest.raises(InvalidConfigError):
        defs.get_job_def("wrong").execute_in_process()


# -- inputs given at launch -----------------------------------------------------------------------------------------------


def test_an_input_that_nothing_fills_is_told_before_any_step() -> None:
    @job
    def lacking() -> None:
        double(one())
        double.alias("alone")()

    with pytest.raises(InvalidConfigError, match="input 'x' of op 'alone' is connected to nothing") as caught:
        lacking.execute_in_process()
    assert "inputs: {x: ...}" in str(caught.value)
    result = lacking.execute_in_process(run_config={"ops": {"alone": {"inputs": {"x": 21}}}})
    assert result.output_for_node("alone") == 42


def test_a_default_fills_an_input_that_is_not_connected() -> None:
    @op(ins={"x": In(int, default_value=3)})
    def with_default(x: int, y: int = 4) -> int:
        return x * y

    @job
    def defaults() -> None:
        with_default()

    assert defaults.execute_in_process().output_for_node("with_default") == 12
    config = {"ops": {"with_default": {"inputs": {"y": 10}}}}
    assert defaults.execute_in_process(run_config=config).output_for_node("with_default") == 30


def test_a_mapping_in_a_mapping_configures_each_value_of_a_dynamic_output() -> None:
    @op(config_schema={"m": int})
    def times(context: Any, x: int) -> int:
        return int(context.op_config["m"]) * x

    @op(out=DynamicOut())
    def several() -> Any:
        return [DynamicOutput(at, f"k{at}") for at in (1, 2)]

    @graph(config=ConfigMapping(lambda given: {"times": {"config": {"m": given["v"]}}}, {"v": int}))
    def inner(x: Any) -> Any:
        return times(x)

    @graph(config=ConfigMapping(lambda given: {"inner": {"config": {"v": given["w"] + 1}}}, {"w": int}))
    def outer() -> Any:
        return several().map(inner).collect()

    @job
    def mapped_twice() -> None:
        outer()

    result = mapped_twice.execute_in_process(run_config={"ops": {"outer": {"config": {"w": 2}}}}, instance=Instance.ephemeral())
    assert result.output_for_node("outer.inner.times") == {"k1": 3, "k2": 6}


def test_a_value_for_an_input_may_be_written_long() -> None:
    @op
    def add(x: int, y: dict[str, int]) -> int:
        return x + sum(y.values())

    @job
    def adding() -> None:
        add()

    config = {"ops": {"add": {"inputs": {"x": {"value": 1}, "y": {"value": {"value": 2, "more": 3}}}}}}
    assert adding.execute_in_process(run_config=config, instance=Instance.ephemeral()).output_for_node("add") == 6


def test_values_for_inputs_of_a_job_come_from_config_or_from_python() -> None:
    @graph
    def outer(x: Any) -> Any:
        return double(x)

    made = outer.to_job()
    assert made.execute_in_process(run_config={"inputs": {"x": 4}}).output_value() == 8
    assert made.execute_in_process(input_values={"x": 5}).output_value() == 10
    with pytest.raises(InvalidInvocationError, match=r"input_values speaks of 'z', which is no input of job 'outer'\. It has: x"):
        made.execute_in_process(input_values={"z": 1})


def test_a_type_loader_makes_the_value_of_an_input_from_config() -> None:
    @nb.type_loader(config_schema={"size": int})
    def zeros(context: Any, config: Any) -> list[int]:
        return [0] * int(config["size"])

    @nb.usable_as_type(loader=zeros)
    class Zeros(list): ...  # type: ignore[type-arg]

    @op(ins={"values": In(nb.Type(lambda value: isinstance(value, list), name="Zeros", loader=zeros))})
    def count(values: Any) -> int:
        return len(values)

    @job
    def loaded() -> None:
        count()

    assert loaded.execute_in_process(run_config={"ops": {"count": {"inputs": {"values": {"size": 3}}}}}).output_for_node("count") == 3
    with pytest.raises(InvalidConfigError, match=r"ops\.count\.inputs\.values\.size: expected int"):
        loaded.execute_in_process(run_config={"ops": {"count": {"inputs": {"values": {"size": "x"}}}}})
