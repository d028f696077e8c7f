"""What an evaluation of a sensor comes to, of each kind: cursors that move with the runs, and keys that are run once, whatever was lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbasset import (
    AssetMaterialization,
    AssetSelection,
    AutomationCondition,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    Instance,
    RunRequest,
    ScheduleDefinition,
    SensorResult,
    SkipReason,
    asset,
    asset_sensor,
    define_asset_job,
    materialize,
    multi_asset_sensor,
    run_failure_sensor,
    schedule,
    sensor,
)
from nbasset.commands.backfill_records import backfill_of
from nbasset.commands.evaluations import LONGEST_CURSOR
from nbasset.commands.forecast import schedule_forecast, sensor_forecast
from nbasset.commands.instigators import set_cursor
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.ticking import TickOutcome, TickTask, evaluate_tick
from nbasset.errors import InvalidInvocationError
from nbasset.events.facts import InstigatorId
from nbasset.events.kinds import AssetReported, PartitionsAdded, RunQueued, RunRequested
from nbasset.events.records import InstigatorRecord, RunQuery, RunRecord
from nbasset.keys import AssetKey, new_run_id
from nbasset.locations.module import load_module_file
from nbasset.planning.ticks import sensor_run_tags
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
    definitions = Definitions(list(assets), jobs=[days, sales], schedules=schedules, sensors=sensors, **more)
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


def recorded(scope: Scope, name: str) -> TickTask:
    """The next evaluation of a sensor, as its record tells it."""
    instigator = InstigatorId(scope.location.name, "sensor", name)
    record = scope.instance.reader.instigators().get(instigator) or InstigatorRecord(instigator)
    return TickTask(instigator, us(NOW), None, record.cursor, record.last_run_key, record.since_us, record.last_started_us)


def test_the_record_of_a_sensor_tells_the_next_evaluation_where_to_go_on_and_a_failed_one_leaves_it(instance: Instance) -> None:
    @sensor(target="orders")
    def counts(context: Any) -> RunRequest:
        number = int(context.cursor or 0) + 1
        context.update_cursor(str(number))
        if number == 3:
            raise ValueError("three")
        return RunRequest(f"{number} after {context.last_run_key}")

    scope = defined(instance, counts)
    for _ in range(4):
        task = recorded(scope, "counts")
        kept(scope, task, evaluate_tick(scope, task))
    record = instance.reader.instigators()[InstigatorId(scope.location.name, "sensor", "counts")]
    assert (record.cursor, record.last_run_key, record.last_status, record.failures) == ("2", "2 after 1 after None", "failure", 2)
    assert len(runs_of(scope)) == 2
    ticks = instance.reader.ticks(record.instigator)
    assert [(tick.status, len(tick.run_ids), tick.cursor) for tick in reversed(ticks)] == [
        ("success", 1, "1"), ("success", 1, "2"), ("failure", 0, None), ("failure", 0, None),
    ]  # fmt: skip


def test_a_preview_of_a_sensor_goes_on_from_its_record_unless_another_cursor_is_given(instance: Instance) -> None:
    @sensor(target="orders")
    def echoes(context: Any) -> SkipReason:
        return SkipReason(f"last key {context.last_run_key}, first {context.is_first_tick_since_sensor_start}")

    @sensor(target="orders")
    def tells(context: Any) -> SkipReason:
        return SkipReason(f"at {context.cursor}")

    scope = defined(instance, echoes, tells)
    set_cursor(scope, "tells", "b.csv")
    said = [sensor_forecast(scope, "tells", cursor=cursor).asked.skipped for cursor in (None, "", "c.csv")]
    assert said == ["at b.csv", "at None", "at c.csv"]
    task = recorded(scope, "echoes")
    kept(scope, task, evaluate_tick(scope, task))
    assert sensor_forecast(scope, "echoes").asked.skipped == "last key None, first False"
    assert sensor_forecast(scope, "echoes", cursor="").asked.skipped == "last key None, first True"


def test_a_preview_of_conditions_goes_on_from_their_record(instance: Instance) -> None:
    scope = defined(instance, assets=[orders, total])
    task = recorded(scope, CONDITIONS)
    kept(scope, task, evaluate_tick(scope, task))
    instance.report_runless_asset_event(AssetMaterialization("orders"))
    assert len(sensor_forecast(scope, CONDITIONS).asked.runs) == 1
    assert len(sensor_forecast(scope, CONDITIONS, cursor="").asked.runs) == 0


def test_a_cursor_that_is_longer_than_a_sensor_may_leave_is_not_set(instance: Instance) -> None:
    @sensor()
    def files() -> None: ...

    scope = defined(instance, files)
    with pytest.raises(InvalidInvocationError, match="1,000,001 characters"):
        set_cursor(scope, "files", "x" * (LONGEST_CURSOR + 1))


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
    assert outcome.also == ("adds bob to 'customers'", "adds ada to 'customers'", "reports 1 fact about assets")
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
