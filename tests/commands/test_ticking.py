"""What a tick comes to: runs planned as they would be by hand, nothing written, and nothing twice, whatever was lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbasset import (
    AssetCheckResult,
    AssetMaterialization,
    AssetSelection,
    AutomationCondition,
    Config,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    Instance,
    RunRequest,
    ScheduleDefinition,
    SensorResult,
    SkipReason,
    asset,
    asset_check,
    asset_sensor,
    build_schedule_from_partitioned_job,
    define_asset_job,
    job,
    materialize,
    multi_asset_sensor,
    op,
    run_failure_sensor,
    schedule,
    sensor,
)
from nbasset.commands.backfill_records import backfill_of
from nbasset.commands.evaluations import LONGEST_CURSOR
from nbasset.commands.forecast import schedule_forecast, sensor_forecast
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.ticking import TickOutcome, TickTask, evaluate_tick
from nbasset.errors import StorageUnavailable
from nbasset.events.facts import CheckKey, InstigatorId
from nbasset.events.kinds import AssetReported, PartitionsAdded, RunQueued, RunRequested, TickEvaluated
from nbasset.events.records import RunQuery, RunRecord
from nbasset.keys import AssetKey, new_run_id
from nbasset.locations.module import load_module_file
from nbasset.planning.ticks import schedule_run_tags, sensor_run_tags
from nbasset.secrets import KNOWN, remember_secret
from nbasset.serde import dumps, loads

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SIX = datetime(2026, 11, 25, 6, tzinfo=UTC)
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


# -- sensors --------------------------------------------------------------------------------------------------------------------


def test_a_sensor_leaves_its_cursor_and_a_run_key_is_run_once_for_ever(instance: Instance) -> None:
    @sensor(target="orders")
    def files(context: Any) -> Iterator[RunRequest]:
        context.update_cursor("b")
        for key in ("a", "b", "a"):
            yield RunRequest(run_key=key)

    scope = defined(instance, files)
    first = kept(scope, sensed("files"), evaluate_tick(scope, sensed("files")))
    a, b = (run.run_id for run in first.runs)
    assert (first.cursor, first.last_run_key, first.spent) == ("b", "a", (("a", a),))
    again = kept(scope, sensed("files"), evaluate_tick(scope, sensed("files", cursor=first.cursor)))
    assert (again.runs, again.spent, again.skip_message) == ((), (("a", a), ("b", b), ("a", a)), "3 run keys had been spent")
    assert {run.tags["nbasset/run_key"] for run in runs_of(scope)} == {"a", "b"}


def test_a_key_of_another_location_is_not_spent_here(instance: Instance) -> None:
    @sensor(target="orders")
    def files() -> RunRequest:
        return RunRequest("a")

    tags = sensor_run_tags("files", "a")
    run_id = new_run_id()
    instance.storage.append([RunRequested(1, run_id, (), 0, None, "scheduled", "elsewhere", tags), RunQueued(2, run_id)], flush=True)
    assert len(evaluate_tick(defined(instance, files), sensed("files")).runs) == 1


def test_what_a_sensor_adds_is_there_for_its_runs_and_is_written_with_them(instance: Instance) -> None:
    @sensor(target="bill")
    def new_customers(context: Any) -> SensorResult:
        context.instance.add_dynamic_partitions("customers", ["bob"])
        return SensorResult(
            [RunRequest("ada", partition_key="ada"), RunRequest("bob", partition_key="bob")],
            cursor="2",
            dynamic_partitions_requests=[CUSTOMERS.build_add_request(["ada"])],
            asset_events=[AssetMaterialization("orders")],
        )

    scope = defined(instance, new_customers)
    outcome = evaluate_tick(scope, sensed("new_customers"))
    assert [type(event) for event in outcome.events] == [PartitionsAdded, PartitionsAdded, AssetReported]
    assert (instance.get_dynamic_partitions("customers"), instance.has_asset_key("orders")) == ([], False)
    kept(scope, sensed("new_customers"), outcome)
    assert (instance.get_dynamic_partitions("customers"), instance.has_asset_key("orders")) == (["bob", "ada"], True)
    assert {run.tags["nbasset/partition"] for run in runs_of(scope)} == {"ada", "bob"}


def test_a_sensor_that_only_reports_did_something(instance: Instance) -> None:
    @sensor()
    def reports() -> SensorResult:
        return SensorResult(asset_events=[AssetMaterialization("orders")])

    @sensor()
    def nothing() -> None: ...

    scope = defined(instance, reports, nothing)
    assert [evaluate_tick(scope, sensed(name)).status for name in ("reports", "nothing")] == ["success", "skipped"]


def test_a_cursor_that_is_too_long_to_keep_fails_the_tick(instance: Instance) -> None:
    @sensor()
    def hoards(context: Any) -> None:
        context.update_cursor("x" * (LONGEST_CURSOR + 1))

    outcome = evaluate_tick(defined(instance, hoards), sensed("hoards"))
    assert outcome.error is not None
    assert "leaves a cursor of 1,000,001 characters" in outcome.error.message


def test_a_sensor_is_told_what_happened_before(instance: Instance) -> None:
    told = []

    @sensor()
    def asks(context: Any) -> None:
        told.append((context.cursor, context.last_run_key, context.is_first_tick_since_sensor_start, context.last_tick_completion_time))

    scope = defined(instance, asks)
    evaluate_tick(scope, sensed("asks", since_us=2_000_000))
    evaluate_tick(scope, sensed("asks", cursor="7", last_run_key="k", since_us=2_000_000, last_started_us=3_000_000))
    assert told == [(None, None, True, None), ("7", "k", False, 3.0)]


def test_an_asset_sensor_goes_on_from_the_cursor_that_was_kept(instance: Instance) -> None:
    @asset_sensor("orders", target="report")
    def on_orders(context: Any, asset_event: Any) -> RunRequest:
        return RunRequest(run_key=f"orders {asset_event.storage_id}")

    scope = defined(instance, on_orders)
    instance.report_runless_asset_event(AssetMaterialization("orders"))
    first = kept(scope, sensed("on_orders"), evaluate_tick(scope, sensed("on_orders")))
    idle = evaluate_tick(scope, sensed("on_orders", cursor=first.cursor))
    instance.report_runless_asset_event(AssetMaterialization("orders"))
    second = evaluate_tick(scope, sensed("on_orders", cursor=first.cursor))
    assert [len(outcome.runs) for outcome in (first, idle, second)] == [1, 0, 1]
    assert idle.skip_message == "there is no new materialization of 'orders'"


def test_a_sensor_of_several_assets_goes_on_from_the_cursor_that_was_kept(instance: Instance) -> None:
    @multi_asset_sensor(monitored_assets=[AssetKey("orders"), AssetKey("day")], job=sales)
    def on_both(context: Any) -> RunRequest | None:
        records = context.latest_materialization_records_by_key()
        if not all(records.values()):
            return None
        context.advance_all_cursors()
        return RunRequest()

    scope = defined(instance, on_both)
    assert evaluate_tick(scope, sensed("on_both")).status == "skipped"
    instance.report_runless_asset_event(AssetMaterialization("orders"))
    instance.report_runless_asset_event(AssetMaterialization("day", partition="2026-11-02"))
    first = kept(scope, sensed("on_both"), evaluate_tick(scope, sensed("on_both")))
    assert (len(first.runs), len(evaluate_tick(scope, sensed("on_both", cursor=first.cursor)).runs)) == (1, 0)


@asset
def breaks() -> None:
    raise ValueError("broken")


def _fail(instance: Instance) -> str:
    return str(materialize([breaks], instance=instance, raise_on_error=False).run_id)


def test_a_failure_sensor_gets_only_runs_that_failed_since_it_was_switched_on(instance: Instance) -> None:
    called: list[str] = []

    @run_failure_sensor
    def alarm(context: Any) -> None:
        called.append(context.run.run_id)

    scope = defined(instance, alarm)
    _fail(instance)
    since_us = max(run.ended_us for run in runs_of(scope)) + 1
    later = _fail(instance)
    first = evaluate_tick(scope, sensed("alarm", since_us=since_us))
    assert (called, first.status) == ([later], "success")
    assert first.also == ("its function was called for 1 run",)
    called.clear()
    assert evaluate_tick(scope, sensed("alarm", cursor=first.cursor, since_us=since_us)).status == "skipped"
    last = _fail(instance)
    evaluate_tick(scope, sensed("alarm", cursor=first.cursor, since_us=since_us))
    assert called == [last]


def test_runs_that_failed_while_a_failure_sensor_was_off_are_left_out(instance: Instance) -> None:
    called: list[str] = []

    @run_failure_sensor
    def alarm(context: Any) -> None:
        called.append(context.run.run_id)

    scope = defined(instance, alarm)
    cursor = evaluate_tick(scope, sensed("alarm")).cursor
    _fail(instance)
    on_again_us = max(run.ended_us for run in runs_of(scope)) + 1
    later = _fail(instance)
    evaluate_tick(scope, sensed("alarm", cursor=cursor, since_us=on_again_us))
    assert called == [later]


def test_a_failure_sensor_that_fails_for_one_run_is_told_of_and_does_not_call_for_it_again(instance: Instance) -> None:
    @run_failure_sensor
    def alarm(context: Any) -> None:
        raise SystemExit("no mail server")

    scope = defined(instance, alarm)
    since_us = us(datetime(2020, 1, 1, tzinfo=UTC))
    run_id = _fail(instance)
    outcome = evaluate_tick(scope, sensed("alarm", since_us=since_us))
    assert (outcome.status, outcome.error) == ("success", None)
    assert outcome.also[1] == f"it failed for run {run_id[:8]}: SystemExit: no mail server"
    assert 'raise SystemExit("no mail server")' in outcome.log_lines[0]
    assert evaluate_tick(scope, sensed("alarm", cursor=outcome.cursor, since_us=since_us)).also == ()


def test_a_freshness_sensor_asks_for_the_checks_alone(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "fresh.py").write_text(
        "from datetime import timedelta\nfrom nbasset import *\n@asset\ndef orders(): ...\n"
        "checks = build_last_update_freshness_checks(assets=[orders], lower_bound_delta=timedelta(hours=1))\n"
        "defs = Definitions([orders], asset_checks=checks, sensors=[build_sensor_for_freshness_checks(freshness_checks=checks)])\n"
    )
    scope = Scope(load_module_file(tmp_path / "fresh.py", home=instance.home.root).check(), instance)
    outcome = evaluate_tick(scope, sensed("freshness_checks_sensor"))
    assert (outcome.error, [(run.targets, run.steps, run.location) for run in outcome.runs]) == (None, [((), 1, scope.location.name)])


# -- conditions -----------------------------------------------------------------------------------------------------------------


@asset(deps=[orders], automation_condition=AutomationCondition.eager())
def total() -> None: ...


@asset(partitions_def=DailyPartitionsDefinition("2026-11-20"), automation_condition=AutomationCondition.on_missing())
def newest_day() -> None: ...


@asset(partitions_def=DailyPartitionsDefinition("2025-01-01", end_date="2025-01-11"), automation_condition=AutomationCondition.missing())
def many_days() -> None: ...


CONDITIONS = "default_automation_condition_sensor"


def test_conditions_ask_once_and_their_cursor_moves_with_the_runs(instance: Instance) -> None:
    scope = defined(instance, assets=[orders, total])
    start = kept(scope, sensed(CONDITIONS), evaluate_tick(scope, sensed(CONDITIONS)))
    assert (start.status, start.skip_message) == ("skipped", "no condition is true")
    instance.report_runless_asset_event(AssetMaterialization("orders"))
    lost = evaluate_tick(scope, sensed(CONDITIONS, cursor=start.cursor))
    outcome = kept(scope, sensed(CONDITIONS), evaluate_tick(scope, sensed(CONDITIONS, cursor=start.cursor)))
    assert [[str(target.asset) for target in run.targets] for run in (*lost.runs, *outcome.runs)] == [["total"], ["total"]]
    assert outcome.runs[0].tags["nbasset/sensor_name"] == CONDITIONS
    assert evaluate_tick(scope, sensed(CONDITIONS, cursor=outcome.cursor)).runs == ()
    assert len(runs_of(scope)) == 1


def test_conditions_of_one_partition_ask_for_a_run_of_it(instance: Instance) -> None:
    scope = defined(instance, assets=[orders, newest_day])
    first = evaluate_tick(scope, sensed(CONDITIONS))
    later = TickTask(InstigatorId("", "sensor", CONDITIONS), us(datetime(2026, 11, 26, 1, tzinfo=UTC)), cursor=first.cursor)
    (run,) = evaluate_tick(scope, later).runs
    assert run.tags["nbasset/partition"] == "2026-11-25"


def test_conditions_of_many_partitions_ask_for_a_backfill_that_is_recorded_with_the_tick(instance: Instance) -> None:
    scope = defined(instance, assets=[orders, many_days])
    outcome = kept(scope, sensed(CONDITIONS), evaluate_tick(scope, sensed(CONDITIONS)))
    assert (outcome.runs, outcome.status) == ((), "success")
    assert outcome.backfill is not None
    assert instance.reader.text(outcome.backfill_text)
    record = backfill_of(instance.reader, outcome.backfill.backfill_id)
    (target,) = record.targets
    assert (str(target.asset), len(target.partitions or ()), record.title) == ("many_days", 10, f"sensor {CONDITIONS}")


def test_a_cursor_that_is_none_of_conditions_fails_the_tick(instance: Instance) -> None:
    outcome = evaluate_tick(defined(instance, assets=[orders, total]), sensed(CONDITIONS, cursor="b.csv"))
    assert outcome.error is not None
    assert "is none of an automation sensor" in outcome.error.message


# -- the same for who looks and who means it ---------------------------------------------------------------------------------------


def test_a_preview_shows_what_the_tick_comes_to(instance: Instance) -> None:
    @schedule("0 6 * * *", target=AssetSelection.keys("orders").downstream())
    def morning(context: Any) -> list[RunRequest]:
        return [RunRequest("a"), RunRequest("b", asset_selection=["orders"])]

    @sensor(job=days)
    def daily(context: Any) -> RunRequest:
        return RunRequest("x", partition_key="2026-11-03")

    scope = defined(instance, morning, daily)
    (tick,) = schedule_forecast(scope, "morning", days=1, now=datetime(2026, 11, 25, 1, tzinfo=UTC)).ticks
    shown = [[str(key) for key, _ in run.assets] for run in (*tick.runs, *sensor_forecast(scope, "daily").asked.runs)]
    meant = (*evaluate_tick(scope, scheduled("morning")).runs, *evaluate_tick(scope, sensed("daily")).runs)
    assert [[str(target.asset) for target in run.targets] for run in meant] == shown


keys = st.lists(st.sampled_from("abcdef"), max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(keys, st.sampled_from(["kept", "lost", "failed"])), max_size=5))
def test_whatever_is_asked_for_and_lost_each_run_key_is_run_once(ticks: list[tuple[list[str], str]]) -> None:
    asked: list[str] = []
    fails = False

    @sensor(target="orders")
    def files(context: Any) -> Iterator[RunRequest]:
        context.update_cursor(str(int(context.cursor or 0) + 1))
        yield from (RunRequest(run_key=key) for key in asked)
        if fails:
            raise ValueError("failed")

    with Instance.local_temp() as instance:
        scope = defined(instance, files)
        cursor, expected, moved = None, set(), 0
        for asked, fate in ticks:
            fails = fate == "failed"
            outcome = evaluate_tick(scope, sensed("files", cursor=cursor))
            if fate == "lost":
                continue
            kept(scope, sensed("files"), outcome)
            if fate == "kept":
                expected |= set(asked)
                cursor, moved = outcome.cursor, moved + 1
        assert sorted(run.tags["nbasset/run_key"] for run in runs_of(scope)) == sorted(expected)
        assert int(cursor or 0) == moved
