"""What a tick comes to: runs planned as they would be by hand, nothing written, and nothing twice, whatever was lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nbasset import (
    AssetCheckResult,
    Config,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    Instance,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    asset,
    asset_check,
    build_schedule_from_partitioned_job,
    define_asset_job,
    job,
    materialize,
    op,
    schedule,
    sensor,
)
from nbasset.commands.launching import CodeSource, spawn_worker
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.ticking import TickOutcome, TickTask, evaluate_tick
from nbasset.errors import StorageUnavailable
from nbasset.events.facts import CheckKey, InstigatorId
from nbasset.events.kinds import RunQueued, RunRequested, TickEvaluated
from nbasset.events.records import RunQuery, RunRecord
from nbasset.keys import AssetKey, new_run_id
from nbasset.locations.module import load_module_file
from nbasset.planning.ticks import schedule_run_tags
from nbasset.secrets import KNOWN, remember_secret
from nbasset.serde import dumps, loads

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SIX = datetime(2026, 11, 25, 6, tzinfo=UTC)
CONDITIONS = "default_automation_condition_sensor"
CUSTOMERS = DynamicPartitionsDefinition(name="customers")


@asset(partitions_def=DailyPartitionsDefinition("2026-11-01"))
def day() -> list[int]:
    return [1]


@asset
def orders() -> list[int]:
    return [1]


@asset(deps=[orders])
def report() -> list[int]:
    return [1]


@asset(partitions_def=CUSTOMERS)
def bill() -> list[int]:
    return [1]


@asset_check(asset=orders)
def filled() -> AssetCheckResult:
    return AssetCheckResult(passed=True)


@asset_check(asset=orders)
def sorted_well() -> AssetCheckResult:
    return AssetCheckResult(passed=True)


FILLED = CheckKey(AssetKey("orders"), "filled")


class Size(Config):
    n: int


@op
def load(config: Size) -> int:
    return config.n


@job(tags={"team": "a"})
def etl() -> None:
    load()


days = define_asset_job("days", selection="day", tags={"team": "b"})
sales = define_asset_job("sales", selection="orders+")


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.local_temp() as made:
        yield made


def us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def defined(instance: Instance, *instigators: Any, assets: Any = (day, orders, report, bill), **more: Any) -> Scope:
    schedules = [one for one in instigators if isinstance(one, ScheduleDefinition) or type(one).__name__.endswith("Schedule")]
    sensors = [one for one in instigators if one not in schedules]
    definitions = Definitions(
        list(assets), jobs=[etl, days, sales], asset_checks=[filled, sorted_well], schedules=schedules, sensors=sensors, **more
    )
    return scope_of(definitions, instance=instance)


def scheduled(name: str, at: datetime = SIX) -> TickTask:
    return TickTask(InstigatorId("", "schedule", name), us(NOW), us(at))


def sensed(name: str, **known: Any) -> TickTask:
    return TickTask(InstigatorId("", "sensor", name), us(NOW), **known)


def kept(scope: Scope, task: TickTask, outcome: TickOutcome) -> TickOutcome:
    """Append an outcome as the daemon does, after it went through a pipe."""
    arrived: TickOutcome = loads(dumps(outcome))
    scope.instance.storage.append(arrived.events_of_tick(task, started_us=us(NOW), at_us=us(NOW) + 5), flush=True)
    return arrived


def runs_of(scope: Scope) -> tuple[RunRecord, ...]:
    return scope.instance.reader.runs(RunQuery(limit=1000)).items


# -- schedules ------------------------------------------------------------------------------------------------------------------


def test_a_tick_of_a_plain_schedule_is_a_run_of_its_target_and_nothing_is_written(instance: Instance) -> None:
    nightly = ScheduleDefinition("nightly", cron_schedule="0 6 * * *", target="orders", tags={"kind": "nightly"})
    scope = defined(instance, nightly)
    outcome = evaluate_tick(scope, scheduled("nightly"))
    (run,) = outcome.runs
    assert (outcome.status, outcome.error, run.kind, run.steps) == ("success", None, "scheduled", 3)
    assert [str(target.asset) for target in run.targets] == ["orders"]
    assert dict(run.tags) == {**schedule_run_tags("nightly", SIX), "kind": "nightly"}
    assert run.launch_id is not None
    assert instance.reader.text(run.launch_id)
    assert (runs_of(scope), instance.reader.last_seq()) == ((), 0)


def test_a_tick_is_on_the_clock_of_its_schedule(instance: Instance) -> None:
    nightly = ScheduleDefinition("nightly", cron_schedule="0 6 * * *", target="orders", execution_timezone="Europe/Berlin")
    (run,) = evaluate_tick(defined(instance, nightly), scheduled("nightly", datetime(2026, 11, 25, 5, tzinfo=UTC))).runs
    assert run.tags["nbasset/scheduled_time"] == "2026-11-25T06:00:00+01:00"


def test_what_is_kept_is_queued_and_the_same_tick_makes_nothing_twice(instance: Instance) -> None:
    nightly = ScheduleDefinition("nightly", cron_schedule="0 6 * * *", target="orders")
    scope = defined(instance, nightly)
    first = kept(scope, scheduled("nightly"), evaluate_tick(scope, scheduled("nightly")))
    assert [run.status for run in runs_of(scope)] == ["queued"]
    again = kept(scope, scheduled("nightly"), evaluate_tick(scope, scheduled("nightly")))
    assert (again.runs, again.spent, again.status) == ((), (("", first.runs[0].run_id),), "skipped")
    later = evaluate_tick(scope, scheduled("nightly", datetime(2026, 11, 25, 7, tzinfo=UTC)))
    assert len(later.runs) == 1


def test_a_tick_whose_outcome_was_lost_is_evaluated_as_if_for_the_first_time(instance: Instance) -> None:
    @schedule("0 6 * * *", target="bill")
    def by_customer(context: Any) -> list[RunRequest]:
        context.instance.add_dynamic_partitions("customers", ["ada", "bob"])
        return [RunRequest(run_key=key, partition_key=key) for key in ("ada", "bob")]

    scope = defined(instance, by_customer)
    lost = evaluate_tick(scope, scheduled("by_customer"))
    outcome = kept(scope, scheduled("by_customer"), evaluate_tick(scope, scheduled("by_customer")))
    assert len(lost.runs) == len(outcome.runs) == 2
    assert {run.run_id for run in lost.runs}.isdisjoint(run.run_id for run in outcome.runs)
    again = kept(scope, scheduled("by_customer"), evaluate_tick(scope, scheduled("by_customer")))
    assert ([key for key, _ in again.spent], again.runs, again.events) == (["ada", "bob"], (), ())
    assert (len(runs_of(scope)), instance.get_dynamic_partitions("customers")) == (2, ["ada", "bob"])


def test_a_run_that_was_recorded_and_never_started_is_taken_up(instance: Instance) -> None:
    nightly = ScheduleDefinition("nightly", cron_schedule="0 6 * * *", target="orders")
    scope = defined(instance, nightly)
    run_id = new_run_id()
    instance.storage.append([RunRequested(1, run_id, (), 0, None, "scheduled", None, schedule_run_tags("nightly", SIX))], flush=True)
    outcome = evaluate_tick(scope, scheduled("nightly"))
    assert (outcome.runs, outcome.resumed, outcome.status) == ((), (run_id,), "success")
    events = outcome.events_of_tick(scheduled("nightly"), started_us=1, at_us=2)
    assert [event.run_id for event in events if isinstance(event, RunQueued)] == [run_id]
    assert isinstance(events[-1], TickEvaluated)
    assert events[-1].run_ids == (run_id,)


def test_a_partitioned_schedule_runs_the_window_that_ended_with_config_and_tags_of_its_job(instance: Instance) -> None:
    scope = defined(instance, build_schedule_from_partitioned_job(days, hour_of_day=3))
    (run,) = evaluate_tick(scope, scheduled("days_schedule", datetime(2026, 11, 25, 3, tzinfo=UTC))).runs
    assert (run.job, run.tags["nbasset/partition"], run.tags["team"]) == ("days", "2026-11-24", "b")
    (target,) = run.targets
    definition = scope.catalog.by_key[target.asset].partitions_def
    assert definition is not None
    assert target.partitions is not None
    assert list(definition.keys_of(target.partitions, scope.view().table)) == ["2026-11-24"]


def test_a_job_of_ops_runs_with_the_configuration_and_tags_of_the_request(instance: Instance) -> None:
    @schedule("0 6 * * *", job=etl)
    def sized(context: Any) -> RunRequest:
        return RunRequest(run_config={"ops": {"load": {"config": {"n": 3}}}}, tags={"who": "me"})

    (run,) = evaluate_tick(defined(instance, sized), scheduled("sized")).runs
    assert (run.job, run.config["ops"], run.tags["team"], run.tags["who"]) == ("etl", {"load": {"config": {"n": 3}}}, "a", "me")


def test_assets_and_checks_of_a_request_narrow_the_target(instance: Instance) -> None:
    @schedule("0 6 * * *", target="orders+")
    def some(context: Any) -> Iterator[RunRequest]:
        yield RunRequest("assets", asset_selection=["report"])
        yield RunRequest("checks", asset_selection=[], asset_check_keys=[FILLED])
        yield RunRequest("both", asset_selection=["orders"], asset_check_keys=[FILLED])

    assets, checks, both = evaluate_tick(defined(instance, some), scheduled("some")).runs
    assert [[str(target.asset) for target in run.targets] for run in (assets, checks, both)] == [["report"], [], ["orders"]]
    assert [run.steps for run in (assets, checks, both)] == [1, 1, 2]


@pytest.mark.parametrize("target", ["sales", "assets"])
def test_only_what_is_stale_runs_where_a_request_says_so_and_nothing_if_nothing_is(instance: Instance, target: str) -> None:
    @schedule("0 6 * * *", **({"job": sales} if target == "sales" else {"target": "orders+"}))
    def stale(context: Any) -> RunRequest:
        return RunRequest(stale_assets_only=True)

    scope = defined(instance, stale)
    assert len(evaluate_tick(scope, scheduled("stale")).runs) == 1
    materialize([orders, report], instance=instance)
    outcome = evaluate_tick(scope, scheduled("stale"))
    assert (outcome.runs, outcome.status, outcome.skip_message) == ((), "skipped", "nothing that was asked for is stale")


def test_a_reason_to_skip_is_kept(instance: Instance) -> None:
    @schedule("0 6 * * *", target="orders")
    def resting(context: Any) -> SkipReason:
        context.log.info("it is a holiday")
        return SkipReason("holiday")

    outcome = evaluate_tick(defined(instance, resting), scheduled("resting"))
    assert (outcome.status, outcome.skip_message, outcome.log_lines) == ("skipped", "holiday", ("INFO: it is a holiday",))


# -- what fails -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("no disk"), SystemExit(3), RecursionError("deep"), GeneratorExit()])
def test_whatever_a_function_raises_is_the_error_of_the_tick_with_its_line(instance: Instance, error: BaseException) -> None:
    @schedule("0 6 * * *", target="orders")
    def broken(context: Any) -> RunRequest:
        context.log.info("before")
        context.instance.add_dynamic_partitions("customers", ["ada"])
        raise error

    scope = defined(instance, broken)
    outcome = kept(scope, scheduled("broken"), evaluate_tick(scope, scheduled("broken")))
    assert outcome.error is not None
    assert (outcome.status, outcome.error.cls, outcome.log_lines) == ("failure", type(error).__name__, ("INFO: before",))
    assert "test_ticking.py" in outcome.error.place
    assert any(frame.function == "broken" for frame in outcome.error.frames)
    assert (instance.get_dynamic_partitions("customers"), runs_of(scope)) == ([], ())


def test_a_store_that_cannot_be_read_is_no_fault_of_the_tick(instance: Instance) -> None:
    @sensor(target="orders")
    def looks(context: Any) -> None:
        raise StorageUnavailable("the disk is full")

    with pytest.raises(StorageUnavailable):
        evaluate_tick(defined(instance, looks), sensed("looks"))


def test_a_request_that_cannot_be_run_fails_the_tick_and_is_named(instance: Instance) -> None:
    @sensor(jobs=[etl, days])
    def asks(context: Any) -> Iterator[RunRequest]:
        yield RunRequest("fine", job_name="days", partition_key="2026-11-02")
        if context.cursor == "config":
            yield RunRequest("odd", job_name="etl", run_config={"ops": {"load": {"config": {"n": "many"}}}})
        if context.cursor == "partition":
            yield RunRequest("odd", job_name="days", partition_key="1999-01-01")
        if context.cursor == "job":
            yield RunRequest("odd", job_name="dayz")
        if context.cursor == "none":
            yield RunRequest("odd", job_name="days")

    scope = defined(instance, asks)
    said = {cursor: evaluate_tick(scope, sensed("asks", cursor=cursor)) for cursor in ("config", "partition", "job", "none")}
    texts = {cursor: str(outcome.error) for cursor, outcome in said.items()}
    assert all(outcome.status == "failure" and not outcome.runs for outcome in said.values())
    assert "job 'etl', run key 'odd'" in texts["config"]
    assert "expected int" in texts["config"]
    assert "1999-01-01" in texts["partition"]
    assert "did you mean 'days'" in texts["job"].lower()
    assert "job 'days', run key 'odd'" in texts["none"]
    assert "names none" in texts["none"]


def test_one_that_is_no_longer_defined_fails_with_the_nearest_name(instance: Instance) -> None:
    scope = defined(instance, ScheduleDefinition("nightly", cron_schedule="0 6 * * *", target="orders"))
    outcome = evaluate_tick(scope, scheduled("nightli"))
    assert outcome.error is not None
    assert "nightly" in outcome.error.message


def test_secrets_are_masked_in_all_that_is_told(instance: Instance) -> None:
    remember_secret("TOKEN", "hunter2-hunter2")

    @sensor(target="orders")
    def leaky(context: Any) -> SkipReason:
        context.log.info("with hunter2-hunter2")
        if context.cursor:
            raise ValueError("no hunter2-hunter2")
        return SkipReason("hunter2-hunter2 is used up")

    scope = defined(instance, leaky)
    told = [dumps(evaluate_tick(scope, sensed("leaky", cursor=cursor))) for cursor in (None, "1")]
    KNOWN.forget()
    assert "hunter2" not in "".join(told)


# -- carried out ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("executor", "elsewhere"), [("in_process_executor", False), ("multiprocess_executor", True)])
def test_a_run_of_a_tick_is_carried_out_with_the_executor_of_its_job(
    instance: Instance, tmp_path: Path, executor: str, elsewhere: bool
) -> None:
    (tmp_path / "work.py").write_text(
        f"import os\nfrom nbasset import *\n@op\ndef tell():\n    print(os.getpid())\n@job(executor_def={executor})\ndef small(): tell()\n"
        'defs = Definitions(jobs=[small], schedules=[ScheduleDefinition("often", cron_schedule="0 6 * * *", job=small)])\n'
    )
    scope = Scope(load_module_file(tmp_path / "work.py", home=instance.home.root).check(), instance)
    outcome = kept(scope, scheduled("often"), evaluate_tick(scope, scheduled("often")))
    (run,) = outcome.runs
    process = spawn_worker(instance, run.run_id, ("--run", str(run.launch_id)), CodeSource("work", folder=str(tmp_path)))
    assert process.wait(60) == 0
    record = instance.reader.run(run.run_id)
    assert record is not None
    (printed,) = (int(path.read_text()) for path in (instance.home.runs / run.run_id / "steps").glob("*.out"))
    assert (record.status, record.kind, printed != process.pid) == ("success", "scheduled", elsewhere)
