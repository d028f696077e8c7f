"""Wrong definitions and configs, and what is said of them: which thing and where, the rule that it breaks, what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from nbasset import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetSelection,
    AssetSpec,
    BackfillPolicy,
    Backoff,
    Config,
    ConfigurableResource,
    DailyPartitionsDefinition,
    Definitions,
    DynamicOut,
    EnvVar,
    FreshnessPolicy,
    GraphDefinition,
    GraphOut,
    HourlyPartitionsDefinition,
    In,
    Instance,
    JobDefinition,
    MultiPartitionsDefinition,
    Out,
    PartitionKeyRange,
    RetryPolicy,
    RunRequest,
    ScheduleDefinition,
    SensorResult,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    TimeWindowPartitionsDefinition,
    asset,
    asset_check,
    build_schedule_context,
    build_schedule_from_partitioned_job,
    config_from_files,
    config_from_yaml_strings,
    create_dataframe_type,
    define_asset_job,
    graph,
    job,
    materialize,
    multi_asset,
    op,
    schedule,
    sensor,
    validate_run_config,
)

DAILY = DailyPartitionsDefinition("2024-01-01")
BERLIN = DailyPartitionsDefinition("2024-01-01", timezone="Europe/Berlin")
SIDES = StaticPartitionsDefinition(["north", "south"])


class Size(Config):
    n: int
    unit: str = "m"


class DB(ConfigurableResource):
    url: str
    port: int = 1


@op
def one() -> int:
    return 1


@op
def two(x: Any, y: int = 1) -> Any:
    return x


@op(out=DynamicOut())
def many() -> Any: ...


@op(out={"a": Out(), "b": Out()})
def pair() -> Any: ...


@op
def sized(config: Size) -> None: ...


@op(required_resource_keys={"dbb"})
def asks(context: Any) -> None: ...


@asset
def orders() -> list[int]:
    return [1]


@job
def small() -> None:
    one()


@job
def sizing() -> None:
    sized()


@job
def asking() -> None:
    asks()


def with_db(db: DB) -> str:
    return db.url


def value() -> int:
    return 1


def make(name: str, fn: Callable[..., Any] = value, **settings: Any) -> Any:
    return asset(name=name, **settings)(fn)


def several(**settings: Any) -> Any:
    def both() -> Any: ...

    return multi_asset(**settings)(both)


def wrong(body: Callable[..., Any], **settings: Any) -> GraphDefinition:
    return graph(name="wrong", **settings)(body)


def loaded(**parts: Any) -> None:
    Definitions.validate_loadable(Definitions(**parts))


def configured(data: Any) -> Any:
    return validate_run_config(sizing, data)


def made(*assets: Any, **options: Any) -> Any:
    return materialize(list(assets), instance=Instance.ephemeral(), **options)


def run(which: Any = small, **options: Any) -> Any:
    return which.execute_in_process(instance=Instance.ephemeral(), **options)


def ticking(**settings: Any) -> ScheduleDefinition:
    return ScheduleDefinition(name="nightly", **{"job": small, "cron_schedule": "@daily", **settings})


def unpacked() -> None:
    _, _ = one()


def asked() -> None:
    if one():
        two(one())


def named_twice() -> None:
    one.alias("q")()
    one.alias("q")()


def twice_requested() -> Any:
    def often() -> list[RunRequest]:
        return [RunRequest(), RunRequest()]

    return schedule(cron_schedule="@daily", job=small)(often).evaluate_tick(build_schedule_context())


def checked(**settings: Any) -> Any:
    def few(orders: Any, custmer: Any) -> bool:
        return True

    return asset_check(asset="orders", **settings)(few)


def passing() -> Any:
    def few(orders: Any) -> bool:
        return True

    return asset_check(asset="orders")(few)


# What is made, and what its error says: the thing or place, the rule, the remedy.
WRONG: list[tuple[Callable[[], Any], str, str, str]] = [
    # keys and assets
    (lambda: make("a b"), "'a b'", "only letters (A to Z), digits, '_' and '-'", "Try 'a_b'"),
    (lambda: make("größe"), "'größe'", "only letters (A to Z)", "Try 'gro_e'"),
    (lambda: make("class"), "'class'", "Python or nbasset gives that word a meaning", "Try 'class_'"),
    (lambda: make("a", key="b"), "@asset on value", "not both", "give key, or name and key_prefix"),
    (lambda: make("a", io_manager_key="x", io_manager_def=1), "asset 'a'", "not both", "give io_manager_def or io_manager_key"),
    (lambda: make("total", lambda orders: 1, ins={"order": AssetIn("x")}), "asset 'total'", "no parameter 'order'", "Did you mean"),
    (lambda: make("a", lambda *rows: 1), "(test_wrong_definitions.py, line", "each input needs a name of its own", "Name the inputs"),
    (lambda: make("a", owners=["nobody"]), "asset 'a'", "'nobody' cannot be an owner", "such as 'team:data'"),
    (lambda: make("a", tags={"b": 1}), "asset 'a': tag 'b'", "has an int as value", "give text: '1'"),
    (lambda: make("a", metadata={"x": object()}), "metadata 'x' of asset 'a'", "cannot be recorded", "Give text, a number"),
    (lambda: asset("orders"), "@asset", "takes its settings by name", "@asset(name='orders')"),  # type: ignore[call-overload]
    (lambda: make("a", check_specs=[AssetCheckSpec("c", asset="b")]), "check 'c'", "function does not make", "@asset_check(asset='b')"),
    (lambda: make("a", check_specs=[AssetCheckSpec("c", asset="a")] * 2), "asset 'a'", "two checks called 'c'", "Rename one"),
    (lambda: make("a", group_name="a b"), "asset 'a'", "'a b' cannot be a group", "only letters, digits and '_'"),
    (lambda: loaded(assets=[orders, make("orders")]), "(test_wrong_definitions.py, line", "two definitions make the asset", "Rename one"),
    (lambda: loaded(assets=[orders, make("t", lambda order: 1)]), "'order' of asset 't'", "no asset 'order'", "Did you mean 'orders'"),
    (lambda: loaded(assets=[make("a", lambda b: 1), make("b", lambda a: 1)]), "'a' <- 'b' <- 'a'", "need each other in a ring", "Break it"),
    (lambda: loaded(assets=[make("a", lambda a: 1)]), "asset 'a'", "Only a partitioned asset", "AssetIn(partition_mapping="),
    (
        lambda: loaded(assets=[make("a", lambda context: 1, required_resource_keys={"dbb"})], resources={"db": 1}),
        "asset 'a' needs the resource 'dbb'", "not among the resources", 'Definitions(resources={"dbb": ...})',
    ),
    (lambda: loaded(assets=[make("a", io_manager_key="parqet")]), "asset 'a'", "needs the resource 'parqet'", "Did you mean 'parquet'"),
    (lambda: Definitions(assets=[value]), "function value", "is no asset", "Decorate the function with @asset"),
    (lambda: multi_asset(outs={"a": AssetOut()}, specs=[AssetSpec("a")]), "@multi_asset", "exactly one of them", "specs=[AssetSpec(...)]"),
    (lambda: several(specs=[]), "multi-asset 'both'", "makes no asset", "Name at least one"),
    (lambda: several(specs=[AssetSpec("a")] * 2), "multi-asset 'both'", "names one asset key twice", "Name each asset once"),
    (
        lambda: several(outs={"air": AssetOut()}, internal_asset_deps={"are": {AssetKey("b")}}),
        "multi-asset 'both'", "'are', which is no output", "Did you mean 'air'",
    ),
    (
        lambda: several(specs=[AssetSpec("a"), AssetSpec("b")]).subset_for([AssetKey("a")]),
        "'both' makes 'a', 'b' together", "'a' alone cannot be made", "define it with can_subset=True",
    ),
    (lambda: AssetSelection.from_coercible("ordrs").resolve(Definitions([orders]).catalog), "'ordrs'", "no asset", "Did you mean 'orders'"),
    (lambda: AssetSelection.from_coercible("(key:a"), "'(key:a' at character 7", "cannot read the selection", "expected ')'"),
    # ops and graphs
    (lambda: op(name="a b")(value), "'a b'", "cannot be the name of an op", "Use 'a_b'"),
    (lambda: op(ins={"z": In()})(with_db), "op 'with_db'", "no parameter 'z'", "In(Nothing)"),
    (lambda: wrong(lambda: two(1)), "input 'x' of 'two' in graph 'wrong'", "only connects outputs to inputs", "make the value in an op"),
    (lambda: wrong(asked), "'one'", "has not run yet", "Out(is_required=False)"),
    (lambda: wrong(unpacked), "'one' has one output", "cannot be unpacked", "Declare several"),
    (lambda: wrong(lambda: two(many())), "input 'x' of 'two'", "is given a dynamic output", "many().map(two)"),
    (lambda: wrong(lambda: pair()[0].rows), "'pair'", "has not run yet", "work belongs into an op"),
    (lambda: wrong(lambda: two(one(), z=one())), "'two' in graph 'wrong'", "no input 'z'", "Its inputs: x, y"),
    (lambda: wrong(lambda: two(one(), one(), one())), "'two' in graph 'wrong'", "takes 2 inputs, but 3", "A context is not passed here"),
    (lambda: wrong(named_twice), "graph 'wrong'", "two nodes 'q'", "another alias"),
    (lambda: wrong(lambda: 3), "graph 'wrong' returns 3 (int)", "not the output of a node", "Return what calling an op gave"),
    (lambda: wrong(lambda x: one()), "graph 'wrong'", "never passes its input 'x' to a node", "Remove it, or connect it"),
    (lambda: wrong(lambda context: one()), "graph 'wrong' takes a context", "only connects ops", "Let an op inside take the context"),
    (lambda: wrong(lambda: one().map(two)), "output 'result' of 'one'", "is not dynamic", "declare it DynamicOut()"),
    (lambda: wrong(lambda: two(pair())), "input 'x' of 'two'", "is given all outputs of a node", "Pass one of: a, b"),
    (lambda: wrong(lambda: {"a": one()}, out={"b": GraphOut()}), "graph 'wrong'", "declares the outputs b but returns a", "Return each"),
    (lambda: wrong(lambda: one(), config={"on": {}}), "graph 'wrong': config speaks of 'on'", "none of its nodes", "Did you mean 'one'"),
    (lambda: wrong(lambda: one())(), "graph 'wrong'", "is composed, not called", "wrong.execute_in_process()"),
    (lambda: wrong(lambda: orders()), "asset 'orders' is called in the body of graph", "only ops and graphs", "Make the function an @op"),
    # jobs
    (lambda: loaded(jobs=[asking], resources={"db": 1}), "job 'asking'", "needs the resource 'dbb'", "Did you mean 'db'"),
    (lambda: loaded(jobs=[small, small.changed()]), "'small'", "two jobs are called", "Rename one"),
    (lambda: loaded(assets=[orders], jobs=[define_asset_job("j", "ordrs")]), "job 'j'", "no asset 'ordrs'", "Did you mean 'orders'"),
    (lambda: loaded(jobs=[job(name="j", config={"opz": {}})(lambda: one())]), "job 'j'", "unknown section", "Did you mean 'ops'"),
    (
        lambda: JobDefinition(wrong(lambda x: two(x)), input_values={"z": 1}),
        "job 'wrong'", "input_values speaks of 'z'", "Its inputs: x",
    ),
    (lambda: run(partition_key="a"), "job 'small'", "has no partitions", "Give it partitions_def"),
    (lambda: run(op_selection="on"), "job 'small'", "has no op 'on'", "Did you mean 'one'"),
    (lambda: job(name="j", executor_def=3)(lambda: one()), "job 'j'", "is no executor", "in_process_executor"),
    (lambda: run(define_asset_job("j")), "job 'j'", "does not know any", "get_job_def('j')"),
    (lambda: job(name="j", hooks={3})(lambda: one()), "job 'j'", "is no hook", "@success_hook"),
    (lambda: RetryPolicy(max_retries=-1), "RetryPolicy(max_retries=-1)", "the number of retries", "cannot be negative"),
    (lambda: RetryPolicy(backoff=Backoff.LINEAR), "RetryPolicy(backoff=...)", "nothing to work on", "such as delay=1"),
    # config
    (lambda: configured({}), "ops.sized.config.n", "missing; int is required", "Example: n: 1"),
    (lambda: configured({"ops": {"sized": {"config": {"n": "a"}}}}), "ops.sized.config.n", "expected int, got 'a' (str)", "Example: n: 1"),
    (
        lambda: configured({"ops": {"sized": {"config": {"n": 1, "unt": "m"}}}}),
        "ops.sized.config.unt", "unknown entry", "Did you mean 'unit'? Known here: n, unit",
    ),
    (lambda: configured({"ops": {"size": {"config": {"n": 1}}}}), "ops.size", "unknown op or asset", "Did you mean 'sized'"),
    (lambda: configured({"op": {}}), "job 'sizing':\n  op:", "unknown section", "Did you mean 'ops'"),
    (lambda: config_from_yaml_strings(["a: ["]), "line 1, column 5", "not readable as YAML", "expected the node content"),
    (lambda: config_from_files(["nowhere.yaml"]), "'nowhere.yaml'", "no config file matches", "looked from"),
    (
        lambda: made(make("a", with_db), resources={"db": DB(url=EnvVar("NBASSET_UNSET"))}),
        "resources.db.config.url", "NBASSET_UNSET is not set", "Set it where the run starts",
    ),
    (
        lambda: made(make("a", with_db), resources={"db": DB.configure_at_launch()}),
        "resources.db.config.url", "missing; str is required", 'Example: url: "text"',
    ),
    (lambda: DB(url=3), "url:", "expected str, got 3 (int)", 'Example: url: "text"'),  # type: ignore[arg-type]
    (lambda: DB(url="a", prt=3), "prt:", "unknown entry", "Did you mean 'port'"),  # type: ignore[call-arg]
    (lambda: made(make("a", with_db)), "asset 'a'", "needs the resource 'db'", 'Definitions(resources={"db": ...})'),
    (lambda: made(orders, executor="dask"), "executor:", "there is none called 'dask'", "Choose inline, threads or processes"),
    # partitions
    (lambda: StaticPartitionsDefinition(["a", "a"]), "'a'", "is given twice", "Keys of one definition are unique"),
    (lambda: StaticPartitionsDefinition(["a...b"]), "'a...b'", "holds '...'", "stands between the ends of a range"),
    (lambda: DailyPartitionsDefinition("01.02.2024"), "'01.02.2024'", "cannot be read", "Write it like '2025-01-31'"),
    (lambda: HourlyPartitionsDefinition("2024-01-01-00:00", fmt="%Y-%m-%d"), "'%Y-%m-%d'", "is too coarse", "Try '%Y-%m-%d-%H:%M'"),
    (
        lambda: TimeWindowPartitionsDefinition(start="2024-01-01", fmt="%Y-%m-%d", cron_schedule="61 * * * *"),
        "'61 * * * *'", "minute 61", "out of range: 0 to 59",
    ),
    (lambda: DailyPartitionsDefinition("2024-01-01", timezone="Mars/Base"), "'Mars/Base'", "no time zone", "such as 'Europe/Berlin'"),
    (lambda: SIDES.get_partition_keys_in_range(PartitionKeyRange("south", "north")), "south...north", "before it starts", "Did you mean"),
    (lambda: made(make("a", partitions_def=SIDES), partition_key="nort"), "static: north, south", "no partition 'nort'", "mean 'north'"),
    (lambda: made(make("a", partitions_def=DAILY)), "'a' is partitioned", "say which partitions", "partition_key=..."),
    (lambda: MultiPartitionsDefinition({}), "several dimensions", "two or more", "{'day': daily, 'origin': static}"),
    (
        lambda: loaded(assets=[make("a", partitions_def=DAILY), make("b", lambda a: 1, partitions_def=BERLIN)]),
        "asset 'b' cannot read 'a'", "time windows of two zones do not fit", "Give both one timezone",
    ),
    (
        lambda: loaded(assets=[
            make("a", partitions_def=SIDES),
            make("b", lambda a: 1, partitions_def=DAILY, ins={"a": AssetIn(partition_mapping=TimeWindowPartitionMapping())}),
        ]),
        "asset 'b' cannot read 'a'", "is not time", "AssetIn(partition_mapping=...)",
    ),
    # schedules and sensors
    (lambda: ticking(cron_schedule="* * * * * *"), "schedule 'nightly'", "has 6 fields", "A cron has 5"),
    (lambda: ticking(cron_schedule="0 0 30 2 *"), "schedule 'nightly'", "never fires: Feb has no day 30", "write L in the day field"),
    (lambda: ticking(execution_timezone="Mars/Base"), "schedule 'nightly'", "no time zone 'Mars/Base'", "Give an IANA name"),
    (lambda: ticking(job=None), "schedule 'nightly'", "starts nothing", "Give it a target"),
    (lambda: loaded(jobs=[small], schedules=[ticking(job=None, job_name="smal")]), "schedule 'nightly'", "not defined", "mean 'small'"),
    (lambda: loaded(jobs=[small], schedules=[ticking(), ticking(cron_schedule="@hourly")]), "'nightly'", "two schedules", "Rename one"),
    (lambda: build_schedule_from_partitioned_job(small), "job 'small'", "has no partitions", "Use ScheduleDefinition"),
    (twice_requested, "schedule 'often'", "asks for 2 runs at one tick", "RunRequest(run_key=...)"),
    (lambda: SensorResult(run_requests=[RunRequest()], skip_reason="no"), "SensorResult", "run_requests and a skip_reason", "Give one or"),
    (lambda: sensor(job=small, minimum_interval_seconds=-1)(value), "sensor 'value'", "-1", "second"),
    # checks, types, policies
    (lambda: loaded(assets=[orders], asset_checks=[checked()]), "check 'few' of 'orders'", "nobody says what 'custmer' is", "Name it"),
    (lambda: loaded(assets=[orders], asset_checks=[passing()] * 2), "test_wrong_definitions.py, line", "two functions", "another"),
    (lambda: AssetCheckResult(passed="yes"), "'yes'", "passes or fails", "give True or False"),  # type: ignore[arg-type]
    (lambda: create_dataframe_type("D", columns=[3]), "type 'D'", "has the column 3", "give Column.integer_column"),  # type: ignore[list-item]
    (
        lambda: FreshnessPolicy.time_window(fail_window=timedelta(hours=1), warn_window=timedelta(hours=2)),
        "FreshnessPolicy", "must be shorter than fail_window", "it would never warn",
    ),
    (lambda: BackfillPolicy.multi_run(0), "BackfillPolicy.multi_run(0)", "at least 1 partition", "goes into a run"),
    (lambda: Definitions.merge(Definitions(resources={"x": 1}), Definitions(resources={"x": 2})), "resource 'x'", "different", "Keep one"),
    # calls
    (lambda: make("a", lambda context: 1)(), "asset 'a'", "none was passed", "build_asset_context()"),
    (lambda: make("total", lambda orders: 1)(), "asset 'total'", "was called without 'orders'", "Pass a value"),
    (lambda: make("t", lambda orders: 1)(order=1), "asset 't'", "no parameter 'order'", "Did you mean 'orders'"),
]  # fmt: skip


@pytest.mark.parametrize("case", WRONG, ids=lambda case: "".join(one if one.isalnum() else "-" for one in f"{case[1]} {case[2]}")[:60])
def test_a_wrong_definition_is_told_with_place_rule_and_remedy(case: tuple[Callable[[], Any], str, str, str]) -> None:
    make_it, place, rule, remedy = case
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the text is looked at below
        make_it()
    assert type(raised.value).__module__ == "nbasset.errors"
    said = str(raised.value)
    assert [part for part in (place, rule, remedy) if part not in said] == [], said


def test_there_are_many_of_them() -> None:
    assert len(WRONG) >= 100
    assert len({case[1:] for case in WRONG}) == len(WRONG)
