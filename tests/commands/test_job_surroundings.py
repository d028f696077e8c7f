"""Resources, I/O managers, partitions, tags and selection of jobs."""

from __future__ import annotations

from typing import Any

import pytest

import nbasset as nb
from nbasset import (
    Config,
    DailyPartitionsDefinition,
    Definitions,
    In,
    Instance,
    InvalidConfigError,
    InvalidInvocationError,
    OpExecutionContext,
    Out,
    ResourceParam,
    RunConfig,
    asset,
    input_manager,
    job,
    op,
    static_partitioned_config,
)
from nbasset.errors import InvalidSelection, MissingValue, UnknownPartitionError
from nbasset.io_managers.protocol import InputContext, IOManager, OutputContext


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


# -- resources and I/O managers -------------------------------------------------------------------------------------------


def test_resources_of_the_call_go_before_those_of_the_job_and_of_the_definitions() -> None:
    @op
    def name(db: ResourceParam[str], cache: ResourceParam[str], log: ResourceParam[str]) -> str:
        return f"{db} {cache} {log}"

    @job(resource_defs={"db": "job", "cache": "job"})
    def named() -> None:
        name()

    defs = Definitions(jobs=[named], resources={"db": "defs", "cache": "defs", "log": "defs"})
    assert defs.get_job_def("named").execute_in_process(resources={"db": "call"}).output_for_node("name") == "call job defs"


def test_a_missing_resource_is_a_problem_with_the_nearest_name() -> None:
    @op(required_resource_keys={"databse"})
    def wants() -> None: ...

    @job
    def lacking() -> None:
        wants()

    (problem,) = Definitions(jobs=[lacking], resources={"database": 1}).problems
    assert (problem.rule, problem.job) == ("missing-resource", "lacking")
    assert "Did you mean 'database'?" in str(problem)


class Shouting(IOManager):
    """Keeps texts in capitals, and gives them back with a mark."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, ...], Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        self.kept[tuple(context.get_identifier()[1:])] = str(obj).upper()

    def load_input(self, context: InputContext) -> Any:
        assert context.upstream_output is not None
        return self.kept[tuple(context.upstream_output.get_identifier()[1:])] + "!"


def test_outputs_go_through_the_io_manager_that_they_name() -> None:
    @op(out=Out(io_manager_key="loud"))
    def word() -> str:
        return "hello"

    @op
    def read(text: Any) -> Any:
        return text

    loud = Shouting()

    @job(resource_defs={"loud": loud})
    def shouted() -> None:
        read(word())

    assert shouted.execute_in_process().output_for_node("read") == "HELLO!"
    assert loud.kept == {("word", "result"): "HELLO"}


def test_an_input_manager_loads_an_input_its_own_way() -> None:
    class Reversed(Shouting):
        def load_input(self, context: InputContext) -> Any:
            return super().load_input(context)[::-1]

    loud = Reversed()

    @op(out=Out(io_manager_key="loud"))
    def word() -> str:
        return "ab"

    @op(ins={"text": In(input_manager_key="back")})
    def read(text: Any) -> Any:
        return text

    @job(resource_defs={"loud": loud, "back": loud})
    def read_back() -> None:
        read(word())

    assert read_back.execute_in_process().output_for_node("read") == "!BA"


def test_an_input_that_nothing_is_connected_to_comes_from_its_manager() -> None:
    @input_manager
    def table(context: InputContext) -> str:
        return f"{context.name} {context.config} {context.resources.place}"

    @op(ins={"rows": In(input_manager_key="table")}, required_resource_keys={"place"})
    def read(rows: Any) -> Any:
        return rows

    @job(resource_defs={"table": table, "place": "here"})
    def reading() -> None:
        read()

    assert reading.execute_in_process().output_for_node("read") == "rows None here"
    config = {"ops": {"read": {"inputs": {"rows": {"path": "a.csv"}}}}}
    assert reading.execute_in_process(config).output_for_node("read") == "rows {'path': 'a.csv'} here"


def test_an_op_can_read_an_asset() -> None:
    @asset
    def orders() -> list[int]:
        return [1, 2]

    @op(ins={"orders": In(asset_key="orders")})
    def count(orders: list[int]) -> int:
        return len(orders)

    @job
    def reading() -> None:
        count()

    defs = Definitions(assets=[orders], jobs=[reading])
    with Instance.ephemeral() as instance:
        nb.materialize([orders], instance=instance)
        assert defs.get_job_def("reading").execute_in_process(instance=instance).output_for_node("count") == 2
        with pytest.raises(MissingValue), Instance.ephemeral() as empty:
            defs.get_job_def("reading").execute_in_process(instance=empty)


# -- partitions -----------------------------------------------------------------------------------------------------------


def test_the_partition_of_a_job_is_known_to_its_ops_and_recorded_as_a_tag() -> None:
    @op
    def show(context: OpExecutionContext) -> str:
        return f"{context.partition_key} {context.partition_time_window.start:%d.%m.}"

    @job(partitions_def=DailyPartitionsDefinition("2013-01-01", "2013-02-01"))
    def daily() -> None:
        show()

    result = daily.execute_in_process(partition_key="2013-01-05")
    assert result.output_for_node("show") == "2013-01-05 05.01."
    assert result.run.tags == {"nbasset/partition": "2013-01-05"}
    assert daily.execute_in_process(tags={"nbasset/partition": "2013-01-06"}).output_for_node("show") == "2013-01-06 06.01."
    with pytest.raises(UnknownPartitionError):
        daily.execute_in_process(partition_key="2014-01-05")


def test_config_and_tags_follow_from_the_partition() -> None:
    @static_partitioned_config(["de", "fr"], tags_for_partition_fn=lambda key: {"country": key})
    def by_country(partition_key: str) -> RunConfig:
        return RunConfig(ops={"sized": Size(n=len(partition_key), unit=partition_key)})

    @job(config=by_country)
    def countries() -> None:
        sized()

    result = countries.execute_in_process(partition_key="fr")
    assert result.output_for_node("sized") == "2 fr"
    assert result.run.tags == {"nbasset/partition": "fr", "country": "fr"}
    request = countries.run_request_for_partition("de", run_key="a", tags={"x": 1})
    assert (request.run_key, request.partition_key, request.job_name) == ("a", "de", "countries")
    assert request.tags == {"x": "1", "nbasset/partition": "de", "country": "de"}
    assert request.run_config["ops"]["sized"]["config"]["unit"] == "de"
    assert countries.get_run_config_for_partition_key("de") == by_country.get_run_config_for_partition_key("de")
    with pytest.raises(UnknownPartitionError):
        countries.run_request_for_partition("xx")


def test_a_partition_of_a_job_without_any_is_refused() -> None:
    @job
    def small() -> None:
        one()

    with pytest.raises(InvalidInvocationError, match="job 'small' has no partitions, so 'a' names none"):
        small.execute_in_process(partition_key="a")


# -- tags and selection ---------------------------------------------------------------------------------------------------


def test_tags_of_the_job_are_tags_of_its_runs_unless_those_have_their_own() -> None:
    @job(tags={"team": "data"})
    def plain() -> None:
        one()

    @job(tags={"team": "data"}, run_tags={"priority": 3})
    def own() -> None:
        one()

    assert plain.execute_in_process(tags={"x": "y"}).run.tags == {"team": "data", "x": "y"}
    assert own.execute_in_process().run.tags == {"priority": "3"}


@pytest.mark.parametrize(
    ("selection", "ran"),
    [
        (["*c"], {"a", "b", "c"}),
        (["b+"], {"b", "c"}),
        (["++d"], {"b", "c", "d"}),
        (["a*"], {"a", "b", "c", "d"}),
        ("a+", {"a", "b"}),
        (["a", "e"], {"a", "e"}),
        ("*", {"a", "b", "c", "d", "e"}),
    ],
)
def test_clauses_select_ops_and_levels_around_them(selection: Any, ran: set[str]) -> None:
    @op
    def start() -> int:
        return 1

    @op
    def step(x: int = 0) -> int:
        return x

    @job
    def chain() -> None:
        step.alias("d")(step.alias("c")(step.alias("b")(start.alias("a")())))
        start.alias("e")()

    result = chain.execute_in_process(op_selection=selection)
    assert {event.step for event in result.get_step_success_events()} == ran


def test_a_selection_that_leaves_an_input_open_says_so() -> None:
    @job
    def chain() -> None:
        double(one())

    with pytest.raises(InvalidConfigError, match="input 'x' of op 'double' is connected to nothing"):
        chain.execute_in_process(op_selection=["double"])
    config = {"ops": {"double": {"inputs": {"x": 4}}}}
    assert chain.execute_in_process(op_selection=["double"], run_config=config).output_for_node("double") == 8
    with pytest.raises(InvalidSelection, match=r"job 'chain' has no op 'doubel'\. Did you mean 'double'\?"):
        chain.execute_in_process(op_selection="doubel")
